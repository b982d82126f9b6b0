import { expect, it } from "vitest";
import { initializeParameters } from "../../src/model/index.js";
import { PRETRAINED_MODEL } from "./pretrained.js";
import { dequantise, quantise, quantisedSize } from "./quantised.js";

it("keeps weights to half a step, and biases exactly", () => {
  const parameters = initializeParameters(PRETRAINED_MODEL, 3);
  const packed = quantise(PRETRAINED_MODEL, parameters);
  expect(packed.length).toBe(quantisedSize(PRETRAINED_MODEL));
  for (const [name, { shape, data }] of dequantise(PRETRAINED_MODEL, packed)) {
    const original = parameters.get(name)!.data as Float32Array;
    if (shape.length === 1) expect(data).toEqual(original);
    const size = data.length / shape[0];
    for (let row = 0; row < shape[0]; row++) {
      const most = Math.max(...original.subarray(row * size, (row + 1) * size).map(Math.abs));
      for (let place = row * size; place < (row + 1) * size; place++) {
        expect(Math.abs(data[place] - original[place])).toBeLessThanOrEqual((0.5001 * most) / 127);
      }
    }
  }
});
