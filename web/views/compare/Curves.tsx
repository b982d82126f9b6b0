import { Fragment } from "preact";
import type { EpochRecord } from "../../../src/training/epochs.js";
import { formatLoss, formatPercent } from "../../i18n/numbers.js";
import { groupedBy } from "../../kit/groups.js";
import { LineChart, LineSample, type Series } from "../../kit/LineChart.js";
import { runStyle } from "../../kit/palette.js";
import { type Entry, entries } from "./entries.js";
import { messages } from "./messages/index.js";

/** Loss and accuracy of all runs, per epoch. */
export function Curves() {
  const m = messages();
  const runs = entries.value.filter(({ record }) => record !== undefined);
  if (runs.length === 0) return null;
  const groups = groupedBy(runs, ({ record }) => record?.config.data.name ?? "");
  return (
    <section class="overlaid" aria-label={m.curves}>
      {[...groups].map(([data, those]) => (
        <Fragment key={data}>
          {groups.size > 1 && <h2>{data}</h2>}
          <Charts runs={those} />
        </Fragment>
      ))}
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

/** The charts of runs on the same data: other images are harder or easier, and so need other axes. */
function Charts({ runs }: { readonly runs: readonly Entry[] }) {
  const m = messages();
  const xMost = Math.max(...runs.map(({ record }) => record?.config.recipe.epochs ?? 0));
  const common = { xMost, xLabel: m.epochs, formatX: (x: number) => m.atEpoch(x.toFixed(0)), empty: m.noCurves };
  return (
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
