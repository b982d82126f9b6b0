import type { NamedTensors, Tensor } from "../model/index.js";
import { RowCollector, requireTensor, TOLERANCES, VerificationError, type VerificationRow } from "./rows.js";

/**
 * Verifies that a .pth file yields the same bits as the parameters in a safetensors file.
 *
 * @throws VerificationError if it contains different tensors
 */
export function verifyStateDict(file: string, actual: NamedTensors, parameters: NamedTensors): VerificationRow[] {
  const unknown = [...actual.keys()].find((name) => !parameters.has(name));
  if (unknown !== undefined) throw new VerificationError(`it has a tensor ${unknown}, which the model does not have`);
  const rows = new RowCollector(file);
  for (const [name, expected] of parameters) {
    rows.compare(name, bitsOf(name, expected), bitsOf(name, requireTensor(actual, name)), TOLERANCES.exact);
  }
  return rows.rows(parameters.keys());
}

function bitsOf(name: string, { shape, data }: Tensor): Tensor<Int32Array> {
  if (!(data instanceof Float32Array)) throw new VerificationError(`${name} is not float32`);
  return { shape, data: new Int32Array(data.buffer, data.byteOffset, data.length) };
}
