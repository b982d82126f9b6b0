import { type Zippable, zipSync } from "fflate";
import { EXTRA_HEADER_BYTES, LOCAL_HEADER } from "./format.js";

/** The id of PyTorch's own padding: "FB", little-endian. */
const PADDING_ID = 0x4246;

/**
 * Writes an archive, the same bytes for the same entries. Each content begins at a multiple of the alignment, as in
 * PyTorch's files.
 *
 * @param entries unique ASCII names, and contents
 */
export function writeStoredZip(entries: readonly (readonly [string, Uint8Array])[], alignment: number): Uint8Array {
  const files: Zippable = {};
  let position = 0;
  for (const [name, content] of entries) {
    const unpadded = position + LOCAL_HEADER.bytes + name.length + EXTRA_HEADER_BYTES;
    const begin = Math.ceil(unpadded / alignment) * alignment;
    files[name] = [content, { extra: { [PADDING_ID]: new Uint8Array(begin - unpadded) } }];
    position = begin + content.length;
  }
  // fflate reads the date in local time, so a local date gives the same bytes in every time zone.
  return zipSync(files, { level: 0, mtime: new Date(1980, 0, 1) });
}
