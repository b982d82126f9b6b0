import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { SourceFile } from "../../data/dataset.js";
import { readTar } from "../../data/tar.js";
import { readStored } from "./checkedFile.js";
import { DamagedFileError, describeFileError, errorCode } from "./files.js";
import { unpackGzip } from "./gzip.js";

/** The files of a folder or an archive, by name. */
export interface FileSet {
  /** The folder or the archive. */
  readonly path: string;
  /** Sorted by their characters. */
  readonly names: readonly string[];
  /**
   * A file's content, unpacked if it is gzipped.
   *
   * @throws DamagedFileError if it cannot be read, is damaged or exceeds the set's limit
   */
  read(name: string): Promise<SourceFile>;
}

/**
 * The files of a folder; undefined if the folder does not exist.
 *
 * @param limit the most bytes that one of them may have, packed or unpacked
 * @throws DamagedFileError if the folder cannot be read
 */
export async function folderFiles(path: string, limit: number): Promise<FileSet | undefined> {
  const names = await namesInFolder(path);
  if (names === undefined) return undefined;
  const read = async (name: string) => {
    const what = join(path, name);
    const stored = await readStored(what, limit);
    if (stored === undefined) throw new DamagedFileError(`${what} was removed`);
    return { bytes: await unpackGzip(stored, what, limit), what };
  };
  return { path, names, read };
}

/**
 * The names in a folder, sorted by their characters; undefined if the folder does not exist.
 *
 * @throws DamagedFileError if the folder cannot be read
 */
export async function namesInFolder(folder: string): Promise<string[] | undefined> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new DamagedFileError(describeFileError(error, `read the folder ${folder}`));
  }
}

/**
 * The files of a tar archive, gzipped or not.
 *
 * @param bytes the archive as stored; not used after this call
 * @param limit the most bytes that it may unpack to
 * @throws DamagedFileError if it is not such an archive, is truncated or damaged
 */
export async function archiveFiles(bytes: Uint8Array, path: string, limit: number): Promise<FileSet> {
  const files = soundFiles(await unpackGzip(bytes, path, limit), path);
  const read = async (name: string) => {
    const what = `${name} in ${path}`;
    const stored = files.get(name);
    if (stored === undefined) throw new DamagedFileError(`${path} holds no ${name}`);
    return { bytes: await unpackGzip(stored, what, limit), what };
  };
  return { path, names: [...files.keys()].sort(), read };
}

function soundFiles(bytes: Uint8Array, path: string): ReturnType<typeof readTar> {
  try {
    return readTar(bytes, path);
  } catch (error) {
    throw new DamagedFileError(error instanceof Error ? error.message : String(error));
  }
}
