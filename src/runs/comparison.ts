import { differingSettings } from "../report/facts.js";
import { standardError } from "../report/numbers.js";
import { bestAccuracy, secondsOf } from "./history.js";
import type { RunRecord } from "./record.js";
import { runSettings } from "./settings.js";

/** A run beside others. */
export interface ComparedRun {
  /** Its folder. */
  readonly run: string;
  /** Only what is not the same in all of them. */
  readonly settings: Readonly<Record<string, string>>;
  readonly finished: boolean;
  /** That are done. */
  readonly epochs: number;
  readonly epochsPlanned: number;
  /** Of these epochs. */
  readonly seconds: number;
  /** Undefined before the first epoch is done. */
  readonly bestValidationAccuracy?: number;
  /** Undefined where the run is not finished, or the data set holds no images back for a test. */
  readonly test?: { readonly accuracy: number; readonly standardError: number; readonly images: number };
}

/** Has columns of its own. */
const EPOCHS = "epochs";

/** Puts runs beside each other: what they differ in, and what they came to. */
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

/** What a run came to so far. */
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
