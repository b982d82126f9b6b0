import { describe, expect, it } from "vitest";
import { initializeParameters, normalizedBytes } from "../../../../src/model/index.js";
import { PRETRAINED_MODEL, PRETRAINED_NORMALIZATION } from "../../../pretrained/pretrained.js";
import { SceneNetwork, structureOf } from "../../../scene/arithmetic.js";
import { fool, MOST_LEVELS } from "./fool.js";

const { height, width } = PRETRAINED_MODEL.input;
const table = normalizedBytes(PRETRAINED_NORMALIZATION, 1);
const inputOf = (pixels: Uint8Array) => Float64Array.from(pixels, (byte) => table[byte]);

describe("fool", () => {
  const network = new SceneNetwork(structureOf(PRETRAINED_MODEL), initializeParameters(PRETRAINED_MODEL, 3));
  // No two pixels in a window are equal, so no pool has two largest.
  const image = Uint8Array.from({ length: height * width }, (_, place) => (place * 89) % 251);
  const logitsOf = (input: Float64Array) => network.forward(input).at(-1)!;

  it("changes the answer, and no pixel by more levels than it has taken", () => {
    const steps = [...fool(network, image, inputOf)];
    expect(steps).toHaveLength(MOST_LEVELS + 1);
    for (const [level, { pixels, read }] of steps.entries()) {
      expect(Math.max(...pixels.map((byte, place) => Math.abs(byte - image[place])))).toBeLessThanOrEqual(level);
      const logits = logitsOf(inputOf(pixels));
      expect(read).toBe(logits.indexOf(Math.max(...logits)));
    }
    expect(steps.some(({ read }) => read !== steps[0].read)).toBe(true);
  });

  it("follows a gradient that differences confirm", () => {
    const input = inputOf(image);
    const unit = { stage: network.structure.stages.length - 1, index: 4 };
    const { gradient, value } = network.contributions(network.forward(input), unit);
    for (const place of [0, 200, 406, 777]) {
      const moved = input.slice();
      moved[place] += 1e-6;
      expect((logitsOf(moved)[4] - value) / 1e-6).toBeCloseTo(gradient[place], 5);
    }
  });
});
