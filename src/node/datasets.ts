import { join } from "node:path";
import { type CatalogEntry, type CatalogFile, catalogEntry, type DatasetPart } from "../data/catalog.js";
import type { Dataset } from "../data/dataset.js";
import { datasetFromIdx, type IdxSource } from "../data/idx.js";
import { DamagedFileError, readChecked, sha256 } from "./checkedFile.js";
import { cacheFolder, DownloadError, type DownloadOptions, download } from "./download.js";

/** Where a data set is looked for and how it is downloaded. */
export interface LoadDatasetOptions extends DownloadOptions {
  /** The only folder to look in; nothing is downloaded then. */
  readonly dataDir?: string;
}

/** The data set is nowhere on this machine and cannot be downloaded; the one-line message says what to do. */
export class DatasetUnavailableError extends Error {
  override readonly name = "DatasetUnavailableError";
}

interface Place {
  readonly folder: string;
  /** The user named it, so that a damaged file in it is told, not passed over. */
  readonly named: boolean;
}

/**
 * Reads one part of a known data set, downloading it into the cache where it is missing. Looked for in
 * options.dataDir alone where it is given; else in $LENET_DATA, the cache and the folder of the system's package.
 * In each folder DIR both DIR/<name>/<file> and DIR/<file> are understood, packed with gzip or not.
 *
 * @param data a name of the catalog, or an entry of the same kind
 * @throws DatasetUnavailableError where it is not here and cannot be downloaded
 * @throws Error with one line where the name is unknown, or where dataDir (or $LENET_DATA) holds a damaged file, or
 *   dataDir none at all
 * @throws the signal's reason where it ends the download
 */
export async function loadDataset(
  data: string | CatalogEntry,
  part: DatasetPart,
  options: LoadDatasetOptions = {},
): Promise<Dataset> {
  const entry = typeof data === "string" ? catalogEntry(data) : data;
  const files = entry.parts[part];
  const images = await obtain(entry, files.images, options);
  const labels = await obtain(entry, files.labels, options);
  const checksum = sha256(images.bytes, labels.bytes);
  return datasetFromIdx({ name: entry.name, classes: entry.classes, images, labels, checksum });
}

/** One file's content, from the first place that has it whole, else downloaded. */
async function obtain(entry: CatalogEntry, file: CatalogFile, options: LoadDatasetOptions): Promise<IdxSource> {
  const places = searchPlaces(entry, options.dataDir);
  const faults: string[] = [];
  for (const place of places) {
    try {
      const found = await findIn(place.folder, entry, file);
      if (found !== undefined) return found;
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      if (place.named) throw new Error(`${error.message}; replace the file or name another folder`);
      faults.push(error.message);
    }
  }
  if (options.dataDir !== undefined) {
    const folders = `${join(options.dataDir, entry.name)} or ${options.dataDir}`;
    throw new Error(`${entry.title} is not there: found neither ${file.name}.gz nor ${file.name} in ${folders}`);
  }
  try {
    return await download(entry, file, options);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    const looked = places.map((place) => place.folder).join(", ");
    const damaged = faults.map((fault) => ` (${fault})`).join("");
    throw new DatasetUnavailableError(
      `${entry.title} is not here: looked in ${looked}${damaged}; the download failed: ${error.message}; ` +
        remedies(entry),
    );
  }
}

function searchPlaces(entry: CatalogEntry, dataDir: string | undefined): Place[] {
  if (dataDir !== undefined) return [{ folder: dataDir, named: true }];
  const places: Place[] = [];
  if (process.env.LENET_DATA) places.push({ folder: process.env.LENET_DATA, named: true });
  places.push({ folder: cacheFolder(), named: false });
  if (entry.systemPackage) places.push({ folder: entry.systemPackage.folder, named: false });
  return places;
}

function remedies(entry: CatalogEntry): string {
  const folder = "name a folder that holds its files with --data-dir DIR";
  return entry.systemPackage ? `run "apt-get install ${entry.systemPackage.debianName}" or ${folder}` : folder;
}

/** A file's content from DIR/<name>/ or DIR/, packed or not; undefined where it is not there. */
async function findIn(folder: string, entry: CatalogEntry, file: CatalogFile): Promise<IdxSource | undefined> {
  for (const base of [join(folder, entry.name), folder]) {
    for (const name of [`${file.name}.gz`, file.name]) {
      const path = join(base, name);
      const bytes = await readChecked(path, file);
      if (bytes !== undefined) return { bytes, what: path };
    }
  }
  return undefined;
}
