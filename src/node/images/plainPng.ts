import { crc32, inflateSync } from "node:zlib";
import type { DecodedImage } from "../../data/images/color.js";
import { ImageError } from "./header.js";

/** Bytes per pixel by colour type, at 8 bits: grey, RGB, grey with alpha, RGBA. Palettes are left to ImageMagick. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 };

/** A chunk's type as a number: four letters. */
const typeOf = (letters: string) => Buffer.from(letters, "latin1").readUInt32BE();
const [HEADER, DATA, END] = ["IHDR", "IDAT", "IEND"].map(typeOf);
/** Chunks that do not change the pixels. With any other, such as an orientation, the image is not plain. */
const IGNORED = new Set(["gAMA", "sRGB", "cHRM", "pHYs", "tIME", "bKGD"].map(typeOf));

/** Starting an inflater and a fitted image costs more than this many pixels do. */
const MOST_PIXELS = 256 * 256;

const SIGNATURE = [0x89504e47, 0x0d0a1a0a];
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

/** Deflate packs at most this many bytes into one (RFC 1951: 258 bytes in two bits). */
const MOST_PACKED = 1032;

/** Whether a PNG has fewer bytes than its pixels can possibly be packed into. Decoding would only find out late. */
export function isPngCutOff(bytes: Uint8Array): boolean {
  const first = SIGNATURE_BYTES + 8;
  if (bytes.length < first + HEADER_BYTES) return false;
  const view = viewOf(bytes);
  if (view.getUint32(0) !== SIGNATURE[0] || view.getUint32(4) !== SIGNATURE[1]) return false;
  const samples = CHANNELS[bytes[first + 9]] ?? 1;
  const rowBytes = Math.ceil((view.getUint32(first) * bytes[first + 8] * samples) / 8);
  return view.getUint32(first + 4) * (1 + rowBytes) > bytes.length * MOST_PACKED;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The layout of a plain PNG; undefined for any other image, however damaged. */
function layoutOf(bytes: Uint8Array): Layout | undefined {
  const first = SIGNATURE_BYTES + 8;
  if (bytes.length < first + HEADER_BYTES + 4) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(0) !== SIGNATURE[0] || view.getUint32(4) !== SIGNATURE[1]) return undefined;
  const [width, height] = [view.getUint32(first), view.getUint32(first + 4)];
  // Bit depth, colour type, then compression, filter and interlacing.
  const channels = CHANNELS[bytes[first + 9]];
  const methods = bytes[first + 10] + bytes[first + 11] + bytes[first + 12];
  if (bytes[first + 8] !== 8 || channels === undefined || methods !== 0) return undefined;
  if (width < 1 || height < 1 || width * height > MOST_PIXELS) return undefined;
  const chunks: [number, number][] = [];
  for (let place = SIGNATURE_BYTES; place + CHUNK_BYTES <= bytes.length; ) {
    const length = view.getUint32(place);
    const type = view.getUint32(place + 4);
    if (length > bytes.length - place - CHUNK_BYTES) return undefined;
    if (type === END) return chunks.length > 1 ? { width, height, channels, chunks } : undefined;
    const isHeader = place === SIGNATURE_BYTES;
    if (isHeader ? type !== HEADER || length !== HEADER_BYTES : type !== DATA && !IGNORED.has(type)) return undefined;
    if (isHeader || type === DATA) chunks.push([place + 8, length]);
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
  // The row above the first and the pixels left of each row count as 0: a margin saves asking.
  const stride = channels + rowBytes;
  const padded = new Uint8Array((height + 1) * stride);
  const pixels = new Uint8Array(height * rowBytes);
  for (let row = 0; row < height; row++) {
    const source = row * (rowBytes + 1);
    const filter = rows[source];
    if (filter > 4) throw new ImageError(`damaged: a row has the filter ${filter}`);
    const start = (row + 1) * stride + channels;
    for (let place = 0; place < rowBytes; place++) {
      const at = start + place;
      const above = padded[at - stride];
      const left = padded[at - channels];
      let predicted = 0;
      if (filter === 1) predicted = left;
      else if (filter === 2) predicted = above;
      else if (filter === 3) predicted = (left + above) >> 1;
      else if (filter === 4) predicted = paeth(left, above, padded[at - stride - channels]);
      padded[at] = rows[source + 1 + place] + predicted;
      pixels[row * rowBytes + place] = padded[at];
    }
  }
  return pixels;
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
