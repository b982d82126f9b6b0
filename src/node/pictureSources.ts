import { closeSync, openSync, readSync } from "node:fs";
import { extname, join } from "node:path";
import { isFolder } from "./disk/files.js";
import { FolderWalk, type SkippedFile } from "./pictures/folderWalk.js";
import { MAGIC_BYTES, pictureFormat } from "./pictures/header.js";
import type { EncodedPicture } from "./pictures/protocol.js";

/** A picture to look at. */
export interface PictureSource {
  /** As it was named, or found below the folder that was. */
  readonly name: string;
  readonly picture: EncodedPicture;
}

/** The pictures that paths lead to. */
export interface PictureSources {
  readonly sources: readonly PictureSource[];
  /** Files of folders that are no pictures, neither by name nor by content. */
  readonly passedOver: number;
  /** What could not be reached below the folders. */
  readonly unreachable: readonly SkippedFile[];
}

const EXTENSIONS: ReadonlySet<string> = new Set(
  ["png", "jpg", "jpeg", "jpe", "jfif", "webp", "gif", "bmp", "dib", "tif", "tiff"].map((name) => `.${name}`),
);

/**
 * Finds pictures: files as they are named, and folders with all below them. Hidden files and what is no picture are passed
 * over in folders; a file that is named is always taken.
 */
export async function findPictures(paths: readonly string[]): Promise<PictureSources> {
  const sources: PictureSource[] = [];
  const unreachable: SkippedFile[] = [];
  let passedOver = 0;
  for (const path of paths) {
    if (!(await isFolder(path))) {
      sources.push({ name: path, picture: path });
      continue;
    }
    const walk = new FolderWalk(path);
    for (const file of await walk.filesBelow("")) {
      const name = join(path, file.path);
      if (isPictureFile(name)) sources.push({ name, picture: name });
      else passedOver++;
    }
    unreachable.push(...walk.skipped().map(({ path: below, reason }) => ({ path: join(path, below), reason })));
  }
  return { sources, passedOver, unreachable };
}

/** Whether a file is called a picture or begins as one. */
function isPictureFile(path: string): boolean {
  if (EXTENSIONS.has(extname(path).toLowerCase())) return true;
  try {
    const file = openSync(path, "r");
    try {
      const start = new Uint8Array(MAGIC_BYTES);
      readSync(file, start);
      return pictureFormat(start) !== undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    // Why it cannot be read is told where it is decoded.
    return true;
  }
}
