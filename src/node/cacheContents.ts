import { lstat, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { CATALOG, catalogFiles } from "../data/catalog.js";
import { cacheFolder } from "./disk/download.js";
import { describeFileError } from "./disk/files.js";

/** A file that this package has put into its cache. */
export interface CachedFile {
  readonly path: string;
  readonly bytes: number;
}

/** The names of decoded images, and of teachers' answers. */
const HASHED = /^[0-9a-f]{32}\.bin$/;
const TEMPORARY = /^\.lenet-\d+-[0-9a-f]{8}\.tmp$/;

/** The folders of the cache, and which names in them are its own. */
const FOLDERS: Readonly<Record<string, (name: string) => boolean>> = {
  ...Object.fromEntries(
    CATALOG.map((entry) => {
      const names = catalogFiles(entry).flatMap(({ name }) => [name, `${name}.part`]);
      return [entry.name, (name: string) => names.includes(name)];
    }),
  ),
  images: (name) => HASHED.test(name),
  teachers: (name) => HASHED.test(name),
};

/** The files in the cache that this package has written: neither links nor anything else that is there. */
export async function cachedFiles(): Promise<CachedFile[]> {
  const files: CachedFile[] = [];
  for (const [name, isOwn] of Object.entries(FOLDERS)) {
    const folder = join(cacheFolder(), name);
    const isFolder = await lstat(folder).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (!isFolder) continue;
    for (const each of (await readdir(folder)).filter((one) => isOwn(one) || TEMPORARY.test(one)).sort()) {
      const path = join(folder, each);
      const stats = await lstat(path);
      if (stats.isFile()) files.push({ path, bytes: stats.size });
    }
  }
  return files;
}

/** Removes files of the cache, and its folders that are empty then. @throws Error if one cannot be removed */
export async function removeCached(files: readonly CachedFile[]): Promise<void> {
  for (const { path } of files) {
    await rm(path, { force: true }).catch((error) => {
      throw new Error(describeFileError(error, `remove ${path}`), { cause: error });
    });
  }
  // Folders that hold something else stay.
  for (const name of Object.keys(FOLDERS)) await rmdir(join(cacheFolder(), name)).catch(() => {});
}
