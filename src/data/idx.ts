import type { Dataset, SourceFile } from "./dataset.js";

/** What an IDX file of bytes holds. */
export interface IdxArray {
  /** The extents, outermost first: [count] for labels, [count, height, width] for images. */
  readonly dimensions: readonly number[];
  /** The values, row-major; a view into the bytes that were parsed. */
  readonly data: Uint8Array;
}

const UINT8 = 0x08;
const LABEL_DIMENSIONS = 1;
const IMAGE_DIMENSIONS = 3;
const MAXIMUM_DIMENSIONS = 4;
/** More than this is a damaged header, not a data set. */
const MAXIMUM_VALUES = 2 ** 31;

/**
 * Reads an IDX file of unsigned bytes: 00 00 08 and the number of dimensions, each extent as a big-endian
 * 32-bit integer, then the values.
 *
 * @param bytes the file's whole content, unpacked
 * @param what the file's name, for messages
 * @throws Error where the header is not such a header or the length is not what the header says
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
    throw new Error(`${what} has absurd dimensions: expected 1 to ${MAXIMUM_VALUES} values, its header says ${shape}`);
  }
  const found = bytes.length - headerBytes;
  if (found !== values) {
    const fault = found < values ? "is truncated" : "is too long";
    throw new Error(`${what} ${fault}: ${shape} takes ${values} bytes after the header, the file has ${found}`);
  }
  // Not subarray(): of Node's Buffer it gives a Buffer, whose slice() does not copy.
  return { dimensions, data: new Uint8Array(bytes.buffer, bytes.byteOffset + headerBytes, values) };
}

/** The number of dimensions that the first four bytes name. */
function dimensionCount(bytes: Uint8Array, what: string): number {
  if (bytes.length < 4) {
    throw new Error(`${what} is no IDX file: expected a header of at least 4 bytes, the file has ${bytes.length}`);
  }
  const [first, second, type, count] = bytes;
  const found = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  if (first !== 0 || second !== 0) {
    const packed = first === 0x1f && second === 0x8b ? " (it is packed with gzip)" : "";
    throw new Error(`${what} is no IDX file: expected it to start with 00 00 08, found ${found}${packed}`);
  }
  if (type !== UINT8) {
    throw new Error(`${what} holds other values than unsigned bytes: expected 00 00 08 at its start, found ${found}`);
  }
  if (count < 1 || count > MAXIMUM_DIMENSIONS) {
    throw new Error(`${what} has ${count} dimensions, expected 1 to ${MAXIMUM_DIMENSIONS}`);
  }
  return count;
}

/**
 * A data set of grey images from a pair of IDX files.
 *
 * @param options.images the file of [count, height, width]
 * @param options.labels the file of [count], each value an index into the classes
 * @param options.checksum the sha256 of what was read, in hexadecimal
 * @throws Error where a file is damaged, the two are swapped or do not belong together, or a label has no class
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
  const strange = labels.data.findIndex((label) => label >= classes.length);
  if (strange !== -1) {
    const range = `expected 0 to ${classes.length - 1}`;
    throw new Error(`${options.labels.what}: ${range}, found label ${labels.data[strange]} at index ${strange}`);
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
