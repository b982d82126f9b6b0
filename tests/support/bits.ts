import type { NamedTensors } from "../../src/model/index.js";

/**
 * Tensors with their bits as text. Vitest's `toEqual` compares such texts hundreds of times faster than arrays of numbers;
 * they also differ where only the bits of NaN do.
 */
export function bitsOf(tensors: NamedTensors): Map<string, { shape: readonly number[]; type: string; bits: string }> {
  return new Map(
    [...tensors].map(([name, { shape, data }]) => {
      const bits = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
      return [name, { shape, type: data[Symbol.toStringTag], bits }];
    }),
  );
}
