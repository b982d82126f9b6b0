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

use([LineChart, GridComponent, LegendComponent, MarkLineComponent, MarkPointComponent, TitleComponent, SVGRenderer]);

/** What the curves show of one epoch. Accuracies are 0 … 1; a loss may be NaN where a training has diverged. */
export interface CurvePoint {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly validationLoss: number;
  readonly validationAccuracy: number;
}

type ChartOption = ComposeOption<GridComponentOption | LegendComponentOption | LineSeriesOption | TitleComponentOption>;

const WIDTH = 1200;
const HEIGHT = 480;
const PLOT = { top: 118, width: 490, height: 296 };
const LOSS_LEFT = 80;
const ACCURACY_LEFT = 680;

const FONT = "'DejaVu Sans', Verdana, sans-serif";
const INK = "#222222";
const QUIET_INK = "#555555";
const GRID_INK = "#e4e4e4";

/** Okabe and Ito's blue and vermillion, which people with any colour vision tell apart. */
const TRAIN = { name: "train", color: "#0072b2", symbol: "circle", line: "solid" as const };
const VALIDATION = { name: "validation", color: "#d55e00", symbol: "triangle", line: [7, 4] };

/** About this many markers lie on a curve, however many epochs it has. */
const MARKERS_PER_CURVE = 12;

/** One of the two plots. */
interface Plot {
  readonly axisName: string;
  readonly left: number;
  readonly train: readonly number[];
  readonly validation: readonly number[];
  /** The largest value that there can be. */
  readonly ceiling: number;
  /** What stands over the line at the best epoch. */
  readonly bestLabel: (value: number, epoch: number) => string;
}

/**
 * Loss (left) and accuracy in percent (right) over the epochs, training and validation in each, the epoch of the
 * best validation accuracy marked: a picture of 1200 × 480 pixels on white. The same history gives the same text.
 *
 * @param history at least one epoch, in increasing order; values that are not finite leave a gap
 * @throws RangeError where the history is empty
 */
export function curvesSvg(history: readonly CurvePoint[], options: { title: string; subtitle?: string }): string {
  if (history.length === 0) throw new RangeError("there is no epoch to draw curves of");
  const epochs = history.map((point) => point.epoch);
  const best = bestIndex(history);
  const loss: Plot = {
    axisName: "loss",
    left: LOSS_LEFT,
    train: history.map((point) => point.trainLoss),
    validation: history.map((point) => point.validationLoss),
    ceiling: Number.POSITIVE_INFINITY,
    bestLabel: (value, epoch) => `validation at epoch ${epoch}: ${value.toPrecision(4)}`,
  };
  const accuracy: Plot = {
    axisName: "accuracy (%)",
    left: ACCURACY_LEFT,
    train: history.map((point) => 100 * point.trainAccuracy),
    validation: history.map((point) => 100 * point.validationAccuracy),
    ceiling: 100,
    bestLabel: (value, epoch) => `best validation: ${value.toFixed(2)} % at epoch ${epoch}`,
  };
  const plots = [loss, accuracy];
  const svg = render({
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: FONT },
    title: [heading(options.title, options.subtitle), ...plots.filter(isEmpty).map(emptyNote)],
    legend: plots.map(legend),
    grid: plots.map(({ left }) => ({ left, ...PLOT, outerBoundsMode: "none" })),
    xAxis: plots.map((_, index) => epochAxis(epochs, index)),
    yAxis: plots.map(valueAxis),
    series: plots.flatMap((plot, index) => curves(plot, index, epochs, best)),
  });
  return withDescription(svg, `${options.title}: loss and accuracy by epoch`);
}

/** What a screen reader says of the picture. */
function withDescription(svg: string, description: string): string {
  const escaped = description.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return svg.replace(/^<svg ([^>]*)>/, (_, attributes) => `<svg role="img" ${attributes}>\n<title>${escaped}</title>`);
}

/** The first epoch with the best validation accuracy; undefined where none is finite. */
function bestIndex(history: readonly CurvePoint[]): number | undefined {
  let best: number | undefined;
  for (const [index, { validationAccuracy }] of history.entries()) {
    if (!Number.isFinite(validationAccuracy)) continue;
    if (best === undefined || validationAccuracy > history[best].validationAccuracy) best = index;
  }
  return best;
}

function isEmpty(plot: Plot): boolean {
  return ![...plot.train, ...plot.validation].some(Number.isFinite);
}

function heading(text: string, subtext: string | undefined): TitleComponentOption {
  const width = 0.65 * WIDTH; // Measured without the font, whose bold letters are a quarter wider than the estimate.
  return {
    text,
    subtext,
    left: LOSS_LEFT - 5,
    top: 12,
    itemGap: 8,
    textStyle: { color: INK, fontSize: 20, fontWeight: "bold", overflow: "truncate", width },
    subtextStyle: { color: QUIET_INK, fontSize: 14, overflow: "truncate", width },
  };
}

function emptyNote(plot: Plot): TitleComponentOption {
  return {
    text: `no finite ${plot.axisName}`,
    left: plot.left + PLOT.width / 2,
    top: PLOT.top + PLOT.height / 2 - 15,
    textAlign: "center",
    textStyle: { color: QUIET_INK, fontSize: 14, fontWeight: "normal" },
  };
}

function legend(plot: Plot): LegendComponentOption {
  return {
    data: [TRAIN.name, VALIDATION.name],
    left: plot.left - 5,
    top: 66,
    itemWidth: 40,
    itemHeight: 12,
    itemGap: 24,
    selectedMode: false,
    textStyle: { color: INK, fontSize: 14 },
  };
}

const AXIS_STYLE = {
  type: "value",
  nameLocation: "middle",
  nameTextStyle: { color: INK, fontSize: 14 },
  axisLine: { show: true, onZero: false, lineStyle: { color: QUIET_INK } },
} as const;
const AXIS_LABEL_STYLE = { color: QUIET_INK, fontSize: 13 };

function epochAxis(epochs: readonly number[], gridIndex: number) {
  const first = epochs[0];
  const last = epochs[epochs.length - 1];
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
  const { min, max, step } = valueRange([...plot.train, ...plot.validation], plot.ceiling);
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
    splitLine: { lineStyle: { color: GRID_INK } },
  };
}

/** Round numbers around the finite values, and the step between the grid's lines. Nothing here is below 0. */
function valueRange(values: readonly number[], ceiling: number): { min: number; max: number; step: number } {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return { min: 0, max: Math.min(1, ceiling), step: 0.2 };
  const smallest = Math.min(...finite);
  const largest = Math.max(...finite);
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

function curves(plot: Plot, axisIndex: number, epochs: readonly number[], best: number | undefined) {
  const every = Math.max(1, Math.round(epochs.length / MARKERS_PER_CURVE));
  const curve = (style: typeof TRAIN | typeof VALIDATION, values: readonly number[], phase: number) =>
    ({
      type: "line",
      name: style.name,
      xAxisIndex: axisIndex,
      yAxisIndex: axisIndex,
      silent: true,
      clip: false,
      symbol: style.symbol,
      symbolSize: 9,
      itemStyle: { color: style.color },
      lineStyle: { color: style.color, width: 2, type: style.line },
      data: values.map((value, index) => ({
        value: [epochs[index], value],
        symbol: index % every === phase || isAlone(values, index) ? style.symbol : "none",
      })),
    }) satisfies LineSeriesOption;
  return [
    curve(TRAIN, plot.train, 0),
    // Half way between the others', so that they never lie on each other.
    { ...curve(VALIDATION, plot.validation, Math.floor(every / 2)), ...bestMark(plot, epochs, best) },
  ];
}

/** Whether a value has no line to either side, so that only a marker can show it. */
function isAlone(values: readonly number[], index: number): boolean {
  return !Number.isFinite(values[index - 1]) && !Number.isFinite(values[index + 1]);
}

/** A line over the plot's height at the best epoch, a ring around the value, and the value over the plot. */
function bestMark(plot: Plot, epochs: readonly number[], best: number | undefined): Partial<LineSeriesOption> {
  if (best === undefined || !Number.isFinite(plot.validation[best])) return {};
  const epoch = epochs[best];
  const value = plot.validation[best];
  const place = epochs.length > 1 ? best / (epochs.length - 1) : 0.5;
  return {
    markLine: {
      silent: true,
      symbol: "none",
      lineStyle: { color: QUIET_INK, width: 1, type: "dotted" },
      label: {
        position: "end",
        distance: 10,
        align: place < 0.3 ? "left" : place > 0.7 ? "right" : "center",
        formatter: plot.bestLabel(value, epoch),
        color: INK,
        fontSize: 13,
        fontFamily: FONT,
      },
      data: [{ xAxis: epoch }],
    },
    markPoint: {
      silent: true,
      symbol: "circle",
      symbolSize: 15,
      itemStyle: { color: "transparent", borderColor: INK, borderWidth: 1.5 },
      label: { show: false },
      data: [{ name: "best", coord: [epoch, value] }],
    },
  };
}

function render(option: ChartOption): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  try {
    chart.setOption(option);
    return withoutInteraction(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

/**
 * Drops what only a page with the chart library's client needs, and replaces the count of charts in the names of
 * the clip paths.
 */
function withoutInteraction(svg: string): string {
  return svg
    .replace(/<style >.*?<\/style>\s*/s, "")
    .replace(/ (?:class="zr[^"]*"|ecmeta_\w+="[^"]*"|pointer-events="visible")/g, "")
    .replace(/(url\(#|id=")zr\d+-/g, "$1curves-");
}
