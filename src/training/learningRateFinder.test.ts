import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../data/dataset.js";
import { generateDigits } from "../data/digits.js";
import { splitIndices } from "../data/split.js";
import type { Engine } from "../engine/backend.js";
import { wasmBackend } from "../engine/wasm/wasmBackend.js";
import { initializeParameters, lenet5 } from "../model/index.js";
import { type SweepStep, suggestLearningRates, sweepLearningRate } from "./learningRateFinder.js";
import { customizeRecipe, RECIPES } from "./recipes/recipes.js";

const SEED = 3;
const recipe = customizeRecipe(RECIPES.improved, { batchSize: 32 });
const dataset = generateDigits({ seed: 1, count: 200, part: "train", channels: 1, height: 12, width: 12 });
/** 160 images for training: five steps per epoch. */
const split = splitIndices(200, 0.2, SEED);

async function engineFor(input: Dataset): Promise<Engine> {
  const model = lenet5({ ...recipe, input, classes: 10 });
  const engine = await wasmBackend({ arithmetic: "portable" }).compile([{ model, ...recipe }], recipe);
  await engine.setParameters(initializeParameters(model, SEED));
  return engine;
}

/** An engine that returns given losses, one per step, and records its calls. */
async function scripted(loss: (step: number) => number) {
  const engine = await engineFor(dataset);
  const calls: { learningRate: number; momentum?: number; indices: number[] }[] = [];
  engine.train = async (_, [slice]) => {
    const { indices, updates } = slice!;
    const [{ step, ...rates }] = updates;
    calls.push({ ...rates, indices: Array.from(indices!) });
    const losses = new Float32Array(indices!.length).fill(loss(step));
    return [{ losses, predictions: new Int32Array(indices!.length) }];
  };
  return { engine, calls };
}

const base = { dataset, split, recipe, seed: SEED };

describe("sweepLearningRate", () => {
  it("raises the learning rate by a constant factor from 1e-7 to just below 10, without touching the momentum", async () => {
    const { engine, calls } = await scripted(() => 1);
    const sweep = await sweepLearningRate({ engine, ...base });
    expect(sweep).toHaveLength(200);
    expect(sweep.map(({ learningRate }) => learningRate)).toEqual(calls.map(({ learningRate }) => learningRate));
    for (const [index, { learningRate, loss }] of sweep.entries()) {
      expect(learningRate / (1e-7 * 1e8 ** (index / 200))).toBeCloseTo(1, 9);
      expect(loss).toBeCloseTo(1, 12);
    }
    expect(calls.every(({ momentum }) => momentum === undefined)).toBe(true);
  });

  it("takes full batches, every training image once per epoch", async () => {
    const { engine, calls } = await scripted(() => 1);
    await sweepLearningRate({ engine, ...base, steps: 10 });
    const epochs = [calls.slice(0, 5), calls.slice(5)].map((steps) => steps.flatMap(({ indices }) => indices));
    for (const epoch of epochs) expect(epoch.sort((a, b) => a - b)).toEqual([...split.train].sort((a, b) => a - b));
    expect(calls[0].indices).not.toEqual(calls[5].indices);
  });

  it("smooths the loss with a moving average of weight 0.98, corrected for its start", async () => {
    const { engine } = await scripted((step) => step);
    const sweep = await sweepLearningRate({ engine, ...base, steps: 3 });
    const second = (0.98 * 0.02 * 1 + 0.02 * 2) / (1 - 0.98 ** 2);
    const third = (0.98 ** 2 * 0.02 * 1 + 0.98 * 0.02 * 2 + 0.02 * 3) / (1 - 0.98 ** 3);
    expect(sweep.map(({ loss }) => loss)).toEqual([1, second, third].map((loss) => expect.closeTo(loss, 12)));
  });

  it("ends when the smoothed loss exceeds four times its minimum, or is NaN", async () => {
    const explosive = await scripted((step) => (step <= 20 ? 1 : 1000));
    // A single loss of 1000 among 21 is enough.
    expect(await sweepLearningRate({ engine: explosive.engine, ...base })).toHaveLength(21);
    expect(explosive.calls).toHaveLength(21);
    const broken = await scripted((step) => (step <= 20 ? 1 : Number.NaN));
    expect(await sweepLearningRate({ engine: broken.engine, ...base })).toHaveLength(20);
    expect(broken.calls).toHaveLength(21);
  });

  it("restores the engine, even if it is aborted", async () => {
    const engine = await engineFor(dataset);
    const before = [await engine.parameters(), await engine.optimizerState()];
    await sweepLearningRate({ engine, ...base, steps: 20 });
    expect([await engine.parameters(), await engine.optimizerState()]).toEqual(before);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(sweepLearningRate({ engine, ...base, signal })).rejects.toThrow("enough");
    expect([await engine.parameters(), await engine.optimizerState()]).toEqual(before);
  });

  it("finds learning rates near the one that the improved recipe was tuned to", async () => {
    const images = generateDigits({ seed: 1, count: 4000, part: "train" });
    const engine = await engineFor(images);
    const options = { engine, dataset: images, split: splitIndices(4000, 0.2, SEED), recipe, seed: SEED };
    const { valley, steepest } = suggestLearningRates(await sweepLearningRate(options));
    for (const rate of [valley, steepest]) {
      expect(rate).toBeGreaterThan(2e-4);
      expect(rate).toBeLessThan(2e-2);
    }
  });
});

describe("suggestLearningRates", () => {
  const fixtures: { first: number; losses: number[]; valley: number; steepest: number }[] = JSON.parse(
    readFileSync(new URL("../../tests/fixtures/training/suggestions.json", import.meta.url), "utf8"),
  );
  const rate = (step: number) => 1e-7 * 1e8 ** (step / 200);

  it.each(fixtures)("matches fastai's suggestions: $valley, $steepest", ({ first, losses, ...expected }) => {
    const step = (learningRate: number, loss: number): SweepStep => ({ learningRate, loss });
    const sweep = [
      ...Array.from({ length: first }, (_, index) => step(rate(index), 100 - index)),
      ...losses.map((loss, index) => step(rate(first + index), loss)),
      ...Array.from({ length: 5 }, (_, index) => step(rate(first + losses.length + index), -index)),
    ];
    const suggestions = suggestLearningRates(sweep);
    expect(suggestions.valley).toBeCloseTo(expected.valley, 12);
    expect(suggestions.steepest).toBeCloseTo(expected.steepest, 12);
  });

  it("refuses a sweep that is too short", () => {
    const sweep = Array.from({ length: 26 }, (_, index) => ({ learningRate: rate(index), loss: 1 }));
    expect(() => suggestLearningRates(sweep)).toThrow(
      new RangeError("the loss exploded after 26 steps, too few to suggest a learning rate"),
    );
    expect(suggestLearningRates([...sweep, sweep[25]])).toEqual({ valley: rate(20), steepest: rate(20) });
  });
});
