import { describe, expect, test } from "vitest";
import { elementCount, lenet5, type Model, summarize } from "../../../../src/model/index.js";
import { RECIPES } from "../../../../src/training/recipes/recipes.js";
import { derive, type LayerDerivation, type Topic } from "./derive.js";
import { evaluate } from "./expression.js";

const lenet = (channels: number, height: number, width: number, classes = 10) =>
  lenet5({ ...RECIPES.improved, input: { channels, height, width }, classes });

/** Strides and sizes that leave a remainder. */
const UNEVEN: Model = {
  input: { channels: 2, height: 37, width: 22 },
  layers: [
    { type: "conv2d", name: "first", outChannels: 5, kernel: 4, stride: 3, padding: 1 },
    { type: "maxPool2d", kernel: 3, stride: 2 },
    { type: "conv2d", name: "second", outChannels: 3, kernel: 2, stride: 1, padding: 0 },
    { type: "flatten" },
    { type: "linear", name: "third", outFeatures: 4 },
  ],
};

const MODELS: [name: string, model: Model][] = [
  ["1x28x28", lenet(1, 28, 28)],
  ["3x32x32", lenet(3, 32, 32)],
  ["4x12x51 with 7 classes", lenet(4, 12, 51, 7)],
  [
    "the network of 1998",
    lenet5({ ...RECIPES["lenet-1998"], input: { channels: 1, height: 32, width: 32 }, classes: 10 }),
  ],
  ["uneven windows", UNEVEN],
];

const values = ({ equations }: LayerDerivation, topic: Topic) =>
  equations.filter((equation) => equation.topic === topic).map(({ expression }) => evaluate(expression));

const total = (layers: readonly LayerDerivation[], topic: Topic) =>
  layers.flatMap((layer) => values(layer, topic)).reduce((sum, value) => sum + value, 0);

describe.each(MODELS)("the derivation of %s", (_, model) => {
  const layers = derive(model);

  test("matches the summary's parameters and multiply-adds", () => {
    const summary = summarize(model);
    for (const [index, layer] of layers.entries()) {
      const { parameters, multiplyAdds } = summary.layers[index];
      expect(values(layer, "parameters"), layer.label).toEqual(parameters === 0 ? [] : [parameters]);
      expect(values(layer, "multiplyAdds"), layer.label).toEqual(multiplyAdds === 0 ? [] : [multiplyAdds]);
    }
    expect(total(layers, "parameters")).toBe(summary.totalParameters);
    expect(total(layers, "multiplyAdds")).toBe(summary.multiplyAdds);
  });

  test("matches the sizes of the maps", () => {
    for (const layer of layers) {
      const sizes = values(layer, "size");
      const [, height, width] = layer.output;
      if (sizes.length === 1) expect([height, width], layer.label).toEqual([sizes[0], sizes[0]]);
      if (sizes.length === 2) expect([height, width], layer.label).toEqual(sizes);
      if (layer.layer.type === "flatten") expect(values(layer, "values")).toEqual([elementCount(layer.input)]);
      expect(sizes.length > 0).toBe("kernel" in layer.layer);
    }
  });

  test("matches the receptive fields found by tracing windows back", () => {
    for (const [index, { field, label }] of layers.entries()) {
      const [least, most] = reach(model, index, 0);
      if (field) expect(field, label).toEqual({ extent: most - least + 1, step: reach(model, index, 1)[0] - least });
      else expect(layers.slice(0, index + 1).some(({ layer }) => layer.type === "linear")).toBe(true);
    }
  });
});

/** The first and last image row that a row of a layer's output depends on. */
function reach(model: Model, layerIndex: number, row: number): [least: number, most: number] {
  let [least, most] = [row, row];
  for (const layer of model.layers.slice(0, layerIndex + 1).toReversed()) {
    if (!("kernel" in layer)) continue;
    const padding = layer.type === "conv2d" ? layer.padding : 0;
    least = least * layer.stride - padding;
    most = most * layer.stride - padding + layer.kernel - 1;
  }
  return [least, most];
}

test("derives the well-known numbers of LeNet-5", () => {
  const grey = derive(lenet(1, 28, 28));
  const colour = derive(lenet(3, 32, 32));
  expect(grey.flatMap((layer) => values(layer, "parameters"))).toEqual([156, 2416, 48_120, 10_164, 850]);
  expect(colour.flatMap((layer) => values(layer, "parameters"))).toEqual([456, 2416, 69_240, 10_164, 850]);
  expect([grey, colour].map((layers) => total(layers, "parameters"))).toEqual([61_706, 83_126]);
  expect([grey, colour].map((layers) => total(layers, "multiplyAdds"))).toEqual([416_520, 886_440]);
  expect([grey, colour].map((layers) => total(layers, "values"))).toEqual([400, 576]);
  expect(grey.flatMap(({ term }) => term ?? [])).toEqual(["C1", "S2", "C3", "S4", "C5", "F6", "output"]);
  expect(grey.flatMap(({ term, field }) => (term && field ? [field.extent] : []))).toEqual([5, 6, 14, 16]);
});
