import type { EpochRecord } from "../../../src/training/epochs.js";
import { formatLoss, formatPercent } from "../../i18n/numbers.js";
import { LineChart, LineSample, type Series } from "../../kit/LineChart.js";
import { runStyle } from "../../kit/palette.js";
import { type Entry, entries } from "./entries.js";
import { messages } from "./messages/index.js";

/** Loss and accuracy of all runs, per epoch. */
export function Curves() {
  const m = messages();
  const runs = entries.value.filter(({ record }) => record !== undefined);
  if (runs.length === 0) return null;
  const xMost = Math.max(...runs.map(({ record }) => record?.config.recipe.epochs ?? 0));
  const common = { xMost, xLabel: m.epochs, formatX: (x: number) => m.atEpoch(x.toFixed(0)), empty: m.noCurves };
  return (
    <section class="overlaid" aria-label={m.curves}>
      <div class="charts">
        <LineChart
          {...common}
          title={m.loss}
          falling
          formatY={formatLoss}
          series={runs.flatMap((run) => seriesOf(run, "trainLoss", "validationLoss"))}
        />
        <LineChart
          {...common}
          title={m.accuracy}
          falling={false}
          formatY={formatPercent}
          series={runs.flatMap((run) => seriesOf(run, "trainAccuracy", "validationAccuracy"))}
        />
      </div>
      <ul class="legend">
        {runs.map(({ number, name }) => (
          <li key={number}>
            <LineSample style={runStyle(number)} /> {name}
          </li>
        ))}
        <li class="quiet">{m.legend}</li>
      </ul>
    </section>
  );
}

type Value = Exclude<keyof EpochRecord, "epoch">;

/** A run's validation line and its paler training line. */
function seriesOf({ number, name, record }: Entry, training: Value, validation: Value): Series[] {
  const m = messages();
  const style = runStyle(number);
  const points = (value: Value) =>
    (record?.history ?? []).map((epoch) => [epoch.epoch, epoch[value]] as const).filter(([, y]) => Number.isFinite(y));
  return [
    { key: `${number} training`, label: m.trainingOf(name), style, strength: "pale", points: points(training) },
    { key: `${number} validation`, label: m.validationOf(name), style, points: points(validation) },
  ];
}
