import { FONT, INK, LINE_INK, QUIET_INK } from "./palette.js";
import { AXIS_LABEL_STYLE, AXIS_STYLE, chartHeading, renderChart } from "./svgChart.js";

/** A step of a learning rate sweep: its rate and the smoothed loss. */
export interface LearningRatePoint {
  readonly learningRate: number;
  readonly loss: number;
}

/** What is drawn besides the curve. */
export interface LearningRateCurveOptions {
  readonly title: string;
  readonly subtitle?: string;
  /** Learning rates that are marked, by what they are called. */
  readonly marks: Readonly<Record<string, number>>;
}

const WIDTH = 800;
const HEIGHT = 480;
const PLOT = { left: 80, top: 118, width: 680, height: 296 };
const CURVE_INK = "#0072b2";

/** The loss is drawn up to this many times what it began with; how it explodes would leave nothing else to see. */
const HIGHEST = 1.25;

/**
 * The smoothed loss over the learning rate, which grows by the logarithm, with lines at the marked rates: a picture of
 * 800 × 480 pixels on white. The same sweep gives the same text.
 *
 * @param points at least one, in increasing order of the rate
 * @throws RangeError where there are none
 */
export function learningRateCurveSvg(points: readonly LearningRatePoint[], options: LearningRateCurveOptions): string {
  if (points.length === 0) throw new RangeError("there is no step to draw a curve of");
  const { title, subtitle, marks } = options;
  const highest = Number((HIGHEST * points[0].loss).toPrecision(2));
  const marked = Object.entries(marks).sort(([, a], [, b]) => a - b);
  const option = {
    title: chartHeading(title, subtitle, PLOT.left, WIDTH),
    grid: { ...PLOT, outerBoundsMode: "none" as const },
    xAxis: {
      ...AXIS_STYLE,
      axisTick: { show: true },
      type: "log" as const,
      name: "learning rate",
      nameGap: 32,
      min: decade(points[0].learningRate, Math.floor),
      max: decade(points[points.length - 1].learningRate, Math.ceil),
      axisLabel: { ...AXIS_LABEL_STYLE, formatter: (rate: number) => rate.toExponential(0) },
      splitLine: { show: false },
    },
    yAxis: {
      ...AXIS_STYLE,
      axisTick: { show: true },
      type: "value" as const,
      name: "loss, smoothed",
      nameGap: 52,
      scale: true,
      max: points.some(({ loss }) => loss > highest) ? highest : undefined,
      axisLabel: AXIS_LABEL_STYLE,
      splitLine: { lineStyle: { color: LINE_INK } },
    },
    series: {
      type: "line" as const,
      silent: true,
      clip: true,
      symbol: "none",
      lineStyle: { color: CURVE_INK, width: 2 },
      data: points.map(({ learningRate, loss }) => [learningRate, loss]),
      markLine: {
        silent: true,
        symbol: "none",
        precision: 15,
        lineStyle: { color: QUIET_INK, width: 1, type: "dotted" as const },
        // Each on a line of its own, since the rates may lie side by side.
        data: marked.map(([name, rate], index) => ({
          xAxis: rate,
          label: {
            position: "end" as const,
            distance: 6 + 18 * index,
            formatter: `${name}: ${rate.toPrecision(3)}`,
            color: INK,
            fontSize: 13,
            fontFamily: FONT,
          },
        })),
      },
    },
  };
  return renderChart(option, { width: WIDTH, height: HEIGHT }, `${title}: loss by learning rate`);
}

/** The power of ten at or beside a rate. */
function decade(rate: number, round: (exponent: number) => number): number {
  return Number(`1e${round(Number(Math.log10(rate).toFixed(6)))}`);
}
