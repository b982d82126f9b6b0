import { statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { describeFileError, errorCode } from "../disk/files.js";
import { type Entry, FolderWalk, type SkippedFile } from "./folderWalk.js";

/** The parts that a folder can come in, in the order in which they are read. */
export type FolderPart = "train" | "validation" | "test";

/** A file in a class's folder. */
export interface ListedFile {
  readonly part: FolderPart;
  readonly className: string;
  /** From the data set's folder on. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** When it was written, in milliseconds since 1970. */
  readonly modified: number;
}

/** What lies in a data set's folder. */
export interface FolderListing {
  /** Sorted by part and class, then as the folders are walked: the entries of each sorted by their names. */
  readonly files: readonly ListedFile[];
  readonly skipped: readonly SkippedFile[];
  /** The names of the classes' folders in each part that there is, sorted. */
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
 * Lists the files of a data set of images: FOLDER/CLASS/…, or FOLDER/train/CLASS/… beside FOLDER/test and FOLDER/val
 * (or "valid", "validation"). Names that begin with a dot and __MACOSX are passed over; symbolic links are followed.
 * All orders are those of the names' code units, the same on every machine.
 *
 * @throws Error with one line where there is no such folder, or its folders are no classes
 * @throws the signal's reason where it ends the walk
 */
export async function listImageFolder(root: string, signal?: AbortSignal): Promise<FolderListing> {
  const walk = new FolderWalk(root, signal);
  const top = readRoot(root, walk);
  const folders = top.filter(({ stats }) => stats.isDirectory());
  const parts = partFolders(root, folders, walk);
  for (const entry of top) {
    if (!entry.stats.isDirectory()) walk.skip(entry.path, "it lies beside the folders of the classes");
    else if (parts && ![...parts.values()].includes(entry)) walk.skip(entry.path, "the folder lies beside train");
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
      if (!stats.isDirectory()) walk.skip(path, "it lies beside the folders of the classes");
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
  if (classes.get("train")?.length === 0) throw new Error(`${root} has no folders of classes: ${EXPECTED}`);
  return { files, skipped: walk.skipped(), classes };
}

/**
 * The folders of the parts; undefined where the folders are the classes. A class may be called "train": it is a part
 * only if it has folders of its own.
 */
function partFolders(root: string, folders: readonly Entry[], walk: FolderWalk): Map<FolderPart, Entry> | undefined {
  const parts = new Map<FolderPart, Entry>();
  const candidates = folders.filter(({ name, path }) => {
    return Object.hasOwn(PART_NAMES, name.toLowerCase()) && walk.read(path).some(({ stats }) => stats.isDirectory());
  });
  for (const entry of candidates) {
    const part = PART_NAMES[entry.name.toLowerCase()];
    const other = parts.get(part);
    if (other) throw new Error(`${root} has two folders for one part, ${other.name} and ${entry.name}: keep one`);
    parts.set(part, entry);
  }
  if (parts.has("train")) return parts;
  if (parts.size > 0 && parts.size === folders.length) {
    throw new Error(`${root} has a folder ${candidates[0].name} but no folder train: ${EXPECTED}`);
  }
  return undefined;
}

/** The entries of the data set's folder. @throws Error with one line where there is no such folder */
function readRoot(root: string, walk: FolderWalk): Entry[] {
  try {
    if (!statSync(root).isDirectory()) throw new Error(`${root} is not a folder: ${EXPECTED}`);
    return walk.list("");
  } catch (error) {
    if (errorCode(error) === "ENOENT") throw new Error(`${root} is not there: ${EXPECTED}`);
    if (errorCode(error) === undefined) throw error;
    throw new Error(describeFileError(error, `read the folder ${root}`));
  }
}

/** What a data set is called: its folder's own name. */
export function folderName(root: string): string {
  return basename(resolve(root)) || "images";
}
