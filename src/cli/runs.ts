import { findRunFolders, readRun, requireFolder, runFolderOf } from "../node/runFiles.js";
import type { RunRecord } from "../runs/record.js";
import { messages } from "./messages/index.js";

/** Describes the `<runs...>` argument. */
export const RUNS_HELP = "run folders, finished or unfinished, sweeps, or folders of runs";

/**
 * Reads runs: those named, and all in the folders named, such as a sweep. Damaged ones in a folder are reported and left
 * out.
 *
 * @throws Error if a run that is named, or everything in a folder, is no readable run
 */
export async function readRuns(paths: readonly string[], warn: (line: string) => void): Promise<RunRecord[]> {
  const records: RunRecord[] = [];
  for (const given of paths) {
    const path = await runFolderOf(given);
    await requireFolder(path);
    const found = await findRunFolders(path);
    if (found.length === 0) throw new Error(messages.noRuns(path));
    if (found[0] === path) records.push(await readRun(path));
    for (const run of found.filter((one) => one !== path)) {
      await readRun(run).then(
        (record) => records.push(record),
        (error) => warn(error.message),
      );
    }
  }
  return records;
}
