import { join } from "node:path";
import type { CatalogEntry, CatalogFile } from "../data/catalog.js";
import { cacheFolder } from "./disk/download.js";

/** A folder that known data sets are looked for in. */
export interface Place {
  readonly folder: string;
  /** The user named it, so that a damaged file in it is told, not passed over. */
  readonly named: boolean;
}

/** Where a data set is looked for, in turn: dataDir alone where given, else $LENET_DATA, the cache and the system's. */
export function searchPlaces(entry: CatalogEntry, dataDir: string | undefined): Place[] {
  if (dataDir !== undefined) return [{ folder: dataDir, named: true }];
  const places: Place[] = [];
  if (process.env.LENET_DATA) places.push({ folder: process.env.LENET_DATA, named: true });
  places.push({ folder: cacheFolder(), named: false });
  if (entry.systemPackage) places.push({ folder: entry.systemPackage.folder, named: false });
  return places;
}

/** The folders of a place that may hold a data set's files: DIR/<name> and DIR. */
export function foldersIn(folder: string, entry: CatalogEntry): string[] {
  return [join(folder, entry.name), folder];
}

/** The names that a file may have: its own and, where its content alone is known, that of the unpacked file. */
export function namesOf({ name, known }: CatalogFile): string[] {
  return known === "content" ? [name, name.replace(/\.gz$/, "")] : [name];
}

/** The paths that a file may have in a place. */
export function pathsIn(folder: string, entry: CatalogEntry, file: CatalogFile): string[] {
  return foldersIn(folder, entry).flatMap((base) => namesOf(file).map((name) => join(base, name)));
}
