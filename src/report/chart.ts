import type { LineSeriesOption } from "echarts/charts";
import type { LegendComponentOption, TitleComponentOption } from "echarts/components";
import { LINE_INK, QUIET_INK } from "./palette.js";
import { AXIS_LABEL_STYLE, AXIS_STYLE, chartHeading, renderChart } from "./svgChart.js";

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
  const option = {
    title: [
      chartHeading(title, subtitle, PLOT_LEFTS[0], WIDTH),
      ...plots.filter(isEmpty).map((plot) => emptyNote(plot, top)),
    ],
    legend: [...legends],
    grid: plots.map(({ left }) => ({ left, top, ...PLOT, outerBoundsMode: "none" as const })),
    xAxis: plots.map((_, index) => epochAxis(plots, index)),
    yAxis: plots.map(valueAxis),
    series: plots.flatMap((plot, index) => plot.curves.map((curve) => line(curve, index))),
  };
  const size = { width: WIDTH, height: top + PLOT.height + BELOW_PLOT };
  return renderChart(option, size, `${title}: loss and accuracy by epoch`);
}

function isEmpty({ curves }: Plot): boolean {
  return !curves.some(({ values }) => values.some(Number.isFinite));
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

function epochAxis(plots: readonly Plot[], gridIndex: number) {
  const epochs = plots.flatMap(({ curves }) => curves.flatMap((curve) => curve.epochs));
  const first = epochs.reduce((least, epoch) => Math.min(least, epoch));
  const last = epochs.reduce((most, epoch) => Math.max(most, epoch));
  const margin = Math.max(0.03 * (last - first), 0.25);
  const ticks = epochTicks(first, last);
  return {
    ...AXIS_STYLE,
    type: "value" as const,
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
    type: "value" as const,
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
