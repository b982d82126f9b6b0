import { RUN_FILES } from "../runs/files.js";
import { parseRun, type RunRecord } from "../runs/record.js";
import { named, readIfThere, readRunFile } from "./runFiles.js";

/** Reads a run folder, finished or not. @throws Error if it is not a run folder, or a file is damaged */
export async function readRun(path: string): Promise<RunRecord> {
  const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);
  const config = new TextDecoder().decode(await readRunFile(path, RUN_FILES.config));
  const history = text(await readIfThere(path, RUN_FILES.history));
  const result = text(await readIfThere(path, RUN_FILES.result));
  return named(path, () => parseRun(path, { config, history, result }));
}
