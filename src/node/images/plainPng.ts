import { crc32, inflateSync } from "node:zlib";
import type { DecodedImage } from "../../data/images/color.js";
import { ImageError, imageFormat } from "./header.js";

/** Bytes per pixel by colour type, at 8 bits: grey, RGB, grey with alpha, RGBA. Palettes are left to ImageMagick. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };

/** Chunks that do not change the pixels. With any other, such as an orientation, the image is not plain. */
const IGNORED = new Set(["gAMA", "sRGB", "cHRM", "pHYs", "tIME", "bKGD"]);

/** Starting an inflater and a fitted image costs more than this many pixels do. */
const MOST_PIXELS = 256 * 256;

const SIGNATURE_BYTES = 8;
/** Length, type and checksum. */
const CHUNK_BYTES = 12;
const HEADER_BYTES = 13;

/** Where the parts of a plain PNG are. */
interface Layout {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** The offset and length of the data of each chunk whose content counts: IHDR, then every IDAT. */
  readonly chunks: readonly (readonly [offset: number, length: number])[];
}

/**
 * Whether an image is a small PNG of 8 bits, not interlaced, with nothing in it but pixels. It is then decoded in
 * microseconds by `decodePlainPng`. Looks at the chunks only, not into them.
 */
export function isPlainPng(bytes: Uint8Array): boolean {
  return layoutOf(bytes) !== undefined;
}

/**
 * Decodes a plain PNG, to the same pixels as `decodeImage`. Never inflates more bytes than the pixels take.
 *
 * @throws ImageError if it is not plain or damaged
 */
export function decodePlainPng(bytes: Uint8Array): DecodedImage {
  const layout = layoutOf(bytes);
  if (!layout) throw new ImageError("not a plain PNG");
  const { width, height, channels, chunks } = layout;
  const view = viewOf(bytes);
  for (const [offset, length] of chunks) {
    const checksum = view.getUint32(offset + length);
    if (crc32(bytes.subarray(offset - 4, offset + length)) !== checksum) {
      throw new ImageError("damaged: a checksum does not match");
    }
  }
  const rows = inflate(bytes, chunks.slice(1), height * (1 + width * channels));
  const pixels = unfilter(rows, height, width * channels, channels);
  return { width, height, rgba: toRgba(pixels, width * height, channels) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The layout of a plain PNG; undefined for any other image, however damaged. */
function layoutOf(bytes: Uint8Array): Layout | undefined {
  const first = SIGNATURE_BYTES + 8;
  if (bytes.length < first + HEADER_BYTES + 4 || imageFormat(bytes) !== "PNG") return undefined;
  const view = viewOf(bytes);
  const [width, height] = [view.getUint32(first), view.getUint32(first + 4)];
  const [depth, colorType, compression, filter, interlace] = bytes.subarray(first + 8, first + HEADER_BYTES);
  const channels = CHANNELS[colorType];
  if (depth !== 8 || channels === undefined || compression + filter + interlace !== 0) return undefined;
  if (width < 1 || height < 1 || width * height > MOST_PIXELS) return undefined;
  const chunks: [number, number][] = [];
  for (let place = SIGNATURE_BYTES; place + CHUNK_BYTES <= bytes.length; ) {
    const length = view.getUint32(place);
    const type = String.fromCharCode(...bytes.subarray(place + 4, place + 8));
    if (length > bytes.length - place - CHUNK_BYTES) return undefined;
    if (type === "IEND") return chunks.length > 1 ? { width, height, channels, chunks } : undefined;
    const isHeader = place === SIGNATURE_BYTES;
    if (isHeader ? type !== "IHDR" || length !== HEADER_BYTES : type !== "IDAT" && !IGNORED.has(type)) return undefined;
    if (isHeader || type === "IDAT") chunks.push([place + 8, length]);
    place += CHUNK_BYTES + length;
  }
  return undefined;
}

function inflate(bytes: Uint8Array, chunks: Layout["chunks"], size: number): Uint8Array {
  const parts = chunks.map(([offset, length]) => bytes.subarray(offset, offset + length));
  const packed = parts.length === 1 ? parts[0] : Buffer.concat(parts);
  let rows: Uint8Array;
  try {
    rows = inflateSync(packed, { maxOutputLength: size, chunkSize: Math.max(size + 1, 64) });
  } catch (error) {
    throw new ImageError(`damaged: ${(error as Error).message.split("\n", 1)[0]}`);
  }
  if (rows.length !== size) throw new ImageError(`damaged: it has ${rows.length} bytes of pixels instead of ${size}`);
  return rows;
}

/** Undoes the filter of every row (PNG specification, section 9). */
function unfilter(rows: Uint8Array, height: number, rowBytes: number, channels: number): Uint8Array {
  const pixels = new Uint8Array(height * rowBytes);
  for (let row = 0; row < height; row++) {
    const source = row * (rowBytes + 1);
    const filter = rows[source];
    if (filter > 4) throw new ImageError(`damaged: a row has the filter ${filter}`);
    const target = row * rowBytes;
    for (let place = 0; place < rowBytes; place++) {
      const left = place < channels ? 0 : pixels[target + place - channels];
      const above = row === 0 ? 0 : pixels[target + place - rowBytes];
      const corner = place < channels || row === 0 ? 0 : pixels[target + place - rowBytes - channels];
      pixels[target + place] = rows[source + 1 + place] + prediction(filter, left, above, corner);
    }
  }
  return pixels;
}

function prediction(filter: number, left: number, above: number, corner: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return above;
    case 3:
      return (left + above) >> 1;
    case 4:
      return paeth(left, above, corner);
    default:
      return 0;
  }
}

/** Whichever of the three is closest to left + above − corner. */
function paeth(left: number, above: number, corner: number): number {
  const toLeft = Math.abs(above - corner);
  const toAbove = Math.abs(left - corner);
  const toCorner = Math.abs(left + above - 2 * corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

function toRgba(pixels: Uint8Array, count: number, channels: number): Uint8Array {
  if (channels === 4) return pixels;
  const rgba = new Uint8Array(4 * count);
  const colours = channels < 3 ? 1 : 3;
  for (let pixel = 0, source = 0; pixel < count; pixel++, source += channels) {
    for (let colour = 0; colour < 3; colour++) rgba[4 * pixel + colour] = pixels[source + (colour % colours)];
    rgba[4 * pixel + 3] = channels === 2 ? pixels[source + 1] : 255;
  }
  return rgba;
}
