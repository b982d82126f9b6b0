import { basename, join } from "node:path";
import type { CatalogEntry, CatalogFile } from "../data/catalog.js";
import { cacheFolder } from "./disk/download.js";

/** A folder in which to look for known data sets. */
export interface Place {
  readonly folder: string;
  /** The user named it, so a damaged file in it is an error rather than skipped. */
  readonly named: boolean;
}

/**
 * Where to look for a data set, in order: only dataDir if given, otherwise $LENET_DATA, the cache and the system's
 * folder.
 */
export function searchPlaces(entry: CatalogEntry, dataDir: string | undefined): Place[] {
  if (dataDir !== undefined) return [{ folder: dataDir, named: true }];
  const places: Place[] = [];
  if (process.env.LENET_DATA) places.push({ folder: process.env.LENET_DATA, named: true });
  places.push({ folder: cacheFolder(), named: false });
  if (entry.systemPackage) places.push({ folder: entry.systemPackage.folder, named: false });
  return places;
}

/** The folders of a place that may hold a data set's files: DIR/<name>, where torchvision puts them, and DIR. */
export function foldersIn(folder: string, { name, torchvisionFolder }: CatalogEntry): string[] {
  const ofTorchvision = torchvisionFolder === undefined ? [] : [torchvisionFolder, basename(torchvisionFolder)];
  return [name, ...ofTorchvision, ""].map((below) => join(folder, below));
}

/** The names that a file may have: its own and, if its checksum is of the unpacked content, the unpacked file's. */
export function namesOf({ name, known }: CatalogFile): string[] {
  return known === "content" ? [name, name.replace(/\.gz$/, "")] : [name];
}

/** The paths at which a file may be in a place. */
export function pathsIn(folder: string, entry: CatalogEntry, file: CatalogFile): string[] {
  return foldersIn(folder, entry).flatMap((base) => namesOf(file).map((name) => join(base, name)));
}
