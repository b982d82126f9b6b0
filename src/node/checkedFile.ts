import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { CATALOG, type CatalogFile } from "../data/catalog.js";
import { describeFileError, errorCode } from "./files.js";

/** A file that is there but is not what it should be. */
export class DamagedFileError extends Error {}

/**
 * A file's unpacked content; undefined where the file does not exist.
 *
 * @throws DamagedFileError where it cannot be read, is damaged or is another file
 */
export async function readChecked(path: string, file: CatalogFile): Promise<Uint8Array | undefined> {
  const stored = await readStored(path, packedLimit(file));
  if (stored === undefined) return undefined;
  // Some programs unpack a file and leave its name as it was, so the content decides.
  const packed = stored[0] === 0x1f && stored[1] === 0x8b;
  const bytes = packed ? await unpack(stored, path, file.bytes) : stored;
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

/** The most bytes that a packed file may have: more than gzip can make of content that it cannot pack. */
export function packedLimit(file: CatalogFile): number {
  return file.bytes + Math.ceil(file.bytes / 1000) + 1024;
}

async function readStored(path: string, limit: number): Promise<Uint8Array | undefined> {
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

async function unpack(packed: Uint8Array, path: string, expectedBytes: number): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(packed, { maxOutputLength: expectedBytes });
  } catch (error) {
    const code = errorCode(error);
    const reason = error instanceof Error ? error.message : String(error);
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw new DamagedFileError(`${path} is not the right file: it unpacks to more than ${expectedBytes} bytes`);
    }
    if (code === "Z_BUF_ERROR") {
      throw new DamagedFileError(`${path} is truncated: the packed file ends after ${packed.length} bytes`);
    }
    throw new DamagedFileError(`${path} is damaged: it cannot be unpacked (${reason})`);
  }
}

/** The sha256 of all pieces together, in hexadecimal. */
export function sha256(...pieces: Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

/** Names a file of the catalog that was taken for another: the usual mistake is a folder of another data set. */
function knownAs(checksum: string): string {
  for (const entry of CATALOG) {
    for (const { images, labels } of Object.values(entry.parts)) {
      for (const file of [images, labels]) {
        if (file.sha256 === checksum) return `, which is ${file.name} of ${entry.title}`;
      }
    }
  }
  return "";
}
