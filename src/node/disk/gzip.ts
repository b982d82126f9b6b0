import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { DamagedFileError, errorCode } from "./files.js";

/** gzip compresses by at most this factor. */
const MOST_BYTES_PER_PACKED_BYTE = 1032;
/** zlib's smallest chunk, in bytes. */
const LEAST_PIECE = 64;

/**
 * A file's content, unpacked if it is gzipped. The first bytes decide, as some programs unpack a file without renaming
 * it.
 *
 * @param what the file's name, for messages
 * @param limit the most bytes that it may unpack to
 * @throws DamagedFileError if it is truncated, damaged or unpacks to more
 */
export async function unpackGzip(bytes: Uint8Array, what: string, limit: number): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: limit, chunkSize: pieceBytes(bytes, limit) });
  } catch (error) {
    const code = errorCode(error);
    const reason = error instanceof Error ? error.message : String(error);
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw new DamagedFileError(`${what} is not the right file: it unpacks to more than ${limit} bytes`);
    }
    if (code === "Z_BUF_ERROR") {
      throw new DamagedFileError(`${what} is truncated: the packed file ends after ${bytes.length} bytes`);
    }
    throw new DamagedFileError(`${what} is damaged: it cannot be unpacked (${reason})`);
  }
}

/**
 * The chunk size for zlib: the entire content, so that no second copy is needed to join chunks. The last four bytes of
 * a complete file hold it.
 */
function pieceBytes(bytes: Uint8Array, limit: number): number {
  const { buffer, byteOffset, length } = bytes;
  if (length < 4) return LEAST_PIECE;
  const announced = new DataView(buffer, byteOffset).getUint32(length - 4, true);
  return Math.max(LEAST_PIECE, Math.min(announced, limit, length * MOST_BYTES_PER_PACKED_BYTE));
}
