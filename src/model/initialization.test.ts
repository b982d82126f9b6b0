import { describe, expect, it } from "vitest";
import type { ParameterSpec } from "./layers/index.js";
import { lenet5 } from "./lenet5.js";
import type { Model } from "./model.js";
import { initializeParameters } from "./parameters.js";
import { inferShapes, parameterSpecs } from "./shapes.js";

const MODEL = lenet5({
  input: { channels: 1, height: 28, width: 28 },
  classes: 10,
  activation: "relu",
  pooling: "maxPool2d",
  dropout: 0.5,
});

function boundOf(initial: ParameterSpec["initial"]): number {
  if (!("fanIn" in initial)) throw new TypeError("a LeNet-5 without batch normalisation draws all its parameters");
  return 1 / Math.sqrt(Number(initial.fanIn));
}

describe("initializeParameters", () => {
  it("returns every parameter of the model, in order and in shape", () => {
    const specs = parameterSpecs(inferShapes(MODEL));
    expect([...initializeParameters(MODEL, 0)].map(([name, { shape }]) => [name, shape])).toEqual(
      specs.map(({ name, shape }) => [name, shape]),
    );
  });

  it("draws uniformly within ±1 / √fan-in", () => {
    for (const { name, initial } of parameterSpecs(inferShapes(MODEL))) {
      // Ten seeds, so that short biases yield enough draws too.
      const draws = Array.from({ length: 10 }, (_, seed) => initializeParameters(MODEL, seed).get(name)!.data).flatMap(
        (data) => [...data],
      );
      const bound = boundOf(initial);
      const shares = draws.map((draw) => draw / bound);
      const count = shares.length;
      const mean = shares.reduce((sum, share) => sum + share, 0) / count;
      const variance = shares.reduce((sum, share) => sum + share ** 2, 0) / count;
      const farthest = shares.reduce((most, share) => Math.max(most, Math.abs(share)), 0);
      expect(farthest, name).toBeLessThanOrEqual(1 + 2 ** -23);
      expect(farthest, name).toBeGreaterThan(1 - 10 / count);
      // Uniform in −1 … 1: variance 1/3, variance of the squares 4/45. Four standard errors.
      expect(Math.abs(mean), name).toBeLessThan(4 * Math.sqrt(1 / 3 / count));
      expect(Math.abs(variance - 1 / 3), name).toBeLessThan(4 * Math.sqrt(4 / 45 / count));
    }
  });

  it("draws within ±2.4 / fan-in of each output as in 1998, and leaves out what is not connected", () => {
    const partial: Model = {
      input: { channels: 2, height: 9, width: 9 },
      layers: [
        { type: "conv2d", name: "conv", outChannels: 2, kernel: 5, stride: 1, padding: 0, connections: [[1], [0, 1]] },
        { type: "flatten" },
        { type: "linear", name: "fc", outFeatures: 40 },
      ],
    };
    const tensors = initializeParameters(partial, 3, "lecun1998");
    const largest = (name: string, start: number, end: number) =>
      Math.max(...tensors.get(name)!.data.subarray(start, end).map(Math.abs));
    const within = (value: number, bound: number) => {
      expect(value).toBeLessThanOrEqual(Math.fround(bound));
      expect(value).toBeGreaterThan(0.7 * bound);
    };
    expect(largest("conv.weight", 0, 25)).toBe(0);
    within(largest("conv.weight", 25, 50), 2.4 / 25);
    within(largest("conv.weight", 50, 100), 2.4 / 50);
    within(largest("fc.weight", 0, 2000), 2.4 / 50);
    within(largest("fc.bias", 0, 40), 2.4 / 50);
  });

  it("depends only on the seed, and on all of its bits", () => {
    const first = (seed: number) => initializeParameters(MODEL, seed).get("conv1.weight")!.data[0];
    expect(initializeParameters(MODEL, 7)).toEqual(initializeParameters(MODEL, 7));
    expect(new Set([0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 52].map(first)).size).toBe(6);
  });

  it("draws different values for each tensor", () => {
    const shares = parameterSpecs(inferShapes(MODEL)).map(({ name, initial }) => {
      const { data } = initializeParameters(MODEL, 7).get(name)!;
      return (data[0] / boundOf(initial)).toFixed(4);
    });
    expect(new Set(shares).size).toBe(shares.length);
  });
});
