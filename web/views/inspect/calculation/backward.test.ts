import { describe, expect, it } from "vitest";
import { float64Tensors, ReferenceNetwork } from "../../../../src/engine/reference/referenceNetwork.js";
import {
  elementCount,
  inferShapes,
  initializeParameters,
  lenet5,
  paperLayers,
  parameterSpecs,
} from "../../../../src/model/index.js";
import { RECIPES } from "../../../../src/training/recipes/recipes.js";
import { backwardPass, slopeOf, unitTerms, weightCount, weightPlace, weightTerms } from "./backward.js";

const INPUT = { channels: 1, height: 28, width: 28 };
const LABEL = 4;
const sum = (terms: readonly { readonly product: number }[]) =>
  terms.reduce((total, { product }) => total + product, 0);

describe.each([
  ["ReLU and max pooling", { ...RECIPES.improved }],
  ["sigmoid and average pooling", { ...RECIPES.paper }],
  ["scaled tanh and trainable subsampling", { ...RECIPES.paper, activation: "scaledTanh", pooling: "subsample2d" }],
] as const)("the backward pass with %s", (_, recipe) => {
  const model = lenet5({ ...recipe, input: INPUT, classes: 10 });
  const layers = inferShapes(model);
  const papers = paperLayers(layers);
  const parameters = initializeParameters(model, 2);
  const network = new ReferenceNetwork(layers);
  const weights = float64Tensors(parameterSpecs(layers), parameters);
  const input = Float64Array.from({ length: 784 }, (_, place) => Math.sin(0.3 * place) * Math.cos(0.05 * place));
  const values = network.forward(weights, input);
  const { gradients } = backwardPass(layers, parameters, values, LABEL);
  const expected = network.differentiate(weights, [input], [LABEL], () => ({ labelSmoothing: 0 })).gradients;
  /** Some units of a layer. */
  const someOf = (count: number) => [0, Math.floor(count / 3), Math.floor(count / 2), count - 1];

  it("follows from the terms of each unit", () => {
    for (const [position, { main, last, term }] of papers.entries()) {
      const count = elementCount(layers[main].output);
      for (const unit of someOf(count)) {
        const next = papers[position + 1];
        if (next) {
          const after = sum(
            unitTerms(layers[next.main], unit, values[next.main], gradients[next.main + 1], parameters),
          );
          expect(after, `${term} ${unit}`).toBeCloseTo(gradients[last + 1][unit], 12);
          const before = after * slopeOf(layers[last], values[last + 1][unit]);
          expect(before, `${term} ${unit}`).toBeCloseTo(gradients[main + 1][unit], 12);
        }
      }
    }
  });

  it("gives every weight the gradient of the reference", () => {
    let compared = 0;
    for (const { main, term } of papers) {
      const shaped = layers[main];
      for (const unit of someOf(elementCount(shaped.output))) {
        for (const weight of weightCount(shaped) === 0 ? [] : someOf(weightCount(shaped))) {
          const { name, index } = weightPlace(shaped, unit, weight)!;
          const worked = sum(weightTerms(shaped, unit, weight, values[main], gradients[main + 1]));
          expect(worked, `${term} ${name} ${index}`).toBeCloseTo(expected.get(name)![index], 12);
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(60);
  });
});
