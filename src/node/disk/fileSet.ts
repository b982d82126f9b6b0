import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { SourceFile } from "../../data/dataset.js";
import { readStored } from "./checkedFile.js";
import { DamagedFileError, describeFileError, errorCode } from "./files.js";
import { unpackGzip } from "./gzip.js";
import { readTar } from "./tar.js";

/** The files of a folder or of an archive, by their names alone. */
export interface FileSet {
  /** The folder or the archive. */
  readonly path: string;
  /** In the order of their characters. */
  readonly names: readonly string[];
  /**
   * One file's content, unpacked where it is packed with gzip.
   *
   * @throws DamagedFileError where it cannot be read, is damaged or larger than the set's limit
   */
  read(name: string): Promise<SourceFile>;
}

/**
 * The files of a folder; undefined where there is no such folder.
 *
 * @param limit the most bytes that one of them may have, unpacked too
 * @throws DamagedFileError where the folder cannot be read
 */
export async function folderFiles(path: string, limit: number): Promise<FileSet | undefined> {
  const names = await namesInFolder(path);
  if (names === undefined) return undefined;
  const read = async (name: string) => {
    const what = join(path, name);
    const stored = await readStored(what, limit);
    if (stored === undefined) throw new DamagedFileError(`${what} is gone`);
    return { bytes: await unpackGzip(stored, what, limit), what };
  };
  return { path, names, read };
}

/**
 * The names in a folder, in the order of their characters; undefined where there is no such folder.
 *
 * @throws DamagedFileError where the folder cannot be read
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
 * The files of a tar archive, packed with gzip or not.
 *
 * @param bytes the archive as it is stored; not needed any more once this is done
 * @param limit the most bytes that it may unpack to
 * @throws DamagedFileError where it is no such archive, is truncated or damaged
 */
export async function archiveFiles(bytes: Uint8Array, path: string, limit: number): Promise<FileSet> {
  const files = readTar(await unpackGzip(bytes, path, limit), path);
  const read = async (name: string) => {
    const what = `${name} in ${path}`;
    const stored = files.get(name);
    if (stored === undefined) throw new DamagedFileError(`${path} holds no ${name}`);
    return { bytes: await unpackGzip(stored, what, limit), what };
  };
  return { path, names: [...files.keys()].sort(), read };
}
