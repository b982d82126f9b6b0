import type { CatalogEntry, CatalogFile } from "../data/catalog.js";
import type { SourceFile } from "../data/dataset.js";
import { readChecked } from "./disk/checkedFile.js";
import { DownloadError, type DownloadOptions, download } from "./disk/download.js";
import { DamagedFileError } from "./disk/files.js";
import { foldersIn, type Place, pathsIn, searchPlaces } from "./places.js";

/** The data set is nowhere on this machine and cannot be downloaded; the one-line message says what to do. */
export class DatasetUnavailableError extends Error {
  override readonly name = "DatasetUnavailableError";
}

/** What is looked for, and downloaded where it is nowhere. */
export interface Sought<Content> {
  readonly file: CatalogFile;
  /** The names that it is looked for by, for the message that it is not there. */
  readonly names: readonly string[];
  find(place: Place): Promise<Content | undefined>;
  /** Makes the same of the downloaded file. */
  open(source: SourceFile): Promise<Content>;
}

/**
 * What is sought, from the first place that has it whole, else downloaded.
 *
 * @param options.dataDir the only folder to look in; nothing is downloaded then
 * @throws DatasetUnavailableError where it is nowhere and cannot be downloaded
 * @throws Error with one line where a folder that the user named holds a damaged file, or dataDir nothing of it
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
    const folders = foldersIn(dataDir, entry).join(" or ");
    throw new Error(`${entry.title} is not there: found neither ${sought.names.join(" nor ")} in ${folders}`);
  }
  const looked = places.map((place) => place.folder).join(", ");
  const damaged = faults.map((fault) => ` (${fault})`).join("");
  return sought.open(await downloadOr(`is not here: looked in ${looked}${damaged}`, entry, sought.file, options));
}

/**
 * Downloads a file into the cache.
 *
 * @param trouble what is the matter with the data set where the download fails, for the message
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
 * What is known of a file, from a folder's first file of one of its names; undefined where there is none.
 *
 * @throws DamagedFileError where that one is damaged or another file
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
