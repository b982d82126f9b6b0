import { url } from "../../address/url.js";
import { formatLoss, formatPercent } from "../../i18n/numbers.js";
import { LineChart, LineSample, type Series } from "../../kit/LineChart.js";
import { runStyle } from "../../kit/palette.js";
import { ScrollRegion } from "../../kit/regions.js";
import type { Run } from "../../state/run.js";
import { runs } from "../../state/runs.js";
import { messages } from "./messages/index.js";

/** The curves as numbers, one row per epoch, for screen readers. */
export function CurvesTable() {
  const m = messages();
  return (
    <details>
      <summary>{m.asTable}</summary>
      {runs.value.map(({ number, epochs }) => (
        <ScrollRegion key={number} label={m.run(number)}>
          <table class="numbers">
            <caption>{m.run(number)}</caption>
            <thead>
              <tr>
                {[m.epoch, m.trainLoss, m.validationLoss, m.trainAccuracy, m.validationAccuracy].map((title) => (
                  <th key={title} scope="col">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {epochs.value.map((record) => (
                <tr key={record.epoch}>
                  <th scope="row">{record.epoch}</th>
                  <td>{formatLoss(record.trainLoss)}</td>
                  <td>{formatLoss(record.validationLoss)}</td>
                  <td>{formatPercent(record.trainAccuracy)}</td>
                  <td>{formatPercent(record.validationAccuracy)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      ))}
    </details>
  );
}

/** Loss and accuracy of all runs, per epoch. */
export function Curves() {
  const m = messages();
  const xMost = Math.max(
    ...runs.value.map(({ recipe }) => recipe.epochs),
    runs.value.length === 0 ? url.value.epochs : 1,
  );
  const common = { xMost, xLabel: m.epochs, formatX: (x: number) => m.atEpoch(x.toFixed(2)), empty: m.noCurves };
  return (
    <section class="curves" aria-label={m.curves}>
      <div class="charts">
        <LineChart {...common} title={m.loss} falling series={seriesOf("loss")} formatY={formatLoss} />
        <LineChart
          {...common}
          title={m.accuracy}
          falling={false}
          series={seriesOf("accuracy")}
          formatY={formatPercent}
        />
      </div>
      {runs.value.length > 0 && (
        <>
          <ul class="legend">
            {runs.value.map(({ number }) => (
              <li key={number}>
                <LineSample style={runStyle(number)} /> {m.run(number)}
              </li>
            ))}
            <li class="quiet">{m.legend}</li>
          </ul>
          <CurvesTable />
        </>
      )}
    </section>
  );
}

function seriesOf(what: "loss" | "accuracy"): Series[] {
  return runs.value.flatMap((run) => [trainingSeries(run, what), validationSeries(run, what)]);
}

function trainingSeries(run: Run, what: "loss" | "accuracy"): Series {
  return {
    key: `${run.number} training`,
    label: messages().trainingOf(messages().run(run.number)),
    style: runStyle(run.number),
    pale: true,
    points: run.curve.value.map((point) => [point.epoch, point[what]] as const),
  };
}

function validationSeries(run: Run, what: "loss" | "accuracy"): Series {
  return {
    key: `${run.number} validation`,
    label: messages().validationOf(messages().run(run.number)),
    style: runStyle(run.number),
    points: run.epochs.value.map(
      ({ epoch, validationLoss, validationAccuracy }) =>
        [epoch, what === "loss" ? validationLoss : validationAccuracy] as const,
    ),
  };
}
