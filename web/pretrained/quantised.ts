import { elementCount, inferShapes, type Model, type NamedTensors, parameterSpecs } from "../../src/model/index.js";

/** How many bytes a model's parameters take in {@link dequantise}'s format. */
export function quantisedSize(model: Model): number {
  return parameterSpecs(inferShapes(model)).reduce(
    (sum, { shape }) => sum + (shape.length === 1 ? 4 * shape[0] : 4 * shape[0] + elementCount(shape)),
    0,
  );
}

/** Parameters in {@link dequantise}'s format; each row's largest weight has 127 steps. */
export function quantise(model: Model, parameters: NamedTensors): Uint8Array<ArrayBuffer> {
  const parts = parameterSpecs(inferShapes(model)).map(({ name, shape }) => {
    const data = Float32Array.from(parameters.get(name)!.data as ArrayLike<number>);
    if (shape.length === 1) return new Uint8Array(data.buffer);
    const size = data.length / shape[0];
    const scales = Float32Array.from({ length: shape[0] }, (_, row) => {
      const weights = data.subarray(row * size, (row + 1) * size);
      return weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / 127;
    });
    const steps = Int8Array.from(data, (weight, place) => {
      const scale = scales[Math.floor(place / size)];
      return scale === 0 ? 0 : Math.round(weight / scale);
    });
    return [new Uint8Array(scales.buffer), new Uint8Array(steps.buffer)];
  });
  const packed = new Uint8Array(quantisedSize(model));
  let at = 0;
  for (const part of parts.flat()) {
    packed.set(part, at);
    at += part.length;
  }
  return packed;
}

/**
 * Reads a model's parameters, in the model's order: a bias is float32; a weight has a float32 scale for each of its rows,
 * then its elements in signed bytes, which the scales multiply.
 *
 * @throws RangeError if there are not enough bytes
 */
export function dequantise(model: Model, packed: Uint8Array): NamedTensors<Float32Array> {
  let at = 0;
  const take = (bytes: number) => {
    const part = packed.slice(at, at + bytes);
    if (part.length < bytes) throw new RangeError(`${packed.length} bytes are not all parameters of the model`);
    at += bytes;
    return part.buffer;
  };
  return new Map(
    parameterSpecs(inferShapes(model)).map(({ name, shape }) => {
      if (shape.length === 1) return [name, { shape, data: new Float32Array(take(4 * shape[0])) }];
      const scales = new Float32Array(take(4 * shape[0]));
      const steps = new Int8Array(take(elementCount(shape)));
      const size = steps.length / scales.length;
      const data = new Float32Array(steps.length);
      for (let place = 0; place < data.length; place++) data[place] = steps[place] * scales[Math.floor(place / size)];
      return [name, { shape, data }];
    }),
  );
}
