import { statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { describeFileError, errorCode } from "../disk/files.js";
import { type Entry, FolderWalk, type SkippedFile } from "./folderWalk.js";

/** The parts that a folder may be divided into, in the order in which they are read. */
export type FolderPart = "train" | "validation" | "test";

/** A file in the folder of a class. */
export interface ListedFile {
  readonly part: FolderPart;
  readonly className: string;
  /** Relative to the data set's folder. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** When it was last modified, in milliseconds since 1970. */
  readonly modified: number;
}

/** The content of a data set's folder. */
export interface FolderListing {
  /** Sorted by part and class, then in the order of the walk, which sorts the entries of each folder by name. */
  readonly files: readonly ListedFile[];
  readonly skipped: readonly SkippedFile[];
  /** The names of the class folders in each part, sorted. */
  readonly classes: ReadonlyMap<FolderPart, readonly string[]>;
}

const PART_NAMES: Readonly<Record<string, FolderPart>> = {
  train: "train",
  val: "validation",
  valid: "validation",
  validation: "validation",
  test: "test",
};
const PARTS: readonly FolderPart[] = ["train", "validation", "test"];
const EXPECTED = "expected a folder for each class, as FOLDER/cat/1.jpg, or FOLDER/train/cat/1.jpg and FOLDER/test/…";

/**
 * Lists the files of a data set of images: FOLDER/CLASS/…, or FOLDER/train/CLASS/… with FOLDER/test and FOLDER/val (or
 * "valid", "validation"). Skips names that begin with a dot and __MACOSX, and follows symbolic links. Everything is
 * sorted by the names' code units, so the order is the same on every machine.
 *
 * @throws Error if the folder does not exist or has no class folders
 * @throws the signal's reason if the walk is aborted
 */
export async function listImageFolder(root: string, signal?: AbortSignal): Promise<FolderListing> {
  const walk = new FolderWalk(root, signal);
  const top = readRoot(root, walk);
  const folders = top.filter(({ stats }) => stats.isDirectory());
  const parts = partFolders(root, folders, walk);
  for (const entry of top) {
    if (!entry.stats.isDirectory()) walk.skip(entry.path, "it is not in a class folder");
    else if (parts && ![...parts.values()].includes(entry))
      walk.skip(entry.path, "the folder is not train, val or test");
  }
  const files: ListedFile[] = [];
  const classes = new Map<FolderPart, string[]>();
  for (const part of PARTS) {
    const folder = parts?.get(part);
    if (parts && folder === undefined) continue;
    if (!parts && part !== "train") continue;
    const entries = folder ? walk.read(folder.path) : folders;
    const classFolders = entries.filter(({ stats }) => stats.isDirectory());
    for (const { path, stats } of folder ? entries : []) {
      if (!stats.isDirectory()) walk.skip(path, "it is not in a class folder");
    }
    classes.set(
      part,
      classFolders.map(({ name }) => name),
    );
    for (const { name: className, path } of classFolders) {
      for (const file of await walk.filesBelow(path, ["", dirname(path)])) {
        files.push({ part, className, path: file.path, size: file.stats.size, modified: file.stats.mtimeMs });
      }
    }
  }
  if (classes.get("train")?.length === 0) throw new Error(`${root} has no class folders: ${EXPECTED}`);
  return { files, skipped: walk.skipped(), classes };
}

/**
 * The folders of the parts; undefined if the folders are classes. A class may be called "train": it is a part only if
 * it has subfolders.
 */
function partFolders(root: string, folders: readonly Entry[], walk: FolderWalk): Map<FolderPart, Entry> | undefined {
  const parts = new Map<FolderPart, Entry>();
  const candidates = folders.filter(({ name, path }) => {
    return Object.hasOwn(PART_NAMES, name.toLowerCase()) && walk.read(path).some(({ stats }) => stats.isDirectory());
  });
  for (const entry of candidates) {
    const part = PART_NAMES[entry.name.toLowerCase()];
    const other = parts.get(part);
    if (other) throw new Error(`${root} has two folders for the same part, ${other.name} and ${entry.name}: keep one`);
    parts.set(part, entry);
  }
  if (parts.has("train")) return parts;
  if (parts.size > 0 && parts.size === folders.length) {
    throw new Error(`${root} has a folder ${candidates[0].name} but no folder "train": ${EXPECTED}`);
  }
  return undefined;
}

/** The entries of the data set's folder. @throws Error if it does not exist */
function readRoot(root: string, walk: FolderWalk): Entry[] {
  try {
    if (!statSync(root).isDirectory()) throw new Error(`${root} is not a folder: ${EXPECTED}`);
    return walk.list("");
  } catch (error) {
    if (errorCode(error) === "ENOENT") throw new Error(`${root} does not exist: ${EXPECTED}`);
    if (errorCode(error) === undefined) throw error;
    throw new Error(describeFileError(error, `read the folder ${root}`));
  }
}

/** The name of a data set: its folder's name. */
export function folderName(root: string): string {
  return basename(resolve(root)) || "images";
}
