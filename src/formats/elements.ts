import { elementCount, type Tensor, type TensorData } from "../model/index.js";
import { FormatError } from "./errors.js";

/**
 * Element types, by their safetensors names. Little-endian, as is every machine that JavaScript runs on today. Without
 * `widen`, the array holds the bytes as they are.
 */
const ELEMENTS = {
  F64: { size: 8, array: Float64Array },
  F32: { size: 4, array: Float32Array },
  F16: { size: 2, array: Float32Array, widen: widenHalf },
  BF16: { size: 2, array: Float32Array, widen: (half: number) => half << 16 },
  I64: { size: 8, array: BigInt64Array },
  I32: { size: 4, array: Int32Array },
  I16: { size: 2, array: Int16Array },
  I8: { size: 1, array: Int8Array },
  U64: { size: 8, array: BigUint64Array },
  U32: { size: 4, array: Uint32Array },
  U16: { size: 2, array: Uint16Array },
  U8: { size: 1, array: Uint8Array },
  BOOL: { size: 1, array: Uint8Array },
} satisfies Record<string, ElementFormat>;

interface ElementFormat {
  /** In bytes, in a file. */
  readonly size: number;
  readonly array: { new (buffer: ArrayBuffer): TensorData; readonly BYTES_PER_ELEMENT: number };
  /** The bits of the float32 that equals a float of 16 bits. */
  readonly widen?: (half: number) => number;
}

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
  const { array, widen }: ElementFormat = ELEMENTS[type];
  // Not bytes.slice(): on Node's Buffer it does not copy.
  return new array(widen ? widened(bytes, widen) : new Uint8Array(bytes).buffer);
}

function widened(bytes: Uint8Array, widen: (half: number) => number): ArrayBuffer {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Uint32Array(bytes.length / 2);
  for (let index = 0; index < words.length; index++) words[index] = widen(view.getUint16(2 * index, true));
  return words.buffer;
}

/** What a file's tensors may take in all, unless the file itself is larger: as much as the largest file of weights. */
const MOST_TENSOR_BYTES = 32e6;

/** Bounds what reading a file allocates, as a few bytes can describe an enormous tensor. */
export class TensorBudget {
  private remaining: number;

  /** @param fileBytes how large the file is */
  constructor(fileBytes: number) {
    this.remaining = Math.max(fileBytes, MOST_TENSOR_BYTES);
  }

  /**
   * Accounts for a tensor that is about to be decoded.
   *
   * @throws FormatError if the tensors so far take more than the file may
   */
  spend(name: string, type: ElementType, shape: readonly number[]): void {
    const { size, array } = ELEMENTS[type];
    // Not a number if one extent is 0 and the others are enormous.
    const bytes = elementCount(shape) * Math.max(size, array.BYTES_PER_ELEMENT);
    if (!(bytes <= this.remaining)) {
      throw new FormatError(
        `refused: with tensor "${name}" of shape [${shape}], the file holds far more than a LeNet-5`,
      );
    }
    this.remaining -= bytes;
  }
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
function widenHalf(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 127 - 15) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal half is a normal float32: its leading one becomes implicit.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((127 - 14 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}
