import type { ImageShape } from "../model/index.js";
import type { Dataset, DatasetPart, SourceFile } from "./dataset.js";

/** The shape of CIFAR images. */
export const CIFAR_SHAPE: ImageShape = { channels: 3, height: 32, width: 32 };

const IMAGE_BYTES = CIFAR_SHAPE.channels * CIFAR_SHAPE.height * CIFAR_SHAPE.width;
const RECORD_BYTES = 1 + IMAGE_BYTES;

const TRAIN_BATCH = /^data_batch_(\d+)\.bin$/;
const TEST_BATCH = "test_batch.bin";

/** Selects the names of a part's batches from a folder's file names, ordered by batch number. */
export function cifarBatchNames(names: readonly string[], part: DatasetPart): string[] {
  if (part === "test") return names.filter((name) => name === TEST_BATCH);
  const number = (name: string) => Number(TRAIN_BATCH.exec(name)?.[1]);
  return names.filter((name) => TRAIN_BATCH.test(name)).sort((one, other) => number(one) - number(other));
}

/**
 * Reads a data set of colour images from CIFAR-10's binary batches. A batch is a sequence of records of 3073 bytes: the
 * label, then the red, green and blue planes of 32 x 32 bytes each, row by row
 * (https://www.cs.toronto.edu/~kriz/cifar.html).
 *
 * @param options.batches the files, at least one; their records are concatenated
 * @param options.checksum the SHA-256 of all batches, in hexadecimal
 * @throws Error if a file is empty or ends within a record, or a label has no class
 */
export function datasetFromCifar(options: {
  name: string;
  classes: readonly string[];
  batches: readonly SourceFile[];
  checksum: string;
}): Dataset {
  const { name, classes, batches, checksum } = options;
  const count = batches.reduce((sum, batch) => sum + recordCount(batch), 0);
  const images = new Uint8Array(count * IMAGE_BYTES);
  const labels = new Uint8Array(count);
  let index = 0;
  for (const { bytes, what } of batches) {
    for (let start = 0; start < bytes.length; start += RECORD_BYTES, index++) {
      const label = bytes[start];
      if (label >= classes.length) {
        const record = start / RECORD_BYTES;
        throw new Error(
          `${what}: expected labels 0 to ${classes.length - 1}, found label ${label} in record ${record}`,
        );
      }
      labels[index] = label;
      images.set(bytes.subarray(start + 1, start + RECORD_BYTES), index * IMAGE_BYTES);
    }
  }
  return { name, classes, ...CIFAR_SHAPE, images, labels, checksum, generated: false };
}

function recordCount({ bytes, what }: SourceFile): number {
  const records = bytes.length / RECORD_BYTES;
  if (records === 0) throw new Error(`${what} is empty: expected records of ${RECORD_BYTES} bytes`);
  if (!Number.isInteger(records)) {
    const complete = Math.floor(records);
    throw new Error(
      `${what} is not a CIFAR batch or is truncated: expected records of ${RECORD_BYTES} bytes, ` +
        `found ${bytes.length - complete * RECORD_BYTES} bytes in record ${complete}`,
    );
  }
  return records;
}
