import { type CatalogEntry, catalogEntry, catalogFiles } from "../data/catalog.js";
import { cacheFolder, type DownloadOptions } from "./disk/download.js";
import { DamagedFileError } from "./disk/files.js";
import { downloadOr, findFile } from "./obtain.js";

/** A file in the cache. */
export interface FetchedFile {
  readonly path: string;
  /** Whether it was just downloaded; false if it was already there. */
  readonly downloaded: boolean;
}

/**
 * Downloads a known data set into the cache. Skips files that already exist with the correct checksum.
 *
 * @param data a name in the catalog, or an entry of the same kind
 * @throws DatasetUnavailableError if a file cannot be downloaded
 * @throws the signal's reason if the download is aborted
 */
export async function fetchDataset(
  data: string | CatalogEntry,
  options: DownloadOptions = {},
): Promise<readonly FetchedFile[]> {
  const entry = typeof data === "string" ? catalogEntry(data) : data;
  const fetched: FetchedFile[] = [];
  for (const file of catalogFiles(entry)) {
    const present = await findFile(cacheFolder(), entry, file).catch((error: unknown) => {
      if (!(error instanceof DamagedFileError)) throw error;
      return undefined;
    });
    const { what } = present ?? (await downloadOr("cannot be fetched", entry, file, options));
    fetched.push({ path: what, downloaded: present === undefined });
  }
  return fetched;
}
