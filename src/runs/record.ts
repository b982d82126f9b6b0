import { parseJson } from "../formats/json.js";
import type { EpochRecord } from "../training/epochs.js";
import * as z from "../vendor/zod.js";
import { parseRunConfig, type RunConfig } from "./config.js";
import { parseHistory } from "./history.js";
import { RUN_FILES } from "./runFolderFiles.js";

const fraction = z.number().min(0).max(1);

/** The fields of result.json by which a run is compared with others. */
export const resultSchema = z.object({
  bestEpoch: z.number().int().positive(),
  bestValidationAccuracy: fraction,
  seconds: z.number().nonnegative(),
  /** See `fingerprint` in src/model. */
  fingerprint: z.string().optional(),
  /** If the data set has a test set. */
  test: z.object({ accuracy: fraction, total: z.number().int().positive() }).optional(),
});

/** The result of a finished run, as far as it is compared with others. */
export type RunResult = z.infer<typeof resultSchema>;

/** The content of a run folder. */
export interface RunRecord {
  /** Its folder, or its name if it is not in a folder. */
  readonly path: string;
  readonly config: RunConfig;
  readonly history: readonly EpochRecord[];
  /** Undefined if the run is not finished. */
  readonly result?: RunResult;
}

/** The text files of a run folder that describe the run. */
export interface RunTexts {
  readonly config: string;
  /** Undefined before it is written. */
  readonly history?: string;
  readonly result?: string;
}

/** Parses the files of a run folder. @throws Error if a file is invalid */
export function parseRun(path: string, { config, history, result }: RunTexts): RunRecord {
  return {
    path,
    config: parseRunConfig(config),
    history: history === undefined ? [] : parseHistory(history),
    result: result === undefined ? undefined : parseJson(result, resultSchema, RUN_FILES.result),
  };
}
