import type { Tensor } from "../model/index.js";
import { logarithm } from "../numeric/elementary.js";
import { FormatError } from "./errors.js";
import { isNpy, readNpy } from "./npy.js";
import { readSafetensors } from "./safetensors.js";

/** How far the sum of a row of probabilities may be from 1, for those of half precision. */
const SUM_TOLERANCE = 0.01;
/** A probability of 0 has no logarithm. */
const LEAST_PROBABILITY = 1e-30;

/**
 * Reads soft labels: a .npy file, or a safetensors file with a single tensor, of shape [images, classes]. The rows are
 * logits or, if all of them are probabilities, the logarithms of these become the logits.
 *
 * @returns logits, float32 [images, classes]
 * @throws FormatError if the file is of another format, or has values that are not finite
 */
export function readSoftLabels(bytes: Uint8Array): Tensor<Float32Array> {
  const { shape, data } = isNpy(bytes) ? readNpy(bytes) : onlyTensor(bytes);
  if (shape.length !== 2 || !(data instanceof Float32Array || data instanceof Float64Array)) {
    throw new FormatError(`soft labels are floats [images, classes], not of shape [${shape}]`);
  }
  if (!data.every(Number.isFinite)) throw new FormatError("the soft labels have values that are not finite");
  const areProbabilities = rowsOf(data, shape[1]).every(
    (row) =>
      row.every((value) => value >= 0) && Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) < SUM_TOLERANCE,
  );
  const logitOf = (value: number) => (areProbabilities ? logarithm(Math.max(value, LEAST_PROBABILITY)) : value);
  return { shape, data: Float32Array.from(data, logitOf) };
}

function onlyTensor(bytes: Uint8Array): Tensor {
  const { tensors } = readSafetensors(bytes);
  if (tensors.size !== 1) throw new FormatError(`soft labels are one tensor, but the file has ${tensors.size}`);
  const [tensor] = tensors.values();
  return tensor;
}

function rowsOf(data: ArrayLike<number>, columns: number): number[][] {
  return Array.from({ length: columns > 0 ? data.length / columns : 0 }, (_, row) =>
    Array.from({ length: columns }, (_, column) => data[row * columns + column]),
  );
}
