import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describeFileError, errorCode, isFolder } from "./disk/files.js";

/** Reads a file that every run folder has. @throws Error if it cannot be read */
export async function readRunFile(path: string, name: string): Promise<Uint8Array> {
  const bytes = await readIfThere(path, name);
  if (bytes !== undefined) return bytes;
  throw new Error((await isFolder(path)) ? `${path} is not a run folder: it has no ${name}` : `${path} does not exist`);
}

/** Reads a file of a run folder; undefined if it does not exist. @throws Error if it cannot be read */
export async function readIfThere(path: string, name: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(join(path, name));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new Error(describeFileError(error, `read ${join(path, name)}`), { cause: error });
  }
}

/** Adds the path to the message of errors that `read` throws. */
export function named<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
