import { differingSettings } from "../report/facts.js";
import { standardError } from "../report/numbers.js";
import { bestAccuracy, secondsOf } from "./history.js";
import type { RunRecord } from "./record.js";
import { runSettings } from "./settings.js";

/** One of several runs to compare. */
export interface ComparedRun {
  /** Its folder. */
  readonly run: string;
  /** Only the settings that differ between the runs. */
  readonly settings: Readonly<Record<string, string>>;
  readonly finished: boolean;
  /** Epochs finished. */
  readonly epochs: number;
  readonly epochsPlanned: number;
  /** The time of these epochs. */
  readonly seconds: number;
  /** Undefined before the first epoch is finished. */
  readonly bestValidationAccuracy?: number;
  /** Undefined if the run is not finished or the data set has no test set. */
  readonly test?: { readonly accuracy: number; readonly standardError: number; readonly images: number };
}

/** Shown in its own columns. */
const EPOCHS = "epochs";

/** Compares runs: the settings in which they differ, and their results. */
export function compareRuns(records: readonly RunRecord[]): ComparedRun[] {
  const settings = records.map(({ config }) => runSettings(config).flatMap(({ facts }) => facts));
  const names = differingSettings(settings).filter((name) => name !== EPOCHS);
  return records.map((record, index) => ({
    ...outcome(record),
    settings: Object.fromEntries(
      names.map((name) => [name, settings[index].find((fact) => fact.name === name)?.value ?? ""]),
    ),
  }));
}

/** A run's result so far. */
function outcome({ path, config, history, result }: RunRecord): Omit<ComparedRun, "settings"> {
  return {
    run: path,
    finished: result !== undefined,
    epochs: history.length,
    epochsPlanned: config.recipe.epochs,
    seconds: secondsOf(history),
    bestValidationAccuracy: bestAccuracy(history),
    test: result?.test && {
      accuracy: result.test.accuracy,
      standardError: standardError(result.test.accuracy, result.test.total),
      images: result.test.total,
    },
  };
}
