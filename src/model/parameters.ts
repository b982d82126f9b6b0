import { Purpose, RandomStream } from "../numeric/philox.js";
import { sha256 } from "../numeric/sha256.js";
import { connectedElements, elementCount } from "./layers/index.js";
import type { Model } from "./model.js";
import { inferShapes, parameterSpecs, requireParameters } from "./shapes.js";

export { elementCount };

/** The element types of a tensor read from a file; half precision is widened to float32. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A dense tensor, row-major in PyTorch's layout: weights [out, in, kh, kw], linear weights [out, in], images NCHW. */
export interface Tensor<Data extends TensorData = TensorData> {
  readonly shape: readonly number[];
  readonly data: Data;
}

/** Tensors by name, in order. */
export type NamedTensors<Data extends TensorData = TensorData> = ReadonlyMap<string, Tensor<Data>>;

/**
 * How initial parameters are drawn, weights and biases alike. `pytorch`: uniform in ±1 / √fan_in, the default of
 * torch.nn.Conv2d and Linear. `lecun1998`: uniform in ±2.4 / fan_in, as LeCun et al. (1998), appendix A.
 */
export type Initialization = "pytorch" | "lecun1998";

const BOUNDS: Readonly<Record<Initialization, (fanIn: number) => number>> = {
  pytorch: (fanIn) => 1 / Math.sqrt(fanIn),
  lecun1998: (fanIn) => 2.4 / fanIn,
};

/**
 * A model's initial parameters: draws, or constants for batch normalisation. The values depend only on the seed, and a
 * network draws the same with batch normalisation and without; PyTorch's generator draws other values from the same
 * distribution. Weights that are not connected are zero.
 */
export function initializeParameters(
  model: Model,
  seed: number,
  initialization: Initialization = "pytorch",
): NamedTensors<Float32Array> {
  let drawn = 0;
  return new Map(
    parameterSpecs(inferShapes(model)).map((spec) => {
      const { name, shape, initial } = spec;
      const data = new Float32Array(elementCount(shape));
      if ("constant" in initial) return [name, { shape, data: data.fill(initial.constant) }];
      const stream = new RandomStream(seed, Purpose.initialisation, 0, drawn++);
      const bounds = [initial.fanIn].flat().map(BOUNDS[initialization]);
      const connected = connectedElements(spec);
      const elementsPerOutput = data.length / shape[0];
      for (let element = 0; element < data.length; element++) {
        const value = (2 * stream.uniform() - 1) * bounds[Math.floor(element / elementsPerOutput) % bounds.length];
        data[element] = connected?.[element] === false ? 0 : value;
      }
      return [name, { shape, data }];
    }),
  );
}

/**
 * Identifies parameters: the SHA-256, in hexadecimal, of their float32 values (little-endian), tensor after tensor in
 * the model's order, buffers included. Equal fingerprints mean equal bits, whatever file or machine they come from.
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
