import { type CatalogEntry, catalogEntry, catalogFiles } from "../data/catalog.js";
import { cacheFolder, type DownloadOptions } from "./disk/download.js";
import { DamagedFileError } from "./disk/files.js";
import { downloadOr, findFile } from "./obtain.js";

/** A file in the cache. */
export interface FetchedFile {
  readonly path: string;
  /** Whether it was downloaded just now; false where it was there already. */
  readonly downloaded: boolean;
}

/**
 * Downloads a known data set into the cache, except those of its files that are there and have the right checksum.
 *
 * @param data a name of the catalog, or an entry of the same kind
 * @throws DatasetUnavailableError where a file cannot be downloaded
 * @throws the signal's reason where it ends the download
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
