import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { cifarBatchNames } from "../data/cifar.js";
import type { Dataset, DatasetPart, DatasetParts } from "../data/dataset.js";
import { datasetFromIdx } from "../data/idx.js";
import { CIFAR_BATCHES, cifarFolders, readCifarPart } from "./cifarFiles.js";
import { readStored, sha256 } from "./disk/checkedFile.js";
import { archiveFiles, type FileSet, folderFiles, namesInFolder } from "./disk/fileSet.js";

/** The largest file that is read, packed or unpacked, in bytes. EMNIST's largest has 547 MB. */
const LIMIT = 2 ** 30;
const ARCHIVE = /\.(tar\.gz|tgz)$/;

/** "train-images-idx3-ubyte" and variants such as "emnist-letters-test-images.idx3-ubyte.gz". */
const IDX_IMAGES: Readonly<Record<DatasetPart, RegExp>> = {
  train: /^(.*train)-images[-.]idx3-ubyte(\.gz)?$/,
  test: /^(.*(?:t10k|test))-images[-.]idx3-ubyte(\.gz)?$/,
};

/** Files with the names of the classes, one per line. */
const CLASS_FILES = ["classes.txt", "batches.meta.txt"];
/** A label is a byte. */
const ALL_LABELS = Array.from({ length: 256 }, (_, label) => String(label));

/**
 * Whether a path looks, by names only, like a data set that {@link loadDatasetFiles} reads: a folder with IDX files or
 * CIFAR batches, or an archive (.tar.gz, .tgz).
 */
export async function isDatasetFiles(path: string): Promise<boolean> {
  if (ARCHIVE.test(path)) return (await stat(path).catch(() => undefined))?.isFile() ?? false;
  for (const folder of cifarFolders(path)) {
    if (formatOf((await namesInFolder(folder).catch(() => undefined)) ?? []) !== undefined) return true;
  }
  return false;
}

/**
 * Reads a data set from files: pairs of IDX files named and packed like those of MNIST, EMNIST or KMNIST, or CIFAR
 * batches (data_batch_1.bin …, test_batch.bin), in a folder or a gzipped tar archive. The names of the classes are in
 * classes.txt (or CIFAR's batches.meta.txt), one per line; by default they are "0", "1" … up to the largest label.
 *
 * @returns the parts, without `test` if there are no such files
 * @throws Error if files are missing, damaged or do not belong together
 */
export async function loadDatasetFiles(path: string): Promise<DatasetParts> {
  const files = await openFiles(path);
  const format = formatOf(files.names);
  if (format === undefined) {
    throw new Error(`${path} holds no data set: found neither train-images-idx3-ubyte nor ${CIFAR_BATCHES.train}`);
  }
  const named = await classNames(files);
  const options = { name: basename(resolve(path)).replace(ARCHIVE, ""), classes: named ?? ALL_LABELS };
  const read = format === "idx" ? readIdxPart : readCifarPart;
  const train = await read(files, "train", options);
  const test = holdsPart(files.names, "test", format) ? await read(files, "test", options) : undefined;
  if (test !== undefined) requireSameShape(path, train, test);
  if (named !== undefined) return { train, test };
  const classes = ALL_LABELS.slice(0, 1 + Math.max(largestLabel(train), test ? largestLabel(test) : 0));
  return { train: { ...train, classes }, test: test && { ...test, classes } };
}

type Format = "idx" | "cifar";

function formatOf(names: readonly string[]): Format | undefined {
  return (["idx", "cifar"] as const).find((format) => holdsPart(names, "train", format));
}

function holdsPart(names: readonly string[], part: DatasetPart, format: Format): boolean {
  return format === "idx" ? names.some((name) => IDX_IMAGES[part].test(name)) : cifarBatchNames(names, part).length > 0;
}

async function openFiles(path: string): Promise<FileSet> {
  if (ARCHIVE.test(path)) {
    const stored = await readStored(path, LIMIT);
    if (stored !== undefined) return archiveFiles(stored, path, LIMIT);
  }
  let last: FileSet | undefined;
  for (const folder of cifarFolders(path)) {
    last = (await folderFiles(folder, LIMIT)) ?? last;
    if (last !== undefined && formatOf(last.names) !== undefined) return last;
  }
  if (last === undefined) throw new Error(`${path} does not exist`);
  return last;
}

/** Reads one part of a data set from a pair of IDX files. */
async function readIdxPart(
  files: FileSet,
  part: DatasetPart,
  { name, classes }: { name: string; classes: readonly string[] },
): Promise<Dataset> {
  const imageNames = files.names.filter((candidate) => IDX_IMAGES[part].test(candidate));
  const prefixes = new Set(imageNames.map((imageName) => IDX_IMAGES[part].exec(imageName)?.[1]));
  if (prefixes.size > 1) {
    throw new Error(`${files.path} holds several data sets (${[...prefixes].join(", ")}): keep each in its own folder`);
  }
  const [prefix] = prefixes;
  const isLabels = (candidate: string) =>
    /^-labels[-.]idx1-ubyte(\.gz)?$/.test(candidate.slice(prefix?.length)) && candidate.startsWith(`${prefix}-`);
  const labelName = files.names.find(isLabels);
  if (labelName === undefined) {
    throw new Error(`${files.path} holds no labels for ${imageNames[0]}: expected ${prefix}-labels-idx1-ubyte.gz`);
  }
  const images = await files.read(imageNames[0]);
  const labels = await files.read(labelName);
  return datasetFromIdx({ name, classes, images, labels, checksum: sha256(images.bytes, labels.bytes) });
}

/** The names of the classes; undefined if no file has them. */
async function classNames(files: FileSet): Promise<string[] | undefined> {
  const name = CLASS_FILES.find((candidate) => files.names.includes(candidate));
  if (name === undefined) return undefined;
  const { bytes, what } = await files.read(name);
  const lines = new TextDecoder().decode(bytes).trimEnd().split("\n");
  const names = lines.map((line) => line.trim());
  const empty = names.indexOf("");
  if (empty !== -1)
    throw new Error(`${what}: expected the name of a class on each line, but line ${empty + 1} is empty`);
  return names;
}

function largestLabel({ labels }: Dataset): number {
  return labels.reduce((largest, label) => Math.max(largest, label), 0);
}

function requireSameShape(path: string, train: Dataset, test: Dataset): void {
  const [one, other] = [train, test].map(({ channels, height, width }) => `${channels}x${height}x${width}`);
  if (one !== other) throw new Error(`${path}: the training images are ${one}, but the test images are ${other}`);
}
