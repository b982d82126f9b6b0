import type { NamedTensors, ShapedLayer } from "../../../../src/model/index.js";

/** Kernels or other weights as maps of one size. */
export interface KernelMaps {
  /** Row-major, [count][height][width]. */
  readonly values: Float32Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
}

/**
 * The weights that lead to one map of a layer, one kernel per input map. For a unit of a linear layer, its weights in
 * the shape that its inputs had before they were flattened.
 *
 * @param map undefined: the kernels of all maps of a convolution, map by map
 * @returns undefined for layers without weights
 */
export function kernelMaps(
  layers: readonly ShapedLayer[],
  main: number,
  map: number | undefined,
  tensors: NamedTensors,
): KernelMaps | undefined {
  const { layer, input } = layers[main];
  if (!("name" in layer)) return undefined;
  const weights = `${layer.name}.weight`;
  switch (layer.type) {
    case "conv2d": {
      const { kernel, outChannels } = layer;
      const perMap = input[0] * kernel * kernel;
      const values = numbersOf(tensors, weights, (map ?? 0) * perMap, (map === undefined ? outChannels : 1) * perMap);
      return { values, count: values.length / (kernel * kernel), height: kernel, width: kernel };
    }
    case "linear": {
      const [features] = input;
      const values = numbersOf(tensors, weights, (map ?? 0) * features, features);
      const before = layers[main - 1];
      const shape = before?.layer.type === "flatten" ? before.input : input;
      const [count, height, width] = shape.length === 3 ? shape : [shape[0], 1, 1];
      return { values, count, height, width };
    }
    case "batchNorm":
    case "subsample2d":
      return undefined;
  }
}

/** The values of the first minus those of the second. */
export function difference(one: KernelMaps, other: KernelMaps): KernelMaps {
  return { ...one, values: one.values.map((value, place) => value - other.values[place]) };
}

function numbersOf(tensors: NamedTensors, name: string, start: number, count: number): Float32Array {
  const data: ArrayLike<number | bigint> = tensors.get(name)!.data;
  return Float32Array.from({ length: count }, (_, index) => Number(data[start + index]));
}
