import { describe, expect, it } from "vitest";
import { initializeParameters, type LeNet5Options, lenet5 } from "../../model/index.js";
import { wasmEvaluator } from "./evaluator.js";
import { wasmBackend } from "./wasmBackend.js";

const normalization = { mean: [0.5], std: [0.25] };
const input = { channels: 1, height: 28, width: 28 };
const SAMPLES = 11;
const pixels = Uint8Array.from({ length: SAMPLES * 784 }, (_, index) => (index * index) % 251);
const labels = Array.from({ length: SAMPLES }, (_, index) => index % 10);

/** Every kind of layer, on tiles and alone. */
const NETWORKS: Omit<LeNet5Options, "input" | "classes">[] = [
  { activation: "sigmoid", pooling: "averagePool2d", dropout: 0 },
  { activation: "relu", pooling: "maxPool2d", dropout: 0.5 },
  { activation: "leakyRelu", pooling: "maxPool2d", dropout: 0, batchNorm: true },
  { activation: "tanh", pooling: "averagePool2d", dropout: 0, padding: 0 },
  {
    activation: "scaledTanh",
    pooling: "subsample2d",
    dropout: 0,
    connections: "partial",
    output: "rbf",
  },
];

describe("an evaluator", () => {
  it.each(NETWORKS)("computes the same bits as a training engine: %o", async (options) => {
    const model = lenet5({ input, classes: 10, ...options });
    const parameters = initializeParameters(model, 1);
    const compile = { batchSize: 8, keepActivations: false };
    const engine = await wasmBackend().compile([{ model, normalization }], compile);
    const evaluator = await wasmEvaluator({ model, normalization }, compile);
    for (const each of [engine, evaluator]) await each.setParameters(parameters);
    const [ofEngine, ofEvaluator] = [await engine.load({ pixels, labels }), await evaluator.load({ pixels, labels })];
    const all = [...labels.keys()];
    expect(await evaluator.evaluate(ofEvaluator, [{ indices: all }])).toEqual(await engine.evaluate(ofEngine, [{}]));
    for (const indices of [all, [0, 1, 2, 3, 4, 5, 6, 7], [3, 5], [9]]) {
      expect(await evaluator.predict(ofEvaluator, { indices })).toEqual(await engine.predict(ofEngine, { indices }));
    }
    for (const each of [engine, evaluator]) each.dispose();
  });

  it("transforms no images", async () => {
    const model = lenet5({ input, classes: 10, ...NETWORKS[0] });
    const evaluator = await wasmEvaluator({ model, normalization }, { batchSize: 8 });
    const images = await evaluator.load({ pixels });
    const placements = new Int32Array(SAMPLES * 16);
    await expect(evaluator.predict(images, { indices: [0], placements })).rejects.toThrow(
      "images are transformed in training only",
    );
    evaluator.dispose();
  });
});
