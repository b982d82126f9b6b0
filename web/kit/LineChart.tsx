import { scaleLinear } from "d3-scale";
import { useId, useState } from "preact/hooks";
import type { LineStyle } from "./palette.js";
import { useWidth } from "./useWidth.js";

/** A line of a chart. */
export interface Series {
  readonly key: string;
  readonly label: string;
  readonly style: LineStyle;
  /** A line that stands back is thin and pale. */
  readonly pale?: boolean;
  /** By rising x. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface LineChartProps {
  readonly title: string;
  readonly series: readonly Series[];
  /** The right end of the axis, whose left end is 0. */
  readonly xMost: number;
  readonly xLabel: string;
  readonly formatX: (x: number) => string;
  readonly formatY: (y: number) => string;
  /** Whether the lines fall, so that the readout lies beside, not over them. */
  readonly falling: boolean;
  /** What stands where there are no lines yet. */
  readonly empty: string;
}

const HEIGHT = 260;
const MARGIN = { top: 12, right: 12, bottom: 34, left: 52 };
/** Once lines are this long, they are shown from x = 1 on: what comes before is too steep to leave room for the rest. */
const LONG = 2.5;

/** Lines over a common axis, with a readout of what is under the pointer. */
export function LineChart({ title, series, xMost, xLabel, formatX, formatY, falling, empty }: LineChartProps) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const [pointer, setPointer] = useState<number | undefined>(undefined);
  const clip = useId();
  const x = scaleLinear([0, xMost], [MARGIN.left, Math.max(width - MARGIN.right, MARGIN.left + 1)]);
  const y = scaleLinear(extent(series), [HEIGHT - MARGIN.bottom, MARGIN.top]).nice(5);
  const [bottom, top] = y.range();
  const [left, right] = x.range();
  const path = (points: Series["points"]) =>
    points.map(([px, py], index) => `${index === 0 ? "M" : "L"}${x(px).toFixed(1)} ${y(py).toFixed(1)}`).join("");
  const onPointerMove = (event: PointerEvent & { readonly currentTarget: SVGSVGElement }) => {
    const place = x.invert(event.clientX - event.currentTarget.getBoundingClientRect().left);
    setPointer(place >= 0 && place <= xMost ? place : undefined);
  };
  const isEmpty = series.every(({ points }) => points.length === 0);
  return (
    <figure class="chart" ref={ref}>
      <figcaption>{title}</figcaption>
      <svg
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={title}
        onPointerMove={onPointerMove}
        onPointerLeave={() => setPointer(undefined)}
      >
        <clipPath id={clip}>
          <rect x={left} y={top - 3} width={right - left + 3} height={bottom - top + 6} />
        </clipPath>
        {y.ticks(5).map((tick) => (
          <g key={tick} class="tick">
            <line x1={left} x2={right} y1={y(tick)} y2={y(tick)} />
            <text x={left - 8} y={y(tick)} dy="0.32em" text-anchor="end">
              {y.tickFormat(5)(tick)}
            </text>
          </g>
        ))}
        {x.ticks(Math.min(xMost, width / 60)).map((tick) => (
          <text key={tick} class="tick" x={x(tick)} y={bottom + 16} text-anchor="middle">
            {tick}
          </text>
        ))}
        <text class="axis" x={right} y={HEIGHT - 4} text-anchor="end">
          {xLabel}
        </text>
        <g clip-path={`url(#${clip})`}>
          {series.map(({ key, style, pale, points }) => (
            <g key={key} class={pale ? "line pale" : "line"} style={{ color: style.color }}>
              <path d={path(points)} stroke-dasharray={pale ? undefined : style.dashes} />
              {!pale && points.length === 1 && <circle cx={x(points[0][0])} cy={y(points[0][1])} r="3" />}
            </g>
          ))}
          {pointer !== undefined && <line class="pointer" x1={x(pointer)} x2={x(pointer)} y1={top} y2={bottom} />}
        </g>
        {isEmpty && (
          <text class="empty" x={(left + right) / 2} y={(top + bottom) / 2} text-anchor="middle">
            {empty}
          </text>
        )}
      </svg>
      {pointer !== undefined && !isEmpty && (
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

interface ReadoutProps {
  readonly series: readonly Series[];
  readonly place: number;
  readonly title: string;
  readonly formatY: (y: number) => string;
  /** A class of the style sheet. */
  readonly corner: string;
}

/** The corner that the lines leave free: on the side where the pointer is not. */
function cornerFor(isPointerLeft: boolean, falling: boolean): string {
  const isTop = isPointerLeft === falling;
  return `${isTop ? "top" : "bottom"} ${isPointerLeft ? "right" : "left"}`;
}

/** The values of all lines at a place. */
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

/** A piece of a line, for legends. */
export function LineSample({ style, pale }: Pick<Series, "style" | "pale">) {
  return (
    <svg
      class={pale ? "sample line pale" : "sample line"}
      width="28"
      height="8"
      aria-hidden="true"
      style={{ color: style.color }}
    >
      <path d="M1 4H27" stroke-dasharray={pale ? undefined : style.dashes} />
    </svg>
  );
}

/** What the vertical axis must span. */
function extent(series: readonly Series[]): [least: number, most: number] {
  const end = Math.max(0, ...series.map(({ points }) => points.at(-1)?.[0] ?? 0));
  const shown = series.flatMap(({ points }) => points.filter(([px]) => end < LONG || px >= 1).map(([, py]) => py));
  if (shown.length === 0) return [0, 1];
  const least = shown.reduce((one, other) => Math.min(one, other));
  const most = shown.reduce((one, other) => Math.max(one, other));
  return least === most ? [least - 0.05, most + 0.05] : [least, most];
}

function nearest(points: Series["points"], place: number) {
  return points.reduce<Series["points"][number] | undefined>(
    (best, point) => (best && Math.abs(best[0] - place) <= Math.abs(point[0] - place) ? best : point),
    undefined,
  );
}
