import { unzipSync, type Zippable, zipSync } from "fflate";
import type { NamedTensors } from "../model/tensor.js";
import { FormatError } from "./errors.js";
import { readPickle, writePickle } from "./pickle.js";
import { readStateDict, type Storage, stateDictVocabulary, writeStateDict } from "./stateDict.js";

/**
 * PyTorch's .pth files: what `torch.save(model.state_dict(), path)` writes. Since PyTorch 1.6 a zip archive whose
 * entries lie under one folder: `data.pkl`, the pickled dictionary; `data/0`, `data/1` …, the raw storages; and a
 * few small entries about the format. Before that, the same things one after another in a bare file.
 */

const ZIP_SIGNATURE = [0x50, 0x4b, 0x03, 0x04];
const PICKLE_SIGNATURE = [0x80, 0x02];
const LEGACY_MAGIC_NUMBER = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

const LOCAL_HEADER_BYTES = 30;
const EXTRA_HEADER_BYTES = 4;
/** The id of PyTorch's padding: "FB", little-endian. */
const PADDING_ID = 0x4246;
const STORAGE_ALIGNMENT = 64;
const NEEDED_ENTRIES = /^[^/]*\/(?:data\.pkl|byteorder|data\/.+)$/;
const CENTRAL_HEADER_BYTES = 46;

/**
 * Reads the tensors of a state_dict, or of a checkpoint that holds one as `state_dict`, `model_state_dict` or
 * `model`. Floating tensors of every precision come back as float32, bool as bytes. What DataParallel and
 * torch.compile put before every name (`module.`, `_orig_mod.`) is left out. Nothing of the file is executed.
 *
 * @throws FormatError where the file is damaged, of another format, big-endian, or asks for anything but tensors
 *   (a whole pickled model, or malice)
 */
export function readPth(bytes: Uint8Array): NamedTensors {
  if (startsWith(bytes, ZIP_SIGNATURE)) {
    return readZipForm(bytes);
  }
  if (startsWith(bytes, PICKLE_SIGNATURE)) {
    return readLegacyForm(bytes);
  }
  throw new FormatError("not a PyTorch file: it begins neither as a zip archive nor as a pickle");
}

/** Whether a file begins as a .pth does. */
export function isPth(bytes: Uint8Array): boolean {
  return startsWith(bytes, ZIP_SIGNATURE) || startsWith(bytes, PICKLE_SIGNATURE);
}

/**
 * Writes a state_dict that `torch.load(path, weights_only=True)` reads (checked with PyTorch 2.13); the same bytes for
 * the same tensors.
 *
 * @throws FormatError where a shape does not fit its data, or the elements are unsigned of 16 bits or more
 */
export function writePth(tensors: NamedTensors): Uint8Array {
  const { pickled, storages } = writeStateDict(tensors);
  const text = new TextEncoder();
  // Newer PyTorch also writes .format_version, which promises the exact layout of its own zip writer.
  return zipAligned([
    ["archive/data.pkl", writePickle(pickled)],
    ["archive/byteorder", text.encode("little")],
    ...storages.map((storage, key) => [`archive/data/${key}`, storage] as const),
    ["archive/version", text.encode("3\n")],
  ]);
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, index) => bytes[index] === byte);
}

/** What the tensors of a file may take: generous for real ones, a bound on what hostile ones make us allocate. */
function mostTensorBytes(file: Uint8Array): number {
  return 16 * file.length + 2 ** 24;
}

function readZipForm(bytes: Uint8Array): NamedTensors {
  const entries = unzip(bytes);
  const pickleName = [...entries.keys()].find((name) => name.endsWith("/data.pkl"));
  if (pickleName === undefined) {
    throw new FormatError("not a PyTorch file: the zip archive has no data.pkl");
  }
  const root = pickleName.slice(0, -"data.pkl".length);

  const byteOrder = entries.get(`${root}byteorder`);
  if (byteOrder !== undefined && new TextDecoder().decode(byteOrder) !== "little") {
    throw new FormatError("the file's byte order is big-endian, which is not supported");
  }

  const { value } = readPickle(entries.get(pickleName)!, 0, stateDictVocabulary());
  const bytesOf = (storage: Storage) => {
    const name = `${root}data/${storage.key}`;
    const found = entries.get(name)?.length;
    if (found !== storage.byteLength) {
      const problem = found === undefined ? "is missing" : `has ${found} bytes, not ${storage.byteLength}`;
      throw new FormatError(`the archive's entry ${name} ${problem}`);
    }
    return entries.get(name)!;
  };
  return readStateDict(value, bytesOf, mostTensorBytes(bytes));
}

/**
 * The entries of an archive that are needed. What it says of their sizes is checked before anything is allocated.
 * PyTorch stores them; compressed ones, which may be small in the file and endless when unpacked, are not read.
 */
function unzip(bytes: Uint8Array): Map<string, Uint8Array> {
  let unpacked = 0;
  try {
    const files = unzipSync(bytes, {
      filter: ({ name, size, compression }) => {
        unpacked += CENTRAL_HEADER_BYTES + size;
        if (name === "" || unpacked > bytes.length) {
          throw new FormatError("refused: the zip archive's directory describes more than the file holds");
        }
        const needed = NEEDED_ENTRIES.test(name);
        if (needed && compression !== 0) {
          throw new FormatError(`refused: the zip archive's entry ${name} is compressed, as PyTorch's never are`);
        }
        return needed;
      },
    });
    return new Map(Object.entries(files));
  } catch (error) {
    throw error instanceof FormatError
      ? error
      : new FormatError(`the zip archive is damaged: ${(error as Error).message}`);
  }
}

function readLegacyForm(bytes: Uint8Array): NamedTensors {
  const vocabulary = stateDictVocabulary();
  let position = 0;
  const nextPickle = () => {
    const { value, end } = readPickle(bytes, position, vocabulary);
    position = end;
    return value;
  };

  if (nextPickle() !== LEGACY_MAGIC_NUMBER) {
    throw new FormatError("not a PyTorch file: it begins with a pickle, but not with PyTorch's");
  }
  const protocol = nextPickle();
  if (protocol !== LEGACY_PROTOCOL) {
    throw new FormatError(`the file's protocol is not PyTorch's ${LEGACY_PROTOCOL}`);
  }
  const system = nextPickle();
  if (system instanceof Map && system.get("little_endian") === false) {
    throw new FormatError("the file's byte order is big-endian, which is not supported");
  }
  const root = nextPickle();
  const keys = nextPickle();
  const raw = readLegacyStorages(bytes, position, keys, vocabulary.storages);
  const bytesOf = ({ key }: Storage) => {
    const found = raw.get(key);
    if (found === undefined) {
      throw new FormatError(`the file lacks storage ${key}`);
    }
    return found;
  };
  return readStateDict(root, bytesOf, mostTensorBytes(bytes));
}

/** Storages in the order of the keys, each its number of elements in eight bytes, then the elements. */
function readLegacyStorages(
  bytes: Uint8Array,
  start: number,
  keys: unknown,
  storages: ReadonlyMap<string, Storage>,
): Map<string, Uint8Array> {
  if (!Array.isArray(keys)) {
    throw new FormatError("the file has no list of storages");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const raw = new Map<string, Uint8Array>();
  let position = start;
  for (const key of keys) {
    const storage = storages.get(key);
    if (storage === undefined) {
      throw new FormatError("the file has a storage that no tensor uses");
    }
    const begin = position + 8;
    const end = begin + storage.byteLength;
    if (end > bytes.length || view.getBigUint64(position, true) !== BigInt(storage.count)) {
      throw new FormatError(`storage ${key} at byte ${position} is cut short or not of ${storage.count} elements`);
    }
    raw.set(key, bytes.subarray(begin, end));
    position = end;
  }
  return raw;
}

/** A zip archive of stored entries whose data begin at multiples of 64 bytes, as PyTorch aligns them. */
function zipAligned(entries: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const files: Zippable = {};
  let position = 0;
  for (const [name, bytes] of entries) {
    const unpadded = position + LOCAL_HEADER_BYTES + name.length + EXTRA_HEADER_BYTES;
    const begin = Math.ceil(unpadded / STORAGE_ALIGNMENT) * STORAGE_ALIGNMENT;
    files[name] = [bytes, { extra: { [PADDING_ID]: new Uint8Array(begin - unpadded) } }];
    position = begin + bytes.length;
  }
  // In local time, as fflate reads it, so that the bytes do not depend on the time zone.
  return zipSync(files, { level: 0, mtime: new Date(1980, 0, 1) });
}
