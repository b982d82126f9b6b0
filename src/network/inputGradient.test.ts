import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "../formats/safetensors.js";
import { elementCount, initializeParameters, lenet5, lenet5FromTensors, type Model } from "../model/index.js";
import { inputDifferentiation } from "./inputGradient.js";

const read = (path: string) => readSafetensors(readFileSync(new URL(`../../tests/${path}`, import.meta.url))).tensors;

describe("inputDifferentiation", () => {
  const PYTORCH = [
    ["improved-1x28x28", { activation: "relu", pooling: "maxPool2d", dropout: 0 }],
    ["paper-3x32x32", { activation: "sigmoid", pooling: "averagePool2d", dropout: 0 }],
  ] as const;

  it.each(PYTORCH)("matches PyTorch's gradients: %s", (name, parameterFree) => {
    const golden = read(`golden/${name}.safetensors`);
    const expected = read("fixtures/inspect/input-gradients.safetensors");
    const parameters = new Map(
      [...golden].flatMap(([key, tensor]) => (key.startsWith("param.") ? [[key.slice(6), tensor] as const] : [])),
    );
    const model = lenet5FromTensors(parameters, parameterFree);
    const { channels, height, width } = model.input;
    const size = channels * height * width;
    const network = inputDifferentiation(model, parameters);
    const values = network.forward(Float64Array.from((golden.get("input")!.data as Float32Array).subarray(0, size)));

    const one = new Float64Array(values[values.length - 1].length);
    one[Number(golden.get("target")!.data[0])] = 1;
    expectClose(network.backward(values, model.layers.length - 1, one), expected.get(`${name}.logit`)!.data);

    const maps = parameters.get("conv2.weight")!.shape[0];
    const map = Math.min(3, maps - 1);
    const perMap = values[4].length / maps;
    const shares = new Float64Array(values[4].length).fill(1, map * perMap, (map + 1) * perMap);
    expectClose(network.backward(values, 3, shares), expected.get(`${name}.map`)!.data);
  });

  it("matches finite differences of an inner layer's outputs", () => {
    const model: Model = lenet5({
      input: { channels: 2, height: 16, width: 16 },
      classes: 3,
      activation: "tanh",
      pooling: "maxPool2d",
      dropout: 0.5,
    });
    const network = inputDifferentiation(model, initializeParameters(model, 2));
    const input = Float64Array.from({ length: 512 }, (_, place) => Math.sin(place * place));
    const layer = 5;
    const values = network.forward(input);
    const shares = values[layer + 1].map((_, place) => Math.cos(place));
    const total = () => network.forward(input)[layer + 1].reduce((sum, value, place) => sum + value * shares[place], 0);
    const gradient = network.backward(values, layer, shares);
    expect(gradient).toHaveLength(elementCount([2, 16, 16]));
    for (let place = 0; place < input.length; place += 7) {
      const value = input[place];
      input[place] = value + 1e-5;
      const above = total();
      input[place] = value - 1e-5;
      const slope = (above - total()) / 2e-5;
      input[place] = value;
      expect(Math.abs(gradient[place] - slope), `input ${place}`).toBeLessThan(1e-8);
    }
  });
});

/** Compares to a millionth of the largest value, because the expected values are single precision. */
function expectClose(actual: Float64Array, expected: ArrayLike<number | bigint>): void {
  expect(actual).toHaveLength(expected.length);
  const largest = Math.max(...Array.from(expected, (value) => Math.abs(Number(value))));
  expect(largest).toBeGreaterThan(1e-6);
  const error = Math.max(...actual.map((value, place) => Math.abs(value - Number(expected[place]))));
  expect(error / largest).toBeLessThan(1e-6);
}
