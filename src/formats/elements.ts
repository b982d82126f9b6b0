import { elementCount, type Tensor, type TensorData } from "../model/parameters.js";
import { FormatError } from "./errors.js";

/**
 * Element types, by their safetensors names. Little-endian, as is every machine that JavaScript runs on today. `decode`
 * takes a buffer that holds nothing else, so that it is aligned.
 */
const ELEMENTS = {
  F64: { size: 8, decode: (buffer) => new Float64Array(buffer) },
  F32: { size: 4, decode: (buffer) => new Float32Array(buffer) },
  F16: { size: 2, decode: widenHalves },
  BF16: { size: 2, decode: widenBrainFloats },
  I64: { size: 8, decode: (buffer) => new BigInt64Array(buffer) },
  I32: { size: 4, decode: (buffer) => new Int32Array(buffer) },
  I16: { size: 2, decode: (buffer) => new Int16Array(buffer) },
  I8: { size: 1, decode: (buffer) => new Int8Array(buffer) },
  U64: { size: 8, decode: (buffer) => new BigUint64Array(buffer) },
  U32: { size: 4, decode: (buffer) => new Uint32Array(buffer) },
  U16: { size: 2, decode: (buffer) => new Uint16Array(buffer) },
  U8: { size: 1, decode: (buffer) => new Uint8Array(buffer) },
  BOOL: { size: 1, decode: (buffer) => new Uint8Array(buffer) },
} satisfies Record<string, { size: number; decode: (buffer: ArrayBuffer) => TensorData }>;

/** The type of a tensor's elements, as safetensors names it. */
export type ElementType = keyof typeof ELEMENTS;

const TYPE_OF_ARRAY = {
  Float64Array: "F64",
  Float32Array: "F32",
  BigInt64Array: "I64",
  Int32Array: "I32",
  Int16Array: "I16",
  Int8Array: "I8",
  BigUint64Array: "U64",
  Uint32Array: "U32",
  Uint16Array: "U16",
  Uint8Array: "U8",
} as const satisfies Record<TensorData[typeof Symbol.toStringTag], ElementType>;

/** Whether a name from a file is a supported element type. */
export function isElementType(name: unknown): name is ElementType {
  return typeof name === "string" && Object.hasOwn(ELEMENTS, name);
}

/** The size of one element in bytes. */
export function elementSize(type: ElementType): number {
  return ELEMENTS[type].size;
}

/** Copies a file's bytes into an array of their type. F16 and BF16 are widened to float32. */
export function decodeElements(type: ElementType, bytes: Uint8Array): TensorData {
  // Not bytes.slice(): on Node's Buffer it does not copy.
  const copy = new Uint8Array(bytes);
  return ELEMENTS[type].decode(copy.buffer);
}

/**
 * A tensor's elements as bytes, with their type.
 *
 * @throws FormatError if the shape does not fit the data
 */
export function encodeElements(name: string, { shape, data }: Tensor): { type: ElementType; bytes: Uint8Array } {
  if (elementCount(shape) !== data.length) {
    throw new FormatError(`tensor "${name}": shape [${shape}] does not fit ${data.length} elements`);
  }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { type: TYPE_OF_ARRAY[data[Symbol.toStringTag]], bytes };
}

/** Widens IEEE half precision to float32, exactly. It assembles the bits, so NaN payloads are kept. */
function widenHalves(buffer: ArrayBuffer): Float32Array {
  const halves = new Uint16Array(buffer);
  const floats = new Float32Array(halves.length);
  const words = new Uint32Array(floats.buffer);
  halves.forEach((half, index) => {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) {
      floats[index] = fraction * 2 ** -24;
      words[index] |= sign;
    } else {
      const widened = exponent === 0x1f ? 0xff : exponent + 127 - 15;
      words[index] = sign | (widened << 23) | (fraction << 13);
    }
  });
  return floats;
}

/** bfloat16 is the upper half of a float32. */
function widenBrainFloats(buffer: ArrayBuffer): Float32Array {
  const words = Uint32Array.from(new Uint16Array(buffer), (half) => half << 16);
  return new Float32Array(words.buffer);
}
