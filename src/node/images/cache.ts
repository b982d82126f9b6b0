import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import type { ImageSettings } from "../../data/images/resize.js";
import { createFolders, readRegularFile, writeFileAtomic } from "../disk/files.js";
import { DECODER_VERSION } from "./codec.js";
import type { ListedFile } from "./listing.js";

/** A decoded image: its original size, and its fitted pixels [channels][height][width]. */
export interface FittedImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** What is known about a file: its image, or why it has none. */
export type KnownFile = FittedImage | { readonly reason: string };

/** Images decoded by earlier runs. */
export interface ImageCache {
  /** What is known about a file; undefined if it is new or has changed. */
  find(file: ListedFile): KnownFile | undefined;
  /** How many files it holds. */
  readonly size: number;
  /** All images, contiguous, in the order in which they were written. */
  readonly pixels: Uint8Array;
}

/**
 * [path, size, modified, width, height] of each image, in the order of the pixels; with a reason instead of width and
 * height if the file has no image.
 */
type Row = [path: string, size: number, modified: number, ...(readonly [width: number, height: number] | [string])];

const MAGIC = Buffer.from("lenet images 1\n", "latin1");
/**
 * The magic bytes, then two little-endian 32-bit integers: the CRC-32 of everything after it, and the header's length.
 */
const HEADER_START = MAGIC.length + 8;
/** The largest file that Node reads at once. */
const MOST_BYTES = 2 ** 31 - 1;

/**
 * The path at which a folder's decoded images are cached.
 *
 * @param cache the folder of the entire cache
 * @param folder the data set's folder, with links resolved
 */
export function imageCachePath(cache: string, folder: string, settings: ImageSettings): string {
  const { shape, resize, background } = settings;
  const key = JSON.stringify([folder, shape.channels, shape.height, shape.width, resize, background, DECODER_VERSION]);
  return join(cache, "images", `${createHash("sha256").update(key).digest("hex").slice(0, 32)}.bin`);
}

/** Reads the cache. Returns undefined if it is missing, damaged or unreadable; everything is decoded again then. */
export async function readImageCache(path: string, settings: ImageSettings): Promise<ImageCache | undefined> {
  let content: Buffer;
  try {
    const bytes = await readRegularFile(path, MOST_BYTES);
    content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch {
    return undefined;
  }
  if (content.length < HEADER_START || !content.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  if (crc32(content.subarray(MAGIC.length + 4)) !== content.readUInt32LE(MAGIC.length)) return undefined;
  const headerEnd = HEADER_START + content.readUInt32LE(MAGIC.length + 4);
  const rows: Row[] = JSON.parse(content.toString("utf8", HEADER_START, headerEnd));
  // Not subarray(): on Node's Buffer it returns a Buffer, whose slice() does not copy.
  const pixels = new Uint8Array(content.buffer, content.byteOffset + headerEnd, content.length - headerEnd);
  return indexRows(rows, pixels, settings);
}

function indexRows(rows: readonly Row[], pixels: Uint8Array, settings: ImageSettings): ImageCache {
  const bytes = settings.shape.channels * settings.shape.height * settings.shape.width;
  const byPath = new Map<string, { row: Row; offset: number }>();
  let offset = 0;
  for (const row of rows) {
    byPath.set(row[0], { row, offset });
    if (row.length === 5) offset += bytes;
  }
  return {
    pixels,
    size: rows.length,
    find({ path, size, modified }) {
      const found = byPath.get(path);
      if (found === undefined || found.row[1] !== size || found.row[2] !== modified) return undefined;
      const { row } = found;
      if (row.length === 4) return { reason: row[3] };
      return { width: row[3], height: row[4], pixels: pixels.subarray(found.offset, found.offset + bytes) };
    },
  };
}

/**
 * Caches what is known about a folder's files for the next run.
 *
 * @param pixels those of the known images, contiguous
 * @throws Error if it cannot be written
 */
export async function writeImageCache(
  path: string,
  known: ReadonlyMap<ListedFile, KnownFile>,
  pixels: Uint8Array,
): Promise<void> {
  const rows = Array.from(known, ([file, content]): Row => {
    const { path: name, size, modified } = file;
    if ("reason" in content) return [name, size, modified, content.reason];
    return [name, size, modified, content.width, content.height];
  });
  const header = Buffer.from(JSON.stringify(rows));
  const start = Buffer.alloc(HEADER_START);
  MAGIC.copy(start);
  start.writeUInt32LE(header.length, MAGIC.length + 4);
  const checksum = crc32(pixels, crc32(header, crc32(start.subarray(MAGIC.length + 4))));
  start.writeUInt32LE(checksum, MAGIC.length);
  await createFolders(dirname(path));
  await writeFileAtomic(path, [start, header, pixels]);
}
