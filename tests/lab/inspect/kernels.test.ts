import { describe, expect, it } from "vitest";
import { inferShapes, type Model } from "../../../src/model/index.js";
import { difference, kernelMaps } from "../../../web/views/inspect/calculation/kernels.js";
import { kindOfValues, rangeOf } from "../../../web/views/inspect/layers/colors.js";

const MODEL: Model = {
  input: { channels: 1, height: 6, width: 4 },
  layers: [
    { type: "conv2d", name: "a", outChannels: 2, kernel: 1, stride: 1, padding: 0 },
    { type: "sigmoid" },
    { type: "maxPool2d", kernel: 2, stride: 2 },
    { type: "conv2d", name: "b", outChannels: 3, kernel: 2, stride: 1, padding: 0 },
    { type: "relu" },
    { type: "flatten" },
    { type: "linear", name: "c", outFeatures: 4 },
    { type: "linear", name: "d", outFeatures: 2 },
  ],
};
const LAYERS = inferShapes(MODEL);
/** Every weight equals its index. */
const TENSORS = new Map(
  LAYERS.flatMap(({ parameters }) =>
    parameters.map(({ name, shape }) => {
      const count = shape.reduce((product, extent) => product * extent, 1);
      return [name, { shape, data: Float32Array.from({ length: count }, (_, place) => place) }] as const;
    }),
  ),
);

describe("kernelMaps", () => {
  it("returns the kernels of one map, or of all", () => {
    expect(kernelMaps(LAYERS, 3, 1, TENSORS)).toEqual({
      values: Float32Array.of(8, 9, 10, 11, 12, 13, 14, 15),
      count: 2,
      height: 2,
      width: 2,
    });
    const all = kernelMaps(LAYERS, 3, undefined, TENSORS)!;
    expect([all.count, all.values.length, all.values.at(-1)]).toEqual([6, 24, 23]);
  });

  it("returns a linear unit's weights in the shape of its input maps", () => {
    // Its inputs are 3 flattened maps of 2×1.
    expect(kernelMaps(LAYERS, 6, 2, TENSORS)).toEqual({
      values: Float32Array.of(12, 13, 14, 15, 16, 17),
      count: 3,
      height: 2,
      width: 1,
    });
    expect(kernelMaps(LAYERS, 7, 1, TENSORS)).toMatchObject({ count: 4, height: 1, width: 1 });
  });

  it("returns nothing for a layer without weights, and subtracts weights", () => {
    expect(kernelMaps(LAYERS, 2, 0, TENSORS)).toBeUndefined();
    const kernels = kernelMaps(LAYERS, 3, 1, TENSORS)!;
    const before = { ...kernels, values: kernels.values.map((value) => value - 0.5) };
    expect([...difference(kernels, before).values]).toEqual(Array(8).fill(0.5));
  });
});

describe("kindOfValues", () => {
  it("follows the last activation through pooling, up to the next weighted sum", () => {
    const kinds = LAYERS.map((_, layer) => kindOfValues(LAYERS, layer));
    expect(kinds).toEqual(["signed", "share", "share", "signed", "positive", "positive", "signed", "signed"]);
  });

  it("spreads a palette over the possible values", () => {
    expect(rangeOf(Float32Array.of(0.2, 0.4), "share")).toEqual({ least: 0, most: 1 });
    expect(rangeOf(Float32Array.of(0.5, 4), "positive")).toEqual({ least: 0, most: 4 });
    expect(rangeOf(Float32Array.of(2, -8), "signed")).toEqual({ least: -8, most: 8 });
  });
});
