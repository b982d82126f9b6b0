import { describe, expect, it } from "vitest";
import { generateDigits } from "../../../src/data/index.js";
import { initializeParameters, lenet5 } from "../../../src/model/index.js";
import { RECIPES } from "../../../src/training/recipes/recipes.js";
import { changedBy, fool } from "./fool.js";

const model = lenet5({ ...RECIPES.improved, input: { channels: 1, height: 28, width: 28 }, classes: 10 });
const network = { model, parameters: initializeParameters(model, 1), normalization: { mean: [0.5], std: [0.5] } };
const pixels = generateDigits({ seed: 0, count: 1, part: "train" }).images;

describe("fool", () => {
  const target = 3;
  const { direction, probabilities, strengths } = fool(network, { type: "fool", pixels, target });
  const at = (strength: number, of: number) => probabilities[10 * strength + of];

  it("makes the target more likely, and the predicted class less, the further it goes", () => {
    const first = probabilities.subarray(0, 10);
    const predicted = first.indexOf(Math.max(...first));
    expect(predicted).not.toBe(target);
    for (const strength of [4, 16, strengths - 1]) {
      expect(at(strength, target)).toBeGreaterThan(at(0, target));
      expect(at(strength, predicted)).toBeLessThan(at(0, predicted));
    }
  });

  it("moves every byte by the strength at most, within the range of bytes", () => {
    const changed = changedBy(pixels, direction, 9);
    expect(Math.max(...changed.map((byte, place) => Math.abs(byte - pixels[place])))).toBe(9);
    expect(changedBy(Uint8Array.of(250, 5, 7), Int8Array.of(1, -1, 0), 9)).toEqual(Uint8Array.of(255, 0, 7));
  });
});
