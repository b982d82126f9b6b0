import { closeSync, openSync, readSync } from "node:fs";
import { extname, join } from "node:path";
import { isFolder } from "./disk/files.js";
import { FolderWalk, type SkippedFile } from "./images/folderWalk.js";
import { imageFormat, MAGIC_BYTES } from "./images/header.js";
import type { EncodedImage } from "./images/protocol.js";

/** An image to look at. */
export interface ImageSource {
  /** As it was named, or found below the folder that was. */
  readonly name: string;
  readonly image: EncodedImage;
}

/** The images that paths lead to. */
export interface ImageSources {
  readonly sources: readonly ImageSource[];
  /** Files of folders that are no images, neither by name nor by content. */
  readonly passedOver: number;
  /** What could not be reached below the folders. */
  readonly unreachable: readonly SkippedFile[];
}

const EXTENSIONS: ReadonlySet<string> = new Set(
  ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "bmp", "dib", "tif", "tiff"].map((name) => `.${name}`),
);

/**
 * Finds images: files as they are named, and folders with all below them. Hidden files and what is no image are passed
 * over in folders; a file that is named is always taken.
 */
export async function findImages(paths: readonly string[]): Promise<ImageSources> {
  const sources: ImageSource[] = [];
  const unreachable: SkippedFile[] = [];
  let passedOver = 0;
  for (const path of paths) {
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

/** Whether a file is called an image or begins as one. */
function isImageFile(path: string): boolean {
  if (EXTENSIONS.has(extname(path).toLowerCase())) return true;
  try {
    const file = openSync(path, "r");
    try {
      const start = new Uint8Array(MAGIC_BYTES);
      readSync(file, start);
      return imageFormat(start) !== undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    // Why it cannot be read is told where it is decoded.
    return true;
  }
}
