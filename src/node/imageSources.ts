import { closeSync, openSync, readSync } from "node:fs";
import { extname, join } from "node:path";
import { parseIdx } from "../data/idx.js";
import type { Pixels } from "../data/images/image.js";
import { isFile, isFolder, OPEN_AT_ONCE, readFileBounded } from "./disk/files.js";
import { unpackGzip } from "./disk/gzip.js";
import type { EncodedImage } from "./images/decoderMessages.js";
import { FolderWalk, type SkippedFile } from "./images/folderWalk.js";
import { imageFormat, MAGIC_BYTES } from "./images/header.js";

/** An image to read. */
export interface ImageSource {
  /** Its path: as given, or as found in a folder; in an IDX file, followed by # and its index. */
  readonly name: string;
  /** To be decoded, or the pixels of one in an IDX file. */
  readonly image: EncodedImage | Pixels;
}

/** The images found at some paths. */
export interface ImageSources {
  readonly sources: readonly ImageSource[];
  /** The number of files in folders that are not images, by name or content. */
  readonly passedOver: number;
  /** What could not be read in the folders. */
  readonly unreachable: readonly SkippedFile[];
}

const EXTENSIONS: ReadonlySet<string> = new Set(
  ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "bmp", "dib", "tif", "tiff"].map((name) => `.${name}`),
);

/**
 * Finds images: the given files, and all images in the given folders and their subfolders. In folders, hidden files and
 * files that are not images are skipped; a file given by name is always included.
 */
export async function findImages(paths: readonly string[]): Promise<ImageSources> {
  const sources: ImageSource[] = [];
  const unreachable: SkippedFile[] = [];
  let passedOver = 0;
  for (const path of paths) {
    if (IDX_FILE.test(path) && (await isFile(path))) {
      // One by one: a call takes only about 100,000 arguments.
      for (const source of await imagesInIdx(path)) sources.push(source);
      continue;
    }
    if (!(await isFolder(path))) {
      sources.push({ name: path, image: path });
      continue;
    }
    const walk = new FolderWalk(path);
    for (const file of await walk.filesBelow("")) {
      const name = join(path, file.path);
      if (isImageFile(name)) sources.push({ name, image: name });
      else passedOver++;
    }
    unreachable.push(...walk.skipped().map(({ path: below, reason }) => ({ path: join(path, below), reason })));
  }
  return { sources, passedOver, unreachable };
}

/** The names of IDX files of images. */
const IDX_FILE = /[-.]idx3-ubyte(\.gz)?$/;
/** EMNIST's largest has 547 MB. */
const MOST_IDX_BYTES = 2 ** 30;

/** The images in an IDX file, gzipped or not. @throws Error if it is damaged */
async function imagesInIdx(path: string): Promise<ImageSource[]> {
  const bytes = await unpackGzip(await readFileBounded(path, MOST_IDX_BYTES), path, MOST_IDX_BYTES);
  const { dimensions, data } = parseIdx(bytes, path);
  if (dimensions.length !== 3) throw new Error(`${path}: expected images, found ${dimensions.length} dimensions`);
  const [count, height, width] = dimensions;
  return Array.from({ length: count }, (_, index) => ({
    name: `${path}#${index}`,
    image: { width, height, data: data.subarray(index * height * width, (index + 1) * height * width) },
  }));
}

/** Whether a file is an image, by its extension or its first bytes. */
function isImageFile(path: string): boolean {
  if (EXTENSIONS.has(extname(path).toLowerCase())) return true;
  try {
    const file = openSync(path, OPEN_AT_ONCE);
    try {
      const start = new Uint8Array(MAGIC_BYTES);
      readSync(file, start);
      return imageFormat(start) !== undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    // Decoding will report why it cannot be read.
    return true;
  }
}
