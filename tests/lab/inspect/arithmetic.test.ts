import { describe, expect, it } from "vitest";
import { inferShapes, initializeParameters, lenet5, type Model } from "../../../src/model/index.js";
import {
  activate,
  largestProducts,
  runningSum,
  type WeightedSum,
  workOut,
} from "../../../web/views/inspect/calculation/arithmetic.js";
import { compile } from "../../support/batchEngine.js";

const MODELS = [
  { input: { channels: 1, height: 28, width: 28 }, classes: 10, activation: "sigmoid", pooling: "averagePool2d" },
  { input: { channels: 3, height: 32, width: 32 }, classes: 7, activation: "relu", pooling: "maxPool2d" },
  { input: { channels: 2, height: 20, width: 24 }, classes: 3, activation: "tanh", pooling: "maxPool2d" },
] as const;

/** A network's parameters, and every layer's output and input for an image. */
async function shown(model: Model) {
  const engine = await compile(model, {
    batchSize: 1,
    keepActivations: true,
    normalization: { mean: [0.3], std: [0.4] },
    optimizer: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
  });
  const parameters = initializeParameters(model, 6);
  await engine.setParameters(parameters);
  const { channels, height, width } = model.input;
  const values = Float32Array.from({ length: channels * height * width }, (_, place) => 1.5 * Math.sin(place * 1.7));
  const outputs = (await engine.activations({ values })).map(({ output }) => output.data);
  return { parameters, outputs, inputs: [values, ...outputs] };
}

describe("workOut", () => {
  it.each(MODELS)("matches the engine's activations: $input.channels×$input.height×$input.width", async (options) => {
    const model = lenet5({ ...options, dropout: 0.2 });
    const { parameters, outputs, inputs } = await shown(model);
    inferShapes(model).forEach((shaped, layer) => {
      if (!["conv2d", "linear", "averagePool2d", "maxPool2d"].includes(shaped.layer.type)) return;
      for (let unit = 0; unit < outputs[layer].length; unit += 13) {
        const { result } = workOut(shaped, unit, inputs[layer], parameters);
        // The convolutions filter by Winograd, which rounds more than the sum that is worked out here.
        expect(Math.abs(result - outputs[layer][unit]), `${shaped.label}, unit ${unit}`).toBeLessThan(1e-5);
      }
      const next = model.layers[layer + 1]?.type;
      if (next !== "sigmoid" && next !== "relu" && next !== "tanh") return;
      outputs[layer].forEach((value, unit) => {
        expect(Math.abs(activate(next, value) - outputs[layer + 1][unit])).toBeLessThan(1e-6);
      });
    });
  });

  const SMALL: Model = {
    input: { channels: 2, height: 2, width: 2 },
    layers: [
      { type: "conv2d", name: "a", outChannels: 1, kernel: 3, stride: 1, padding: 1 },
      { type: "flatten" },
      { type: "linear", name: "b", outFeatures: 1 },
    ],
  };
  const TAPS = Array.from({ length: 18 }, (_, tap) => tap);
  const PARAMETERS = new Map([
    ["a.weight", { shape: [1, 2, 3, 3], data: Float32Array.from(TAPS) }],
    ["a.bias", { shape: [1], data: Float32Array.of(0.5) }],
  ]);

  it("lists the products of a window, with zeros in the padding", () => {
    const [conv] = inferShapes(SMALL);
    // The unit at the top right: in each 2×2 map, the kernel's weights 3, 4, 6 and 7 cover values.
    const sum = workOut(conv, 1, [1, 2, 3, 4, 10, 20, 30, 40], PARAMETERS) as WeightedSum;
    const seen = sum.products.map(({ place, value, weight }) =>
      place === undefined ? "·" : `${place}:${value}×${weight}`,
    );
    expect(seen.join(" ")).toBe("· · · 0:1×3 1:2×4 · 2:3×6 3:4×7 · · · · 4:10×12 5:20×13 · 6:30×15 7:40×16 ·");
    expect(sum.result).toBe(3 + 8 + 18 + 28 + 120 + 260 + 450 + 640 + 0.5);
    expect(runningSum(sum.products, 5)).toBe(11);
  });

  it("puts the largest contributions first and sums the others", () => {
    const products = [0.5, -3, 2, -0.25].map((product, place) => ({ place, value: product, weight: 1, product }));
    expect(largestProducts(products, 2)).toEqual({ largest: [1, 2], others: 0.25 });
  });

  it("finds the first largest value of a window", () => {
    const [pool] = inferShapes({
      input: { channels: 1, height: 2, width: 4 },
      layers: [
        { type: "maxPool2d", kernel: 2, stride: 2 },
        { type: "flatten" },
        { type: "linear", name: "b", outFeatures: 1 },
      ],
    });
    const pooled = workOut(pool, 1, [0, 0, 1, 5, 0, 0, 5, 2], new Map());
    expect(pooled).toMatchObject({ type: "maximum", winner: 1, result: 5 });
    expect(pooled.type !== "sum" && pooled.values.map(({ place }) => place)).toEqual([2, 3, 6, 7]);
  });
});
