import { formatDuration } from "../../report/numbers.js";
import { type Spread, spreadOf } from "../../report/statistics.js";
import { csvLine } from "../csv.js";
import { messages } from "../messages/index.js";
import { fittedTable } from "../table.js";
import { formatPercent } from "../terminal.js";
import { printable } from "../text.js";
import type { SweepConfig } from "./config.js";
import { type Combination, combinationsOf, labelOf, type PlannedRun } from "./grid.js";

/** How a run ended. */
export type RunOutcome = FinishedRun | StoppedRun | { readonly status: "failed"; readonly reason: string };

/** A run that successive halving has stopped early; it could still be resumed. */
export interface StoppedRun extends Pick<FinishedRun, "bestEpoch" | "validationAccuracy" | "seconds"> {
  readonly status: "stopped";
  /** The epochs that are done. */
  readonly epochs: number;
}

/** The results of a finished run. */
export interface FinishedRun {
  readonly status: "finished";
  readonly bestEpoch: number;
  readonly validationAccuracy: number;
  /** Undefined if the data set has no test images. */
  readonly testAccuracy?: number;
  /** Time for training and validation. */
  readonly seconds: number;
  /** Of the best weights; runs of early versions do not say. */
  readonly fingerprint?: string;
}

/** The runs of one combination, summarized. */
export interface CombinationReport {
  readonly settings: Readonly<Record<string, string>>;
  readonly label: string;
  readonly runs: number;
  readonly failed: number;
  /** The epochs after which its runs were stopped; omitted if they were not. */
  readonly stoppedAfter?: number;
  /** Over the runs that have not failed, like everything below. */
  readonly validationAccuracy?: Spread;
  readonly testAccuracy?: Spread;
  /** By validation accuracy. Of equal runs, the first is the best and the last is the worst. */
  readonly best?: { readonly seed: number; readonly validationAccuracy: number };
  readonly worst?: { readonly seed: number; readonly validationAccuracy: number };
  /** Mean time per run. */
  readonly seconds?: number;
}

/** The results of a sweep, as in sweep.json. */
export interface SweepReport {
  readonly sweep: string;
  readonly recipe: string;
  readonly data: string;
  readonly generated: boolean;
  /** Sorted by how far they went, then by mean validation accuracy, highest first. */
  readonly combinations: readonly CombinationReport[];
  readonly runs: readonly RunReport[];
}

/** A run in a report. */
export type RunReport = RunOutcome & {
  /** The name of its folder. */
  readonly run: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly seed: number;
  /** The part that was held out, in a cross-validation. */
  readonly fold?: number;
};

/** Summarizes a sweep. */
export function reportSweep(
  sweep: string,
  { recipe, data, grid, sample }: SweepConfig,
  outcomes: ReadonlyMap<PlannedRun, RunOutcome>,
): SweepReport {
  const runs = [...outcomes].map(([{ name, combination, seed, fold }, outcome]) => ({
    run: name,
    settings: settingsOf(combination),
    seed,
    ...(fold && { fold: fold.number }),
    ...outcome,
  }));
  const combinations = combinationsOf({ grid, sample }).map((combination) => {
    const label = labelOf(combination, recipe);
    return summarize(
      combination,
      label,
      [...outcomes].filter(([run]) => labelOf(run.combination, recipe) === label),
    );
  });
  const accuracy = ({ validationAccuracy }: CombinationReport) => validationAccuracy?.mean ?? -1;
  const epochs = ({ stoppedAfter = Number.POSITIVE_INFINITY }: CombinationReport) => stoppedAfter;
  combinations.sort((one, other) =>
    epochs(one) === epochs(other) ? accuracy(other) - accuracy(one) : epochs(other) - epochs(one),
  );
  return { sweep, recipe, data: data.name, generated: data.generated, combinations, runs };
}

function summarize(
  combination: Combination,
  label: string,
  outcomes: readonly (readonly [PlannedRun, RunOutcome])[],
): CombinationReport {
  const trained = outcomes.flatMap(([{ seed }, outcome]) =>
    outcome.status === "failed" ? [] : [{ seed, ...outcome }],
  );
  const stopped = trained.flatMap((run) => (run.status === "stopped" ? [run.epochs] : []));
  const ranked = trained
    .toSorted((one, other) => other.validationAccuracy - one.validationAccuracy)
    .map(({ seed, validationAccuracy }) => ({ seed, validationAccuracy }));
  return {
    settings: settingsOf(combination),
    label,
    runs: outcomes.length,
    failed: outcomes.length - trained.length,
    ...(stopped.length > 0 && { stoppedAfter: Math.max(...stopped) }),
    validationAccuracy: spreadOf(trained.map(({ validationAccuracy }) => validationAccuracy)),
    testAccuracy: spreadOf(trained.flatMap((run) => (run.status === "finished" ? (run.testAccuracy ?? []) : []))),
    best: ranked[0],
    worst: ranked.at(-1),
    seconds: spreadOf(trained.map(({ seconds }) => seconds))?.mean,
  };
}

function settingsOf(combination: Combination): Record<string, string> {
  return Object.fromEntries(combination.map(({ key, value }) => [key, value]));
}

/**
 * The combinations as a table, followed by the runs that failed.
 *
 * @param columns how wide the table may be: time, worst and best seed are left out for it. Default: any width
 */
export function formatReport({ combinations, runs }: SweepReport, columns?: number): string {
  const seedOf = (run: CombinationReport["best"]) => run && `${run.seed} (${formatPercent(run.validationAccuracy)})`;
  const isHalved = combinations.some(({ stoppedAfter }) => stoppedAfter !== undefined);
  const rows = combinations.map((one) =>
    [
      one.label,
      one.failed > 0 ? messages.ofRuns(one.runs - one.failed, one.runs) : String(one.runs),
      ...(isHalved ? [one.stoppedAfter === undefined ? messages.allEpochs : String(one.stoppedAfter)] : []),
      formatSpread(one.validationAccuracy),
      formatSpread(one.testAccuracy),
      seedOf(one.best),
      seedOf(one.worst),
      one.seconds === undefined ? undefined : formatDuration(one.seconds),
    ].map((cell) => cell ?? "–"),
  );
  const { settings, runs: count, epochs, validation, test, best, worst, time } = messages.sweepColumns;
  const head = [settings, count, ...(isHalved ? [epochs] : []), validation, test, best, worst, time];
  return [
    ...fittedTable(head, rows, 1, [head.length - 1, head.length - 2, head.length - 3], columns),
    ...runs.flatMap((run) =>
      run.status === "failed" ? [printable(messages.runFailed(`${run.run}: ${run.reason}`))] : [],
    ),
  ].join("\n");
}

function formatSpread(spread: Spread | undefined): string | undefined {
  if (spread?.std === undefined) return spread && formatPercent(spread.mean);
  return `${(spread.mean * 100).toFixed(2)} ± ${formatPercent(spread.std)}`;
}

/** CSV with one row per run: folder, settings, seed, results. */
export function formatCsv({ runs }: SweepReport): string {
  const keys = Object.keys(runs[0].settings);
  const hasFolds = runs[0].fold !== undefined;
  const header = [
    "run",
    ...keys,
    ...(hasFolds ? ["fold"] : []),
    "seed",
    "status",
    "best_epoch",
    "val_acc",
    "test_acc",
    "seconds",
    "fingerprint",
    "reason",
  ];
  const rows = runs.map((run) => {
    const figures =
      run.status === "stopped"
        ? [run.bestEpoch, run.validationAccuracy, "", run.seconds, "", ""]
        : run.status === "finished"
          ? [run.bestEpoch, run.validationAccuracy, run.testAccuracy ?? "", run.seconds, run.fingerprint ?? "", ""]
          : ["", "", "", "", "", run.reason];
    const fold = hasFolds ? [run.fold!] : [];
    return [run.run, ...keys.map((key) => run.settings[key]), ...fold, run.seed, run.status, ...figures];
  });
  return [header, ...rows].map(csvLine).join("");
}
