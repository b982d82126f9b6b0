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
import { scaleLinear, symbolCircle } from "../../src/vendor/d3.js";
import { useScale, useWidth } from "./hooks.js";
import type { LineStyle } from "./palette.js";

/** One line of a chart. */
export interface Series {
  readonly key: string;
  readonly label: string;
  readonly style: LineStyle;
  /** A pale line is secondary; a faint one is one of many, and the readout has it only near the pointer. */
  readonly strength?: "pale" | "faint";
  /** In ascending order of x. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Called if the line is pressed. */
  readonly onPick?: () => void;
}

/** The area between the lowest and the highest of many lines. */
export interface Range {
  readonly key: string;
  readonly label: string;
  readonly style: LineStyle;
  /** In ascending order of x. */
  readonly points: readonly (readonly [x: number, low: number, high: number])[];
}

export interface LineChartProps {
  readonly title: string;
  readonly series: readonly Series[];
  readonly ranges?: readonly Range[];
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
/** A line can be picked from this many pixels away. */
const PICK_DISTANCE = 24;
const INKS: ChartInks = { text: "var(--quiet)", quiet: "var(--quiet)", grid: "var(--line)" };

/** A line chart with a readout of the values under the pointer. */
export function LineChart(props: LineChartProps) {
  const { title, series, ranges = [], xMost, xLabel, formatX, formatY, falling, empty } = props;
  const [ref, pixels] = useWidth<HTMLDivElement>();
  const scale = useScale();
  const width = pixels / scale;
  const height = MARGIN.top + PLOT_HEIGHT + MARGIN.bottom;
  const [pointer, setPointer] = useState<Place | undefined>(undefined);
  const plotWidth = Math.max(1, width - MARGIN.left - MARGIN.right);
  const x = scaleLinear([0, xMost], [MARGIN.left, MARGIN.left + plotWidth]);
  // Not redrawn if only the pointer has moved.
  const { drawing, y } = useMemo(() => {
    const step = Math.max(1, roundStep((xMost * TICK_DISTANCE) / plotWidth));
    const plot: Plot = {
      frame: { ...MARGIN, width: plotWidth, height: PLOT_HEIGHT },
      x: { name: xLabel, scale: x, ticks: multiples(step, 0, xMost), format: String },
      y: valueAxis(shownValues(series)),
      bands: ranges.map(({ style, points }) => ({ color: style.color, points })),
      curves: series.map(({ style, strength, points }) => ({ style: curveStyle(style, strength), points })),
      emptyNote: empty,
    };
    const y = plot.y.scale.copy().range([MARGIN.top + PLOT_HEIGHT, MARGIN.top]);
    return { drawing: plotMarkup(plot, INKS).text, y };
  }, [series, ranges, plotWidth, xMost, xLabel, empty]);
  const placeOf = (event: PointerEvent & { readonly currentTarget: SVGSVGElement }): Place | undefined => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const place = { x: x.invert((event.clientX - left) / scale), y: y.invert((event.clientY - top) / scale) };
    return place.x >= 0 && place.x <= xMost ? place : undefined;
  };
  const near = pointer && nearestLine(series, pointer, PICK_DISTANCE, (value) => y(value));
  return (
    <figure class="chart" ref={ref}>
      <figcaption>{title}</figcaption>
      <svg
        class={near && "pickable"}
        width={pixels}
        height={scale * height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={title}
        onPointerDown={(event) => setPointer(placeOf(event))}
        onPointerMove={(event) => setPointer(placeOf(event))}
        onPointerLeave={() => setPointer(undefined)}
        onPointerUp={() => near?.onPick?.()}
      >
        {/* Safe: everything inserted into this markup is escaped. */}
        <g dangerouslySetInnerHTML={{ __html: drawing }} />
        {near && <path class="near" d={`M${near.points.map((at) => [x(at[0]), y(at[1])]).join("L")}`} />}
        {pointer && <path class="pointer" d={`M${x(pointer.x)},${MARGIN.top}v${PLOT_HEIGHT}`} />}
      </svg>
      {pointer && series.some(({ points }) => points.length > 0) && (
        <Readout
          series={series.filter((line) => line.strength !== "faint" || line === near)}
          ranges={ranges}
          place={pointer.x}
          title={formatX(pointer.x)}
          formatY={formatY}
          corner={cornerFor(x(pointer.x) < width / 2, falling)}
        />
      )}
    </figure>
  );
}

/** A place of the plot, in values. */
interface Place {
  readonly x: number;
  readonly y: number;
}

/**
 * The line that can be picked at a place; undefined if all are farther away than a distance.
 *
 * @param pixels maps a value to its place along the y axis
 */
export function nearestLine(
  series: readonly Series[],
  place: Place,
  distance: number,
  pixels: (value: number) => number,
): Series | undefined {
  let best: { readonly line: Series; readonly distance: number } | undefined;
  for (const line of series) {
    const value = line.onPick && valueAt(line.points, place.x);
    if (value === undefined) continue;
    const away = Math.abs(pixels(value) - pixels(place.y));
    if (away <= distance && (!best || away < best.distance)) best = { line, distance: away };
  }
  return best?.line;
}

/** The value of a line at an x, between its points; beyond its ends, that of the end. */
function valueAt(points: Series["points"], x: number): number | undefined {
  const after = points.findIndex((point) => point[0] >= x);
  if (after <= 0) return points.at(after)?.[1];
  const [[left, low], [right, high]] = [points[after - 1], points[after]];
  return low + ((high - low) * (x - left)) / (right - left);
}

/** The values that the y axis must span. */
function shownValues(series: readonly Series[]): number[] {
  const end = Math.max(0, ...series.map(({ points }) => points.at(-1)?.[0] ?? 0));
  return series.flatMap(({ points }) => points.filter(([x]) => end < LONG || x >= 1).map(([, y]) => y));
}

function curveStyle({ color, dashes }: LineStyle, strength?: Series["strength"]): CurveStyle {
  const look = { color, marker: symbolCircle };
  if (strength === "faint") return { ...look, width: 1, opacity: 0.4 };
  return strength === "pale" ? { ...look, width: 1.25, opacity: 0.55 } : { ...look, width: 2, dashes };
}

interface ReadoutProps {
  readonly series: readonly Series[];
  readonly ranges: readonly Range[];
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
function Readout({ series, ranges, place, title, formatY, corner }: ReadoutProps) {
  return (
    <dl class={`readout ${corner}`}>
      <div class="head">{title}</div>
      {series.map(({ key, label, style, strength, points }) => {
        const point = nearest(points, place);
        return (
          point && (
            <div key={key}>
              <dt>
                <LineSample style={style} strength={strength} /> {label}
              </dt>
              <dd>{formatY(point[1])}</dd>
            </div>
          )
        );
      })}
      {ranges.map(({ key, label, style, points }) => {
        const point = nearest(points, place);
        return (
          point && (
            <div key={key}>
              <dt>
                <RangeSample style={style} /> {label}
              </dt>
              <dd>
                {formatY(point[1])} … {formatY(point[2])}
              </dd>
            </div>
          )
        );
      })}
    </dl>
  );
}

/** A short piece of a line, for legends. */
export function LineSample({ style, strength }: Pick<Series, "style" | "strength">) {
  const { color, width, dashes, opacity } = curveStyle(style, strength);
  return (
    <svg class="sample" width="28" height="8" aria-hidden="true">
      <path d="M1 4H27" stroke={color} stroke-width={width} stroke-dasharray={dashes} opacity={opacity} />
    </svg>
  );
}

/** A short piece of a range, for legends. */
export function RangeSample({ style }: Pick<Range, "style">) {
  return (
    <svg class="sample" width="28" height="8" aria-hidden="true">
      <path d="M1 0H27V8H1Z" fill={style.color} opacity="0.3" />
    </svg>
  );
}

function nearest<Point extends readonly number[]>(points: readonly Point[], place: number): Point | undefined {
  return points.reduce<Point | undefined>(
    (best, point) => (best && Math.abs(best[0] - place) <= Math.abs(point[0] - place) ? best : point),
    undefined,
  );
}
