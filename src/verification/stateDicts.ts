import type { NamedTensors, Tensor } from "../model/index.js";
import { RowCollector, requireTensor, TOLERANCES, VerificationError, type VerificationRow } from "./rows.js";

/**
 * Verifies that a .pth file was read as the very bits of the same parameters in a safetensors file.
 *
 * @throws VerificationError where it holds other tensors
 */
export function verifyStateDict(file: string, actual: NamedTensors, parameters: NamedTensors): VerificationRow[] {
  const unknown = [...actual.keys()].find((name) => !parameters.has(name));
  if (unknown !== undefined) throw new VerificationError(`it has a tensor ${unknown}, the model does not`);
  const rows = new RowCollector(file);
  for (const [name, expected] of parameters) {
    rows.compare(name, bitsOf(name, expected), bitsOf(name, requireTensor(actual, name)), TOLERANCES.exact);
  }
  return rows.rows(parameters.keys());
}

function bitsOf(name: string, { shape, data }: Tensor): Tensor<Int32Array> {
  if (!(data instanceof Float32Array)) throw new VerificationError(`${name} is not of float32`);
  return { shape, data: new Int32Array(data.buffer, data.byteOffset, data.length) };
}
