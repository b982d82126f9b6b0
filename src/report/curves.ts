import { scaleLinear, symbolCircle, symbolDiamond2, symbolSquare, symbolStar, symbolTriangle } from "../vendor/d3.js";
import {
  type Axis,
  type ChartInks,
  type Curve,
  type CurveStyle,
  chartSvg,
  extent,
  IMAGE_LEFT,
  legendMarkup,
  type Mark,
  multiples,
  type Plot,
  plotMarkup,
  roundStep,
  valueAxis,
} from "./chart.js";
import { type Markup, markup, shortened } from "./markup.js";
import { DISTINCT_COLORS } from "./palette.js";

/** One epoch of the curves. Accuracies are 0 … 1; a loss is NaN if training has diverged. */
export interface CurvePoint {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly validationLoss: number;
  readonly validationAccuracy: number;
}

/** At least one epoch, in increasing order. Values that are not finite leave a gap. */
export type History = readonly CurvePoint[];

/** A run's name and its epochs. */
export interface NamedHistory {
  readonly name: string;
  readonly history: History;
}

/** Colours of the curves of a single run. */
export interface CurveInks extends ChartInks {
  readonly train: string;
  readonly validation: string;
}

/** The quantity that one of the two plots shows. */
interface Measure {
  readonly axisName: (words: CurveWords) => string;
  readonly left: number;
  readonly train: (point: CurvePoint) => number;
  readonly validation: (point: CurvePoint) => number;
  /** The label above the best epoch. */
  readonly bestLabel: (words: CurveWords, value: number, epoch: number) => string;
}

/** What the charts of a run say. */
export const ENGLISH_CURVES = {
  loss: "loss",
  accuracy: "accuracy (%)",
  epoch: "epoch",
  train: "train",
  validation: "validation",
  lossAt: (value: string, epoch: number) => `validation at epoch ${epoch}: ${value}`,
  bestAt: (value: string, epoch: number) => `best validation: ${value} % at epoch ${epoch}`,
  noneFinite: (name: string) => `no finite ${name}`,
  description: "loss and accuracy by epoch",
  runs: (count: number) => `LeNet-5: ${count} runs`,
  overlaidStyles: "hollow and solid: training; filled and dashed: validation",
};
type CurveWords = typeof ENGLISH_CURVES;

const LOSS: Measure = {
  axisName: ({ loss }) => loss,
  left: IMAGE_LEFT,
  train: (point) => point.trainLoss,
  validation: (point) => point.validationLoss,
  bestLabel: ({ lossAt }, value, epoch) => lossAt(value.toPrecision(4), epoch),
};
const ACCURACY: Measure = {
  axisName: ({ accuracy }) => accuracy,
  left: 680,
  train: (point) => 100 * point.trainAccuracy,
  validation: (point) => 100 * point.validationAccuracy,
  bestLabel: ({ bestAt }, value, epoch) => bestAt(value.toFixed(2), epoch),
};

const WIDTH = 1200;
const PLOT = { width: 490, height: 296 };
/** The space below a plot, for the epochs and the name of the axis. */
const BELOW_PLOT = 66;

/** The layout for a single run. */
const TRAIN: CurveStyle = { color: DISTINCT_COLORS[0], width: 2, marker: symbolCircle };
const VALIDATION: CurveStyle = { color: DISTINCT_COLORS[1], width: 2, dashes: "7,4", marker: symbolTriangle };
/** The space for the heading, one row of legend and the label above the best epoch. */
const TOP = 118;

/** Five, which is coprime to the seven colours, so that each of 35 runs has its own pair of colour and marker. */
const MARKERS = [symbolCircle, symbolTriangle, symbolSquare, symbolDiamond2, symbolStar];
/** More runs could not be told apart. */
export const MOST_OVERLAID_RUNS = DISTINCT_COLORS.length * MARKERS.length;

const LEGEND = { middle: 78, row: 24, columns: 3, column: 370, longestName: 36 };
/** The distance from the middle of the legend's last row to the plots. */
const LEGEND_GAP = 28;

/**
 * Draws loss (left) and accuracy in percent (right) by epoch, each for training and validation, with a mark at the best
 * validation accuracy. The SVG is 1200 × 480 pixels on white. The same history gives the same text.
 *
 * @param words what it says. Default: in English
 * @throws RangeError if the history is empty
 */
export function curvesSvg(
  history: History,
  titles: { title: string; subtitle?: string },
  words: CurveWords = ENGLISH_CURVES,
): string {
  const { description } = words;
  const image = { ...titles, description, width: WIDTH, height: TOP + PLOT.height + BELOW_PLOT };
  return chartSvg(image, curvesHalves(history, undefined, words));
}

/**
 * The two plots of {@link curvesSvg} with their legends, as SVG elements: loss at x from 0 to 600, accuracy from 600 to
 * 1200, both at y from 66 to 480.
 *
 * @param inks colours, as values of SVG attributes
 * @param words what they say. Default: in English
 * @throws RangeError if the history is empty
 */
export function curvesHalves(
  history: History,
  inks?: CurveInks,
  words: CurveWords = ENGLISH_CURVES,
): [loss: Markup, accuracy: Markup] {
  if (history.length === 0) throw new RangeError("there are no epochs to draw");
  const train = { ...TRAIN, color: inks?.train ?? TRAIN.color };
  const validation = { ...VALIDATION, color: inks?.validation ?? VALIDATION.color };
  const best = bestPoint(history);
  const half = (measure: Measure) => {
    const curves = [
      { style: train, points: pointsOf(history, measure.train), markerPhase: 0 },
      { style: validation, points: pointsOf(history, measure.validation), markerPhase: 0.5 },
    ];
    const plot = { ...plotOf(measure, curves, TOP, words), marks: best ? bestMark(best, measure, words) : [] };
    return markup`${plotMarkup(plot, inks)}
${legendMarkup(
  [
    { name: words.train, style: train, left: measure.left, middle: LEGEND.middle },
    { name: words.validation, style: validation, left: measure.left + 98, middle: LEGEND.middle },
  ],
  inks,
)}`;
  };
  return [half(LOSS), half(ACCURACY)];
}

/**
 * Overlays several runs: loss (left) and accuracy in percent (right) by epoch. Each run has a colour and a marker;
 * training is solid, thin and hollow, validation dashed, bold and filled.
 *
 * @param words what it says. Default: in English
 * @returns an SVG on white, 1200 pixels wide, as text
 * @throws RangeError if there is no run, or more than {@link MOST_OVERLAID_RUNS}
 */
export function overlaySvg(runs: readonly NamedHistory[], words: CurveWords = ENGLISH_CURVES): string {
  if (runs.length === 0 || runs.length > MOST_OVERLAID_RUNS) {
    throw new RangeError(`${runs.length} runs cannot be overlaid, only 1 to ${MOST_OVERLAID_RUNS}`);
  }
  const legend = runs.map(({ name }, index) => ({
    name: shortened(name, LEGEND.longestName),
    style: overlaidStyles(index).validation,
    left: LOSS.left + (index % LEGEND.columns) * LEGEND.column,
    middle: LEGEND.middle + Math.floor(index / LEGEND.columns) * LEGEND.row,
  }));
  const top = legend[legend.length - 1].middle + LEGEND_GAP;
  const plots = [LOSS, ACCURACY].map((measure) => {
    const curves = runs.flatMap(({ history }, index): Curve[] => {
      const { train, validation } = overlaidStyles(index);
      return [
        { style: train, points: pointsOf(history, measure.train), markerPhase: index / runs.length },
        { style: validation, points: pointsOf(history, measure.validation), markerPhase: (index + 0.5) / runs.length },
      ];
    });
    return plotMarkup(plotOf(measure, curves, top, words));
  });
  return chartSvg(
    {
      title: words.runs(runs.length),
      subtitle: words.overlaidStyles,
      description: words.description,
      width: WIDTH,
      height: top + PLOT.height + BELOW_PLOT,
    },
    [...plots, legendMarkup(legend)],
  );
}

function overlaidStyles(index: number): { train: CurveStyle; validation: CurveStyle } {
  const look = { color: DISTINCT_COLORS[index % DISTINCT_COLORS.length], marker: MARKERS[index % MARKERS.length] };
  return {
    train: { ...look, width: 1, isHollow: true },
    validation: { ...look, width: 2.5, dashes: "8,4" },
  };
}

function pointsOf(history: History, value: (point: CurvePoint) => number): Curve["points"] {
  return history.map((point) => [point.epoch, value(point)] as const);
}

function plotOf({ axisName, left }: Measure, curves: readonly Curve[], top: number, words: CurveWords): Plot {
  const points = curves.flatMap((curve) => curve.points);
  return {
    frame: { left, top, ...PLOT },
    x: epochAxis(
      points.map(([epoch]) => epoch),
      words.epoch,
    ),
    y: valueAxis(
      points.map(([, value]) => value),
      axisName(words),
    ),
    curves,
    emptyNote: words.noneFinite(axisName(words)),
  };
}

/** The first epoch and round numbers, about ten in all. */
function epochAxis(epochs: readonly number[], name: string): Axis {
  const [first, last] = extent(epochs);
  const margin = Math.max(0.03 * (last - first), 0.25);
  const step = Math.max(1, roundStep((last - first || 1) / 10));
  return {
    name,
    scale: scaleLinear().domain([first - margin, last + margin]),
    ticks: [first, ...multiples(step, first + step / 2, last)],
    format: String,
  };
}

/** The first epoch with the best validation accuracy; undefined if none is finite. */
function bestPoint(history: History): CurvePoint | undefined {
  return history
    .filter(({ validationAccuracy }) => Number.isFinite(validationAccuracy))
    .reduce<CurvePoint | undefined>(
      (best, point) => (best && best.validationAccuracy >= point.validationAccuracy ? best : point),
      undefined,
    );
}

function bestMark(best: CurvePoint, { validation, bestLabel }: Measure, words: CurveWords): Mark[] {
  const value = validation(best);
  if (!Number.isFinite(value)) return [];
  return [{ x: best.epoch, ringY: value, label: bestLabel(words, value, best.epoch) }];
}
