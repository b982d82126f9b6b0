import { sha256 } from "../numeric/sha256.js";
import type { Model } from "./model.js";
import { inferShapes, parameterSpecs, requireParameters } from "./shapes.js";
import type { NamedTensors } from "./tensor.js";

/**
 * Identifies parameters: the SHA-256, in hexadecimal, of their float32 values (little-endian), tensor after tensor in
 * the model's order. Equal fingerprints mean equal bits, whatever file or machine they come from.
 *
 * @param parameters all parameters of the model, in any order
 * @throws ShapeError if a tensor is missing, unknown to the model, or of another shape
 */
export async function fingerprint(model: Model, parameters: NamedTensors): Promise<string> {
  const specs = parameterSpecs(inferShapes(model));
  requireParameters(specs, parameters);
  const values = specs.map(({ name }) => Float32Array.from(parameters.get(name)!.data as ArrayLike<number>));
  return sha256(...values);
}
