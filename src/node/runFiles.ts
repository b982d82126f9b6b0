import { readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FormatError } from "../formats/errors.js";
import { countParameters, inferShapes, type Model, parameterSpecs } from "../model/index.js";
import { parseRun, type RunRecord } from "../runs/record.js";
import { RUN_FILES } from "../runs/runFolderFiles.js";
import { describeFileError, errorCode, isFile, isFolder, readRegularFile } from "./disk/files.js";

/** The most bytes that are read of a file. 100,000 epochs take 12 MB of history, 256 classes 2 MB of results. */
const MOST_BYTES: Readonly<Record<string, number>> = {
  [RUN_FILES.config]: 1e6,
  [RUN_FILES.history]: 16e6,
  [RUN_FILES.result]: 4e6,
};
/** LeNet-5's largest checkpoint, for images of 3x128x128, takes 35 MB. */
const MOST_BYTES_OF_TENSORS = 64e6;
/** The parameters, their average, two moments of the optimizer, and the best parameters, as float32. */
const CHECKPOINT_BYTES_PER_PARAMETER = 20;

const RUN_FILE_NAMES: readonly string[] = Object.values(RUN_FILES);

/** @throws RangeError if a model's checkpoints would be larger than those that are read */
export function requireSmallCheckpoints(model: Model): void {
  const count = countParameters(parameterSpecs(inferShapes(model)));
  const most = Math.floor(MOST_BYTES_OF_TENSORS / CHECKPOINT_BYTES_PER_PARAMETER);
  if (count <= most) return;
  const [own, limit] = [count, most].map((number) => number.toLocaleString("en-US"));
  throw new RangeError(`the network has ${own} parameters; at most ${limit} can be trained: reduce width or stages`);
}

/** The run folder that a path means: itself, or the folder of one of its files, such as RUN/last.ckpt. */
export async function runFolderOf(path: string): Promise<string> {
  const folder = dirname(path);
  const isRunFile = RUN_FILE_NAMES.includes(basename(path)) && (await isFile(path)) && (await isRunFolder(folder));
  return isRunFile ? folder : path;
}

function isRunFolder(path: string): Promise<boolean> {
  return isFile(join(path, RUN_FILES.config));
}

/** How many folders, one in another, are searched for runs: a folder of sweeps, a sweep, a run. */
const DEEPEST = 4;

/** The run folders in a folder and its subfolders, with numbers in their names in order; the folder itself if it is one. */
export async function findRunFolders(path: string, depth = 0): Promise<string[]> {
  if (await isRunFolder(path)) return [path];
  if (depth === DEEPEST) return [];
  const entries = await readdir(path, { withFileTypes: true }).catch((error) => {
    throw new Error(describeFileError(error, `read the folder ${path}`), { cause: error });
  });
  const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => name);
  const found: string[] = [];
  for (const name of names.sort(new Intl.Collator("en", { numeric: true }).compare)) {
    found.push(...(await findRunFolders(join(path, name), depth + 1)));
  }
  return found;
}

/** Reads a file that every run folder has. @throws Error if it cannot be read */
export async function readRunFile(path: string, name: string): Promise<Uint8Array> {
  await requireFolder(path);
  const bytes = await readIfThere(path, name);
  if (bytes !== undefined) return bytes;
  throw new Error(`${path} is not a run folder: it has no ${name}`);
}

/** @throws Error if a path, given as a run's, is no folder */
export async function requireFolder(path: string): Promise<void> {
  if (await isFolder(path)) return;
  throw new Error(`${path} ${(await isFile(path)) ? "is not a run folder" : "does not exist"}`);
}

/** Reads a file of a run folder; undefined if it does not exist. @throws Error if it cannot be read */
export async function readIfThere(path: string, name: string): Promise<Uint8Array | undefined> {
  try {
    return await readRegularFile(join(path, name), MOST_BYTES[name] ?? MOST_BYTES_OF_TENSORS);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new Error(describeFileError(error, `read ${join(path, name)}`), { cause: error });
  }
}

/** Adds the path to the message of errors that `read` throws. A FormatError keeps its class and code. */
export function named<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError) {
      error.message = `${path}: ${error.message}`;
      throw error;
    }
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** Reads a run folder, finished or not. @throws Error if it is not a run folder, or a file is damaged */
export async function readRun(path: string): Promise<RunRecord> {
  const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);
  const config = new TextDecoder().decode(await readRunFile(path, RUN_FILES.config));
  const history = text(await readIfThere(path, RUN_FILES.history));
  const result = text(await readIfThere(path, RUN_FILES.result));
  return named(path, () => parseRun(path, { config, history, result }));
}
