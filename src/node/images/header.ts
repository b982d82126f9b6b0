/** Something is wrong with an image's bytes. The message is one line and does not name the file. */
export class ImageError extends Error {
  override readonly name = "ImageError";
  readonly code = "ERR_IMAGE";
}

/** The supported formats, as ImageMagick spells them. */
export type ImageFormat = "JPEG" | "PNG" | "WEBP" | "GIF" | "BMP" | "TIFF";

/** The content of an image's header. */
export interface ImageHeader {
  readonly format: ImageFormat;
  readonly width: number;
  readonly height: number;
}

/** Larger images are not decoded, as a small file can unpack to any size. */
export const MAXIMUM_PIXELS = 50_000_000;

/** The largest encoded image, in bytes. */
export const MAXIMUM_FILE_BYTES = 500e6;

/** The longest side of a JPEG. Decoding and resizing take memory for each pixel of a row. */
export const MAXIMUM_SIDE = 65_535;

/** A photograph has a few dozen. The decoder's time grows with the square of their number. */
const MOST_JPEG_SEGMENTS = 20_000;

/** The first component's sampling factors: 1 across, 2 down. */
const HALF_HEIGHT = 0x12;

/** A photograph has about ten. Each goes through the whole image. */
const MOST_JPEG_SCANS = 100;

/** How many bytes identify the format. */
export const MAGIC_BYTES = 12;

const TIFF_WIDTH = 256;
const TIFF_HEIGHT = 257;
const TIFF_SHORT = 3;
const TIFF_LONG = 4;

const READERS: Readonly<Record<ImageFormat, (view: DataView) => [width: number, height: number]>> = {
  JPEG: jpegSize,
  PNG: (view) => [view.getUint32(16), view.getUint32(20)],
  WEBP: webpSize,
  GIF: (view) => [view.getUint16(6, true), view.getUint16(8, true)],
  BMP: bmpSize,
  TIFF: tiffSize,
};

/** The format, from the first MAGIC_BYTES bytes of a file; undefined if it is not supported. */
export function imageFormat(bytes: Uint8Array): ImageFormat | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, MAGIC_BYTES));
  if (text.startsWith("\xff\xd8\xff")) return "JPEG";
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "PNG";
  if (text.startsWith("RIFF") && text.endsWith("WEBP")) return "WEBP";
  if (text.startsWith("GIF87a") || text.startsWith("GIF89a")) return "GIF";
  if (text.startsWith("BM")) return "BMP";
  if (text.startsWith("II*\0") || text.startsWith("MM\0*")) return "TIFF";
  return undefined;
}

/**
 * The format and size of an image, from its header only.
 *
 * @throws ImageError if it is not an image of a supported format, its header is damaged, or decoding it would take too
 *   much time or memory
 */
export function readImageHeader(bytes: Uint8Array): ImageHeader {
  if (bytes.length === 0) throw new ImageError("the file is empty");
  const format = imageFormat(bytes);
  if (format === undefined) {
    throw new ImageError("not a supported image (JPEG, PNG, WebP, GIF, BMP or TIFF)");
  }
  const [width, height] = readSize(format, bytes);
  if (!(width > 0 && height > 0)) throw new ImageError(`damaged: its header says ${width}x${height} pixels`);
  if (width * height > MAXIMUM_PIXELS) {
    const most = `the limit is ${MAXIMUM_PIXELS / 1e6} million`;
    throw new ImageError(`too large: ${width}x${height} pixels, ${most}`);
  }
  if (Math.max(width, height) > MAXIMUM_SIDE) {
    throw new ImageError(`too large: ${width}x${height} pixels, the limit for one side is ${MAXIMUM_SIDE}`);
  }
  if (format === "JPEG") requireFewSegments(bytes);
  return { format, width, height };
}

function readSize(format: ImageFormat, bytes: Uint8Array): [number, number] {
  try {
    return READERS[format](new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    if (error instanceof RangeError) throw new ImageError("damaged: it ends within its header");
    throw error;
  }
}

/** Where the content of the first frame header (SOF) begins, skipping the segments before it, and its marker. */
function jpegFrame(view: DataView): { marker: number; place: number } {
  for (let place = 2; ; ) {
    while (view.getUint8(place) !== 0xff) place++;
    while (view.getUint8(place) === 0xff) place++;
    const marker = view.getUint8(place++);
    // C4, C8 and CC lie in the same range but are tables.
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { marker, place: place + 2 };
    if (marker === 0xd9 || marker === 0xda) throw new ImageError("damaged: it has no frame header");
    const standsAlone = marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8);
    if (!standsAlone) place += view.getUint16(place);
  }
}

function jpegSize(view: DataView): [number, number] {
  const { place } = jpegFrame(view);
  return [view.getUint16(place + 3), view.getUint16(place + 1)];
}

/**
 * Whether a JPEG whose header can be read is baseline or progressive, grey or in three components of 8 bits. Rare ones
 * are CMYK, lossless or coded arithmetically, or have colours of half the height but the whole width: libjpegs differ in
 * the last bits of these.
 */
export function isCommonJpeg(bytes: Uint8Array): boolean {
  const { marker, place } = jpegFrame(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const [bits, components, sampling] = [bytes[place], bytes[place + 5], bytes[place + 7]];
  if (marker > 0xc2 || bits !== 8) return false;
  return components === 1 || (components === 3 && sampling !== HALF_HEIGHT);
}

/**
 * Counts the comments and application segments, and the scans. Bytes of other data that look like one count too, but are
 * few.
 */
function requireFewSegments(bytes: Uint8Array): void {
  let segments = 0;
  let scans = 0;
  for (let place = bytes.indexOf(0xff); place >= 0; place = bytes.indexOf(0xff, place + 1)) {
    const marker = bytes[place + 1];
    if (marker === 0xfe || (marker & 0xf0) === 0xe0) segments++;
    if (marker === 0xda) scans++;
  }
  if (segments > MOST_JPEG_SEGMENTS) {
    throw new ImageError(`damaged: it has ${segments} comments and application segments`);
  }
  if (scans > MOST_JPEG_SCANS) throw new ImageError(`damaged: it has ${scans} scans`);
}

function webpSize(view: DataView): [number, number] {
  const uint24 = (place: number) => view.getUint16(place, true) + view.getUint8(place + 2) * 65536;
  switch (view.getUint32(12)) {
    case 0x56503820: // "VP8 "
      return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
    case 0x5650384c: {
      // "VP8L"
      const bits = view.getUint32(21, true);
      return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
    }
    case 0x56503858: // "VP8X"
      return [uint24(24) + 1, uint24(27) + 1];
    default:
      throw new ImageError("damaged: it has no WebP header");
  }
}

function bmpSize(view: DataView): [number, number] {
  const isOs2 = view.getUint32(14, true) === 12;
  if (isOs2) return [view.getUint16(18, true), view.getUint16(20, true)];
  // The height is negative if the rows are stored from top to bottom.
  return [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
}

/** From the first image file directory. */
function tiffSize(view: DataView): [number, number] {
  const little = view.getUint8(0) === 0x49;
  const directory = view.getUint32(4, little);
  const entries = view.getUint16(directory, little);
  let width = 0;
  let height = 0;
  for (let entry = 0; entry < entries; entry++) {
    const place = directory + 2 + 12 * entry;
    const tag = view.getUint16(place, little);
    if (tag === TIFF_WIDTH) width = tiffInteger(view, place, little);
    if (tag === TIFF_HEIGHT) height = tiffInteger(view, place, little);
  }
  return [width, height];
}

function tiffInteger(view: DataView, entry: number, little: boolean): number {
  const type = view.getUint16(entry + 2, little);
  if (type === TIFF_SHORT) return view.getUint16(entry + 8, little);
  if (type === TIFF_LONG) return view.getUint32(entry + 8, little);
  throw new ImageError("damaged: its size is not an integer");
}
