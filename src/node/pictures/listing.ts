import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { describeFileError, errorCode } from "../files.js";

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

/** A file that is not in the data set, and why. */
export interface SkippedFile {
  /** From the data set's folder on. */
  readonly path: string;
  readonly reason: string;
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

/** Files between two turns of the event loop. */
const FILES_PER_TURN = 2000;

/** A name and what it leads to, links followed. */
interface Entry {
  readonly name: string;
  readonly path: string;
  readonly stats: Stats;
}

/**
 * Lists the files of a data set of pictures: FOLDER/CLASS/…, or FOLDER/train/CLASS/… beside FOLDER/test and FOLDER/val
 * (or "valid", "validation"). Names that begin with a dot and __MACOSX are passed over; symbolic links are followed.
 * All orders are those of the names' code units, the same on every machine.
 *
 * @throws Error with one line where there is no such folder, or its folders are no classes
 * @throws the signal's reason where it ends the walk
 */
export async function listPictureFolder(root: string, signal?: AbortSignal): Promise<FolderListing> {
  const walk = new Walk(root, signal);
  const top = walk.readRoot();
  const folders = top.filter(({ stats }) => stats.isDirectory());
  const parts = partFolders(root, folders, walk);
  for (const entry of top) {
    if (!entry.stats.isDirectory()) walk.skip(entry.path, "it lies beside the folders of the classes");
    else if (parts && ![...parts.values()].includes(entry)) walk.skip(entry.path, "the folder lies beside train");
  }
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
    for (const { name, path } of classFolders) await walk.addClass(part, name, path);
  }
  if (classes.get("train")?.length === 0) throw new Error(`${root} has no folders of classes: ${EXPECTED}`);
  return { files: walk.files, skipped: walk.skipped(), classes };
}

/**
 * The folders of the parts; undefined where the folders are the classes. A class may be called "train": it is a part
 * only if it has folders of its own.
 */
function partFolders(root: string, folders: readonly Entry[], walk: Walk): Map<FolderPart, Entry> | undefined {
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

class Walk {
  readonly files: ListedFile[] = [];
  private readonly reasons = new Map<string, string>();
  private readonly root: string;
  private readonly signal: AbortSignal | undefined;
  private sinceTurn = 0;

  constructor(root: string, signal: AbortSignal | undefined) {
    this.root = root;
    this.signal = signal;
  }

  /** A file can be met twice: where the folder of a part is told from a class's, and in the walk. */
  skip(path: string, reason: string): void {
    this.reasons.set(path, reason);
  }

  skipped(): SkippedFile[] {
    return Array.from(this.reasons, ([path, reason]) => ({ path, reason }));
  }

  readRoot(): Entry[] {
    try {
      if (!statSync(this.root).isDirectory()) throw new Error(`${this.root} is not a folder: ${EXPECTED}`);
      return this.entries("", readdirSync(this.root, { withFileTypes: true }));
    } catch (error) {
      if (errorCode(error) === "ENOENT") throw new Error(`${this.root} is not there: ${EXPECTED}`);
      if (errorCode(error) === undefined) throw error;
      throw new Error(describeFileError(error, `read the folder ${this.root}`));
    }
  }

  /** The entries of a folder, sorted; none, and the folder among the skipped, where it cannot be read. */
  read(folder: string): Entry[] {
    try {
      return this.entries(folder, readdirSync(join(this.root, folder), { withFileTypes: true }));
    } catch (error) {
      this.skip(folder, describeFileError(error, "read the folder"));
      return [];
    }
  }

  private entries(folder: string, found: readonly Dirent[]): Entry[] {
    const names = found.map(({ name }) => name).filter((name) => !name.startsWith(".") && name !== "__MACOSX");
    const entries: Entry[] = [];
    for (const name of names.sort(byCodeUnits)) {
      const path = folder === "" ? name : `${folder}/${name}`;
      try {
        entries.push({ name, path, stats: statSync(join(this.root, path)) });
      } catch (error) {
        this.skip(path, describeFileError(error, "read it"));
      }
    }
    return entries;
  }

  /** Adds a class's files. Every folder is entered once, however many links lead to it, and those around it never. */
  async addClass(part: FolderPart, className: string, path: string): Promise<void> {
    const around = ["", dirname(path)].map((folder) => realpathSync(join(this.root, folder)));
    await this.add(part, className, path, new Set(around));
  }

  private async add(part: FolderPart, className: string, folder: string, seen: Set<string>): Promise<void> {
    const place = realpathSync(join(this.root, folder));
    if (seen.has(place)) return;
    seen.add(place);
    for (const { path, stats } of this.read(folder)) {
      if (stats.isDirectory()) await this.add(part, className, path, seen);
      else if (!stats.isFile()) this.skip(path, "it is not a file");
      else this.files.push({ part, className, path, size: stats.size, modified: stats.mtimeMs });
      if (++this.sinceTurn % FILES_PER_TURN === 0) await setImmediate();
      this.signal?.throwIfAborted();
    }
  }
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What a data set is called: its folder's own name. */
export function folderName(root: string): string {
  return basename(resolve(root)) || "pictures";
}
