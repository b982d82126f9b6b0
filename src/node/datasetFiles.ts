import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { CATALOG, type CatalogEntry } from "../data/catalog.js";
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

/** The folders that may hold the files of a data set, for a path: itself, what CIFAR-10's archive creates, torchvision's. */
async function foldersFor(path: string): Promise<string[]> {
  const below = (await namesInFolder(path).catch(() => undefined)) ?? [];
  return [...cifarFolders(path), join(path, "raw"), ...below.map((name) => join(path, name, "raw"))];
}

/**
 * Whether a path looks, by names only, like a data set that {@link loadDatasetFiles} reads: a folder with IDX files or
 * CIFAR batches, or an archive (.tar.gz, .tgz).
 */
export async function isDatasetFiles(path: string): Promise<boolean> {
  if (ARCHIVE.test(path)) return (await stat(path).catch(() => undefined))?.isFile() ?? false;
  for (const folder of await foldersFor(path)) if (await holdsDataset(folder)) return true;
  return false;
}

async function holdsDataset(folder: string): Promise<boolean> {
  return formatOf((await namesInFolder(folder).catch(() => undefined)) ?? []) !== undefined;
}

/** A data set from files. */
export interface FileParts extends DatasetParts {
  /** The title of the known data set that it is, by its checksums. */
  readonly title?: string;
}

/**
 * Reads a data set from files: pairs of IDX files named and packed like those of MNIST, EMNIST or KMNIST, or CIFAR
 * batches (data_batch_1.bin …, test_batch.bin), in a folder, one of torchvision's or a gzipped tar archive. The names of
 * the classes are in classes.txt (or CIFAR's batches.meta.txt), one per line. By default they are those of the known data
 * set that the files are, or "0", "1" … up to the largest label.
 *
 * @returns the parts, without `test` if there are no such files
 * @throws Error if files are missing, damaged or do not belong together
 */
export async function loadDatasetFiles(path: string): Promise<FileParts> {
  const digests = new Set<string>();
  const files = recording(await openFiles(path, digests), digests);
  const format = formatOf(files.names);
  if (format === undefined) {
    throw new Error(`${path} holds no data set: found neither train-images-idx3-ubyte nor ${CIFAR_BATCHES.train}`);
  }
  const named = await classNames(files);
  const options = { name: nameOf(path, files), classes: named ?? ALL_LABELS };
  const read = format === "idx" ? readIdxPart : readCifarPart;
  const train = await read(files, "train", options);
  const test = holdsPart(files.names, "test", format) ? await read(files, "test", options) : undefined;
  if (test !== undefined) requireSameShape(path, train, test);
  const known = CATALOG.find((entry) => isKnown(entry, digests, test === undefined ? ["train"] : ["train", "test"]));
  if (known !== undefined) {
    const { name, title } = known;
    const classes = named ?? known.classes;
    return { title, train: { ...train, name, classes }, test: test && { ...test, name, classes } };
  }
  if (named !== undefined) return { train, test };
  const classes = ALL_LABELS.slice(0, 1 + Math.max(largestLabel(train), test ? largestLabel(test) : 0));
  return { train: { ...train, classes }, test: test && { ...test, classes } };
}

/** The files, with the SHA-256 of each that is read added to a set. */
function recording(files: FileSet, digests: Set<string>): FileSet {
  const read = async (name: string) => {
    const file = await files.read(name);
    digests.add(sha256(file.bytes));
    return file;
  };
  return { ...files, read };
}

/** Whether the files with these SHA-256 are those of a known data set. */
function isKnown(entry: CatalogEntry, digests: ReadonlySet<string>, parts: readonly DatasetPart[]): boolean {
  if (entry.format === "cifar") return digests.has(entry.archive.sha256);
  return parts.every((part) => Object.values(entry.parts[part]).every((file) => digests.has(file.sha256)));
}

/** A data set's name: that of its folder or archive, or of the one around torchvision's `raw`. */
function nameOf(path: string, files: FileSet): string {
  const folder = resolve(files.path);
  return basename(basename(folder) === "raw" ? dirname(folder) : resolve(path)).replace(ARCHIVE, "");
}

type Format = "idx" | "cifar";

function formatOf(names: readonly string[]): Format | undefined {
  return (["idx", "cifar"] as const).find((format) => holdsPart(names, "train", format));
}

function holdsPart(names: readonly string[], part: DatasetPart, format: Format): boolean {
  return format === "idx" ? names.some((name) => IDX_IMAGES[part].test(name)) : cifarBatchNames(names, part).length > 0;
}

/** @param digests receives an archive's SHA-256 */
async function openFiles(path: string, digests: Set<string>): Promise<FileSet> {
  if (ARCHIVE.test(path)) {
    const stored = await readStored(path, LIMIT);
    if (stored !== undefined) {
      digests.add(sha256(stored));
      return archiveFiles(stored, path, LIMIT);
    }
  }
  const holding: string[] = [];
  for (const folder of await foldersFor(path)) if (await holdsDataset(folder)) holding.push(folder);
  const [first = path, ...others] = holding;
  if (others.length > 0 && basename(first) === "raw") {
    throw new Error(
      `${path} holds several data sets: name the folder of one, ${holding.map((folder) => dirname(folder)).join(" or ")}`,
    );
  }
  const files = await folderFiles(first, LIMIT);
  if (files === undefined) throw new Error(`${path} does not exist`);
  return files;
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
