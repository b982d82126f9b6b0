import { LineChart, type LineSeriesOption } from "echarts/charts";
import {
  GridComponent,
  type GridComponentOption,
  LegendComponent,
  type LegendComponentOption,
  MarkLineComponent,
  MarkPointComponent,
  TitleComponent,
  type TitleComponentOption,
} from "echarts/components";
import { type ComposeOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { escapeText } from "./markup.js";
import { FONT, INK, LINE_INK, QUIET_INK } from "./palette.js";

use([LineChart, GridComponent, LegendComponent, MarkLineComponent, MarkPointComponent, TitleComponent, SVGRenderer]);

type ChartOption = ComposeOption<GridComponentOption | LegendComponentOption | LineSeriesOption | TitleComponentOption>;

const WIDTH = 1200;
/** Left edges of the two plots. */
export const PLOT_LEFTS = [80, 680] as const;
const PLOT = { width: 490, height: 296 };
/** Below a plot: the epochs' numbers and name. */
const BELOW_PLOT = 66;

/** About this many markers lie on a curve, however many epochs it has. */
const MARKERS_PER_CURVE = 12;

/** How a curve is told from others. */
export interface CurveStyle {
  readonly color: string;
  readonly symbol: string;
  readonly line: "solid" | number[];
  readonly width: number;
}

/** A value for each epoch; one that is not finite leaves a gap. */
export interface Curve {
  /** For legends: curves and legend entries of the same key belong together. */
  readonly key: string;
  readonly style: CurveStyle;
  readonly epochs: readonly number[];
  readonly values: readonly number[];
  /** 0 … 1: where among others' markers its own lie, so that they are never on each other. */
  readonly phase: number;
  /** What else is marked on it. */
  readonly marks?: Pick<LineSeriesOption, "markLine" | "markPoint">;
}

/** One of the two plots. */
export interface Plot {
  readonly axisName: string;
  readonly left: number;
  readonly curves: readonly Curve[];
  /** The largest value that there can be. */
  readonly ceiling: number;
}

/** Two plots over the epochs, side by side. */
export interface Chart {
  readonly title: string;
  readonly subtitle?: string;
  readonly plots: readonly Plot[];
  readonly legends: readonly LegendComponentOption[];
  /** Of the plots; above are heading and legends. */
  readonly top: number;
}

/** Draws a chart 1200 pixels wide on white. The same values give the same text, in which no element has a style. */
export function chartSvg({ title, subtitle, plots, legends, top }: Chart): string {
  const option: ChartOption = {
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: FONT },
    title: [heading(title, subtitle), ...plots.filter(isEmpty).map((plot) => emptyNote(plot, top))],
    legend: [...legends],
    grid: plots.map(({ left }) => ({ left, top, ...PLOT, outerBoundsMode: "none" })),
    xAxis: plots.map((_, index) => epochAxis(plots, index)),
    yAxis: plots.map(valueAxis),
    series: plots.flatMap((plot, index) => plot.curves.map((curve) => line(curve, index))),
  };
  return withDescription(render(option, top + PLOT.height + BELOW_PLOT), `${title}: loss and accuracy by epoch`);
}

/** What a screen reader says of the picture. */
function withDescription(svg: string, description: string): string {
  const title = `<title>${escapeText(description)}</title>`;
  return svg.replace(/^<svg ([^>]*)>/, (_, attributes) => `<svg role="img" ${attributes}>\n${title}`);
}

function isEmpty({ curves }: Plot): boolean {
  return !curves.some(({ values }) => values.some(Number.isFinite));
}

function heading(text: string, subtext: string | undefined): TitleComponentOption {
  const width = 0.65 * WIDTH; // Measured without the font, whose bold letters are a quarter wider than the estimate.
  return {
    text,
    subtext,
    left: PLOT_LEFTS[0] - 5,
    top: 12,
    itemGap: 8,
    textStyle: { color: INK, fontSize: 20, fontWeight: "bold", overflow: "truncate", width },
    subtextStyle: { color: QUIET_INK, fontSize: 14, overflow: "truncate", width },
  };
}

function emptyNote(plot: Plot, top: number): TitleComponentOption {
  return {
    text: `no finite ${plot.axisName}`,
    left: plot.left + PLOT.width / 2,
    top: top + PLOT.height / 2 - 15,
    textAlign: "center",
    textStyle: { color: QUIET_INK, fontSize: 14, fontWeight: "normal" },
  };
}

const AXIS_STYLE = {
  type: "value",
  nameLocation: "middle",
  nameTextStyle: { color: INK, fontSize: 14 },
  axisLine: { show: true, onZero: false, lineStyle: { color: QUIET_INK } },
} as const;
const AXIS_LABEL_STYLE = { color: QUIET_INK, fontSize: 13 };

function epochAxis(plots: readonly Plot[], gridIndex: number) {
  const epochs = plots.flatMap(({ curves }) => curves.flatMap((curve) => curve.epochs));
  const first = epochs.reduce((least, epoch) => Math.min(least, epoch));
  const last = epochs.reduce((most, epoch) => Math.max(most, epoch));
  const margin = Math.max(0.03 * (last - first), 0.25);
  const ticks = epochTicks(first, last);
  return {
    ...AXIS_STYLE,
    gridIndex,
    name: "epoch",
    nameGap: 32,
    min: first - margin,
    max: last + margin,
    axisTick: { customValues: ticks },
    axisLabel: { ...AXIS_LABEL_STYLE, customValues: ticks },
    splitLine: { show: false },
  };
}

/** The first epoch and round ones, about ten. */
function epochTicks(first: number, last: number): number[] {
  const step = Math.max(1, roundStep((last - first) / 10));
  const ticks = [first];
  for (let tick = Math.ceil((first + step / 2) / step) * step; tick <= last; tick += step) ticks.push(tick);
  return ticks;
}

function valueAxis(plot: Plot, gridIndex: number) {
  const { min, max, step } = valueRange(
    plot.curves.flatMap(({ values }) => values),
    plot.ceiling,
  );
  const decimals = Math.max(0, -Math.floor(Math.log10(step)));
  const plain = max < 1e5 && decimals <= 5;
  return {
    ...AXIS_STYLE,
    gridIndex,
    name: plot.axisName,
    nameGap: 52,
    min,
    max,
    interval: step,
    axisTick: { show: true },
    axisLabel: {
      ...AXIS_LABEL_STYLE,
      formatter: (value: number) => (plain ? value.toFixed(decimals) : value === 0 ? "0" : value.toExponential(1)),
    },
    splitLine: { lineStyle: { color: LINE_INK } },
  };
}

/** Round numbers around the finite values, and the step between the grid's lines. Nothing here is below 0. */
function valueRange(values: readonly number[], ceiling: number): { min: number; max: number; step: number } {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return { min: 0, max: Math.min(1, ceiling), step: 0.2 };
  const smallest = finite.reduce((least, value) => Math.min(least, value));
  const largest = finite.reduce((most, value) => Math.max(most, value));
  const step = roundStep((largest - smallest || largest / 10 || 1) / 5);
  let from = Math.floor(smallest / step);
  let to = Math.ceil(largest / step);
  if (from === to) {
    from = Math.max(0, from - 1);
    to += to * step < ceiling ? 1 : 0;
  }
  // From decimal text, so that 3 steps of 0.1 are 0.3.
  return { min: Number((from * step).toPrecision(12)), max: Number((to * step).toPrecision(12)), step };
}

/** The smallest of 1, 2, 5, 10, 20, 50 … (and of their decimal fractions) that is not below a positive value. */
function roundStep(value: number): number {
  if (value <= 0) return 1;
  const power = Math.floor(Math.log10(value));
  const digit = [1, 2, 5, 10].find((candidate) => value <= candidate * 10 ** power * (1 + 1e-9)) ?? 10;
  return Number(`${digit}e${power}`);
}

function line({ key, style, epochs, values, phase, marks }: Curve, axisIndex: number): LineSeriesOption {
  const every = Math.max(1, Math.round(epochs.length / MARKERS_PER_CURVE));
  const first = Math.floor(every * phase);
  return {
    type: "line",
    name: key,
    xAxisIndex: axisIndex,
    yAxisIndex: axisIndex,
    silent: true,
    clip: false,
    symbol: style.symbol,
    symbolSize: 9,
    itemStyle: { color: style.color },
    lineStyle: { color: style.color, width: style.width, type: style.line },
    data: values.map((value, index) => ({
      value: [epochs[index], value],
      symbol: index % every === first || isAlone(values, index) ? style.symbol : "none",
    })),
    ...marks,
  };
}

/** Whether a value has no line to either side, so that only a marker can show it. */
function isAlone(values: readonly number[], index: number): boolean {
  return !Number.isFinite(values[index - 1]) && !Number.isFinite(values[index + 1]);
}

function render(option: ChartOption, height: number): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    chart.setOption(option);
    return withoutInteraction(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

/**
 * Drops what only a page with the chart library's client needs, replaces the count of charts in the names of the clip
 * paths, and makes attributes of styles, which a page may forbid.
 */
function withoutInteraction(svg: string): string {
  return svg
    .replace(/<style >.*?<\/style>\s*/s, "")
    .replace(/ (?:class="zr[^"]*"|ecmeta_\w+="[^"]*"|pointer-events="visible")/g, "")
    .replace(/(url\(#|id=")zr\d+-/g, "$1curves-")
    .replace(/ style="([^"]*)"/g, (_, style: string) =>
      style
        .split(";")
        .filter((property) => property !== "")
        .map((property) => ` ${property.replace(":", '="')}"`)
        .join(""),
    );
}
