import { realpathSync } from "node:fs";
import { join } from "node:path";
import type { DatasetParts } from "../data/dataset.js";
import type { ImageSettings } from "../data/images/resize.js";
import { cacheFolder } from "./disk/download.js";
import {
  type FittedImage,
  type ImageCache,
  imageCachePath,
  type KnownFile,
  readImageCache,
  writeImageCache,
} from "./images/cache.js";
import { type DecodingProgress, decodeFiles } from "./images/decodeFiles.js";
import type { SkippedFile } from "./images/folderWalk.js";
import { type FolderListing, folderName, type ListedFile, listImageFolder } from "./images/listing.js";
import { type DatasetImage, divide, holdBack } from "./images/parts.js";
import { imageWarnings } from "./images/warnings.js";

/** How a folder of images is loaded. */
export interface ImageFolderOptions {
  /** Throw at the first file that cannot be used. */
  readonly strict?: boolean;
  /** Aborts loading. */
  readonly signal?: AbortSignal;
  /** Called with the number of files decoded. Cached files are not counted. */
  readonly onProgress?: (progress: DecodingProgress) => void;
  /** Where decoded images are cached. Default: `cacheFolder()`. */
  readonly cache?: string;
}

/** A folder of images as a data set. */
export interface ImageFolder {
  readonly parts: DatasetParts;
  /** The files that could not be used, sorted by path. */
  readonly skipped: readonly SkippedFile[];
  /** Problems that may spoil training, one line each. */
  readonly warnings: readonly string[];
}

/** A label is one byte. */
const MAXIMUM_CLASSES = 256;
const MAXIMUM_BYTES = 2 ** 31;

/**
 * Makes a data set from a folder of images. In FOLDER/CLASS/…, a fixed fifth of each class becomes the test set.
 * FOLDER/train/CLASS/… with FOLDER/test and FOLDER/val (or "valid", "validation") is used as it is; the validation
 * images come last in `train`. Files are decoded on all cores and cached, so only new or changed ones are decoded the
 * next time.
 *
 * @throws Error if the folder is not laid out like this, a class is missing from a part or has no readable image, or,
 *   with `strict`, if any file cannot be used
 * @throws the signal's reason if loading is aborted
 */
export async function loadImageFolder(
  path: string,
  settings: ImageSettings,
  options: ImageFolderOptions = {},
): Promise<ImageFolder> {
  const listing = await listImageFolder(path, options.signal);
  const classes = checkClasses(path, listing);
  const bytes = listing.files.length * bytesOf(settings);
  if (bytes > MAXIMUM_BYTES) {
    const gigabytes = (count: number) => (count / 2 ** 30).toFixed(1);
    throw new Error(
      `${path}: ${listing.files.length} images of this size take ${gigabytes(bytes)} GiB, ` +
        `more than ${gigabytes(MAXIMUM_BYTES)}; choose a smaller input`,
    );
  }
  const { known, pixels } = await knownFiles(path, listing.files, settings, options);
  const images: DatasetImage[] = [];
  const skipped = [...listing.skipped];
  for (const [file, content] of known) {
    if ("reason" in content) skipped.push({ path: file.path, reason: content.reason });
    else images.push({ file, width: content.width, height: content.height });
  }
  skipped.sort((a, b) => (a.path < b.path ? -1 : 1));
  if (options.strict && skipped.length > 0) {
    const more = skipped.length > 1 ? ` (and ${skipped.length - 1} more that cannot be used)` : "";
    throw new Error(`${join(path, skipped[0].path)}: ${skipped[0].reason}${more}`);
  }
  checkImages(path, listing, known);
  const naming = { name: folderName(path), classes, shape: settings.shape };
  // A folder with a validation part divides its images itself: without a test part, there is no test set.
  const divided = listing.classes.size === 1 ? holdBack(naming, images, pixels) : divide(naming, images, pixels);
  return { parts: divided.parts, skipped, warnings: imageWarnings(divided) };
}

function bytesOf({ shape }: ImageSettings): number {
  return shape.channels * shape.height * shape.width;
}

/** The classes, which must be the same in all parts. */
function checkClasses(path: string, { classes }: FolderListing): readonly string[] {
  const train = classes.get("train") ?? [];
  if (train.length < 2) {
    throw new Error(`${path} has only one class, "${train[0]}": expected a folder for each of at least 2 classes`);
  }
  if (train.length > MAXIMUM_CLASSES) {
    throw new Error(`${path} has ${train.length} class folders; at most ${MAXIMUM_CLASSES} are supported`);
  }
  for (const [part, names] of classes) {
    const strange = names.find((name) => !train.includes(name));
    if (strange !== undefined) {
      throw new Error(`${path}: the ${part} part has a class "${strange}", which the train part lacks`);
    }
    const missing = train.find((name) => !names.includes(name));
    if (missing !== undefined) {
      throw new Error(`${path}: the ${part} part lacks the class "${missing}", which the train part has`);
    }
  }
  return train;
}

/** @throws Error unless every class has an image in every part */
function checkImages(path: string, { classes }: FolderListing, known: ReadonlyMap<ListedFile, KnownFile>): void {
  const found = new Set<string>();
  const faults = new Map<string, string>();
  for (const [file, content] of known) {
    const place = `${file.part}/${file.className}`;
    if (!("reason" in content)) found.add(place);
    else if (!faults.has(place)) faults.set(place, ` (${file.path}: ${content.reason})`);
  }
  for (const [part, names] of classes) {
    const empty = names.find((name) => !found.has(`${part}/${name}`));
    if (empty === undefined) continue;
    const where = classes.size > 1 ? ` in the ${part} part` : "";
    const fault = faults.get(`${part}/${empty}`) ?? "";
    throw new Error(`${path}: the class "${empty}" has no readable image${where}${fault}`);
  }
}

/** What is known of each file, in order, from the cache or by decoding; and the images' pixels. */
async function knownFiles(
  path: string,
  files: readonly ListedFile[],
  settings: ImageSettings,
  options: ImageFolderOptions,
): Promise<{ known: ReadonlyMap<ListedFile, KnownFile>; pixels: Uint8Array }> {
  const cachePath = imageCachePath(options.cache ?? cacheFolder(), realpathSync(path), settings);
  const cache = await readImageCache(cachePath, settings);
  const fresh = files.filter((file) => cache?.find(file) === undefined);
  const { contents, passing } = await decodeAll(path, fresh, settings, options);
  const known = new Map(files.map((file) => [file, contents.get(file) ?? cache!.find(file)!]));
  const pixels = joinPixels(known, cache);
  const lasting = new Map([...known].filter(([file]) => !passing.has(file)));
  if (fresh.length > passing.size || cache?.size !== lasting.size) {
    // If the cache cannot be written, as in a read-only home folder, the next run just decodes again.
    await writeImageCache(cachePath, lasting, pixels).catch(() => {});
  }
  return { known, pixels };
}

/** Decodes files. `passing` are those whose problem may disappear without a change of the file. */
async function decodeAll(
  path: string,
  files: readonly ListedFile[],
  settings: ImageSettings,
  options: ImageFolderOptions,
): Promise<{ contents: ReadonlyMap<ListedFile, KnownFile>; passing: ReadonlySet<ListedFile> }> {
  const paths = files.map((file) => join(path, file.path));
  const { pixels, outcomes } = await decodeFiles(paths, settings, options);
  const bytes = bytesOf(settings);
  const contents = new Map<ListedFile, KnownFile>();
  const passing = new Set<ListedFile>();
  files.forEach((file, index) => {
    const outcome = outcomes[index];
    if ("reason" in outcome) {
      contents.set(file, { reason: outcome.reason });
      if (!outcome.lasting) passing.add(file);
    } else {
      const { width, height } = outcome;
      contents.set(file, { width, height, pixels: pixels.subarray(index * bytes, (index + 1) * bytes) });
    }
  });
  return { contents, passing };
}

/** The pixels of all images, contiguous; the cache's buffer itself if it contains exactly these. */
function joinPixels(known: ReadonlyMap<ListedFile, KnownFile>, cache: ImageCache | undefined): Uint8Array {
  const images = [...known.values()].filter((content): content is FittedImage => !("reason" in content));
  const bytes = images.reduce((sum, { pixels }) => sum + pixels.length, 0);
  let offset = 0;
  if (cache) {
    const { buffer, byteOffset } = cache.pixels;
    const isJoined = images.every(({ pixels }) => {
      const follows = pixels.buffer === buffer && pixels.byteOffset === byteOffset + offset;
      offset += pixels.length;
      return follows;
    });
    if (isJoined) return cache.pixels.subarray(0, bytes);
  }
  const joined = new Uint8Array(bytes);
  offset = 0;
  for (const { pixels } of images) {
    joined.set(pixels, offset);
    offset += pixels.length;
  }
  return joined;
}
