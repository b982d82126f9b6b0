import type { Tensor } from "../model/index.js";
import { logarithm } from "../numeric/elementary.js";
import { TensorBudget } from "./elements.js";
import { FormatError } from "./errors.js";
import { isNpy, readNpy } from "./npy.js";
import { readSafetensorsWithin } from "./safetensors.js";

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
  const logits = new Float32Array(data);
  if (areProbabilities(data, shape[1])) {
    for (let index = 0; index < data.length; index++)
      logits[index] = logarithm(Math.max(data[index], LEAST_PROBABILITY));
  }
  // A float64 can be finite, and infinite as a float32.
  if (!logits.every(Number.isFinite)) throw new FormatError("the soft labels have values that are not finite");
  return { shape, data: logits };
}

function onlyTensor(bytes: Uint8Array): Tensor {
  // Half precision becomes twice as large.
  const { tensors } = readSafetensorsWithin(bytes, new TensorBudget(2 * bytes.length));
  if (tensors.size !== 1) throw new FormatError(`soft labels are one tensor, but the file has ${tensors.size}`);
  const [tensor] = tensors.values();
  return tensor;
}

/** Whether each row is a distribution. */
function areProbabilities(data: Float32Array | Float64Array, columns: number): boolean {
  for (let begin = 0; begin < data.length; begin += columns) {
    let sum = 0;
    for (let index = begin; index < begin + columns; index++) {
      if (!(data[index] >= 0)) return false;
      sum += data[index];
    }
    if (!(Math.abs(sum - 1) < SUM_TOLERANCE)) return false;
  }
  return true;
}
