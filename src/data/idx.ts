import type { Dataset, SourceFile } from "./dataset.js";

/** The content of an IDX file of bytes. */
export interface IdxArray {
  /** The extents, outermost first: [count] for labels, [count, height, width] for images. */
  readonly dimensions: readonly number[];
  /** The values, row-major: a view of the parsed bytes. */
  readonly data: Uint8Array;
}

const UINT8 = 0x08;
const LABEL_DIMENSIONS = 1;
const IMAGE_DIMENSIONS = 3;
const MAXIMUM_DIMENSIONS = 4;
/** More than this means a damaged header. */
const MAXIMUM_VALUES = 2 ** 31;

/**
 * Parses an IDX file of unsigned bytes: 00 00 08 and the number of dimensions, each extent as a big-endian 32-bit
 * integer, then the values.
 *
 * @param bytes the file's entire content, decompressed
 * @param what the file's name in messages
 * @throws Error if the header is invalid or the length does not match it
 */
export function parseIdx(bytes: Uint8Array, what: string): IdxArray {
  const count = dimensionCount(bytes, what);
  const headerBytes = 4 + 4 * count;
  if (bytes.length < headerBytes) {
    throw new Error(`${what} is truncated: its header takes ${headerBytes} bytes, the file has ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dimensions = Array.from({ length: count }, (_, index) => view.getUint32(4 + 4 * index));
  const shape = dimensions.join(" x ");
  const values = dimensions.reduce((product, extent) => product * extent, 1);
  if (values === 0 || values > MAXIMUM_VALUES) {
    throw new Error(
      `${what} has implausible dimensions: expected 1 to ${MAXIMUM_VALUES} values, its header says ${shape}`,
    );
  }
  const found = bytes.length - headerBytes;
  if (found !== values) {
    const fault = found < values ? "is truncated" : "is too long";
    throw new Error(`${what} ${fault}: ${shape} takes ${values} bytes after the header, the file has ${found}`);
  }
  // Not subarray(): on Node's Buffer it returns a Buffer, whose slice() does not copy.
  return { dimensions, data: new Uint8Array(bytes.buffer, bytes.byteOffset + headerBytes, values) };
}

/** The number of dimensions, from the first four bytes. */
function dimensionCount(bytes: Uint8Array, what: string): number {
  if (bytes.length < 4) {
    throw new Error(`${what} is not an IDX file: expected a header of at least 4 bytes, the file has ${bytes.length}`);
  }
  const [first, second, type, count] = bytes;
  const found = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  if (first !== 0 || second !== 0) {
    const compressed = first === 0x1f && second === 0x8b ? " (it is compressed with gzip)" : "";
    throw new Error(`${what} is not an IDX file: expected it to start with 00 00 08, found ${found}${compressed}`);
  }
  if (type !== UINT8) {
    throw new Error(`${what} does not hold unsigned bytes: expected it to start with 00 00 08, found ${found}`);
  }
  if (count < 1 || count > MAXIMUM_DIMENSIONS) {
    throw new Error(`${what} has ${count} dimensions, expected 1 to ${MAXIMUM_DIMENSIONS}`);
  }
  return count;
}

/**
 * Reads a data set of grey images from a pair of IDX files.
 *
 * @param options.images the file of [count, height, width]
 * @param options.labels the file of [count], each value an index into the classes
 * @param options.checksum the SHA-256 of the files, in hexadecimal
 * @throws Error if a file is damaged, the files are swapped or do not match, or a label has no class
 */
export function datasetFromIdx(options: {
  name: string;
  classes: readonly string[];
  images: SourceFile;
  labels: SourceFile;
  checksum: string;
}): Dataset {
  const { name, classes, checksum } = options;
  const images = parseIdx(options.images.bytes, options.images.what);
  const labels = parseIdx(options.labels.bytes, options.labels.what);
  if (images.dimensions.length === LABEL_DIMENSIONS && labels.dimensions.length === IMAGE_DIMENSIONS) {
    throw new Error(
      `images and labels are swapped: ${options.images.what} holds labels, ${options.labels.what} holds images`,
    );
  }
  requireDimensions(images, IMAGE_DIMENSIONS, `images in ${options.images.what}`);
  requireDimensions(labels, LABEL_DIMENSIONS, `labels in ${options.labels.what}`);
  const [count, height, width] = images.dimensions;
  if (labels.data.length !== count) {
    throw new Error(
      `${options.images.what} holds ${count} images, but ${options.labels.what} holds ${labels.data.length} labels`,
    );
  }
  const wrong = labels.data.findIndex((label) => label >= classes.length);
  if (wrong !== -1) {
    const range = `labels 0 to ${classes.length - 1}`;
    throw new Error(`${options.labels.what}: expected ${range}, found label ${labels.data[wrong]} at index ${wrong}`);
  }
  return {
    name,
    classes,
    channels: 1,
    height,
    width,
    images: images.data,
    labels: labels.data,
    checksum,
    generated: false,
  };
}

function requireDimensions(array: IdxArray, expected: number, what: string): void {
  if (array.dimensions.length !== expected) {
    const found = `${array.dimensions.length} (${array.dimensions.join(" x ")})`;
    throw new Error(`${what}: expected ${expected} dimension${expected === 1 ? "" : "s"}, found ${found}`);
  }
}
