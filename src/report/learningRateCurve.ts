import { LineChart, type LineSeriesOption } from "echarts/charts";
import {
  GridComponent,
  type GridComponentOption,
  MarkLineComponent,
  TitleComponent,
  type TitleComponentOption,
} from "echarts/components";
import { type ComposeOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([LineChart, GridComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

type ChartOption = ComposeOption<GridComponentOption | LineSeriesOption | TitleComponentOption>;

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
const FONT = "'DejaVu Sans', Verdana, sans-serif";
const INK = "#222222";
const QUIET_INK = "#555555";
const GRID_INK = "#e4e4e4";
const CURVE_INK = "#0072b2";

const AXIS_STYLE = {
  nameLocation: "middle",
  nameTextStyle: { color: INK, fontSize: 14 },
  axisLine: { show: true, onZero: false, lineStyle: { color: QUIET_INK } },
  axisTick: { show: true },
} as const;
const AXIS_LABEL_STYLE = { color: QUIET_INK, fontSize: 13 };

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
  const svg = render({
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: FONT },
    title: {
      text: title,
      subtext: subtitle,
      left: PLOT.left - 5,
      top: 12,
      itemGap: 8,
      textStyle: { color: INK, fontSize: 20, fontWeight: "bold", overflow: "truncate", width: 0.65 * WIDTH },
      subtextStyle: { color: QUIET_INK, fontSize: 14, overflow: "truncate", width: 0.65 * WIDTH },
    },
    grid: { ...PLOT, outerBoundsMode: "none" },
    xAxis: {
      ...AXIS_STYLE,
      type: "log",
      name: "learning rate",
      nameGap: 32,
      min: decade(points[0].learningRate, Math.floor),
      max: decade(points[points.length - 1].learningRate, Math.ceil),
      axisLabel: { ...AXIS_LABEL_STYLE, formatter: (rate: number) => rate.toExponential(0) },
      splitLine: { show: false },
    },
    yAxis: {
      ...AXIS_STYLE,
      type: "value",
      name: "loss, smoothed",
      nameGap: 52,
      scale: true,
      max: points.some(({ loss }) => loss > highest) ? highest : undefined,
      axisLabel: AXIS_LABEL_STYLE,
      splitLine: { lineStyle: { color: GRID_INK } },
    },
    series: {
      type: "line",
      silent: true,
      clip: true,
      symbol: "none",
      lineStyle: { color: CURVE_INK, width: 2 },
      data: points.map(({ learningRate, loss }) => [learningRate, loss]),
      markLine: {
        silent: true,
        symbol: "none",
        precision: 15,
        lineStyle: { color: QUIET_INK, width: 1, type: "dotted" },
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
  });
  const description = `${title}: loss by learning rate`.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return svg.replace(
    /^<svg ([^>]*)>/,
    (_, attributes) => `<svg role="img" ${attributes}>\n<title>${description}</title>`,
  );
}

/** The power of ten at or beside a rate. */
function decade(rate: number, round: (exponent: number) => number): number {
  return Number(`1e${round(Number(Math.log10(rate).toFixed(6)))}`);
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

/** Drops what only a page with the chart library's client needs, and replaces the count of charts in names. */
function withoutInteraction(svg: string): string {
  return svg
    .replace(/<style >.*?<\/style>\s*/s, "")
    .replace(/ (?:class="zr[^"]*"|ecmeta_\w+="[^"]*"|pointer-events="visible")/g, "")
    .replace(/(url\(#|id=")zr\d+-/g, "$1curve-");
}
