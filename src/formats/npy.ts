import type { Tensor } from "../model/index.js";
import { decodeElements, type ElementType, elementSize } from "./elements.js";
import { FormatError } from "./errors.js";

/**
 * NumPy's .npy format (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): a magic string, the
 * version, the header's length, the header as a Python dictionary, and the elements.
 */
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const LONGEST_HEADER = 10_000;
const TYPES: Readonly<Record<string, ElementType>> = { "<f2": "F16", "<f4": "F32", "<f8": "F64" };

/** Whether a file begins like a .npy file. */
export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, index) => bytes[index] === byte);
}

/** Reads a .npy file of floats in C order. @throws FormatError if it is anything else */
export function readNpy(bytes: Uint8Array): Tensor {
  if (!isNpy(bytes) || bytes.length < 12) throw new FormatError("npy: it is not a .npy file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = bytes[6] === 1 ? 10 : 12;
  const length = bytes[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > LONGEST_HEADER || start + length > bytes.length) {
    throw new FormatError(`npy: the header's length is given as ${length}`);
  }
  const header = new TextDecoder("latin1").decode(bytes.subarray(start, start + length));
  const [, description] = /'descr':\s*'([^']*)'/.exec(header) ?? [];
  const type = Object.hasOwn(TYPES, description ?? "") ? TYPES[description] : undefined;
  if (!type) throw new FormatError(`npy: its elements are "${description}", expected float16, float32 or float64`);
  if (!/'fortran_order':\s*False/.test(header)) throw new FormatError("npy: it is not in C order");
  const [, extents] = /'shape':\s*\(([\d,\s]*)\)/.exec(header) ?? [];
  if (extents === undefined) throw new FormatError("npy: its header has no shape");
  const shape = extents.split(",").flatMap((extent) => (extent.trim() === "" ? [] : [Number(extent)]));
  const data = bytes.subarray(start + length);
  if (shape.reduce((product, extent) => product * extent, elementSize(type)) !== data.length) {
    throw new FormatError(`npy: shape [${shape}] does not fit ${data.length} bytes`);
  }
  return { shape, data: decodeElements(type, data) };
}
