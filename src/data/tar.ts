import { parseTar } from "nanotar";

const BLOCK_BYTES = 512;
const CHECKSUM = { start: 148, end: 156 };
const SIZE = { start: 124, end: 136 };
const TYPE = 156;

/** Headers that hold the name or attributes of the next file. */
const EXTENDED_TYPES: ReadonlySet<string> = new Set(["x", "g", "L", "K", "N"]);
const MOST_EXTENDED_BYTES = 2 ** 16;
const MOST_FILES = 1000;

/**
 * The files of a tar archive by name, without folders. A later file replaces an earlier one of the same name.
 *
 * @param bytes the archive, unpacked; the files are views of it
 * @param what the archive's name, for messages
 * @throws Error if it is not a tar archive, is truncated or damaged
 */
export function readTar(bytes: Uint8Array, what: string): Map<string, Uint8Array> {
  requireSoundHeaders(bytes, what);
  // nanotar reads a view's entire buffer.
  const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes);
  const files = new Map<string, Uint8Array>();
  for (const { name, type, data } of parseTar(whole)) {
    if (type === "file") files.set(name.replace(/\/$/, "").split("/").at(-1) ?? "", data ?? new Uint8Array());
  }
  return files;
}

/**
 * Checks all headers, as nanotar trusts them: it skips files after a damaged size, accepts damaged names and reads
 * beyond the end.
 */
function requireSoundHeaders(bytes: Uint8Array, what: string): void {
  let files = 0;
  for (let start = 0; start < bytes.length; ) {
    const header = bytes.subarray(start, start + BLOCK_BYTES);
    // The end-of-archive mark.
    if (header.length === BLOCK_BYTES && header.every((byte) => byte === 0)) return;
    if (header.length < BLOCK_BYTES || header[0] === 0 || octal(header, CHECKSUM) !== checksumOf(header)) {
      const fault = start === 0 ? "is not a tar archive" : "is damaged";
      throw new Error(`${what} ${fault}: found no file header at byte ${start}`);
    }
    const size = octal(header, SIZE);
    const extended = EXTENDED_TYPES.has(String.fromCharCode(header[TYPE]));
    if (!(size >= 0) || (extended && size > MOST_EXTENDED_BYTES)) {
      throw new Error(`${what} is damaged: the header at byte ${start} has an impossible size`);
    }
    const end = start + BLOCK_BYTES + size;
    if (end > bytes.length) {
      throw new Error(`${what} is truncated: a file takes ${end} bytes, but the archive has ${bytes.length}`);
    }
    if (++files > MOST_FILES) {
      throw new Error(`${what} holds more than ${MOST_FILES} files: unpack it and name the folder`);
    }
    start = Math.ceil(end / BLOCK_BYTES) * BLOCK_BYTES;
  }
}

/** A number in octal digits, as tar writes them; NaN if there is none. */
function octal(header: Uint8Array, { start, end }: { start: number; end: number }): number {
  return Number.parseInt(String.fromCharCode(...header.subarray(start, end)), 8);
}

/** The sum of a header's bytes, counting those of the checksum as spaces. */
function checksumOf(header: Uint8Array): number {
  return header.reduce((sum, byte, index) => sum + (index >= CHECKSUM.start && index < CHECKSUM.end ? 0x20 : byte), 0);
}
