import { crc32, deflateSync, inflateSync } from "node:zlib";
import type { DecodedImage } from "../../data/images/color.js";
import { ImageError } from "./header.js";
import { exifOrientation, upright } from "./orientation.js";

// Sections are those of the PNG specification, third edition.

/** Samples per pixel by colour type: grey, red-green-blue, palette, grey and alpha, red-green-blue and alpha. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const [GREY, COLOUR, PALETTE, GREY_ALPHA] = [0, 2, 3, 4];
/** The bit depths that a colour type may have (table 8). */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

/** A chunk's type as a number: four letters. */
const typeOf = (letters: string) => Buffer.from(letters, "latin1").readUInt32BE();
const [HEADER, COLOURS, TRANSPARENCY, EXIF, DATA, END] = ["IHDR", "PLTE", "tRNS", "eXIf", "IDAT", "IEND"].map(typeOf);
/** Chunks that do not change the pixels. With any other, such as an orientation, the image is not plain. */
const IGNORED = new Set(["gAMA", "sRGB", "cHRM", "pHYs", "tIME", "bKGD"].map(typeOf));

/** Larger images are not plain: decoding them takes longer than a message to another thread. */
const MOST_PLAIN_PIXELS = 256 * 256;

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
/** Length, type and checksum. */
const CHUNK_BYTES = 12;
const HEADER_BYTES = 13;
/** Deflate packs at most this many bytes into one (RFC 1951: 258 bytes in two bits). */
const MOST_PACKED = 1032;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly isInterlaced: boolean;
}

interface Chunk {
  readonly type: number;
  readonly data: Uint8Array;
  /** Whether its checksum is right. */
  readonly isSound: () => boolean;
}

/** One of the images of an interlaced image (section 8.2), or the only one: its size, and where its pixels belong. */
interface Pass {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly across: number;
  readonly down: number;
}

const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/**
 * Decodes a PNG of any kind to 8-bit red, green, blue and opacity, and applies its EXIF orientation. Never inflates more
 * bytes than the pixels take.
 *
 * @throws ImageError if it is damaged or cut off
 */
export function decodePng(bytes: Uint8Array): DecodedImage {
  const header = readHeader(bytes);
  if (isPngCutOff(bytes)) throw new ImageError("damaged: it is cut off");
  const packed: Uint8Array[] = [];
  let palette: Uint8Array | undefined;
  let transparency: Uint8Array | undefined;
  let orientation = 1;
  for (const { type, data, isSound } of chunksOf(bytes)) {
    if (type !== HEADER && type !== COLOURS && type !== TRANSPARENCY && type !== EXIF && type !== DATA) continue;
    if (!isSound()) {
      if (type === TRANSPARENCY || type === EXIF) continue;
      throw new ImageError("damaged: a checksum does not match");
    }
    if (type === DATA) packed.push(data);
    else if (type === COLOURS) palette ??= data;
    else if (type === TRANSPARENCY) transparency ??= data;
    else if (type === EXIF) orientation = exifOrientation(data) ?? orientation;
  }
  if (packed.length === 0) throw new ImageError("damaged: it has no pixels");
  if (header.colourType === PALETTE && !palette) throw new ImageError("damaged: it has no palette");
  const passes = passesOf(header);
  const size = passes.reduce((sum, { width, height }) => sum + height * (1 + rowBytes(header, width)), 0);
  const rows = inflate(packed, size);
  const { width, height } = header;
  const rgba = new Uint8Array(width * height * 4);
  const toRgba = converter(header, palette, transparency);
  let place = 0;
  for (const pass of passes) {
    const length = rowBytes(header, pass.width);
    unfilter(rows, place, pass.height, length, bytesPerPixel(header));
    for (let row = 0; row < pass.height; row++, place += 1 + length) {
      const first = (pass.top + row * pass.down) * width + pass.left;
      toRgba(rows.subarray(place + 1, place + 1 + length), pass.width, rgba, first * 4, pass.across * 4);
    }
  }
  return upright({ width, height, rgba }, orientation);
}

/**
 * Whether an image is a small PNG of 8 bits, without a palette and not interlaced, with nothing in it but pixels.
 * `decodePng` then takes microseconds. Looks at the chunks only, not into them.
 */
export function isPlainPng(bytes: Uint8Array): boolean {
  if (bytes.length < SIGNATURE.length + CHUNK_BYTES + HEADER_BYTES || !isPng(bytes)) return false;
  const { width, height, depth, colourType, isInterlaced } = headerIn(bytes);
  if (depth !== 8 || colourType === PALETTE || SAMPLES[colourType] === undefined || isInterlaced) return false;
  if (width < 1 || height < 1 || width * height > MOST_PLAIN_PIXELS) return false;
  let hasPixels = false;
  try {
    for (const { type } of chunksOf(bytes)) {
      if (type === END) return hasPixels;
      if (type === DATA) hasPixels = true;
      else if (type !== HEADER && !IGNORED.has(type)) return false;
    }
  } catch {
    // Whatever is wrong with it, the decoder will say so.
  }
  return false;
}

/** Whether a PNG has fewer bytes than its pixels can possibly be packed into. Decoding would only find out late. */
export function isPngCutOff(bytes: Uint8Array): boolean {
  if (bytes.length < SIGNATURE.length + CHUNK_BYTES + HEADER_BYTES || !isPng(bytes)) return false;
  const header = headerIn(bytes);
  return header.height * (1 + rowBytes(header, header.width)) > bytes.length * MOST_PACKED;
}

function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, index) => bytes[index] === byte);
}

/** The header of a file that is long enough for one, whatever it says. */
function headerIn(bytes: Uint8Array): Header & { readonly methods: readonly number[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset + SIGNATURE.length + 8, HEADER_BYTES);
  const [depth, colourType, compression, filter, interlace] = [8, 9, 10, 11, 12].map((place) => view.getUint8(place));
  const size = { width: view.getUint32(0), height: view.getUint32(4) };
  return { ...size, depth, colourType, isInterlaced: interlace !== 0, methods: [compression, filter, interlace] };
}

function readHeader(bytes: Uint8Array): Header {
  if (bytes.length < SIGNATURE.length + CHUNK_BYTES + HEADER_BYTES)
    throw new ImageError("damaged: unexpected end of file");
  const header = headerIn(bytes);
  const [compression, filter, interlace] = header.methods;
  const isKnown = compression === 0 && filter === 0 && interlace <= 1;
  if (!isPng(bytes) || !isKnown || !DEPTHS[header.colourType]?.includes(header.depth)) {
    throw new ImageError("damaged: its header is invalid");
  }
  return header;
}

/** The chunks up to the end of the image. @throws ImageError if it ends within one, or does not begin with its header */
function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let place = SIGNATURE.length; ; ) {
    if (place + CHUNK_BYTES > bytes.length) throw new ImageError("damaged: unexpected end of file");
    const length = view.getUint32(place);
    const type = view.getUint32(place + 4);
    if (length > bytes.length - place - CHUNK_BYTES) throw new ImageError("damaged: unexpected end of file");
    const end = place + 8 + length;
    const isFirst = place === SIGNATURE.length;
    if (isFirst !== (type === HEADER) || (isFirst && length !== HEADER_BYTES)) {
      throw new ImageError("damaged: its header is invalid");
    }
    const named = bytes.subarray(place + 4, end);
    yield { type, data: bytes.subarray(place + 8, end), isSound: () => crc32(named) === view.getUint32(end) };
    if (type === END) return;
    place = end + 4;
  }
}

function bytesPerPixel({ depth, colourType }: Header): number {
  return Math.max(1, (depth * SAMPLES[colourType]) / 8);
}

function rowBytes({ depth, colourType }: Header, width: number): number {
  return Math.ceil((width * depth * (SAMPLES[colourType] ?? 1)) / 8);
}

function passesOf({ width, height, isInterlaced }: Header): readonly Pass[] {
  if (!isInterlaced) return [{ width, height, left: 0, top: 0, across: 1, down: 1 }];
  const passes = ADAM7.map(([left, top, across, down]) => ({
    width: Math.ceil((width - left) / across),
    height: Math.ceil((height - top) / down),
    ...{ left, top, across, down },
  }));
  return passes.filter((pass) => pass.width > 0 && pass.height > 0);
}

function inflate(parts: readonly Uint8Array[], size: number): Uint8Array {
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

/** Undoes the filter of every row, in place (section 9). */
function unfilter(rows: Uint8Array, start: number, height: number, length: number, pixel: number): void {
  // The row above the first counts as 0.
  let above: Uint8Array = new Uint8Array(length);
  for (let row = 0, place = start; row < height; row++, place += 1 + length) {
    const filter = rows[place];
    const line = rows.subarray(place + 1, place + 1 + length);
    if (filter === 1) {
      for (let at = pixel; at < length; at++) line[at] += line[at - pixel];
    } else if (filter === 2) {
      for (let at = 0; at < length; at++) line[at] += above[at];
    } else if (filter === 3) {
      for (let at = 0; at < length; at++) line[at] += ((at < pixel ? 0 : line[at - pixel]) + above[at]) >> 1;
    } else if (filter === 4) {
      for (let at = 0; at < length; at++) {
        line[at] += at < pixel ? above[at] : paeth(line[at - pixel], above[at], above[at - pixel]);
      }
    } else if (filter !== 0) throw new ImageError(`damaged: a row has the filter ${filter}`);
    above = line;
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

/** Writes the pixels of a row, `step` bytes apart. */
type Converter = (row: Uint8Array, pixels: number, rgba: Uint8Array, to: number, step: number) => void;

function converter(
  { depth, colourType }: Header,
  palette: Uint8Array | undefined,
  transparency: Uint8Array | undefined,
): Converter {
  if (colourType === PALETTE) return paletteConverter(depth, palette!, transparency);
  const samples = SAMPLES[colourType];
  const isGrey = colourType === GREY || colourType === GREY_ALPHA;
  const [green, blue] = isGrey ? [0, 0] : [1, 2];
  const alpha = colourType === GREY || colourType === COLOUR ? undefined : samples - 1;
  // Like ImageMagick and Pillow, without regard to a transparent colour of 16 bits.
  const isCleared =
    alpha === undefined && depth <= 8 && transparency !== undefined && transparency.length >= 2 * samples;
  const scale = 255 / (2 ** depth - 1);
  // The scaled samples of the colour that is transparent.
  const clear = isCleared ? [0, green, blue].map((colour) => transparency[2 * colour + 1] * scale) : undefined;
  return (row, pixels, rgba, to, step) => {
    const bytes = depth === 8 ? row : toBytes(row, depth, pixels * samples);
    for (let pixel = 0, from = 0; pixel < pixels; pixel++, from += samples, to += step) {
      rgba[to] = bytes[from];
      rgba[to + 1] = bytes[from + green];
      rgba[to + 2] = bytes[from + blue];
      rgba[to + 3] = alpha === undefined ? 255 : bytes[from + alpha];
      if (clear && rgba[to] === clear[0] && rgba[to + 1] === clear[1] && rgba[to + 2] === clear[2]) rgba[to + 3] = 0;
    }
  };
}

/** Samples scaled to 8 bits, rounded to nearest. */
function toBytes(row: Uint8Array, depth: number, samples: number): Uint8Array {
  const scale = 255 / (2 ** depth - 1);
  return Uint8Array.from({ length: samples }, (_, index) =>
    depth === 16
      ? Math.round((row[2 * index] * 256 + row[2 * index + 1]) / 257)
      : packedSample(row, index, depth) * scale,
  );
}

function paletteConverter(depth: number, palette: Uint8Array, transparency: Uint8Array | undefined): Converter {
  const colours = Math.floor(palette.length / 3);
  return (row, pixels, rgba, to, step) => {
    for (let pixel = 0; pixel < pixels; pixel++, to += step) {
      const index = packedSample(row, pixel, depth);
      if (index >= colours) throw new ImageError("damaged: a pixel has no colour in the palette");
      for (let colour = 0; colour < 3; colour++) rgba[to + colour] = palette[3 * index + colour];
      rgba[to + 3] = transparency?.[index] ?? 255;
    }
  };
}

/** A sample of at most 8 bits; the first ones are in a byte's upper bits. */
function packedSample(row: Uint8Array, index: number, depth: number): number {
  const bit = index * depth;
  return (row[bit >> 3] >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
}

/**
 * Encodes an image as a PNG.
 *
 * @param pixels [height][width][channels], 1 (grey), 3 (red, green, blue) or 4 (and opacity) channels, depending on its
 *   length
 * @throws RangeError if the length is none of these
 *
 * @example
 * ```ts
 * import { decodeImage, encodePng } from "lenet/node";
 *
 * const png = await encodePng(Uint8Array.of(0, 85, 170, 255), 2, 2);
 * const { width, height, rgba } = await decodeImage(png);
 * console.log(width, height, rgba);
 * ```
 */
export async function encodePng(pixels: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  const channels = pixels.length / (width * height);
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new RangeError(`${pixels.length} bytes are not a ${width}x${height} image with 1, 3 or 4 channels`);
  }
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, { 1: GREY, 3: COLOUR, 4: 6 }[channels]], 8);
  const rows = filtered(pixels, height, width * channels, channels);
  const chunks = [chunk(HEADER, header), chunk(DATA, deflateSync(rows)), chunk(END, Buffer.alloc(0))];
  return new Uint8Array(Buffer.concat([SIGNATURE, ...chunks]));
}

/** Rows with their difference to the pixel on the left or, if its sum is smaller, above (section 12.7). */
function filtered(pixels: Uint8Array, height: number, length: number, pixel: number): Uint8Array {
  const rows = new Uint8Array(height * (1 + length));
  const line = new Uint8Array(length);
  const none = new Uint8Array(length);
  for (let row = 0; row < height; row++) {
    const current = pixels.subarray(row * length, (row + 1) * length);
    const above = row === 0 ? none : pixels.subarray((row - 1) * length, row * length);
    let best = Number.POSITIVE_INFINITY;
    for (const filter of [0, 1, 2]) {
      let sum = 0;
      for (let at = 0; at < length; at++) {
        const predicted = filter === 0 ? 0 : filter === 2 ? above[at] : at < pixel ? 0 : current[at - pixel];
        line[at] = current[at] - predicted;
        sum += line[at] < 128 ? line[at] : 256 - line[at];
      }
      if (sum >= best) continue;
      best = sum;
      rows[row * (1 + length)] = filter;
      rows.set(line, row * (1 + length) + 1);
    }
  }
  return rows;
}

function chunk(type: number, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(CHUNK_BYTES + data.length);
  bytes.writeUInt32BE(data.length);
  bytes.writeUInt32BE(type, 4);
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}
