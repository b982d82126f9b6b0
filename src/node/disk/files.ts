import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file is too large",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  ENOENT: "no such file or folder",
  EEXIST: "it exists already",
  ENOTEMPTY: "the folder is not empty",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "too many symbolic links",
  EBUSY: "it is in use",
  EIO: "the device reports an error",
};

/** A file exists but is not what it should be. The message is one line. */
export class DamagedFileError extends Error {
  override readonly name = "DamagedFileError";
}

/** The code of a system error such as "ENOENT"; undefined for any other error. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/**
 * One line saying what could not be done and why.
 *
 * @param doing what was being done, such as "write runs/a/model.pth"
 */
export function describeFileError(error: unknown, doing: string): string {
  const code = errorCode(error);
  const message = error instanceof Error ? error.message : String(error);
  const reason = (code !== undefined && REASONS[code]) || message.split("\n", 1)[0];
  return `cannot ${doing}: ${reason}`;
}

/** How to open what may be no regular file: a pipe would wait for its other end, perhaps forever. */
export const OPEN_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Reads a regular file of at most `mostBytes` bytes.
 *
 * @throws the system's error, or an Error if it is a pipe or device, or too large
 */
export async function readRegularFile(path: string, mostBytes: number): Promise<Uint8Array> {
  const handle = await open(path, OPEN_AT_ONCE);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error(stats.isDirectory() ? REASONS.EISDIR : "it is not a regular file");
    if (stats.size > mostBytes) {
      const size = Math.ceil(stats.size / 1e6).toLocaleString("en-US");
      throw new Error(`it has ${size} MB; the limit is ${mostBytes / 1e6} MB`);
    }
    return await readUpTo(handle, stats.size);
  } finally {
    await handle.close();
  }
}

/**
 * Reads a regular file of at most `mostBytes` bytes.
 *
 * @throws Error naming the file and the reason
 */
export async function readFileBounded(path: string, mostBytes: number): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, mostBytes);
  } catch (error) {
    throw new Error(describeFileError(error, `read ${path}`), { cause: error });
  }
}

/** The first bytes of a file, at most `count`. */
async function readUpTo(handle: FileHandle, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  let length = 0;
  while (length < count) {
    const { bytesRead } = await handle.read(bytes, length, count - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

/** Some file systems cannot flush a folder. There, the rename has to suffice. */
const FOLDER_FLUSH_UNSUPPORTED: ReadonlySet<string | undefined> = new Set(["EINVAL", "ENOTSUP", "EISDIR", "EPERM"]);

/** Makes a file's content, or the names in a folder, survive a power cut. */
async function flushToDisk(path: string, flags: "r" | "r+"): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the names in a folder survive a power cut, if the file system can. */
async function flushNames(folder: string): Promise<void> {
  try {
    await flushToDisk(folder, "r");
  } catch (error) {
    if (!FOLDER_FLUSH_UNSUPPORTED.has(errorCode(error))) throw error;
  }
}

/**
 * Gives a file its final name in the same folder, replacing any older file, so that at any time the old or the new
 * content is there, even after a power cut.
 *
 * @param keepAs the new name for the older file, if it is to be kept; a crash can then leave only that name
 * @throws the system's error
 */
export async function renameDurably(from: string, to: string, keepAs?: string): Promise<void> {
  await flushToDisk(from, "r+");
  if (keepAs !== undefined) await renameIfThere(to, keepAs);
  await rename(from, to);
  await flushNames(dirname(to));
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

const TEMPORARY_NAME = /^\.lenet-\d+-[0-9a-f]{8}\.tmp$/;

/** A temporary name for something being written to a folder. */
function temporaryIn(folder: string): string {
  return join(folder, `.lenet-${process.pid}-${randomBytes(4).toString("hex")}.tmp`);
}

/**
 * Removes what interrupted writes have left in a folder to which nothing else is writing.
 *
 * @returns the number of files removed
 * @throws the system's error
 */
export async function removeTemporaries(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter((name) => TEMPORARY_NAME.test(name));
  for (const name of names) await rm(join(folder, name), { force: true });
  return names.length;
}

/**
 * Writes a file atomically: a reader, or a crash at any moment, finds either the old content or all of the new. A
 * failure leaves the old file unchanged and no temporary file.
 *
 * @param data the content, or its pieces in order
 * @param keepAs the new name for the old file, if it is to be kept, as in {@link renameDurably}
 * @throws Error naming the file and the reason
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | readonly Uint8Array[],
  keepAs?: string,
): Promise<void> {
  const temporary = temporaryIn(dirname(path));
  try {
    const handle = await open(temporary, "wx");
    try {
      for (const piece of [data].flat()) await handle.writeFile(piece);
    } finally {
      await handle.close();
    }
    await renameDurably(temporary, path, keepAs);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}); // Report the first failure.
    throw new Error(describeFileError(error, `write ${path}`), { cause: error });
  }
}

/**
 * Creates a folder and its missing parents. Does not use mkdir's `recursive`, which never returns on Node 20 if a
 * parent exists but nothing can be created in it, as in /proc.
 *
 * @throws the system's error
 */
export async function createFolders(path: string): Promise<void> {
  try {
    await createFolder(path);
  } catch (error) {
    const parent = dirname(path);
    if (errorCode(error) !== "ENOENT" || parent === path) throw error;
    await createFolders(parent);
    await createFolder(path);
  }
}

/** Creates a folder unless it exists: another process may have been faster. */
async function createFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (errorCode(error) !== "EEXIST" || !(await isFolder(path))) throw error;
  }
}

/** Whether a path is a folder. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

/** Whether a path is a file. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** A folder that must not exist yet exists. */
export class FolderExistsError extends Error {
  override readonly name = "FolderExistsError";
}

/** What the system says if something is at the place of a new folder: ENOTEMPTY if it appeared in the meantime. */
const ALREADY_EXISTS: ReadonlySet<string | undefined> = new Set(["EEXIST", "ENOTEMPTY"]);

/**
 * Creates a folder that must not exist yet, and its missing parents. It appears with all its files or not at all.
 *
 * @param fill writes at least one file to the folder, which has a temporary name at that time
 * @throws FolderExistsError if it exists, Error if it cannot be created or filled
 */
export async function createFolderExclusive(path: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const temporary = temporaryIn(dirname(path));
  try {
    await createFolders(dirname(path));
    await requireAbsent(path);
    await mkdir(temporary);
    await fill(temporary);
    // Fails if another process has created and filled the folder in the meantime.
    await rename(temporary, path);
    await flushNames(dirname(path));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {}); // As above.
    const reason = error instanceof Error ? (error.cause ?? error) : error;
    const exists = ALREADY_EXISTS.has(errorCode(reason));
    const line = describeFileError(reason, `create the folder ${path}`);
    throw exists ? new FolderExistsError(line, { cause: error }) : new Error(line, { cause: error });
  }
}

async function requireAbsent(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return;
    throw error;
  }
  throw Object.assign(new Error("EEXIST"), { code: "EEXIST" });
}
