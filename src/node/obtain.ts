import type { CatalogEntry, CatalogFile } from "../data/catalog.js";
import type { SourceFile } from "../data/dataset.js";
import { readChecked } from "./disk/checkedFile.js";
import { DownloadError, type DownloadOptions, download } from "./disk/download.js";
import { DamagedFileError } from "./disk/files.js";
import { foldersIn, type Place, pathsIn, searchPlaces } from "./places.js";

/** The data set is not on this machine and cannot be downloaded. The message says what to do. */
export class DatasetUnavailableError extends Error {
  override readonly name = "DatasetUnavailableError";
}

/** What to look for, and to download if it is not found. */
export interface Sought<Content> {
  readonly file: CatalogFile;
  /** The file names to look for, for the error message. */
  readonly names: readonly string[];
  find(place: Place): Promise<Content | undefined>;
  /** Turns the downloaded file into the same content. */
  open(source: SourceFile): Promise<Content>;
}

/**
 * Returns the content from the first place that has all of it, or downloads it.
 *
 * @param options.dataDir if set, the only folder to look in, and nothing is downloaded
 * @throws DatasetUnavailableError if it is not found and cannot be downloaded
 * @throws Error if a folder that the user named holds a damaged file, or dataDir does not hold it
 */
export async function obtain<Content>(
  entry: CatalogEntry,
  options: DownloadOptions & { readonly dataDir?: string },
  sought: Sought<Content>,
): Promise<Content> {
  const { dataDir } = options;
  const places = searchPlaces(entry, dataDir);
  const faults: string[] = [];
  for (const place of places) {
    try {
      const found = await sought.find(place);
      if (found !== undefined) return found;
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      if (place.named) throw new Error(`${error.message}; replace the file or name another folder`);
      faults.push(error.message);
    }
  }
  if (dataDir !== undefined) {
    const folders = new Intl.ListFormat("en-GB", { type: "disjunction" }).format(foldersIn(dataDir, entry));
    throw new Error(`${entry.title} is missing: found neither ${sought.names.join(" nor ")} in ${folders}`);
  }
  const looked = places.map((place) => place.folder).join(", ");
  const damaged = faults.map((fault) => ` (${fault})`).join("");
  return sought.open(
    await downloadOr(`is not on this machine: looked in ${looked}${damaged}`, entry, sought.file, options),
  );
}

/**
 * Downloads a file into the cache.
 *
 * @param trouble what is wrong with the data set, for the message if the download fails
 * @throws DatasetUnavailableError with the trouble, why the download failed, and what to do
 */
export async function downloadOr(
  trouble: string,
  entry: CatalogEntry,
  file: CatalogFile,
  options: DownloadOptions,
): Promise<SourceFile> {
  try {
    return await download(entry, file, options);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    throw new DatasetUnavailableError(
      `${entry.title} ${trouble}; the download failed: ${error.message}; ${remedies(entry)}`,
    );
  }
}

function remedies(entry: CatalogEntry): string {
  const folder = "name a folder that holds its files with --data-dir DIR";
  return entry.systemPackage ? `run "apt-get install ${entry.systemPackage.debianName}" or ${folder}` : folder;
}

/**
 * The known content of a file, from the first file in a folder with one of its names; undefined if there is none.
 *
 * @throws DamagedFileError if that file is damaged or a different one
 */
export async function findFile(
  folder: string,
  entry: CatalogEntry,
  file: CatalogFile,
): Promise<SourceFile | undefined> {
  for (const path of pathsIn(folder, entry, file)) {
    const bytes = await readChecked(path, file);
    if (bytes !== undefined) return { bytes, what: path };
  }
  return undefined;
}
