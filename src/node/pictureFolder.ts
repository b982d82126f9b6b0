import { realpathSync } from "node:fs";
import { join } from "node:path";
import type { DatasetParts } from "../data/dataset.js";
import type { PictureSettings } from "../data/pictures/fit.js";
import { cacheFolder } from "./disk/download.js";
import {
  type FittedPicture,
  type KnownFile,
  type PictureCache,
  pictureCachePath,
  readPictureCache,
  writePictureCache,
} from "./pictures/cache.js";
import type { SkippedFile } from "./pictures/folderWalk.js";
import { type FolderListing, folderName, type ListedFile, listPictureFolder } from "./pictures/listing.js";
import { type DatasetPicture, divide, holdBack } from "./pictures/parts.js";
import { type DecodingProgress, decodeFiles } from "./pictures/pool.js";
import { pictureWarnings } from "./pictures/warnings.js";

/** How a folder of pictures is loaded. */
export interface PictureFolderOptions {
  /** The first file that cannot be used is an error. */
  readonly strict?: boolean;
  /** Ends the loading. */
  readonly signal?: AbortSignal;
  /** Told of the files that are decoded; what an earlier run has kept is not counted. */
  readonly onProgress?: (progress: DecodingProgress) => void;
  /** Where decoded pictures are kept; `cacheFolder()` unless given. */
  readonly cache?: string;
}

/** A folder of pictures as a data set. */
export interface PictureFolder {
  readonly parts: DatasetParts;
  /** The files that are not in it, sorted by their paths. */
  readonly skipped: readonly SkippedFile[];
  /** What may spoil a training, one line each. */
  readonly warnings: readonly string[];
}

/** A label is one byte. */
const MAXIMUM_CLASSES = 256;
const MAXIMUM_BYTES = 2 ** 31;

/**
 * Makes a data set of a person's own pictures: FOLDER/CLASS/…, of which a fifth of every class is held back for the
 * test, always the same pictures; or FOLDER/train/CLASS/… with FOLDER/test and FOLDER/val (or "valid", "validation"), as
 * they are, those for validation being the last ones of `train`. Files are decoded on all cores and kept in the cache,
 * so that the next time only those are decoded that are new or changed.
 *
 * @throws Error with one line where the folder is no such folder, a class is missing in a part or has no picture that can
 *   be read, or, with `strict`, where any file cannot be used
 * @throws the signal's reason where it ends the loading
 */
export async function loadPictureFolder(
  path: string,
  settings: PictureSettings,
  options: PictureFolderOptions = {},
): Promise<PictureFolder> {
  const listing = await listPictureFolder(path, options.signal);
  const classes = checkClasses(path, listing);
  const bytes = listing.files.length * bytesOf(settings);
  if (bytes > MAXIMUM_BYTES) {
    const gigabytes = (count: number) => (count / 2 ** 30).toFixed(1);
    throw new Error(
      `${path}: ${listing.files.length} pictures of this size take ${gigabytes(bytes)} GiB, ` +
        `more than ${gigabytes(MAXIMUM_BYTES)}; choose a smaller input`,
    );
  }
  const { known, pixels } = await knownFiles(path, listing.files, settings, options);
  const pictures: DatasetPicture[] = [];
  const skipped = [...listing.skipped];
  for (const [file, content] of known) {
    if ("reason" in content) skipped.push({ path: file.path, reason: content.reason });
    else pictures.push({ file, width: content.width, height: content.height });
  }
  skipped.sort((a, b) => (a.path < b.path ? -1 : 1));
  if (options.strict && skipped.length > 0) {
    const more = skipped.length > 1 ? ` (and ${skipped.length - 1} more that cannot be used)` : "";
    throw new Error(`${join(path, skipped[0].path)}: ${skipped[0].reason}${more}`);
  }
  checkPictures(path, listing, known);
  const naming = { name: folderName(path), classes, shape: settings.shape };
  // With a part for validation alone, too, it is the folder that says what is tested: nothing.
  const divided = listing.classes.size === 1 ? holdBack(naming, pictures, pixels) : divide(naming, pictures, pixels);
  return { parts: divided.parts, skipped, warnings: pictureWarnings(divided) };
}

function bytesOf({ shape }: PictureSettings): number {
  return shape.channels * shape.height * shape.width;
}

/** The classes, the same in all parts. */
function checkClasses(path: string, { classes }: FolderListing): readonly string[] {
  const train = classes.get("train") ?? [];
  if (train.length < 2) {
    throw new Error(`${path} has one class only, "${train[0]}": expected a folder for each of at least 2 classes`);
  }
  if (train.length > MAXIMUM_CLASSES) {
    throw new Error(`${path} has ${train.length} folders of classes, at most ${MAXIMUM_CLASSES} are possible`);
  }
  for (const [part, names] of classes) {
    const strange = names.find((name) => !train.includes(name));
    if (strange !== undefined) {
      throw new Error(`${path}: the ${part} part has a class "${strange}", which the train part does not have`);
    }
    const missing = train.find((name) => !names.includes(name));
    if (missing !== undefined) {
      throw new Error(`${path}: the ${part} part lacks the class "${missing}", which the train part has`);
    }
  }
  return train;
}

/** Every class has a picture in every part. */
function checkPictures(path: string, { classes }: FolderListing, known: ReadonlyMap<ListedFile, KnownFile>): void {
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
    throw new Error(`${path}: the class "${empty}" has no picture that can be read${where}${fault}`);
  }
}

/** All that is known of the files, in their order, from the cache and by decoding the rest; and the pictures' pixels. */
async function knownFiles(
  path: string,
  files: readonly ListedFile[],
  settings: PictureSettings,
  options: PictureFolderOptions,
): Promise<{ known: ReadonlyMap<ListedFile, KnownFile>; pixels: Uint8Array }> {
  const cachePath = pictureCachePath(options.cache ?? cacheFolder(), realpathSync(path), settings);
  const cache = await readPictureCache(cachePath, settings);
  const fresh = files.filter((file) => cache?.find(file) === undefined);
  const { contents, passing } = await decodeAll(path, fresh, settings, options);
  const known = new Map(files.map((file) => [file, contents.get(file) ?? cache!.find(file)!]));
  const pixels = joinPixels(known, cache);
  const lasting = new Map([...known].filter(([file]) => !passing.has(file)));
  if (fresh.length > passing.size || cache?.size !== lasting.size) {
    // Where the cache cannot be written, as in a home folder that is read-only, the next time takes as long as this one.
    await writePictureCache(cachePath, lasting, pixels).catch(() => {});
  }
  return { known, pixels };
}

/** Decodes files. Passing: those whose fault may be gone the next time without a change of the file. */
async function decodeAll(
  path: string,
  files: readonly ListedFile[],
  settings: PictureSettings,
  options: PictureFolderOptions,
): Promise<{ contents: ReadonlyMap<ListedFile, KnownFile>; passing: ReadonlySet<ListedFile> }> {
  const paths = files.map((file) => join(path, file.path));
  const { pixels, outcomes } = await decodeFiles(paths, settings, options);
  const bytes = bytesOf(settings);
  const contents = new Map<ListedFile, KnownFile>();
  const passing = new Set<ListedFile>();
  files.forEach((file, slot) => {
    const outcome = outcomes[slot];
    if ("reason" in outcome) {
      contents.set(file, { reason: outcome.reason });
      if (!outcome.lasting) passing.add(file);
    } else {
      const { width, height } = outcome;
      contents.set(file, { width, height, pixels: pixels.subarray(slot * bytes, (slot + 1) * bytes) });
    }
  });
  return { contents, passing };
}

/** The pixels of all pictures one after the other; the cache's own where they lie there so. */
function joinPixels(known: ReadonlyMap<ListedFile, KnownFile>, cache: PictureCache | undefined): Uint8Array {
  const pictures = [...known.values()].filter((content): content is FittedPicture => !("reason" in content));
  const bytes = pictures.reduce((sum, { pixels }) => sum + pixels.length, 0);
  let offset = 0;
  if (cache) {
    const { buffer, byteOffset } = cache.pixels;
    const isJoined = pictures.every(({ pixels }) => {
      const follows = pixels.buffer === buffer && pixels.byteOffset === byteOffset + offset;
      offset += pixels.length;
      return follows;
    });
    if (isJoined) return cache.pixels.subarray(0, bytes);
  }
  const joined = new Uint8Array(bytes);
  offset = 0;
  for (const { pixels } of pictures) {
    joined.set(pixels, offset);
    offset += pixels.length;
  }
  return joined;
}
