import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DIGITS_DATASET, generateDigits } from "../../dist/data/index.js";

/** Writes a folder with generated digits as IDX files: few enough for an epoch to take milliseconds. */
export async function writeDigitFiles(folder, { train, test }, shape = DIGITS_DATASET.shape) {
  await mkdir(folder);
  await writePart(folder, "train", "train", train, shape);
  await writePart(folder, "t10k", "test", test, shape);
}

async function writePart(folder, prefix, part, count, shape) {
  const { images, labels, height, width } = generateDigits({ ...shape, seed: 0, count, part });
  await writeFile(join(folder, `${prefix}-images-idx3-ubyte`), idx([count, height, width], images));
  await writeFile(join(folder, `${prefix}-labels-idx1-ubyte`), idx([count], labels));
}

/** The IDX format: zeros, the type of a byte, the number of dimensions, each as a big-endian word, the values. */
function idx(dimensions, values) {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header[2] = 8;
  header[3] = dimensions.length;
  dimensions.forEach((extent, index) => {
    header.writeUInt32BE(extent, 4 + 4 * index);
  });
  return Buffer.concat([header, values]);
}
