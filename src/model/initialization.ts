import { Purpose, RandomStream } from "../numeric/philox.js";
import type { Model } from "./model.js";
import { inferShapes, parameterSpecs } from "./shapes.js";
import { elementCount, type NamedTensors } from "./tensor.js";

/**
 * PyTorch's default initialisation of Conv2d and Linear: weight and bias uniform in ±1 / √fan_in. The values depend
 * only on the seed; PyTorch's generator draws other values from the same distribution.
 */
export function initializeParameters(model: Model, seed: number): NamedTensors<Float32Array> {
  return new Map(
    parameterSpecs(inferShapes(model)).map(({ name, shape, fanIn }, index) => {
      const stream = new RandomStream(seed, Purpose.initialisation, 0, index);
      const bound = 1 / Math.sqrt(fanIn);
      const data = new Float32Array(elementCount(shape));
      for (let element = 0; element < data.length; element++) data[element] = (2 * stream.uniform() - 1) * bound;
      return [name, { shape, data }];
    }),
  );
}
