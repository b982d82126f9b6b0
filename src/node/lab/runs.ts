import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type ListedRun, listing, RUN_FILES } from "../../runs/runFolderFiles.js";
import { errorCode } from "../disk/files.js";
import { readRun } from "../runFiles.js";
import { isExhausted } from "./respond.js";

/** The runs in a folder, newest first. Omits damaged run folders and other files. */
export async function listRuns(folder: string): Promise<ListedRun[]> {
  const names = await folderNames(folder);
  const runs: ListedRun[] = [];
  // One after the other, so that only one run's files are in memory.
  for (const name of names) runs.push(...(await listRun(folder, name)));
  return runs.toSorted((one, other) => (one.startedAt < other.startedAt ? 1 : -1));
}

/** The path of a file of a run; undefined if there is no such run, or run folders have no such file. */
export async function runFile(folder: string, name: string, file: string): Promise<string | undefined> {
  const isKnown = Object.values(RUN_FILES).some((known) => known === file);
  return isKnown && (await folderNames(folder)).includes(name) ? join(folder, name, file) : undefined;
}

/** The names of a folder's subfolders, without links and what was being created; none if the folder does not exist. */
async function folderNames(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => name);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/**
 * The run in a folder; none if it is not a run folder, or a damaged one.
 *
 * @throws Error if no more files can be opened
 */
async function listRun(folder: string, name: string): Promise<ListedRun[]> {
  try {
    return [listing(name, await readRun(join(folder, name)))];
  } catch (error) {
    if (isExhausted(error)) throw error;
    return [];
  }
}
