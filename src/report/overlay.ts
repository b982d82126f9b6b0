import type { LegendComponentOption } from "echarts/components";
import { type Curve, type CurveStyle, chartSvg, PLOT_LEFTS, type Plot } from "./chart.js";
import type { CurvePoint } from "./curves.js";
import { shortened } from "./markup.js";
import { DISTINCT_COLORS, INK, QUIET_INK } from "./palette.js";

/** A run's name and what its epochs came to. */
export interface NamedHistory {
  readonly name: string;
  /** At least one epoch, in increasing order; values that are not finite leave a gap. */
  readonly history: readonly CurvePoint[];
}

/** As many as the colours, so that every run has a pair of its own for long. */
const SYMBOLS = ["Circle", "Triangle", "Rect", "Diamond", "Arrow"];
/** More runs than this would look alike. */
export const MOST_OVERLAID_RUNS = DISTINCT_COLORS.length * SYMBOLS.length;

const LEGEND_TOP = 66;
const LEGEND_ROW = 24;
const LEGEND_COLUMNS = 3;
const LEGEND_COLUMN = 370;
const LONGEST_NAME = 36;
/** Between the last row of the legend and the plots. */
const LEGEND_GAP = 16;

/** What a plot shows of an epoch. */
interface PlotValues {
  readonly train: (point: CurvePoint) => number;
  readonly validation: (point: CurvePoint) => number;
}

const PLOTS: readonly { readonly axisName: string; readonly ceiling: number; readonly values: PlotValues }[] = [
  {
    axisName: "loss",
    ceiling: Number.POSITIVE_INFINITY,
    values: { train: (point) => point.trainLoss, validation: (point) => point.validationLoss },
  },
  {
    axisName: "accuracy (%)",
    ceiling: 100,
    values: { train: (point) => 100 * point.trainAccuracy, validation: (point) => 100 * point.validationAccuracy },
  },
];

/**
 * Draws several runs over each other: loss (left) and accuracy in percent (right) over the epochs, a colour and a marker
 * a run, training solid, thin and hollow, validation dashed, bold and filled.
 *
 * @returns the text of an SVG picture 1200 pixels wide on white
 * @throws RangeError where there is no run, or more than {@link MOST_OVERLAID_RUNS}
 */
export function overlaySvg(runs: readonly NamedHistory[]): string {
  if (runs.length === 0 || runs.length > MOST_OVERLAID_RUNS) {
    throw new RangeError(`${runs.length} runs cannot be drawn over each other: 1 to ${MOST_OVERLAID_RUNS} can`);
  }
  const plots: Plot[] = PLOTS.map(({ axisName, ceiling, values }, place) => ({
    axisName,
    ceiling,
    left: PLOT_LEFTS[place],
    curves: runs.flatMap((run, index) => curvesOf(run, index, runs.length, values)),
  }));
  const rows = Math.ceil(runs.length / LEGEND_COLUMNS);
  return chartSvg({
    title: `LeNet-5: ${runs.length} runs`,
    subtitle: "hollow and solid: training; filled and dashed: validation",
    plots,
    legends: runs.map(({ name }, index) => legend(name, index)),
    top: LEGEND_TOP + rows * LEGEND_ROW + LEGEND_GAP,
  });
}

/** A run's two curves in a plot. */
function curvesOf({ history }: NamedHistory, index: number, runs: number, values: PlotValues): Curve[] {
  const color = DISTINCT_COLORS[index % DISTINCT_COLORS.length];
  const symbol = SYMBOLS[index % SYMBOLS.length];
  const train: CurveStyle = { color, symbol: `empty${symbol}`, line: "solid", width: 1 };
  const validation: CurveStyle = { color, symbol: symbol.toLowerCase(), line: [8, 4], width: 2.5 };
  const curve = (part: string, style: CurveStyle, value: (point: CurvePoint) => number, half: number): Curve => ({
    key: `${index} ${part}`,
    style,
    epochs: history.map(({ epoch }) => epoch),
    values: history.map(value),
    phase: (index + half) / runs,
  });
  return [curve("train", train, values.train, 0), curve("validation", validation, values.validation, 0.5)];
}

function legend(name: string, index: number): LegendComponentOption {
  return {
    data: [`${index} validation`],
    formatter: () => shortened(name, LONGEST_NAME),
    left: PLOT_LEFTS[0] - 5 + (index % LEGEND_COLUMNS) * LEGEND_COLUMN,
    top: LEGEND_TOP + Math.floor(index / LEGEND_COLUMNS) * LEGEND_ROW,
    itemWidth: 40,
    itemHeight: 12,
    selectedMode: false,
    textStyle: { color: INK, fontSize: 14 },
    inactiveColor: QUIET_INK,
  };
}
