import { join } from "node:path";
import { type CatalogEntry, type CatalogFile, type CifarEntry, catalogEntry, type IdxEntry } from "../data/catalog.js";
import { cifarBatchNames } from "../data/cifar.js";
import type { Dataset, DatasetPart, SourceFile } from "../data/dataset.js";
import { datasetFromIdx } from "../data/idx.js";
import { CIFAR_BATCHES, cifarFolders, readCifarPart, refusePickledBatches } from "./cifarFiles.js";
import { readChecked, readStored, sha256 } from "./disk/checkedFile.js";
import type { DownloadOptions } from "./disk/download.js";
import { archiveFiles, type FileSet, folderFiles } from "./disk/fileSet.js";
import { findFile, obtain } from "./obtain.js";
import { foldersIn, namesOf, type Place } from "./places.js";

/** Where to look for a data set, and how to download it. */
export interface LoadDatasetOptions extends DownloadOptions {
  /** If set, the only folder to look in, and nothing is downloaded. */
  readonly dataDir?: string;
  /** Called with a line if the files read are not the published ones. */
  readonly onWarning?: (line: string) => void;
}

/** More than CIFAR-10's archive, packed or unpacked: 184 MB. */
const CIFAR_LIMIT = 190_000_000;

/**
 * Reads one part of a known data set, and downloads it into the cache if it is missing. Looks only in options.dataDir
 * if that is set, otherwise in $LENET_DATA, the cache and the folder of the system's package. In each folder DIR, both
 * DIR/<name> and DIR are searched: for IDX files, gzipped or not, and for CIFAR-10's archive, packed or unpacked. Files
 * must match the catalog's checksum, with two exceptions: unpacked CIFAR batches have none, and a different archive in
 * a folder that the user named is read with a warning.
 *
 * @param data a name in the catalog, or an entry of the same kind
 * @throws DatasetUnavailableError if it is not found and cannot be downloaded
 * @throws Error if the name is unknown, dataDir (or $LENET_DATA) holds a damaged file, or dataDir does not hold the
 *   data set
 * @throws the signal's reason if the download is aborted
 */
export async function loadDataset(
  data: string | CatalogEntry,
  part: DatasetPart,
  options: LoadDatasetOptions = {},
): Promise<Dataset> {
  const [dataset] = await loadParts(data, [part], options);
  return dataset;
}

/** Reads both parts of a known data set like {@link loadDataset}, but an archive with both only once. */
export async function loadDatasetParts(
  data: string | CatalogEntry,
  options: LoadDatasetOptions = {},
): Promise<Record<DatasetPart, Dataset>> {
  const [train, test] = await loadParts(data, ["train", "test"], options);
  return { train, test };
}

async function loadParts(
  data: string | CatalogEntry,
  parts: readonly DatasetPart[],
  options: LoadDatasetOptions,
): Promise<Dataset[]> {
  const entry = typeof data === "string" ? catalogEntry(data) : data;
  if (entry.format === "cifar") return loadCifar(entry, parts, options);
  const datasets: Dataset[] = [];
  for (const part of parts) datasets.push(await loadIdx(entry, part, options));
  return datasets;
}

async function loadIdx(entry: IdxEntry, part: DatasetPart, options: LoadDatasetOptions): Promise<Dataset> {
  const { name, classes } = entry;
  const images = await obtainIdx(entry, entry.parts[part].images, options);
  const labels = await obtainIdx(entry, entry.parts[part].labels, options);
  return datasetFromIdx({ name, classes, images, labels, checksum: sha256(images.bytes, labels.bytes) });
}

function obtainIdx(entry: IdxEntry, file: CatalogFile, options: LoadDatasetOptions): Promise<SourceFile> {
  return obtain(entry, options, {
    file,
    names: namesOf(file),
    find: ({ folder }) => findFile(folder, entry, file),
    open: async (source) => source,
  });
}

function loadCifar(entry: CifarEntry, parts: readonly DatasetPart[], options: LoadDatasetOptions): Promise<Dataset[]> {
  return obtain(entry, options, {
    file: entry.archive,
    names: [entry.archive.name, CIFAR_BATCHES[parts[0]]],
    find: async (place) => {
      const found = await findCifar(place, entry, parts, options.onWarning);
      if (found === undefined && options.dataDir !== undefined) await refusePickledBatches(options.dataDir);
      return found;
    },
    open: async ({ bytes, what }) => readCifarParts(await archiveFiles(bytes, what, CIFAR_LIMIT), entry, parts),
  });
}

/** Parts from the archive or from unpacked batches; undefined if a place has neither. */
async function findCifar(
  place: Place,
  entry: CifarEntry,
  parts: readonly DatasetPart[],
  onWarning?: (line: string) => void,
): Promise<Dataset[] | undefined> {
  for (const base of foldersIn(place.folder, entry)) {
    const archive = await openArchive(join(base, entry.archive.name), entry, place);
    if (archive !== undefined) {
      const datasets = await readCifarParts(archive.files, entry, parts);
      if (archive.warning !== undefined) onWarning?.(archive.warning);
      return datasets;
    }
    for (const folder of cifarFolders(base)) {
      const files = await folderFiles(folder, CIFAR_LIMIT);
      if (files !== undefined && parts.some((part) => cifarBatchNames(files.names, part).length > 0)) {
        return readCifarParts(files, entry, parts);
      }
    }
  }
  return undefined;
}

/** Opens an archive. In a folder that the user named it may differ from the published one, with a warning. */
async function openArchive(
  path: string,
  entry: CifarEntry,
  place: Place,
): Promise<{ files: FileSet; warning?: string } | undefined> {
  const stored = place.named ? await readStored(path, CIFAR_LIMIT) : await readChecked(path, entry.archive);
  if (stored === undefined) return undefined;
  const checksum = sha256(stored);
  const warning =
    checksum === entry.archive.sha256
      ? undefined
      : `${path} is not the published archive (its sha256 is ${checksum}); using it anyway`;
  return { files: await archiveFiles(stored, path, CIFAR_LIMIT), warning };
}

async function readCifarParts(files: FileSet, entry: CifarEntry, parts: readonly DatasetPart[]): Promise<Dataset[]> {
  return Promise.all(parts.map((part) => readCifarPart(files, part, entry)));
}
