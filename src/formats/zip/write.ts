import { crc32 } from "./crc32.js";
import { CENTRAL_HEADER, END, EXTRA_HEADER_BYTES, LOCAL_HEADER, STORED } from "./format.js";

const VERSION = 20;
/** 1 January 1980, midnight: the first that there is. */
const DOS_DATE = 0x21;
/** The id of PyTorch's own padding: "FB", little-endian. */
const PADDING_ID = 0x4246;

/**
 * Writes an archive, the same bytes for the same entries. The content of each begins at a multiple of the alignment, as
 * PyTorch has it.
 *
 * @param entries names in ASCII, each once, and contents
 */
export function writeStoredZip(entries: readonly (readonly [string, Uint8Array])[], alignment: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let position = 0;
  for (const [name, content] of entries) {
    const encoded = new TextEncoder().encode(name);
    const unpadded = position + LOCAL_HEADER.bytes + encoded.length + EXTRA_HEADER_BYTES;
    const padding = (alignment - (unpadded % alignment)) % alignment;
    const checksum = crc32(content);
    const local = [
      ...words(LOCAL_HEADER.signature),
      ...halves(VERSION),
      ...about(content, checksum, encoded),
      ...halves(EXTRA_HEADER_BYTES + padding),
      ...encoded,
      ...halves(PADDING_ID, padding),
      ...new Uint8Array(padding),
    ];
    directory.push(
      Uint8Array.from([
        ...words(CENTRAL_HEADER.signature),
        ...halves(VERSION, VERSION),
        ...about(content, checksum, encoded),
        // No extra field, comment, disk or attributes.
        ...halves(0, 0, 0, 0),
        ...words(0, position),
        ...encoded,
      ]),
    );
    pieces.push(Uint8Array.from(local), content);
    position += local.length + content.length;
  }
  const directoryBytes = directory.reduce((sum, { length }) => sum + length, 0);
  const end = [
    ...words(END.signature),
    ...halves(0, 0, entries.length, entries.length),
    ...words(directoryBytes, position),
    ...halves(0),
  ];
  return concatenate([...pieces, ...directory, Uint8Array.from(end)]);
}

/** What both headers of an entry say alike: flags, method, time, checksum, both sizes, the length of its name. */
function about(content: Uint8Array, checksum: number, name: Uint8Array): number[] {
  return [
    ...halves(0, STORED, 0, DOS_DATE),
    ...words(checksum, content.length, content.length),
    ...halves(name.length),
  ];
}

function halves(...values: number[]): number[] {
  return values.flatMap((value) => [value & 0xff, value >>> 8]);
}

function words(...values: number[]): number[] {
  return values.flatMap((value) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]);
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let place = 0;
  for (const piece of pieces) {
    whole.set(piece, place);
    place += piece.length;
  }
  return whole;
}
