import type { LegendComponentOption } from "echarts/components";
import { type Curve, type CurveStyle, chartSvg, PLOT_LEFTS, type Plot } from "./chart.js";
import { DISTINCT_COLORS, FONT, INK, QUIET_INK } from "./palette.js";

/** What the curves show of one epoch. Accuracies are 0 … 1; a loss may be NaN where a training has diverged. */
export interface CurvePoint {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly validationLoss: number;
  readonly validationAccuracy: number;
}

const TRAIN: CurveStyle = { color: DISTINCT_COLORS[0], symbol: "circle", line: "solid", width: 2 };
const VALIDATION: CurveStyle = { color: DISTINCT_COLORS[1], symbol: "triangle", line: [7, 4], width: 2 };

/** Room for the heading and one line of legend. */
const TOP = 118;

/** The values of a plot, and what stands over the line at the best epoch. */
interface Values {
  readonly train: readonly number[];
  readonly validation: readonly number[];
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
  const loss: Values = {
    train: history.map((point) => point.trainLoss),
    validation: history.map((point) => point.validationLoss),
    bestLabel: (value, epoch) => `validation at epoch ${epoch}: ${value.toPrecision(4)}`,
  };
  const accuracy: Values = {
    train: history.map((point) => 100 * point.trainAccuracy),
    validation: history.map((point) => 100 * point.validationAccuracy),
    bestLabel: (value, epoch) => `best validation: ${value.toFixed(2)} % at epoch ${epoch}`,
  };
  const epochs = history.map((point) => point.epoch);
  const best = bestIndex(history);
  const plots: Plot[] = [
    {
      axisName: "loss",
      left: PLOT_LEFTS[0],
      ceiling: Number.POSITIVE_INFINITY,
      curves: curves(loss, epochs, best),
    },
    { axisName: "accuracy (%)", left: PLOT_LEFTS[1], ceiling: 100, curves: curves(accuracy, epochs, best) },
  ];
  return chartSvg({ ...options, plots, legends: PLOT_LEFTS.map(legend), top: TOP });
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

function legend(left: number): LegendComponentOption {
  return {
    data: ["train", "validation"],
    left: left - 5,
    top: 66,
    itemWidth: 40,
    itemHeight: 12,
    itemGap: 24,
    selectedMode: false,
    textStyle: { color: INK, fontSize: 14 },
  };
}

function curves(values: Values, epochs: readonly number[], best: number | undefined): Curve[] {
  return [
    { key: "train", style: TRAIN, epochs, values: values.train, phase: 0 },
    {
      key: "validation",
      style: VALIDATION,
      epochs,
      values: values.validation,
      phase: 0.5,
      marks: bestMark(values, epochs, best),
    },
  ];
}

/** A line over the plot's height at the best epoch, a ring around the value, and the value over the values. */
function bestMark(values: Values, epochs: readonly number[], best: number | undefined): Curve["marks"] {
  if (best === undefined || !Number.isFinite(values.validation[best])) return undefined;
  const epoch = epochs[best];
  const value = values.validation[best];
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
        formatter: values.bestLabel(value, epoch),
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
