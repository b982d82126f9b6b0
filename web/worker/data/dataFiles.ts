import { CATALOG } from "../../../src/data/catalog.js";
import { cifarBatchNames } from "../../../src/data/cifar.js";
import { type DatasetParts, datasetFromIdx, type IdxArray, parseIdx } from "../../../src/data/index.js";
import { sha256 } from "../../../src/numeric/sha256.js";
import { unpacked } from "./bytes.js";
import { cifarFromArchive, cifarFromBatches, isCifar } from "./cifar.js";

/** A dropped file, decompressed. */
interface IdxFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly array: IdxArray;
}

/**
 * Reads CIFAR-10's archive or its training batches, or a pair of IDX files, gzipped or not; the headers distinguish images from labels. Among several pairs, takes the
 * one with "train" in its names. The classes are named if the labels are those of a known data set.
 *
 * @throws Error if there is no pair or a file is damaged
 */
export async function readFiles(files: readonly File[]): Promise<DatasetParts> {
  const cifar = files.filter(({ name }) => isCifar(name));
  if (cifar.length > 0) return readCifar(cifar);
  const all = await Promise.all(files.map(readFile));
  const images = trainingFile(all, 3);
  const labels = trainingFile(all, 1);
  if (!images || !labels) {
    const missing = images ? "labels" : "images";
    throw new Error(`no training ${missing} among ${files.map(({ name }) => name).join(", ")}`);
  }
  const known = await knownLabels(labels.bytes);
  const largest = labels.array.data.reduce((most, label) => Math.max(most, label), 0);
  const train = datasetFromIdx({
    name: known?.name ?? "files",
    classes: known?.classes ?? Array.from({ length: largest + 1 }, (_, label) => String(label)),
    images: { bytes: images.bytes, what: images.name },
    labels: { bytes: labels.bytes, what: labels.name },
    checksum: await sha256(images.bytes, labels.bytes),
  });
  return { train };
}

async function readCifar(files: readonly File[]): Promise<DatasetParts> {
  const archive = files.find(({ name }) => cifarBatchNames([name], "train").length === 0);
  if (archive) return cifarFromArchive(new Uint8Array(await archive.arrayBuffer()), archive.name);
  const inOrder = cifarBatchNames(
    files.map(({ name }) => name),
    "train",
  );
  const batches = inOrder.map(async (what) => {
    const file = files.find(({ name }) => name === what);
    return { bytes: new Uint8Array((await file?.arrayBuffer()) ?? new ArrayBuffer()), what };
  });
  return cifarFromBatches(await Promise.all(batches));
}

async function readFile(file: File): Promise<IdxFile> {
  const bytes = await unpacked(new Uint8Array(await file.arrayBuffer()), file.name);
  return { name: file.name, bytes, array: parseIdx(bytes, file.name) };
}

function trainingFile(files: readonly IdxFile[], dimensions: number): IdxFile | undefined {
  const candidates = files.filter(({ array }) => array.dimensions.length === dimensions);
  return candidates.find(({ name }) => name.includes("train")) ?? (candidates.length === 1 ? candidates[0] : undefined);
}

async function knownLabels(bytes: Uint8Array<ArrayBuffer>) {
  const found = await sha256(bytes);
  return CATALOG.find((entry) => entry.format === "idx" && entry.parts.train.labels.sha256 === found);
}
