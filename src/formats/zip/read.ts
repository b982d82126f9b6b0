import { FormatError } from "../errors.js";
import { CENTRAL_HEADER, crc32, DEFLATED, END, EXTRA_HEADER_BYTES, LOCAL_HEADER, STORED } from "./format.js";

const END_64_LOCATOR = { signature: 0x07064b50, bytes: 20 } as const;
const END_64_SIGNATURE = 0x06064b50;
const LONGEST_COMMENT = 0xffff;

/** Says that the value is in the 64-bit extra field. */
const SEE_EXTRA = 0xffffffff;
const EXTRA_64_ID = 1;
/** Encrypted, a patch of another file, strongly encrypted, or with a masked header. */
const REFUSED_FLAGS = 0x2061;

/** As in MS-DOS. */
const FOLDER_ATTRIBUTE = 0x10;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A LeNet-5 with its optimizer state has a few dozen. */
const MOST_ENTRIES = 10_000;

interface Entry {
  readonly name: string;
  readonly method: number;
  /** PyTorch reads nothing from a folder, whatever its size. */
  readonly isFolder: boolean;
  readonly checksum: number;
  /** Where its local header begins. */
  readonly begin: number;
  readonly end: number;
  readonly data: Uint8Array;
}

/** Whether a file begins like a zip archive with at least one entry. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && viewOf(bytes).getUint32(0, true) === LOCAL_HEADER.signature;
}

/** An archive whose entries are stored. */
export interface StoredZip {
  /** In the order of the directory. */
  readonly names: readonly string[];
  /**
   * An entry's content, as a view of the archive's bytes; undefined if there is no such entry.
   *
   * @throws FormatError if its checksum is wrong, or it is compressed: a small file could unpack to an enormous one
   */
  read(name: string): Uint8Array | undefined;
}

/**
 * Opens an archive. It is strict, so that no other reader can see different content: no two names are the same, not
 * even in another case, as PyTorch's look-up ignores case; and no entries overlap.
 *
 * @throws FormatError if the archive is damaged or ambiguous
 */
export function openStoredZip(bytes: Uint8Array): StoredZip {
  let entries: Entry[];
  try {
    entries = readDirectory(bytes);
  } catch (error) {
    if (error instanceof RangeError) throw new FormatError("the zip archive is damaged: it is cut short");
    throw error;
  }
  requireNoOverlap(entries);
  requireDistinctNames(entries);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return {
    names: [...byName.keys()],
    read: (name) => {
      const entry = byName.get(name);
      return entry && contentOf(entry);
    },
  };
}

function contentOf({ name, method, isFolder, checksum, data }: Entry): Uint8Array {
  if (isFolder) throw new FormatError(`refused: the zip archive's entry ${name} is a folder`);
  if (method !== STORED) {
    throw new FormatError(`refused: the zip archive's entry ${name} is compressed; PyTorch never compresses`);
  }
  if (crc32(data) !== checksum) {
    throw new FormatError(`the zip archive is damaged: the checksum of its entry ${name} does not match`);
  }
  return data;
}

function requireDistinctNames(entries: readonly Entry[]): void {
  const names = new Map<string, string>();
  for (const { name } of entries) {
    const other = names.get(name.toLowerCase());
    if (other !== undefined) {
      throw new FormatError(`refused: the zip archive has two entries with the same name, ${other} and ${name}`);
    }
    names.set(name.toLowerCase(), name);
  }
}

/** @throws RangeError if an offset lies outside the file */
function readDirectory(bytes: Uint8Array): Entry[] {
  const view = viewOf(bytes);
  const { count, begin: directory, size: directoryBytes } = readEnd(view);
  if (count > MOST_ENTRIES)
    throw new FormatError(`refused: the zip archive has ${count} entries, more than ${MOST_ENTRIES}`);
  const entries: Entry[] = [];
  let place = directory;
  for (let index = 0; index < count; index++) {
    if (view.getUint32(place, true) !== CENTRAL_HEADER.signature) {
      throw new FormatError("the zip archive is damaged: its directory holds something other than an entry");
    }
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => view.getUint16(place + offset, true));
    const nameBegin = place + CENTRAL_HEADER.bytes;
    const name = nameOf(bytes.subarray(nameBegin, nameBegin + nameBytes));
    if ((view.getUint16(place + 8, true) & REFUSED_FLAGS) !== 0) {
      throw new FormatError(`refused: the zip archive's entry ${name} is encrypted or a patch`);
    }
    requireFirstDisk(view.getUint16(place + 34, true));
    const method = view.getUint16(place + 10, true);
    if (method !== STORED && method !== DEFLATED) {
      throw new FormatError(`refused: the zip archive's entry ${name} is compressed by method ${method}`);
    }
    const { unpackedSize, size, begin } = readPlace(view, place, nameBegin + nameBytes, extraBytes);
    if (unpackedSize !== size && (method === STORED || size === 0)) {
      throw new FormatError(`the zip archive is damaged: its entry ${name} has two sizes that do not fit`);
    }
    const dataBegin = findData(view, name, begin);
    const end = dataBegin + size;
    if (end > directory) {
      throw new FormatError(`refused: the zip archive's entry ${name} extends beyond the archive's data`);
    }
    const checksum = view.getUint32(place + 16, true);
    const isFolder = name.endsWith("/") || (view.getUint32(place + 38, true) & FOLDER_ATTRIBUTE) !== 0;
    entries.push({ name, method, isFolder, checksum, begin, end, data: bytes.subarray(dataBegin, end) });
    place = nameBegin + nameBytes + extraBytes + commentBytes;
    if (place > directory + directoryBytes) {
      throw new FormatError("the zip archive is damaged: its directory is longer than it says");
    }
  }
  return entries;
}

function nameOf(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new FormatError("the zip archive is damaged: the name of an entry is not UTF-8");
  }
}

/** The number of entries, and where their directory begins. */
function readEnd(view: DataView): Directory {
  const earliest = Math.max(0, view.byteLength - END.bytes - LONGEST_COMMENT);
  for (let end = view.byteLength - END.bytes; end >= earliest; end--) {
    if (view.getUint32(end, true) !== END.signature) continue;
    const locator = end - END_64_LOCATOR.bytes;
    if (locator >= 0 && view.getUint32(locator, true) === END_64_LOCATOR.signature) {
      const end64 = uint64(view, locator + 8);
      if (view.getUint32(end64, true) !== END_64_SIGNATURE) {
        throw new FormatError("the zip archive is damaged: it has no end record where it says");
      }
      const places = [locator + 4, end64 + 16, end64 + 20];
      const disks = [view.getUint32(locator + 16, true) - 1, ...places.map((place) => view.getUint32(place, true))];
      const [here, count, size, begin] = [24, 32, 40, 48].map((offset) => uint64(view, end64 + offset));
      return requireWhole({ disks, here, count, size, begin, end: end64 });
    }
    const [disk, first, here, count] = [4, 6, 8, 10].map((offset) => view.getUint16(end + offset, true));
    const [size, begin] = [12, 16].map((offset) => view.getUint32(end + offset, true));
    return requireWhole({ disks: [disk, first], here, count, size, begin, end });
  }
  throw new FormatError("the zip archive is damaged: it has no end record");
}

/** What the record at the archive's end says about the directory, and where the record begins. */
interface Directory {
  readonly disks: readonly number[];
  /** The entries on this disk. */
  readonly here: number;
  readonly count: number;
  readonly size: number;
  readonly begin: number;
  readonly end: number;
}

function requireWhole(directory: Directory): Directory {
  const { disks, here, count, size, begin, end } = directory;
  requireFirstDisk(...disks, here - count);
  if (begin + size > end) throw new FormatError("the zip archive is damaged: its directory is not before its end");
  return directory;
}

/** Archives once spanned floppy disks. */
function requireFirstDisk(...disks: readonly number[]): void {
  if (disks.some((disk) => disk !== 0)) throw new FormatError("refused: the zip archive is a part of several");
}

/** An entry's sizes and where its local header begins, from the 64-bit extra field if needed. */
function readPlace(
  view: DataView,
  header: number,
  extraBegin: number,
  extraBytes: number,
): { unpackedSize: number; size: number; begin: number } {
  const values = [24, 20, 42].map((offset) => view.getUint32(header + offset, true));
  const extra = findExtra64(view, extraBegin, extraBegin + extraBytes);
  let next = extra?.begin ?? 0;
  const [unpackedSize, size, begin] = values.map((value) => {
    if (value !== SEE_EXTRA || !extra || next + 8 > extra.end) return value;
    next += 8;
    return uint64(view, next - 8);
  });
  return { unpackedSize, size, begin };
}

function findExtra64(view: DataView, begin: number, end: number): { begin: number; end: number } | undefined {
  for (let place = begin; place + EXTRA_HEADER_BYTES <= end; ) {
    const data = place + EXTRA_HEADER_BYTES;
    const dataEnd = data + view.getUint16(place + 2, true);
    if (view.getUint16(place, true) === EXTRA_64_ID) return { begin: data, end: Math.min(dataEnd, end) };
    place = dataEnd;
  }
  return undefined;
}

function findData(view: DataView, name: string, begin: number): number {
  if (view.getUint32(begin, true) !== LOCAL_HEADER.signature) {
    throw new FormatError(`the zip archive is damaged: its entry ${name} is not where its directory says`);
  }
  return begin + LOCAL_HEADER.bytes + view.getUint16(begin + 26, true) + view.getUint16(begin + 28, true);
}

function requireNoOverlap(entries: readonly Entry[]): void {
  let reached = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin)) {
    if (begin < reached) throw new FormatError(`refused: the zip archive's entry ${name} overlaps another one`);
    reached = end;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Beyond 2^53 it is rounded, but that is outside any file. */
function uint64(view: DataView, place: number): number {
  return Number(view.getBigUint64(place, true));
}
