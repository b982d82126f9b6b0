import assert from "node:assert/strict";
import { getHeapStatistics } from "node:v8";
import { parseAugmentation } from "../../dist/data/augmentationText.js";
import { datasetFromCifar } from "../../dist/data/cifar.js";
import { datasetFromIdx } from "../../dist/data/idx.js";
import { readTar } from "../../dist/data/tar.js";
import { readCheckpoint, writeCheckpoint } from "../../dist/formats/checkpoint.js";
import { FormatError } from "../../dist/formats/errors.js";
import { readOnnx } from "../../dist/formats/onnx/index.js";
import { readPth, writePth } from "../../dist/formats/pth/pth.js";
import { readRecipeFile } from "../../dist/formats/recipeFile.js";
import { readSafetensors, writeSafetensors } from "../../dist/formats/safetensors.js";
import { readSoftLabels } from "../../dist/formats/softLabels.js";
import { fileStart, lengthUpTo } from "../../dist/formats/tensorboard/events.js";
import { writeRecord } from "../../dist/formats/tensorboard/records.js";
import { readWeights, WEIGHTS_FORMATS, writeWeights } from "../../dist/formats/weightFiles.js";
import { openStoredZip } from "../../dist/formats/zip/read.js";
import { writeStoredZip } from "../../dist/formats/zip/write.js";
import { DamagedFileError } from "../../dist/node/disk/files.js";
import { decodeImage } from "../../dist/node/images/codec.js";
import { ImageError, readImageHeader } from "../../dist/node/images/header.js";
import { parseRunConfig } from "../../dist/runs/config.js";
import { formatHistory, parseHistory } from "../../dist/runs/history.js";

// One function per format. It takes any bytes, and throws only if a promise is broken: a file is read completely, or
// refused in one line by an error of our own.

/** What reading an input of at most 64 kB may allocate outside of JavaScript's heap. */
const MOST_BYTES = 64e6;

const classes = ["a", "b", "c"];
const RECIPE = { activation: "relu", pooling: "maxPool2d", dropout: 0 };

/**
 * @param read what to do with the bytes
 * @param isRefusal whether an error was thrown on purpose
 * @returns what was read, or undefined if it was refused
 */
function guarded(read, isRefusal = isOurs) {
  const before = getHeapStatistics().external_memory;
  let found;
  try {
    found = read();
  } catch (error) {
    const errors = error instanceof AggregateError ? error.errors : [error];
    for (const each of errors) {
      if (!isRefusal(each)) throw error;
      assert.match(each.message, /^[^\r\n]+$/, "the message is not one line");
    }
  }
  const bytes = getHeapStatistics().external_memory - before;
  assert.ok(bytes < MOST_BYTES, `it took ${bytes} bytes`);
  return found;
}

const nothing = () => false;
const isOurs = (error) => error instanceof FormatError;
/** Data sets have no class of errors. Those of JavaScript itself are others. */
const isPlain = (error) => isOurs(error) || error instanceof DamagedFileError || error.constructor === Error;

/** Tensors must survive being written, bit for bit. */
function assertKept(write, read, { tensors, metadata }) {
  const again = read(write(tensors, metadata));
  assert.deepEqual([...again.tensors.keys()], [...tensors.keys()]);
  for (const [name, { shape, data }] of tensors) {
    const other = again.tensors.get(name);
    assert.deepEqual(other.shape, shape);
    assert.ok(Buffer.from(other.data.buffer).equals(Buffer.from(data.buffer, data.byteOffset, data.byteLength)), name);
  }
}

export function safetensors(bytes) {
  const found = guarded(() => readSafetensors(bytes));
  if (found) assertKept(writeSafetensors, readSafetensors, found);
}

export function pth(bytes) {
  const found = guarded(() => readPth(bytes));
  const isAscii = found && Object.keys(found.metadata).every((name) => /^[!-~]+$/.test(name));
  if (isAscii) assertKept(writePth, readPth, found);
}

/** A pickle in an archive whose checksums are right, with storages of 64 bytes. */
export function pickle(bytes) {
  const storages = ["0", "1", "2"].map((key) => [`a/data/${key}`, new Uint8Array(64)]);
  const version = ["a/version", Buffer.from("3\n")];
  guarded(() => readPth(writeStoredZip([["a/data.pkl", bytes], ...storages, version], 64)));
}

export function softLabels(bytes) {
  const found = guarded(() => readSoftLabels(bytes));
  if (!found) return;
  assert.equal(found.data.length, found.shape[0] * found.shape[1]);
  assert.ok(found.data.every(Number.isFinite));
}

export function zip(bytes) {
  guarded(() => {
    const archive = openStoredZip(bytes);
    for (const name of archive.names) archive.read(name);
  });
}

export function onnx(bytes) {
  guarded(() => readOnnx(bytes));
}

export function weights(bytes) {
  const found = guarded(() => readWeights(bytes, RECIPE));
  if (!found) return;
  for (const format of WEIGHTS_FORMATS) {
    const again = readWeights(writeWeights(found, format), RECIPE);
    for (const [name, { data }] of found.parameters) {
      assert.ok(Buffer.from(again.parameters.get(name).data.buffer).equals(Buffer.from(data.buffer)), name);
    }
  }
}

/** Metadata in a file whose structure is right. */
export function metadata(bytes) {
  const file = writeSafetensors(new Map(), { lenet: new TextDecoder().decode(bytes) });
  guarded(() => readWeights(file, RECIPE));
}

export function checkpoint(bytes) {
  const found = guarded(() => readCheckpoint(bytes));
  if (found) assert.deepEqual(readCheckpoint(writeCheckpoint(found)), found);
}

export function recipe(bytes) {
  const found = guarded(() => readRecipeFile(new TextDecoder().decode(bytes), "fuzzed"));
  // A recipe is a file too, and says the same.
  if (found) assert.deepEqual(readRecipeFile(JSON.stringify(found.recipe), "fuzzed").recipe, found.recipe);
}

export function config(bytes) {
  guarded(() => parseRunConfig(new TextDecoder().decode(bytes)));
}

export function history(bytes) {
  const found = guarded(() => parseHistory(new TextDecoder().decode(bytes)));
  if (found) assert.deepEqual(parseHistory(formatHistory(found)), found);
}

/** A record of an event file whose checksums are right, and what a resumed run keeps of a damaged file. */
export function events(bytes) {
  for (const file of [Buffer.concat([fileStart(1), writeRecord(bytes)]), bytes]) {
    const length = guarded(() => lengthUpTo(file, 2), nothing);
    assert.equal(lengthUpTo(file.subarray(0, length), 2), length);
  }
}

export function augmentation(bytes) {
  guarded(
    () => parseAugmentation(new TextDecoder().decode(bytes)),
    (error) => error instanceof RangeError,
  );
}

export function idx(bytes) {
  const labels = { bytes: Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2), what: "labels" };
  const found = guarded(
    () => datasetFromIdx({ name: "fuzzed", classes, images: { bytes, what: "images" }, labels, checksum: "" }),
    isPlain,
  );
  if (found) assert.equal(found.images.length, 3 * found.height * found.width);
}

export function cifar(bytes) {
  const options = { name: "fuzzed", classes, batches: [{ bytes, what: "batch" }], checksum: "" };
  const found = guarded(() => datasetFromCifar(options), isPlain);
  if (found) assert.ok(found.labels.every((label) => label < classes.length));
}

export function tar(bytes) {
  guarded(() => readTar(bytes, "archive"), isPlain);
}

export function imageHeader(bytes) {
  guarded(
    () => readImageHeader(bytes),
    (error) => error instanceof ImageError,
  );
}

export async function image(bytes) {
  try {
    const { width, height } = readImageHeader(bytes);
    // Larger ones take time and find nothing else.
    if (width * height > 10_000) return;
    const decoded = await decodeImage(bytes);
    assert.equal(decoded.rgba.length, 4 * decoded.width * decoded.height);
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    assert.match(error.message, /^[^\r\n]+$/, "the message is not one line");
  }
}
