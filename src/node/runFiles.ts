import { join } from "node:path";
import { FormatError } from "../formats/errors.js";
import { parseRun, type RunRecord } from "../runs/record.js";
import { RUN_FILES } from "../runs/runFolderFiles.js";
import { describeFileError, errorCode, isFolder, readRegularFile } from "./disk/files.js";

/** Far more than the largest checkpoint of a model that can be trained. */
const MOST_RUN_FILE_BYTES = 512e6;

/** Reads a file that every run folder has. @throws Error if it cannot be read */
export async function readRunFile(path: string, name: string): Promise<Uint8Array> {
  const bytes = await readIfThere(path, name);
  if (bytes !== undefined) return bytes;
  throw new Error((await isFolder(path)) ? `${path} is not a run folder: it has no ${name}` : `${path} does not exist`);
}

/** Reads a file of a run folder; undefined if it does not exist. @throws Error if it cannot be read */
export async function readIfThere(path: string, name: string): Promise<Uint8Array | undefined> {
  try {
    return await readRegularFile(join(path, name), MOST_RUN_FILE_BYTES);
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
