import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { describeFileError } from "../disk/files.js";

/** How many files are read between turns of the event loop. */
const FILES_PER_TURN = 2000;

/** A file or folder, with links followed. */
export interface Entry {
  readonly name: string;
  /** Relative to the walk's root. */
  readonly path: string;
  readonly stats: Stats;
}

/** A skipped file, and why. */
export interface SkippedFile {
  /** Relative to the walk's root. */
  readonly path: string;
  readonly reason: string;
}

/**
 * A walk through a folder of images. Skips names that begin with a dot and __MACOSX, and follows symbolic links.
 * Everything is sorted by the names' code units, so the order is the same on every machine.
 */
export class FolderWalk {
  private readonly reasons = new Map<string, string>();
  private readonly root: string;
  private readonly signal: AbortSignal | undefined;
  private sinceTurn = 0;

  /** @param signal aborts the walk, which then throws its reason */
  constructor(root: string, signal?: AbortSignal) {
    this.root = root;
    this.signal = signal;
  }

  /** Records a skipped file. It may be seen twice: when looking for the folders of parts, and in the walk. */
  skip(path: string, reason: string): void {
    this.reasons.set(path, reason);
  }

  skipped(): SkippedFile[] {
    return Array.from(this.reasons, ([path, reason]) => ({ path, reason }));
  }

  /** The entries of a folder, sorted. @throws the system's error if it cannot be read */
  list(folder: string): Entry[] {
    return this.entries(folder, readdirSync(join(this.root, folder), { withFileTypes: true }));
  }

  /** The entries of a folder, sorted. If it cannot be read, it is recorded as skipped and has no entries. */
  read(folder: string): Entry[] {
    try {
      return this.list(folder);
    } catch (error) {
      this.skip(folder, describeFileError(error, "read the folder"));
      return [];
    }
  }

  /**
   * The files in a folder and its subfolders. Each folder is entered once, however many links lead to it.
   *
   * @param around enclosing folders, which are not entered again
   */
  async filesBelow(folder: string, around: readonly string[] = []): Promise<Entry[]> {
    const files: Entry[] = [];
    await this.collect(folder, new Set(around.map((path) => this.place(path))), files);
    return files;
  }

  private async collect(folder: string, seen: Set<string>, files: Entry[]): Promise<void> {
    const place = this.place(folder);
    if (seen.has(place)) return;
    seen.add(place);
    for (const entry of this.read(folder)) {
      if (entry.stats.isDirectory()) await this.collect(entry.path, seen, files);
      else if (entry.stats.isFile()) files.push(entry);
      else this.skip(entry.path, "it is not a file");
      if (++this.sinceTurn % FILES_PER_TURN === 0) await setImmediate();
      this.signal?.throwIfAborted();
    }
  }

  private place(folder: string): string {
    return realpathSync(join(this.root, folder));
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
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
