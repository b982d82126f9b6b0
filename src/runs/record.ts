import { z } from "zod";
import { parseJson } from "../formats/json.js";
import type { EpochRecord } from "../training/epochs.js";
import { parseRunConfig, type RunConfig } from "./config.js";
import { RUN_FILES } from "./files.js";
import { parseHistory } from "./history.js";

const resultSchema = z.object({
  bestEpoch: z.number().int().positive(),
  bestValidationAccuracy: z.number(),
  seconds: z.number(),
  /** See `fingerprint` in src/model. */
  fingerprint: z.string().optional(),
  /** Where the data set holds images back for it. */
  test: z.object({ accuracy: z.number(), total: z.number().int().positive() }).optional(),
});

/** What a finished run came to, as far as others are compared with it. */
export type RunResult = z.infer<typeof resultSchema>;

/** What a run folder says of its run. */
export interface RunRecord {
  /** Its folder, or what it is called where it lies in none. */
  readonly path: string;
  readonly config: RunConfig;
  readonly history: readonly EpochRecord[];
  /** Undefined where the run is not finished. */
  readonly result?: RunResult;
}

/** The files of a run folder that say what its run is, as texts. */
export interface RunTexts {
  readonly config: string;
  /** Undefined before it is written. */
  readonly history?: string;
  readonly result?: string;
}

/** Reads what a run folder says of its run. @throws Error with one line where a file is not what it should be */
export function parseRun(path: string, { config, history, result }: RunTexts): RunRecord {
  return {
    path,
    config: parseRunConfig(config),
    history: history === undefined ? [] : parseHistory(history),
    result: result === undefined ? undefined : parseJson(result, resultSchema, RUN_FILES.result),
  };
}
