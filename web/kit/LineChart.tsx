import { scaleLinear } from "d3-scale";
import { symbolCircle } from "d3-shape";
import { useMemo, useState } from "preact/hooks";
import {
  type ChartInks,
  type CurveStyle,
  multiples,
  type Plot,
  plotMarkup,
  roundStep,
  valueAxis,
} from "../../src/report/chart.js";
import { useWidth } from "./hooks.js";
import type { LineStyle } from "./palette.js";

/** One line of a chart. */
export interface Series {
  readonly key: string;
  readonly label: string;
  readonly style: LineStyle;
  /** Whether the line is secondary: thin and pale. */
  readonly pale?: boolean;
  /** In ascending order of x. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChartProps {
  readonly title: string;
  readonly series: readonly Series[];
  /** The right end of the x axis, which starts at 0. */
  readonly xMost: number;
  readonly xLabel: string;
  readonly formatX: (x: number) => string;
  readonly formatY: (y: number) => string;
  /** Whether the lines fall; determines in which corner the readout covers none of them. */
  readonly falling: boolean;
  /** The text shown while there are no lines. */
  readonly empty: string;
}

const PLOT_HEIGHT = 214;
const MARGIN = { top: 12, right: 12, bottom: 50, left: 52 };
/** The minimum distance between the labels of the x axis, in pixels. */
const TICK_DISTANCE = 44;
/**
 * Lines longer than this are scaled to their values from x = 1 on; the steep start would leave no room for the rest.
 */
const LONG = 2.5;
const INKS: ChartInks = { text: "var(--quiet)", quiet: "var(--quiet)", grid: "var(--line)" };

/** A line chart with a readout of the values under the pointer. */
export function LineChart({ title, series, xMost, xLabel, formatX, formatY, falling, empty }: LineChartProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const [pointer, setPointer] = useState<number | undefined>(undefined);
  const plotWidth = Math.max(1, width - MARGIN.left - MARGIN.right);
  const x = scaleLinear([0, xMost], [MARGIN.left, MARGIN.left + plotWidth]);
  // Not redrawn if only the pointer has moved.
  const drawing = useMemo(() => {
    const step = Math.max(1, roundStep((xMost * TICK_DISTANCE) / plotWidth));
    const plot: Plot = {
      frame: { ...MARGIN, width: plotWidth, height: PLOT_HEIGHT },
      x: { name: xLabel, scale: x, ticks: multiples(step, 0, xMost), format: String },
      y: valueAxis(shownValues(series)),
      curves: series.map(({ style, pale, points }) => ({ style: curveStyle(style, pale), points })),
      emptyNote: empty,
    };
    return plotMarkup(plot, INKS).text;
  }, [series, plotWidth, xMost, xLabel, empty]);
  const onPointerMove = (event: PointerEvent & { readonly currentTarget: SVGSVGElement }) => {
    const place = x.invert(event.clientX - event.currentTarget.getBoundingClientRect().left);
    setPointer(place >= 0 && place <= xMost ? place : undefined);
  };
  return (
    <figure class="chart" ref={ref}>
      <figcaption>{title}</figcaption>
      <svg
        width={width}
        height={MARGIN.top + PLOT_HEIGHT + MARGIN.bottom}
        role="img"
        aria-label={title}
        onPointerMove={onPointerMove}
        onPointerLeave={() => setPointer(undefined)}
      >
        {/* Safe: everything inserted into this markup is escaped. */}
        <g dangerouslySetInnerHTML={{ __html: drawing }} />
        {pointer !== undefined && <path class="pointer" d={`M${x(pointer)},${MARGIN.top}v${PLOT_HEIGHT}`} />}
      </svg>
      {pointer !== undefined && series.some(({ points }) => points.length > 0) && (
        <Readout
          series={series}
          place={pointer}
          title={formatX(pointer)}
          formatY={formatY}
          corner={cornerFor(x(pointer) < width / 2, falling)}
        />
      )}
    </figure>
  );
}

/** The values that the y axis must span. */
function shownValues(series: readonly Series[]): number[] {
  const end = Math.max(0, ...series.map(({ points }) => points.at(-1)?.[0] ?? 0));
  return series.flatMap(({ points }) => points.filter(([x]) => end < LONG || x >= 1).map(([, y]) => y));
}

function curveStyle({ color, dashes }: LineStyle, pale = false): CurveStyle {
  const look = { color, marker: symbolCircle };
  return pale ? { ...look, width: 1.25, opacity: 0.55 } : { ...look, width: 2, dashes };
}

interface ReadoutProps {
  readonly series: readonly Series[];
  readonly place: number;
  readonly title: string;
  readonly formatY: (y: number) => string;
  /** A class name of the style sheet. */
  readonly corner: string;
}

/** The corner that the lines leave free, on the side away from the pointer. */
function cornerFor(isPointerLeft: boolean, falling: boolean): string {
  const isTop = isPointerLeft === falling;
  return `${isTop ? "top" : "bottom"} ${isPointerLeft ? "right" : "left"}`;
}

/** The values of all lines at one x. */
function Readout({ series, place, title, formatY, corner }: ReadoutProps) {
  return (
    <dl class={`readout ${corner}`}>
      <div class="head">{title}</div>
      {series.map(({ key, label, style, pale, points }) => {
        const point = nearest(points, place);
        return (
          point && (
            <div key={key}>
              <dt>
                <LineSample style={style} pale={pale} /> {label}
              </dt>
              <dd>{formatY(point[1])}</dd>
            </div>
          )
        );
      })}
    </dl>
  );
}

/** A short piece of a line, for legends. */
export function LineSample({ style, pale }: Pick<Series, "style" | "pale">) {
  const { color, width, dashes, opacity } = curveStyle(style, pale);
  return (
    <svg class="sample" width="28" height="8" aria-hidden="true">
      <path d="M1 4H27" stroke={color} stroke-width={width} stroke-dasharray={dashes} opacity={opacity} />
    </svg>
  );
}

function nearest(points: Series["points"], place: number) {
  return points.reduce<Series["points"][number] | undefined>(
    (best, point) => (best && Math.abs(best[0] - place) <= Math.abs(point[0] - place) ? best : point),
    undefined,
  );
}
