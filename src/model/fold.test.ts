import { describe, expect, it } from "vitest";
import { inputDifferentiation } from "../network/inputGradient.js";
import { Purpose, RandomStream } from "../numeric/philox.js";
import { fold } from "./fold.js";
import type { Layer } from "./layers/index.js";
import { lenet5 } from "./lenet5.js";
import type { Model } from "./model.js";
import { initializeParameters, type NamedTensors } from "./parameters.js";
import { summarize } from "./summary.js";

const options = {
  input: { channels: 1, height: 28, width: 28 },
  classes: 10,
  activation: "relu",
  pooling: "maxPool2d",
  dropout: 0.1,
} as const;
const plain = lenet5(options);
const normalized = lenet5({ ...options, batchNorm: true });
const norm = (name: string): Layer => ({ type: "batchNorm", name, epsilon: 1e-3, momentum: 0.1 });

/** Parameters of which none, and no running statistic, is 0 or 1. */
function drawn(model: Model): NamedTensors<Float32Array> {
  const stream = new RandomStream(4, Purpose.digits, 0, 0);
  return new Map(
    [...initializeParameters(model, 2)].map(([name, { shape, data }]) => {
      return [name, { shape, data: data.map((value) => value + (shape.length === 1 ? stream.uniform() : 0)) }];
    }),
  );
}

function expectSameOutputs(model: Model, parameters: NamedTensors): void {
  const folded = fold(model, parameters);
  const stream = new RandomStream(4, Purpose.digits, 1, 0);
  const { channels, height, width } = model.input;
  const input = Float64Array.from({ length: channels * height * width }, () => 2 * stream.uniform() - 1);
  const outputs = (of: Model, tensors: NamedTensors) => inputDifferentiation(of, tensors).forward(input).at(-1)!;
  const expected = outputs(model, parameters);
  const largest = Math.max(...expected.map(Math.abs));
  outputs(folded.model, folded.parameters).forEach((logit, index) => {
    expect(Math.abs(logit - expected[index]) / largest).toBeLessThan(1e-5);
  });
}

describe("folding", () => {
  it("leaves the plain LeNet-5, which computes the same", () => {
    const parameters = drawn(normalized);
    const folded = fold(normalized, parameters);
    expect(folded.model).toEqual(plain);
    expect([...folded.parameters.keys()]).toEqual([...initializeParameters(plain, 0).keys()]);
    expect(summarize(folded.model).totalParameters).toBe(61_706);
    expectSameOutputs(normalized, parameters);
  });

  it("takes several in a row", () => {
    const layers: Layer[] = [{ type: "flatten" }, { type: "linear", name: "a", outFeatures: 4 }, norm("b"), norm("c")];
    const model = { input: { channels: 1, height: 2, width: 3 }, layers };
    expect(fold(model, drawn(model)).model.layers).toEqual(layers.slice(0, 2));
    expectSameOutputs(model, drawn(model));
  });

  it("returns what it is given if there is nothing to fold", () => {
    const parameters = drawn(plain);
    expect(fold(plain, parameters)).toEqual({ model: plain, parameters });
  });

  it("changes none of the tensors that it is given", () => {
    const parameters = drawn(normalized);
    fold(normalized, parameters);
    expect(parameters).toEqual(drawn(normalized));
  });

  it("refuses a batch normalisation that follows no layer with weights", () => {
    const model: Model = {
      input: { channels: 2, height: 2, width: 3 },
      layers: [norm("a"), { type: "flatten" }, { type: "linear", name: "b", outFeatures: 4 }],
    };
    expect(() => fold(model, drawn(model))).toThrow(
      "a (BatchNorm2d-1): only batch normalisation right behind a convolution or a linear layer can be folded",
    );
  });
});

describe("a LeNet-5 with batch normalisation", () => {
  it("draws the same weights as without, and starts as the identity", () => {
    const [bare, parameters] = [initializeParameters(plain, 7), initializeParameters(normalized, 7)];
    for (const [name, tensor] of bare) expect(parameters.get(name), name).toEqual(tensor);
    for (const [part, value] of Object.entries({ weight: 1, bias: 0, running_mean: 0, running_var: 1 })) {
      expect(parameters.get(`bn2.${part}`)).toEqual({ shape: [16], data: new Float32Array(16).fill(value) });
    }
  });

  it("is summarised as by torchsummary, without counting what is only measured", () => {
    const { layers, totalParameters } = summarize(normalized);
    const norms = layers.filter(({ label }) => label.startsWith("BatchNorm"));
    expect(norms.map(({ label, parameters }) => [label, parameters])).toEqual([
      ["BatchNorm2d-2", 12],
      ["BatchNorm2d-6", 32],
      ["BatchNorm1d-11", 240],
      ["BatchNorm1d-15", 168],
    ]);
    expect(totalParameters).toBe(61_706 + 452);
  });
});
