import { scaleLog, symbolCircle } from "../vendor/d3.js";
import { type Axis, chartSvg, IMAGE_LEFT, type Plot, plotMarkup, valueAxis } from "./chart.js";
import { DISTINCT_COLORS } from "./palette.js";

/** A step of a learning rate sweep: its rate and the smoothed loss. */
export interface LearningRatePoint {
  readonly learningRate: number;
  readonly loss: number;
}

/** What to draw besides the curve. */
export interface LearningRateCurveOptions {
  readonly title: string;
  readonly subtitle?: string;
  /** Learning rates to mark. */
  readonly marks: Readonly<Partial<Record<"valley" | "steepest", number>>>;
}

/** What the curve says. */
export const ENGLISH_LEARNING_RATES = {
  title: (recipe: string, data: string) => `Learning rates for LeNet-5 ${recipe} on ${data}`,
  smoothedLoss: "loss, smoothed",
  learningRate: "learning rate",
  valley: "valley",
  steepest: "steepest",
  noneFinite: "no finite loss",
  description: "loss by learning rate",
};
type LearningRateWords = typeof ENGLISH_LEARNING_RATES;

const SIZE = { width: 800, height: 480 };
const FRAME = { left: IMAGE_LEFT, top: 118, width: 680, height: 296 };
const STYLE = { color: DISTINCT_COLORS[0], width: 2, marker: symbolCircle };

/** The loss is drawn up to about this multiple of its first value, so that divergence does not flatten the rest. */
const HIGHEST = 1.25;

/**
 * Draws the smoothed loss by learning rate, on a logarithmic axis, with lines at the marked rates. The SVG is 800 × 480
 * pixels on white. The same sweep gives the same text.
 *
 * @param points at least one, in increasing order of the rate
 * @param words what it says. Default: in English
 * @throws RangeError if there are none
 */
export function learningRateCurveSvg(
  points: readonly LearningRatePoint[],
  options: LearningRateCurveOptions,
  words: LearningRateWords = ENGLISH_LEARNING_RATES,
): string {
  if (points.length === 0) throw new RangeError("there are no steps to draw");
  const { marks, ...titles } = options;
  const highest = HIGHEST * points[0].loss;
  const plot: Plot = {
    frame: FRAME,
    x: decadesAxis(points[0].learningRate, points[points.length - 1].learningRate, words.learningRate),
    y: valueAxis(
      points.map(({ loss }) => Math.min(loss, highest)),
      words.smoothedLoss,
    ),
    curves: [{ style: STYLE, points: points.map(({ learningRate, loss }) => [learningRate, loss] as const) }],
    marks: Object.entries(marks)
      .sort(([, one], [, other]) => one - other)
      .map(([name, rate]) => ({ x: rate, label: `${words[name as keyof typeof marks]}: ${rate.toPrecision(3)}` })),
    emptyNote: words.noneFinite,
  };
  return chartSvg({ ...titles, ...SIZE, description: words.description }, plotMarkup(plot));
}

/** From the power of ten at or below the first rate to the one at or above the last, with a tick at each power. */
function decadesAxis(first: number, last: number, name: string): Axis {
  // Rounded, as the logarithm of a power of ten may be slightly off.
  const exponent = (rate: number) => Number(Math.log10(rate).toFixed(6));
  const lowest = Math.floor(exponent(first));
  const highest = Math.max(Math.ceil(exponent(last)), lowest + 1);
  const ticks = Array.from({ length: highest - lowest + 1 }, (_, index) => Number(`1e${lowest + index}`));
  return {
    name,
    scale: scaleLog().domain([ticks[0], ticks[ticks.length - 1]]),
    ticks,
    format: (rate) => rate.toExponential(0),
  };
}
