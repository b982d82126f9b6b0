import { z } from "zod";
import { parseJson } from "../formats/json.js";
import type { EpochRecord } from "../training/epochs.js";
import { named, RUN_FILES, readIfThere } from "./runFiles.js";
import { type RunConfig, readHistory, readRunConfig } from "./runFolder.js";

const resultSchema = z.object({
  bestEpoch: z.number().int().positive(),
  bestValidationAccuracy: z.number(),
  seconds: z.number(),
  /** Where the data set holds images back for it. */
  test: z.object({ accuracy: z.number(), total: z.number().int().positive() }).optional(),
});

/** What a finished run came to, as far as runs are compared by it. */
export type RunResult = z.infer<typeof resultSchema>;

/** What a run folder says of its run. */
export interface RunRecord {
  readonly path: string;
  readonly config: RunConfig;
  readonly history: readonly EpochRecord[];
  /** Undefined where the run is not finished. */
  readonly result?: RunResult;
}

/** Reads a run folder, finished or not. @throws Error with one line where it is none, or a file is damaged */
export async function readRun(path: string): Promise<RunRecord> {
  const config = await readRunConfig(path);
  const history = await readHistory(path);
  const bytes = await readIfThere(path, RUN_FILES.result);
  const result = bytes && named(path, () => parseJson(new TextDecoder().decode(bytes), resultSchema, RUN_FILES.result));
  return { path, config, history, result };
}
