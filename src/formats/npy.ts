import type { Tensor } from "../model/index.js";
import { decodeElements, type ElementType, elementSize } from "./elements.js";
import { FormatError } from "./errors.js";

/**
 * NumPy's .npy format (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): a magic string, the
 * version, the header's length, the header as a Python dictionary, and the elements.
 */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** The lowest and highest version. From 2 on, the header's length has four bytes. */
const VERSIONS = [1, 3];
const LONGEST_HEADER = 10_000;
/** An entry of the dictionary: a name, and a string, a tuple or a word. */
const ENTRY = /'(\w+)'\s*:\s*('[^'\\]*'|\([^()]*\)|\w+)/g;
const THREE_ENTRIES = /^\{\s*#\s*,\s*#\s*,\s*#\s*,?\s*\}\s*$/;
/** One integer needs a comma: without it, the parentheses do not make a tuple. */
const TUPLE = /^\((?:\s*\d+\s*,)*(?:(?<=,)\s*\d+)?\s*\)$/;
const TYPES: Readonly<Record<string, ElementType>> = { "'<f2'": "F16", "'<f4'": "F32", "'<f8'": "F64" };

/** Whether a file begins like a .npy file. */
export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

/** Reads a .npy file of floats in C order. @throws FormatError if it is anything else */
export function readNpy(bytes: Uint8Array): Tensor {
  if (!isNpy(bytes) || bytes.length < 12) throw new FormatError("npy: it is not a .npy file");
  const [version, minor] = bytes.subarray(MAGIC.length);
  if (version < VERSIONS[0] || version > VERSIONS[1] || minor !== 0) {
    throw new FormatError(`npy: version ${version}.${minor} is not supported`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LONGEST_HEADER || start + length > bytes.length) {
    throw new FormatError(`npy: the header's length is given as ${length}`);
  }
  const { descr, fortran_order, shape: tuple } = readHeader(bytes.subarray(start, start + length));
  const type = Object.hasOwn(TYPES, descr) ? TYPES[descr] : undefined;
  if (!type) throw new FormatError(`npy: its elements are ${descr}, expected float16, float32 or float64`);
  if (fortran_order !== "False") throw new FormatError("npy: it is not in C order");
  if (!TUPLE.test(tuple)) throw new FormatError(`npy: its shape is given as ${tuple}`);
  const shape = (tuple.match(/\d+/g) ?? []).map(Number);
  const data = bytes.subarray(start + length);
  if (shape.reduce((product, extent) => product * extent, elementSize(type)) !== data.length) {
    throw new FormatError(`npy: shape [${shape}] does not fit ${data.length} bytes`);
  }
  return { shape, data: decodeElements(type, data) };
}

/** The values of the dictionary as text. NumPy too reads it only if it has these three keys. */
function readHeader(bytes: Uint8Array): Record<"descr" | "fortran_order" | "shape", string> {
  const fields = new Map<string, string>();
  const structure = new TextDecoder("latin1").decode(bytes).replace(ENTRY, (_, name, value) => {
    fields.set(name, value);
    return "#";
  });
  const [descr, fortran_order, shape] = ["descr", "fortran_order", "shape"].map((name) => fields.get(name));
  if (!THREE_ENTRIES.test(structure) || descr === undefined || fortran_order === undefined || shape === undefined) {
    throw new FormatError("npy: its header is not a dictionary of descr, fortran_order and shape");
  }
  return { descr, fortran_order, shape };
}
