import { describe, expect, it } from "vitest";
import type { Model, NamedTensors } from "../../src/model/index.js";
import { SceneNetwork, structureOf } from "./arithmetic.js";
import { tuningsOf } from "./tuning.js";

/** A convolution with one kernel of 3 × 3 for each of the given rows of taps. */
function network(kernels: readonly (readonly number[])[], biases: readonly number[] = kernels.map(() => 0)) {
  const model: Model = {
    input: { channels: 1, height: 28, width: 28 },
    layers: [
      { type: "conv2d", name: "conv", outChannels: kernels.length, kernel: 3, stride: 1, padding: 1 },
      { type: "relu" },
      { type: "flatten" },
      { type: "linear", name: "out", outFeatures: 2 },
    ],
  };
  const parameters: NamedTensors = new Map([
    ["conv.weight", { shape: [kernels.length, 1, 3, 3], data: Float32Array.from(kernels.flat()) }],
    ["conv.bias", { shape: [kernels.length], data: Float32Array.from(biases) }],
    ["out.weight", { shape: [2, kernels.length * 784], data: new Float32Array(2 * kernels.length * 784) }],
    ["out.bias", { shape: [2], data: new Float32Array(2) }],
  ]);
  return new SceneNetwork(structureOf(model), parameters);
}

describe("the tuning of maps", () => {
  it("is the direction of the strokes that their kernels have", () => {
    const kernels = [
      [-1, -1, -1, 2, 2, 2, -1, -1, -1],
      [-1, 2, -1, -1, 2, -1, -1, 2, -1],
      [-1, -1, 2, -1, 2, -1, 2, -1, -1],
      [2, -1, -1, -1, 2, -1, -1, -1, 2],
    ];
    const own = network(kernels);
    expect(tuningsOf(own, own.structure.stages[1], { background: 0, ink: 1 })).toEqual([
      "horizontal",
      "vertical",
      "rising",
      "falling",
    ]);
  });

  it("is ink for a blur, the background for an inverse, and nothing for a silent map", () => {
    const own = network([Array(9).fill(1), Array(9).fill(-1), Array(9).fill(0)], [0, 1, -1]);
    expect(tuningsOf(own, own.structure.stages[1], { background: 0, ink: 1 })).toEqual([
      "ink",
      "background",
      "nothing",
    ]);
  });
});
