import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { CATALOG, type CatalogFile, catalogFiles } from "../../data/catalog.js";
import { DamagedFileError, describeFileError, errorCode } from "./files.js";
import { unpackGzip } from "./gzip.js";

/**
 * The known bytes of a file in the catalog: its unpacked content, or the file itself; undefined if it does not exist.
 *
 * @throws DamagedFileError if it cannot be read, is damaged or is a different file
 */
export async function readChecked(path: string, file: CatalogFile): Promise<Uint8Array | undefined> {
  const stored = await readStored(path, storedLimit(file));
  if (stored === undefined) return undefined;
  const bytes = file.known === "content" ? await unpackGzip(stored, path, file.bytes) : stored;
  const found = sha256(bytes);
  if (found !== file.sha256) {
    const expected = `${file.bytes} bytes with sha256 ${file.sha256}`;
    throw new DamagedFileError(
      `${path} is not the right file: expected ${expected}, found ${bytes.length} bytes with sha256 ${found}` +
        knownAs(found),
    );
  }
  return bytes;
}

/**
 * The largest size of a file in the catalog, in bytes. If only the content is known, this allows for incompressible
 * gzip data.
 */
export function storedLimit({ known, bytes }: CatalogFile): number {
  return known === "content" ? bytes + Math.ceil(bytes / 1000) + 1024 : bytes;
}

/**
 * A file's bytes, not unpacked; undefined if it does not exist.
 *
 * @throws DamagedFileError if it cannot be read or has more than `limit` bytes
 */
export async function readStored(path: string, limit: number): Promise<Uint8Array | undefined> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new DamagedFileError(`${path} is not a file`);
    if (found.size > limit) {
      throw new DamagedFileError(
        `${path} is not the right file: expected at most ${limit} bytes, found ${found.size} bytes`,
      );
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof DamagedFileError) throw error;
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new DamagedFileError(describeFileError(error, `read ${path}`));
  }
}

/** The SHA-256 of the concatenated pieces, in hexadecimal. */
export function sha256(...pieces: Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

/** Names the file in the catalog with this checksum, if any: the usual mistake is a folder of another data set. */
function knownAs(checksum: string): string {
  for (const entry of CATALOG) {
    const file = catalogFiles(entry).find(({ sha256 }) => sha256 === checksum);
    if (file !== undefined) return `, which is ${file.name} of ${entry.title}`;
  }
  return "";
}
