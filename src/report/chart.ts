import { area, line, type ScaleContinuousNumeric, type SymbolType, scaleLinear, symbol } from "../vendor/d3.js";
import { type Content, type Markup, markup, shortened } from "./markup.js";
import { FONT, INK, LINE_INK, QUIET_INK } from "./palette.js";

/** The colours of everything but the curves. */
export interface ChartInks {
  readonly text: string;
  readonly quiet: string;
  readonly grid: string;
}

/** What distinguishes a curve. */
export interface CurveStyle {
  readonly color: string;
  readonly width: number;
  /** SVG's stroke-dasharray; undefined for a solid line. */
  readonly dashes?: string;
  readonly opacity?: number;
  readonly marker: SymbolType;
  /** Whether only the marker's outline is drawn. */
  readonly isHollow?: boolean;
}

/** Points in increasing order of x. A y that is not finite leaves a gap. */
export interface Curve {
  readonly style: CurveStyle;
  readonly points: readonly (readonly [x: number, y: number])[];
  /**
   * From 0 to below 1: shifts the markers along the curve, so that those of several curves do not overlap. If omitted,
   * only isolated points have markers.
   */
  readonly markerPhase?: number;
}

/** The area between the lowest and the highest of several curves, in increasing order of x. */
export interface Band {
  readonly color: string;
  readonly points: readonly (readonly [x: number, low: number, high: number])[];
}

/** A dotted vertical line with a label above the plot. Each further mark's label is one line higher. */
export interface Mark {
  readonly x: number;
  readonly label: string;
  /** The y at which to draw a ring. */
  readonly ringY?: number;
}

/** An axis of a plot. The plot sets the scale's range. */
export interface Axis {
  readonly scale: ScaleContinuousNumeric<number, number>;
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
  readonly name?: string;
}

/** Curves on shared axes. */
export interface Plot {
  /** The area inside the axes, in pixels. */
  readonly frame: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  readonly x: Axis;
  readonly y: Axis;
  /** Below the curves. */
  readonly bands?: readonly Band[];
  readonly curves: readonly Curve[];
  readonly marks?: readonly Mark[];
  /** Shown in the plot when no value is finite. */
  readonly emptyNote: string;
}

/** An entry of a legend: a sample of a curve with its name. */
export interface LegendEntry {
  readonly name: string;
  readonly style: CurveStyle;
  /** The left end of the sample, in pixels. */
  readonly left: number;
  readonly middle: number;
}

/** The frame around the plots of a chart. */
export interface ImageInput {
  readonly title: string;
  readonly subtitle?: string;
  /** Read by screen readers after the title. */
  readonly description: string;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
}

/** The left edge of the heading and of the first plot. */
export const IMAGE_LEFT = 80;
/** The inks of charts on white. */
const PAPER: ChartInks = { text: INK, quiet: QUIET_INK, grid: LINE_INK };
/** The average width of a letter in headings, as a multiple of the font size. */
const TITLE_LETTER = 0.66;
const SUBTITLE_LETTER = 0.62;

/** The approximate maximum number of grid steps. */
const VALUE_STEPS = 5;
/** The approximate number of markers per curve. */
const MARKERS_PER_CURVE = 12;
/** Square pixels. */
const MARKER_AREA = 56;
const RING_RADIUS = 7.5;
const TICK_LENGTH = 5;
const SAMPLE_WIDTH = 40;
/** Curves are clipped this many pixels outside the frame, so that lines on its edge keep their width. */
const CLIP_MARGIN = 2;
const BAND_OPACITY = 0.16;

/**
 * Draws a plot: the grid, the axes, the curves and their marks.
 *
 * @param inks colours, as values of SVG attributes
 * @returns SVG elements without styles or ids; the same plot gives the same text
 */
export function plotMarkup(plot: Plot, inks: ChartInks = PAPER): Markup {
  const place = placement(plot);
  const { left, top, width, height } = plot.frame;
  const isEmpty = !plot.curves.some(({ points }) => points.some(([, y]) => Number.isFinite(y)));
  return markup`${axes(plot, place, inks)}${lines(plot, place)}
${plot.curves.map((curve) => markedPoints(curve).map(([x, y]) => marker(curve.style, place.x(x), place.y(y))))}
${plot.marks?.map((mark, index) => markLine(mark, index, plot, place, inks))}
${isEmpty && text(plot.emptyNote, left + width / 2, top + height / 2, inks.quiet, 14, "middle")}`;
}

/** Maps values to pixels of the chart. */
interface Placement {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

function placement({ frame: { left, top, width, height }, x, y }: Plot): Placement {
  const [across, up] = [x.scale.copy().range([left, left + width]), y.scale.copy().range([top + height, top])];
  return { x: (value) => rounded(across(value)), y: (value) => rounded(up(value)) };
}

function axes({ frame: { left, top, width, height }, x, y }: Plot, place: Placement, inks: ChartInks): Markup {
  const bottom = top + height;
  const [middleX, middleY] = [left + width / 2, top + height / 2];
  return markup`<g stroke="${inks.grid}" shape-rendering="crispEdges">${y.ticks.map((tick) => markup`<path d="M${left},${place.y(tick)}h${width}"/>`)}</g>
<g stroke="${inks.quiet}" shape-rendering="crispEdges"><path d="M${left},${top}v${height}"/><path d="M${left},${bottom}h${width}"/>${y.ticks.map(
    (tick) => markup`<path d="M${left},${place.y(tick)}h-${TICK_LENGTH}"/>`,
  )}${x.ticks.map((tick) => markup`<path d="M${place.x(tick)},${bottom}v${TICK_LENGTH}"/>`)}</g>
${y.ticks.map((tick) => text(y.format(tick), left - 8, place.y(tick), inks.quiet, 13, "end"))}
${y.name && markup`<g transform="rotate(-90 ${left - 59} ${middleY})">${text(y.name, left - 59, middleY, inks.text, 14, "middle")}</g>`}
${x.ticks.map((tick) => text(x.format(tick), place.x(tick), bottom + 15, inks.quiet, 13, "middle"))}
${x.name && text(x.name, middleX, bottom + 39, inks.text, 14, "middle")}
`;
}

/** The bands and the curves without their markers, in a nested svg element, which clips them without needing an id. */
function lines({ frame: { left, top, width, height }, bands, curves }: Plot, place: Placement): Markup {
  const path = line<readonly [number, number]>(
    ([x]) => place.x(x),
    ([, y]) => place.y(y),
  ).defined(([, y]) => Number.isFinite(y));
  const between = area<Band["points"][number]>(
    ([x]) => place.x(x),
    ([, low]) => place.y(low),
    ([, , high]) => place.y(high),
  );
  const clip = [left - CLIP_MARGIN, top - CLIP_MARGIN, width + 2 * CLIP_MARGIN, height + 2 * CLIP_MARGIN];
  return markup`<svg x="${clip[0]}" y="${clip[1]}" width="${clip[2]}" height="${clip[3]}" viewBox="${clip.join(" ")}">
${bands?.map(
  ({ color, points }) => markup`<path d="${between(points) ?? ""}" fill="${color}" opacity="${BAND_OPACITY}"/>
`,
)}${curves.map(({ style, points }) => stroke(style, path(points) ?? ""))}</svg>`;
}

function markLine({ x, ringY, label }: Mark, index: number, plot: Plot, place: Placement, inks: ChartInks): Markup {
  const { left, top, width, height } = plot.frame;
  const share = (place.x(x) - left) / width;
  const anchor = share < 0.3 ? "start" : share > 0.7 ? "end" : "middle";
  return markup`${
    ringY !== undefined &&
    markup`<circle cx="${place.x(x)}" cy="${place.y(ringY)}" r="${RING_RADIUS}" fill="none" stroke="${inks.text}" stroke-width="1.5"/>
`
  }<path d="M${Math.floor(place.x(x)) + 0.5},${top + height}v-${height}" stroke="${inks.quiet}" stroke-dasharray="1"/>
${text(label, place.x(x), top - 17 - 18 * index, inks.text, 13, anchor)}`;
}

/** Draws the entries of a legend, in the inks of {@link plotMarkup}. */
export function legendMarkup(entries: readonly LegendEntry[], inks: ChartInks = PAPER): Markup {
  return markup`${entries.map(
    ({ name, style, left, middle }) =>
      markup`<g transform="translate(${left} ${middle})">
${stroke(style, `M0,0H${SAMPLE_WIDTH}`)}<g transform="translate(${SAMPLE_WIDTH / 2})">${marker(style)}</g>
</g>
${text(name, left + SAMPLE_WIDTH + 5, middle, inks.text, 14, "start")}`,
  )}`;
}

/** A chart on white as an SVG file: the title, the subtitle, and the plots and legends below. */
export function chartSvg({ title, subtitle = "", description, width, height }: ImageInput, content: Content): string {
  const room = width - IMAGE_LEFT;
  const [longestTitle, longestSubtitle] = [room / 20 / TITLE_LETTER, room / 14 / SUBTITLE_LETTER].map(Math.floor);
  return markup`<svg role="img" xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${FONT}">
<title>${title}: ${description}</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
<g font-weight="bold">${text(shortened(title, longestTitle, "..."), IMAGE_LEFT, 27, INK, 20, "start")}</g>
${text(shortened(subtitle, longestSubtitle, "..."), IMAGE_LEFT, 52, QUIET_INK, 14, "start")}
${content}
</svg>
`.text;
}

/** An axis between two round numbers that enclose all finite values. No value may be negative. */
export function valueAxis(values: readonly number[], name?: string): Axis {
  let [least, most] = extent(values);
  if (least === most) [least, most] = most === 0 ? [0, 1] : [0.9 * most, most];
  const step = roundStep((most - least) / VALUE_STEPS);
  const ticks = multiples(step, Math.floor(least / step) * step, Math.ceil(most / step) * step);
  const [first, last] = [ticks[0], ticks[ticks.length - 1]];
  const decimals = Math.max(0, -Math.floor(Math.log10(step)));
  const isPlain = last < 1e5 && decimals <= 5;
  const format = (value: number) => (isPlain ? value.toFixed(decimals) : value === 0 ? "0" : value.toExponential(1));
  return { name, scale: scaleLinear().domain([first, last]), ticks, format };
}

/** The smallest of … 0.1, 0.2, 0.5, 1, 2, 5, 10 … that is not below a positive value. */
export function roundStep(value: number): number {
  const power = Math.floor(Math.log10(value));
  const digit = [1, 2, 5].find((candidate) => value <= candidate * 10 ** power * (1 + 1e-9)) ?? 10;
  return Number(`${digit}e${power}`);
}

/** The multiples of a step between two values, inclusive. */
export function multiples(step: number, from: number, to: number): number[] {
  const [first, last] = [Math.ceil(from / step - 1e-9), Math.floor(to / step + 1e-9)];
  // Parsed from decimal text, so that 3 steps of 0.1 are 0.3.
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** The smallest and the largest finite value; 0 and 0 if there is none. */
export function extent(values: readonly number[]): [least: number, most: number] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [0, 0];
  return [
    finite.reduce((least, value) => Math.min(least, value)),
    finite.reduce((most, value) => Math.max(most, value)),
  ];
}

function stroke({ color, width, dashes, opacity }: CurveStyle, path: string): Markup {
  return markup`<path d="${path}" fill="none" stroke="${color}" stroke-width="${width}" stroke-linejoin="bevel"${
    dashes && markup` stroke-dasharray="${dashes}"`
  }${opacity && markup` opacity="${opacity}"`}/>
`;
}

function marker({ marker: shape, color, isHollow, opacity }: CurveStyle, x = 0, y = 0): Markup {
  return markup`<path d="${symbol(shape, MARKER_AREA)() ?? ""}" transform="translate(${x} ${y})" ${
    isHollow ? markup`fill="#ffffff" stroke="${color}" stroke-width="2"` : markup`fill="${color}"`
  }${opacity && markup` opacity="${opacity}"`}/>
`;
}

/** The points of a curve that get a marker. */
function markedPoints({ points, markerPhase }: Curve): Curve["points"] {
  const every = Math.max(1, Math.round(points.length / MARKERS_PER_CURVE));
  const first = markerPhase === undefined ? undefined : Math.floor(every * markerPhase);
  const isDrawn = (index: number) => Number.isFinite(points[index]?.[1]);
  // A point without a line on either side is only visible by its marker.
  const isAlone = (index: number) => !isDrawn(index - 1) && !isDrawn(index + 1);
  return points.filter((_, index) => isDrawn(index) && (index % every === first || isAlone(index)));
}

/** A line of text, centred vertically on `middle`. */
function text(
  content: string,
  x: number,
  middle: number,
  ink: string,
  size: number,
  anchor: "start" | "middle" | "end",
): Markup {
  return markup`<text x="${x}" y="${middle}" dy="0.36em" font-size="${size}" text-anchor="${anchor}" fill="${ink}">${content}</text>
`;
}

/** A coordinate, rounded to a tenth of a pixel. */
function rounded(coordinate: number): number {
  return Number(coordinate.toFixed(1));
}
