import { expect, test } from "vitest";
import { referenceEngine } from "../../tests/support/batchEngine.js";
import { generateDigits } from "../data/digits.js";
import { initializeParameters, lenet5 } from "../model/index.js";
import { predictDataset } from "./evaluate.js";
import { RECIPES } from "./recipes/recipes.js";

test("probabilities match the engine's losses, in the order of the indices", async () => {
  const dataset = generateDigits({ seed: 1, count: 7, part: "test" });
  const model = lenet5({ ...RECIPES.improved, input: dataset, classes: 10 });
  const engine = await referenceEngine(model, { ...RECIPES.improved, batchSize: 2 });
  const parameters = initializeParameters(model, 0);
  // Large biases make the softmax far from uniform.
  parameters.get("fc3.bias")!.data.forEach((_, index, data) => {
    data[index] = 3 * index;
  });
  await engine.setParameters(parameters);
  const indices = Uint32Array.of(6, 0, 3, 3, 1);
  const probabilities = await predictDataset(engine.engine, dataset, indices);
  expect(probabilities).toHaveLength(50);
  for (const [place, index] of indices.entries()) {
    const row = probabilities.subarray(place * 10, place * 10 + 10);
    expect(row.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    const { losses } = await engine.evaluate({ pixels: dataset.images, indices: [index] }, [dataset.labels[index]]);
    expect(-Math.log(row[dataset.labels[index]])).toBeCloseTo(losses[0], 4);
  }
});
