import { Fragment } from "preact";
import { url } from "../../address/url.js";
import { formatLoss, formatPercent } from "../../i18n/numbers.js";
import { groupedBy } from "../../kit/groups.js";
import { LineChart, LineSample, type Range, RangeSample, type Series } from "../../kit/LineChart.js";
import { runStyle } from "../../kit/palette.js";
import { ScrollRegion } from "../../kit/regions.js";
import type { Member } from "../../state/member.js";
import type { Run } from "../../state/run.js";
import { runs, selectRun } from "../../state/runs.js";
import { fleetEpochs } from "./fleet.js";
import { messages } from "./messages/index.js";
import { nameOf } from "./nameOf.js";

/** Loss and accuracy of all runs, per epoch. */
export function Curves() {
  const m = messages();
  const fleets = runs.value.filter(({ isFleet }) => isFleet);
  const groups = groupedBy(runs.value, ({ settings }) => settings.fields.data);
  return (
    <section class="curves" aria-label={m.curves}>
      {groups.size === 0 && <Charts runs={[]} />}
      {[...groups].map(([data, those]) => (
        <Fragment key={data}>
          {groups.size > 1 && <h2>{m.sources[data]}</h2>}
          <Charts runs={those} />
        </Fragment>
      ))}
      {runs.value.length > 0 && (
        <>
          <ul class="legend">
            {runs.value.map((run) => (
              <li key={run.number}>
                <LineSample style={runStyle(run.number)} /> {nameOf(run)}
              </li>
            ))}
            {fleets.map((run) => (
              <li key={run.number}>
                <RangeSample style={runStyle(run.number)} /> {m.rangeOf(m.run(run.number), run.members.length)}
              </li>
            ))}
            <li class="quiet">{m.legend}</li>
            {fleets.length > 0 && <li class="quiet">{m.pickHint}</li>}
          </ul>
          <CurvesTable />
        </>
      )}
    </section>
  );
}

/** The charts of runs on the same data: other images are harder or easier, and so need other axes. */
function Charts({ runs }: { readonly runs: readonly Run[] }) {
  const m = messages();
  const xMost = Math.max(...runs.map(({ recipe }) => recipe.epochs), runs.length === 0 ? url.value.epochs : 1);
  const common = { xMost, xLabel: m.epochs, formatX: (x: number) => m.atEpoch(x.toFixed(2)), empty: m.noCurves };
  const fleets = runs.filter(({ isFleet }) => isFleet);
  return (
    <div class="charts">
      <LineChart
        {...common}
        title={m.loss}
        falling
        series={seriesOf(runs, "loss")}
        ranges={fleets.map((run) => rangeOf(run, "loss"))}
        formatY={formatLoss}
      />
      <LineChart
        {...common}
        title={m.accuracy}
        falling={false}
        series={seriesOf(runs, "accuracy")}
        ranges={fleets.map((run) => rangeOf(run, "accuracy"))}
        formatY={formatPercent}
      />
    </div>
  );
}

const VALIDATION_VALUES = { loss: "validationLoss", accuracy: "validationAccuracy" } as const;
type Quantity = keyof typeof VALIDATION_VALUES;

/** The lines of all runs. The networks of a fleet that are not shown come first, so that the others cover them. */
function seriesOf(runs: readonly Run[], what: Quantity): Series[] {
  const all = runs.flatMap((run) => run.members.map((member) => ({ run, member })));
  const isShown = ({ run, member }: (typeof all)[number]) => run.member.value === member;
  return [
    ...all.filter((one) => !isShown(one)).map(({ run, member }) => otherSeries(run, member, what)),
    ...all
      .filter(isShown)
      .flatMap(({ run, member }) => [trainingSeries(run, member, what), validationSeries(run, member, what)]),
  ];
}

function trainingSeries(run: Run, member: Member, what: Quantity): Series {
  return {
    key: `${run.number} training`,
    label: messages().trainingOf(nameOf(run)),
    style: runStyle(run.number),
    strength: "pale",
    points: member.curve.value.map((point) => [point.epoch, point[what]] as const),
  };
}

function validationSeries(run: Run, member: Member, what: Quantity): Series {
  return {
    key: `${run.number} validation`,
    label: messages().validationOf(nameOf(run)),
    style: runStyle(run.number),
    points: validationPoints(member, what),
  };
}

/** The validation of a network of a fleet that is not shown. */
function otherSeries(run: Run, member: Member, what: Quantity): Series {
  const m = messages();
  return {
    key: `${run.number} ${member.seed}`,
    label: m.validationOf(m.run(run.number, member.seed)),
    style: runStyle(run.number),
    strength: "faint",
    points: validationPoints(member, what),
    onPick: () => {
      selectRun(run);
      run.pick(member);
    },
  };
}

function validationPoints({ epochs }: Member, what: Quantity): Series["points"] {
  return epochs.value.map((record) => [record.epoch, record[VALIDATION_VALUES[what]]] as const);
}

function rangeOf(run: Run, what: Quantity): Range {
  const points = fleetEpochs(run, VALIDATION_VALUES[what]);
  return {
    key: `${run.number}`,
    label: messages().rangeOf(messages().run(run.number), run.members.length),
    style: runStyle(run.number),
    points: points.map(({ epoch, least, most }) => [epoch, least, most] as const),
  };
}

/** The curves as numbers, one row per epoch, for screen readers. */
function CurvesTable() {
  const m = messages();
  return (
    <details>
      <summary>{m.asTable}</summary>
      {runs.value.map((run) => (
        <div key={run.number}>
          <Numbers
            caption={nameOf(run)}
            titles={[m.trainLoss, m.validationLoss, m.trainAccuracy, m.validationAccuracy]}
            rows={run.member.value.epochs.value.map((record) => [
              record.epoch,
              formatLoss(record.trainLoss),
              formatLoss(record.validationLoss),
              formatPercent(record.trainAccuracy),
              formatPercent(record.validationAccuracy),
            ])}
          />
          {run.isFleet && <FleetNumbers run={run} />}
        </div>
      ))}
    </details>
  );
}

/** The validation accuracy of all networks of a fleet. */
function FleetNumbers({ run }: { readonly run: Run }) {
  const m = messages();
  return (
    <Numbers
      caption={m.fleetTable(m.run(run.number), run.members.length)}
      titles={[m.mean, m.std, m.lowest, m.highest]}
      rows={fleetEpochs(run, "validationAccuracy").map(({ epoch, spread: { mean, std }, least, most }) => [
        epoch,
        formatPercent(mean),
        std === undefined ? "–" : formatPercent(std),
        formatPercent(least),
        formatPercent(most),
      ])}
    />
  );
}

interface NumbersProps {
  readonly caption: string;
  /** Of the columns after the epoch. */
  readonly titles: readonly string[];
  readonly rows: readonly (readonly [epoch: number, ...values: string[]])[];
}

function Numbers({ caption, titles, rows }: NumbersProps) {
  return (
    <ScrollRegion label={caption}>
      <table class="numbers">
        <caption>{caption}</caption>
        <thead>
          <tr>
            {[messages().epoch, ...titles].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([epoch, ...values]) => (
            <tr key={epoch}>
              <th scope="row">{epoch}</th>
              {values.map((value, column) => (
                <td key={titles[column]}>{value}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
