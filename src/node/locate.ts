import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type CatalogEntry, type CatalogFile, type CifarEntry, catalogFiles, type IdxEntry } from "../data/catalog.js";
import { cifarBatchNames } from "../data/cifar.js";
import { cifarFolders } from "./cifarFiles.js";
import { storedLimit } from "./disk/checkedFile.js";
import { namesInFolder } from "./disk/fileSet.js";
import { foldersIn, type Place, pathsIn, searchPlaces } from "./places.js";

/**
 * Where a known data set would be read from, judging by file names and sizes only: a folder or an archive; undefined if
 * it is incomplete.
 *
 * @param dataDir the only folder to look in
 */
export async function locateDataset(entry: CatalogEntry, dataDir?: string): Promise<string | undefined> {
  const places = searchPlaces(entry, dataDir);
  return entry.format === "idx" ? locateIdx(entry, places) : locateCifar(entry, places);
}

/** The folder of the first file, if every file is in one of the places. */
async function locateIdx(entry: IdxEntry, places: readonly Place[]): Promise<string | undefined> {
  const found: string[] = [];
  for (const file of catalogFiles(entry)) {
    const path = await locateIn(places, entry, file);
    if (path === undefined) return undefined;
    found.push(dirname(path));
  }
  return found[0];
}

/**
 * The path that a file of a known data set would be read from, judging by name and size only, packed or not; undefined
 * if it is in none of the places.
 *
 * @param dataDir the only folder to look in
 */
export function locateFile(entry: CatalogEntry, file: CatalogFile, dataDir?: string): Promise<string | undefined> {
  return locateIn(searchPlaces(entry, dataDir), entry, file);
}

function locateIn(places: readonly Place[], entry: CatalogEntry, file: CatalogFile): Promise<string | undefined> {
  const paths = places.flatMap(({ folder }) => pathsIn(folder, entry, file));
  return firstFile(paths, (size) => size > 0 && size <= storedLimit(file));
}

async function locateCifar(entry: CifarEntry, places: readonly Place[]): Promise<string | undefined> {
  for (const { folder, named } of places) {
    for (const base of foldersIn(folder, entry)) {
      const archive = join(base, entry.archive.name);
      const found = await firstFile([archive], (size) => (named ? size > 0 : size === entry.archive.bytes));
      if (found !== undefined) return found;
      for (const batches of cifarFolders(base)) {
        if (await holdsBatches(batches)) return batches;
      }
    }
  }
  return undefined;
}

async function firstFile(paths: readonly string[], isRight: (size: number) => boolean): Promise<string | undefined> {
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() && isRight(found.size)) return path;
  }
  return undefined;
}

async function holdsBatches(folder: string): Promise<boolean> {
  const names = (await namesInFolder(folder).catch(() => undefined)) ?? [];
  return (["train", "test"] as const).every((part) => cifarBatchNames(names, part).length > 0);
}
