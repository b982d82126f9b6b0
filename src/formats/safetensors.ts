import type { NamedTensors, Tensor } from "../model/index.js";
import { elementCount } from "../model/index.js";
import {
  decodeElements,
  type ElementType,
  elementSize,
  encodeElements,
  isElementType,
  TensorBudget,
} from "./elements.js";
import { FormatError } from "./errors.js";
import { shown } from "./mistakes.js";
import type { TensorFile } from "./tensorFile.js";

/**
 * The safetensors format (https://huggingface.co/docs/safetensors): the header's length as a little-endian uint64; the
 * header, JSON with each tensor's type, shape and offsets; then the raw data, without gaps.
 */

const LENGTH_BYTES = 8;
/** The format allows a hundred times as much, but parsed JSON takes far more memory than its text. */
const LONGEST_HEADER = 1_000_000;
const METADATA = "__metadata__";

interface Entry {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a safetensors file. Values are copied; F16 and BF16 are widened to float32, BOOL is read as bytes.
 *
 * @throws FormatError for anything but a complete, gapless file of the types F64, F32, F16, BF16, I8 to I64, U8 to U64
 *   and BOOL
 */
export function readSafetensors(bytes: Uint8Array): TensorFile {
  return readSafetensorsWithin(bytes, new TensorBudget(bytes.length));
}

/** {@link readSafetensors} with another budget than that of weights. */
export function readSafetensorsWithin(bytes: Uint8Array, budget: TensorBudget): TensorFile {
  const headerLength = readHeaderLength(bytes);
  const { header, text } = parseHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headerLength));
  const data = bytes.subarray(LENGTH_BYTES + headerLength);

  const { [METADATA]: metadata = {}, ...described } = header;
  const entries = Object.entries(described).map(([name, description]) => readEntry(name, description));
  checkPlaces(entries, data.length);
  requireIntegers(text);
  for (const { name, type, shape } of entries) budget.spend(name, type, shape);

  const tensors = new Map<string, Tensor>();
  for (const { name, type, shape, begin, end } of entries) {
    tensors.set(name, { shape, data: decodeElements(type, data.subarray(begin, end)) });
  }
  return { tensors, metadata: readMetadata(metadata) };
}

/** Whether a file begins like a safetensors file: with a length and a JSON object. */
export function isSafetensors(bytes: Uint8Array): boolean {
  return bytes[LENGTH_BYTES] === "{".charCodeAt(0);
}

/**
 * Writes a safetensors file, the same bytes for the same tensors. Wider elements come first, so that every tensor is
 * aligned when the file is memory-mapped.
 *
 * @throws FormatError if a shape does not fit its data, or a tensor is named `__metadata__`
 */
export function writeSafetensors(tensors: NamedTensors, metadata: Record<string, string> = {}): Uint8Array {
  if (tensors.has(METADATA)) {
    throw new FormatError(`safetensors: no tensor can be named ${METADATA}`);
  }
  const encoded = [...tensors].map(([name, tensor]) => ({
    name,
    shape: tensor.shape,
    ...encodeElements(name, tensor),
    begin: 0,
  }));
  const widestFirst = encoded.toSorted((a, b) => elementSize(b.type) - elementSize(a.type));
  let dataLength = 0;
  for (const entry of widestFirst) {
    entry.begin = dataLength;
    dataLength += entry.bytes.length;
  }

  const header = new TextEncoder().encode(
    JSON.stringify({
      ...(Object.keys(metadata).length > 0 && { [METADATA]: metadata }),
      ...Object.fromEntries(
        encoded.map(({ name, type, shape, begin, bytes }) => [
          name,
          { dtype: type, shape, data_offsets: [begin, begin + bytes.length] },
        ]),
      ),
    }),
  );
  // The format requires spaces: readers refuse any other padding.
  const headerLength = Math.ceil(header.length / 8) * 8;
  const file = new Uint8Array(LENGTH_BYTES + headerLength + dataLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerLength);
  file.set(header, LENGTH_BYTES);
  for (const { begin, bytes } of encoded) {
    file.set(bytes, LENGTH_BYTES + headerLength + begin);
  }
  return file;
}

function readHeaderLength(bytes: Uint8Array): number {
  if (bytes.length < LENGTH_BYTES) {
    throw new FormatError(`safetensors: the file has only ${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  const rest = bytes.length - LENGTH_BYTES;
  if (length > BigInt(rest)) {
    throw new FormatError(`safetensors: the header's length is given as ${length}, but only ${rest} bytes follow`);
  }
  if (length > BigInt(LONGEST_HEADER)) {
    throw new FormatError(`safetensors: the header's length is given as ${length}, more than ${LONGEST_HEADER}`);
  }
  return Number(length);
}

function parseHeader(bytes: Uint8Array): { readonly header: Record<string, unknown>; readonly text: string } {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    throw new FormatError("safetensors: the header is not JSON");
  }
  if (bytes[0] !== 0x7b || !isRecord(header)) {
    throw new FormatError("safetensors: the header does not begin as a JSON object");
  }
  const repeated = firstRepeatedKey(text);
  if (repeated !== undefined) {
    throw new FormatError(`safetensors: the header has the key "${repeated}" twice`);
  }
  return { header, text };
}

/** `JSON.parse` takes 80.0 for 80, other readers do not. */
function requireIntegers(json: string): void {
  const withoutTexts = json.replace(/"(?:\\.|[^"\\])*"/g, "");
  if (!/\d[.eE]|-/.test(withoutTexts)) return;
  throw new FormatError("safetensors: the header has a number that is not written as an integer");
}

/** The first key that occurs twice in an object of this valid JSON. `JSON.parse` would silently keep the last one. */
function firstRepeatedKey(json: string): string | undefined {
  const enclosing: Set<string>[] = [];
  let inText = false;
  let begin = 0;
  let end = 0;
  for (const { 0: token, index } of json.matchAll(/\\.|["{}:]/g)) {
    if (token === '"') {
      inText = !inText;
      if (inText) {
        begin = index;
      } else {
        end = index + 1;
      }
    } else if (!inText && token === "{") {
      enclosing.push(new Set());
    } else if (!inText && token === "}") {
      enclosing.pop();
    } else if (!inText) {
      const key: string = JSON.parse(json.slice(begin, end));
      const keys = enclosing.at(-1)!;
      if (keys.has(key)) {
        return key;
      }
      keys.add(key);
    }
  }
  return undefined;
}

function readEntry(name: string, description: unknown): Entry {
  const fail = (problem: string) => new FormatError(`safetensors: tensor "${name}": ${problem}`);
  if (!isRecord(description)) {
    throw fail("its description is not a JSON object");
  }
  const { dtype: type, shape, data_offsets: offsets } = description;
  if (!isElementType(type)) {
    throw fail(`its type ${shown(type)} is not supported`);
  }
  if (!isExtents(shape)) {
    throw fail(`its shape ${shown(shape)} is not a list of non-negative integers`);
  }
  if (!isExtents(offsets) || offsets.length !== 2) {
    throw fail(`its offsets ${shown(offsets)} are not two non-negative integers`);
  }
  const [begin, end] = offsets;
  const size = elementCount(shape) * elementSize(type);
  if (end - begin !== size) {
    throw fail(`its offsets ${begin} to ${end} do not fit the ${size} bytes of ${type} [${shape}]`);
  }
  return { name, type, shape, begin, end };
}

/** In order of their offsets, each tensor must begin where the previous one ends, and the last must end the file. */
function checkPlaces(entries: readonly Entry[], dataLength: number): void {
  let reached = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== reached) {
      const problem = begin < reached ? "overlaps another tensor" : "comes after a gap";
      throw new FormatError(`safetensors: tensor "${name}": its data at ${begin} to ${end} ${problem}`);
    }
    if (end > dataLength) {
      throw new FormatError(
        `safetensors: tensor "${name}": its data ends at ${end}, but the file's data ends at ${dataLength}`,
      );
    }
    reached = end;
  }
  if (reached !== dataLength) {
    throw new FormatError(`safetensors: the tensors end at ${reached}, but the file's data ends at ${dataLength}`);
  }
}

function readMetadata(metadata: unknown): Record<string, string> {
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    throw new FormatError(`safetensors: ${METADATA} is not an object of strings`);
  }
  return metadata as Record<string, string>;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isExtents(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
}
