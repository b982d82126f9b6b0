import { CATALOG } from "../../../src/data/catalog.js";
import { type DatasetParts, datasetFromIdx, type IdxArray, parseIdx } from "../../../src/data/index.js";
import { sha256 } from "../../../src/numeric/sha256.js";
import { unpacked } from "./bytes.js";

/** A dropped file, decompressed. */
interface IdxFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly array: IdxArray;
}

/**
 * Reads a pair of IDX files, gzipped or not; the headers distinguish images from labels. Among several pairs, takes the
 * one with "train" in its names. The classes are named if the labels are those of a known data set.
 *
 * @throws Error if there is no pair or a file is damaged
 */
export async function readFiles(files: readonly File[]): Promise<DatasetParts> {
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
