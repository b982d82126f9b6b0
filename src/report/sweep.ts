import { scaleLinear, symbolCircle, symbolDiamond2 } from "../vendor/d3.js";
import { type Axis, type Curve, type CurveStyle, chartSvg, legendMarkup, plotMarkup, valueAxis } from "./chart.js";
import type { CurveInks } from "./curves.js";
import type { Influence } from "./influence.js";
import { type Markup, markup, shortened } from "./markup.js";
import { DISTINCT_COLORS } from "./palette.js";

/** The runs of one combination. */
export interface SweptCombination {
  readonly label: string;
  /** The best validation accuracy of each run, 0 … 1; none if all have failed. */
  readonly accuracies: readonly number[];
  /** The epochs after which the runs were stopped early. */
  readonly stoppedAfter?: number;
}

/** What the picture of a sweep shows. */
export interface SweepPicture {
  readonly title: string;
  readonly subtitle: string;
  /** The best first. */
  readonly combinations: readonly SweptCombination[];
  readonly influences: readonly Influence[];
}

/** The combinations and settings that are drawn; more would be too small to read. */
const MOST_COMBINATIONS = 24;
const MOST_SETTINGS = 12;

const WIDTH = 1200;
const TOP = 112;
const ROW = 22;
const BELOW_PLOT = 60;
/** The left plot's labels are settings, such as "lr=1e-3 augment=light". */
const SPREAD = { left: 390, width: 380, longestLabel: 40 };
const INFLUENCE = { left: 950, width: 215, longestLabel: 20 };
const LEGEND_MIDDLE = 84;

const RUNS: CurveStyle = { color: DISTINCT_COLORS[0], width: 1.5, marker: symbolCircle, opacity: 0.75 };
const MEAN: CurveStyle = { color: DISTINCT_COLORS[1], width: 0, marker: symbolDiamond2 };
const SHARE: CurveStyle = { color: DISTINCT_COLORS[2], width: 12, marker: symbolCircle };

/**
 * Draws a sweep: the validation accuracy of every run and the mean of each combination (left), and which settings matter
 * (right).
 *
 * @param words what it says. Default: in English
 * @returns an SVG on white, 1200 pixels wide, as text; the same sweep gives the same text
 */
export function sweepSvg(picture: SweepPicture, words: SweepWords = ENGLISH_SWEEP): string {
  const { height, content } = sweepMarkup(picture, undefined, words);
  const { title, subtitle } = picture;
  const { description } = words;
  return chartSvg({ title, subtitle, description, width: WIDTH, height }, content);
}

/**
 * The two plots of {@link sweepSvg} with their legend, as SVG elements.
 *
 * @param inks colours, as values of SVG attributes
 * @returns the elements, at x from 0 to `width` and y from `top` to `height`
 */
export function sweepMarkup(
  { combinations, influences }: Pick<SweepPicture, "combinations" | "influences">,
  inks?: CurveInks,
  words: SweepWords = ENGLISH_SWEEP,
): { readonly width: number; readonly top: number; readonly height: number; readonly content: Markup } {
  const shown = combinations.slice(0, MOST_COMBINATIONS);
  const rows = Math.max(shown.length, Math.min(influences.length, MOST_SETTINGS), 3);
  const styles = stylesIn(inks);
  const [spread, influence] = [spreadPlot(shown, rows, styles, words), influencePlot(influences, rows, words)];
  const legend = [
    { name: words.run, style: styles.run, left: SPREAD.left, middle: LEGEND_MIDDLE },
    { name: words.mean, style: styles.mean, left: SPREAD.left + 115, middle: LEGEND_MIDDLE },
    ...(shown.some(({ stoppedAfter }) => stoppedAfter !== undefined)
      ? [{ name: words.stopped, style: styles.stopped, left: SPREAD.left + 220, middle: LEGEND_MIDDLE }]
      : []),
  ];
  const content = markup`${plotMarkup(spread, inks)}
${plotMarkup(influence, inks)}
${legendMarkup(legend, inks)}`;
  return { width: WIDTH, top: LEGEND_MIDDLE - 16, height: TOP + rows * ROW + BELOW_PLOT, content };
}

/** What the chart of a sweep says. */
export const ENGLISH_SWEEP = {
  run: "a run",
  mean: "mean",
  stopped: "stopped early",
  accuracy: "validation accuracy (%)",
  share: "share of the differences (%)",
  noRun: "no run was finished",
  nothingVaried: "nothing was varied",
  tooFew: "too few runs to tell",
  description: "validation accuracy of every run by settings, and which settings matter",
};
type SweepWords = typeof ENGLISH_SWEEP;

/** How runs and means are drawn. */
interface Styles {
  readonly run: CurveStyle;
  readonly stopped: CurveStyle;
  readonly mean: CurveStyle;
}

function stylesIn(inks: CurveInks | undefined): Styles {
  const run = { ...RUNS, color: inks?.train ?? RUNS.color };
  const mean = { ...MEAN, color: inks?.validation ?? MEAN.color };
  return { run, stopped: { ...run, isHollow: true, opacity: undefined }, mean };
}

function spreadPlot(combinations: readonly SweptCombination[], rows: number, styles: Styles, words: SweepWords) {
  const all = combinations.flatMap(({ accuracies }) => accuracies.map((accuracy) => 100 * accuracy));
  const curves = combinations.flatMap(({ accuracies, stoppedAfter }, row): Curve[] => {
    if (accuracies.length === 0) return [];
    const sorted = accuracies.map((accuracy) => 100 * accuracy).sort((one, other) => one - other);
    const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
    const style = stoppedAfter === undefined ? styles.run : styles.stopped;
    return [
      // A line from the worst to the best run, and each by itself, so that every one has its marker.
      { style, points: [sorted[0], sorted[sorted.length - 1]].map((value) => [value, row] as const) },
      ...sorted.map((value) => ({ style, points: [[value, row] as const] })),
      { style: styles.mean, points: [[mean, row] as const] },
    ];
  });
  return {
    frame: { left: SPREAD.left, top: TOP, width: SPREAD.width, height: rows * ROW },
    x: valueAxis(all, words.accuracy),
    y: rowAxis(
      combinations.map(({ label }) => shortened(label, SPREAD.longestLabel)),
      rows,
    ),
    curves,
    emptyNote: words.noRun,
  };
}

function influencePlot(influences: readonly Influence[], rows: number, words: SweepWords) {
  const shown = influences.slice(0, MOST_SETTINGS);
  return {
    frame: { left: INFLUENCE.left, top: TOP, width: INFLUENCE.width, height: rows * ROW },
    x: {
      name: words.share,
      scale: scaleLinear().domain([0, 100]),
      ticks: [0, 25, 50, 75, 100],
      format: String,
    },
    y: rowAxis(
      shown.map(({ setting }) => shortened(setting, INFLUENCE.longestLabel)),
      rows,
    ),
    curves: shown.flatMap(({ share }, row): Curve[] =>
      share === undefined
        ? []
        : [
            {
              style: SHARE,
              points: [
                [0, row],
                [100 * share, row],
              ],
            },
          ],
    ),
    emptyNote: shown.length === 0 ? words.nothingVaried : words.tooFew,
  };
}

/** An axis of rows with names, the first at the top. */
function rowAxis(names: readonly string[], rows: number): Axis {
  return {
    scale: scaleLinear().domain([rows - 0.5, -0.5]),
    ticks: names.map((_, index) => index),
    format: (row) => names[row],
  };
}

/** How many combinations a picture leaves out. */
export function leftOut({ combinations }: Pick<SweepPicture, "combinations">): number {
  return Math.max(0, combinations.length - MOST_COMBINATIONS);
}
