import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../files.js";
import { RUN_FILES } from "../runFiles.js";
import { readRun } from "../runRecord.js";

/** A run folder as the lab lists it. */
export interface ListedRun {
  /** The folder's name. */
  readonly name: string;
  readonly startedAt: string;
  readonly recipe: string;
  readonly data: string;
  readonly seed: number;
  readonly epochs: number;
  readonly epochsDone: number;
  readonly finished: boolean;
  /** The best so far; null before the first epoch. */
  readonly bestValidationAccuracy: number | null;
}

/** The runs in a folder, the newest first; what is no run folder, or a damaged one, is left out. */
export async function listRuns(folder: string): Promise<ListedRun[]> {
  const names = await folderNames(folder);
  const runs = await Promise.all(names.map((name) => listRun(folder, name).catch(() => undefined)));
  return runs.filter((run) => run !== undefined).toSorted((one, other) => (one.startedAt < other.startedAt ? 1 : -1));
}

/** The path of a file of a run; undefined where there is no such run, or run folders have no such file. */
export async function runFile(folder: string, name: string, file: string): Promise<string | undefined> {
  const isKnown = Object.values(RUN_FILES).some((known) => known === file);
  return isKnown && (await folderNames(folder)).includes(name) ? join(folder, name, file) : undefined;
}

/** The names of the folders in a folder, links left out; none where it is not there. */
async function folderNames(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

async function listRun(folder: string, name: string): Promise<ListedRun> {
  const { config, history, result } = await readRun(join(folder, name));
  const { startedAt, recipe, data, seed } = config;
  const accuracies = history.map(({ validationAccuracy }) => validationAccuracy);
  return {
    name,
    startedAt,
    recipe: recipe.name,
    data: data.name,
    seed,
    epochs: recipe.epochs,
    epochsDone: history.length,
    finished: result !== undefined,
    bestValidationAccuracy: accuracies.length === 0 ? null : Math.max(...accuracies),
  };
}
