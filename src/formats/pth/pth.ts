import type { NamedTensors } from "../../model/parameters.js";
import { TensorBudget } from "../elements.js";
import { FormatError } from "../errors.js";
import type { TensorFile } from "../tensorFile.js";
import { isZip, openStoredZip, type StoredZip } from "../zip/read.js";
import { writeStoredZip } from "../zip/write.js";
import { readPickle, writePickle } from "./pickle.js";
import { readStateDict, type Storage, stateDictVocabulary, writeStateDict } from "./stateDict.js";

/**
 * PyTorch's .pth files, as `torch.save(model.state_dict(), path)` writes them. Since PyTorch 1.6 they are zip archives
 * with everything in one folder: `data.pkl`, the pickled dictionary; `data/0`, `data/1` …, the raw storages; and a few
 * small entries about the format. Older files hold the same things one after another, without an archive.
 *
 * Metadata are stored as text in `extra/NAME`, where TorchScript keeps its own; `torch.load` ignores them.
 */

const PICKLE_SIGNATURE = [0x80, 0x02];
const LEGACY_MAGIC_NUMBER = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;

/** The newest version of the archive that PyTorch 2.13 reads. */
const NEWEST_VERSION = 10;

/** PyTorch's alignment of storages, in bytes. */
const ALIGNMENT = 64;

/**
 * Reads the tensors of a state_dict, or of a checkpoint that holds one as `state_dict`, `model_state_dict` or `model`.
 * Floating-point tensors of every precision become float32, bool becomes bytes. The prefixes of DataParallel and
 * torch.compile (`module.`, `_orig_mod.`) are removed. Nothing in the file is executed. The metadata are those given to
 * `writePth`.
 *
 * @throws FormatError if the file is damaged, of another format, big-endian, or needs more than tensors (such as an
 *   entire pickled model, or malicious code)
 */
export function readPth(bytes: Uint8Array): TensorFile {
  if (isZip(bytes)) {
    return readZipForm(bytes);
  }
  if (isPickle(bytes)) {
    return { tensors: readLegacyForm(bytes), metadata: {} };
  }
  throw new FormatError("not a PyTorch file: it is neither a zip archive nor a pickle");
}

/** Whether a file begins like a .pth file. */
export function isPth(bytes: Uint8Array): boolean {
  return isZip(bytes) || isPickle(bytes);
}

function isPickle(bytes: Uint8Array): boolean {
  return PICKLE_SIGNATURE.every((byte, index) => bytes[index] === byte);
}

/**
 * Writes a state_dict that `torch.load(path, weights_only=True)` reads, the same bytes for the same tensors and
 * metadata. Checked with PyTorch 2.13 and 2.14; it uses only what 1.13, the first with that option, understands.
 *
 * @param metadata strings by name; the names in ASCII
 * @throws FormatError if a shape does not fit its data, or the elements are unsigned integers of 16 bits or more
 */
export function writePth(tensors: NamedTensors, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const { pickled, storages } = writeStateDict(tensors);
  const text = new TextEncoder();
  // Newer PyTorch also writes .format_version, which promises the exact layout of its own zip writer.
  return writeStoredZip(
    [
      ["archive/data.pkl", writePickle(pickled)],
      ["archive/byteorder", text.encode("little")],
      ...storages.map((storage, key) => [`archive/data/${key}`, storage] as const),
      ["archive/version", text.encode("3\n")],
      ...Object.entries(metadata).map(([name, value]) => [`archive/extra/${name}`, text.encode(value)] as const),
    ],
    ALIGNMENT,
  );
}

function readZipForm(bytes: Uint8Array): TensorFile {
  const archive = openStoredZip(bytes);
  const [first = ""] = archive.names;
  const root = first.slice(0, first.indexOf("/") + 1);
  const pickle = archive.read(`${root}data.pkl`);
  if (root === "" || pickle === undefined) {
    throw new FormatError("not a PyTorch file: the zip archive has no data.pkl");
  }
  requireReadable(archive, root);
  const { value } = readPickle(pickle, 0, stateDictVocabulary("archive"));
  const bytesOf = (storage: Storage) => {
    const name = `${root}data/${storage.key}`;
    const found = archive.read(name);
    if (found?.length !== storage.byteLength) {
      const problem = found ? `has ${found.length} bytes, not ${storage.byteLength}` : "is missing";
      throw new FormatError(`the archive's entry ${name} ${problem}`);
    }
    return found;
  };
  const tensors = readStateDict(value, bytesOf, new TensorBudget(bytes.length));
  return { tensors, metadata: readExtra(archive, `${root}extra/`) };
}

/** Checks everything around the pickle that `torch.load` checks. */
function requireReadable(archive: StoredZip, root: string): void {
  const outside = archive.names.find((name) => !name.startsWith(root) || name === root);
  if (outside !== undefined) {
    throw new FormatError(`refused: the archive's entry ${outside} is not a file in the folder of the others, ${root}`);
  }
  if (archive.names.includes(`${root}constants.pkl`)) throw new FormatError("refused: the file holds TorchScript");
  const textOf = (name: string) => {
    const entry = archive.read(root + name);
    return entry && new TextDecoder("latin1").decode(entry);
  };
  const byteOrder = textOf("byteorder") ?? "little";
  if (byteOrder === "big") throw new FormatError("the file's byte order is big-endian, which is not supported");
  if (byteOrder !== "little") throw new FormatError("the archive's entry byteorder is neither little nor big");
  const version = textOf("version") ?? "";
  if (!/^\d+\n?$/.test(version) || Number(version) < 1 || Number(version) > NEWEST_VERSION) {
    throw new FormatError(`the archive's entry version is not a number from 1 to ${NEWEST_VERSION}`);
  }
  if (!/^\d+$/.test(textOf(".storage_alignment") ?? "1")) {
    throw new FormatError("the archive's entry .storage_alignment is not a number");
  }
  if (/[^ -~]/.test(textOf(".data/serialization_id") ?? "")) {
    throw new FormatError("the archive's entry .data/serialization_id is not ASCII");
  }
}

function readExtra(archive: StoredZip, prefix: string): Record<string, string> {
  const names = archive.names.filter((name) => name.startsWith(prefix));
  return Object.fromEntries(
    names.map((name) => [name.slice(prefix.length), new TextDecoder().decode(archive.read(name))]),
  );
}

function readLegacyForm(bytes: Uint8Array): NamedTensors {
  const vocabulary = stateDictVocabulary("older");
  let position = 0;
  const nextPickle = () => {
    const { value, end } = readPickle(bytes, position, vocabulary);
    position = end;
    return value;
  };

  if (nextPickle() !== LEGACY_MAGIC_NUMBER) {
    throw new FormatError("not a PyTorch file: its first pickle is not PyTorch's");
  }
  const protocol = nextPickle();
  if (protocol !== LEGACY_PROTOCOL) {
    throw new FormatError(`the file's protocol is not ${LEGACY_PROTOCOL}`);
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
      throw new FormatError(`the file has no storage ${key}`);
    }
    return found;
  };
  return readStateDict(root, bytesOf, new TensorBudget(bytes.length));
}

/** Reads the storages in the order of the keys. Each is its number of elements as a uint64, then the elements. */
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
      throw new FormatError(
        `storage ${key} at byte ${position} is cut short or does not have ${storage.count} elements`,
      );
    }
    raw.set(key, bytes.subarray(begin, end));
    position = end;
  }
  return raw;
}
