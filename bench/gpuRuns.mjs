// Whole runs side by side on a graphics card.

import { epochOrder, splitIndices } from "../dist/data/split.js";
import { scheduleAt } from "../dist/training/recipes/schedules.js";
import { SEED } from "./lenet.mjs";

/** Steps of a call: the host packs the next ones while the card computes. */
const STEPS_AT_ONCE = 250;

/** Trains networks with consecutive seeds to the end, and tests each; prints time, mean and spread. */
export async function trainRuns({ runs, recipe, compileFleet, dataset, test }) {
  const { batchSize, epochs, labelSmoothing, augmentation, schedule, validationFraction } = recipe;
  const engine = await compileFleet(recipe, runs, batchSize);
  const images = await engine.load({ pixels: dataset.images, labels: dataset.labels });
  const tested = await engine.load({ pixels: test.images, labels: test.labels });
  const seeds = Array.from({ length: runs }, (_, network) => SEED + network);
  const splits = seeds.map((seed) => splitIndices(images.count, validationFraction, seed));
  const stepsPerEpoch = Math.ceil(splits[0].train.length / batchSize);
  const start = performance.now();
  for (let epoch = 1; epoch <= epochs; epoch++) {
    const orders = seeds.map((seed, network) => epochOrder(splits[network].train, seed, epoch));
    for (let first = 0; first < stepsPerEpoch; first += STEPS_AT_ONCE) {
      const end = Math.min(first + STEPS_AT_ONCE, stepsPerEpoch);
      const updates = Array.from({ length: end - first }, (_, index) => {
        const step = (epoch - 1) * stepsPerEpoch + first + index;
        return { step: step + 1, ...scheduleAt(schedule, step, epochs * stepsPerEpoch) };
      });
      const slices = seeds.map((seed, network) => ({
        indices: orders[network].subarray(first * batchSize, end * batchSize),
        placements: { augmentation, seed, epoch },
        labelSmoothing,
        seed,
        updates,
      }));
      await engine.train(images, slices);
    }
    process.stderr.write(`\repoch ${epoch} of ${epochs}`);
  }
  const slice = recipe.averaging ? { weights: "average" } : {};
  const results = await engine.evaluate(
    tested,
    seeds.map(() => slice),
  );
  const seconds = (performance.now() - start) / 1000;
  engine.dispose();
  const accuracies = results.map(({ predictions }) => {
    const correct = predictions.reduce((count, label, image) => count + (label === test.labels[image] ? 1 : 0), 0);
    return correct / test.labels.length;
  });
  const mean = accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / runs;
  const variance = accuracies.reduce((sum, accuracy) => sum + (accuracy - mean) ** 2, 0) / Math.max(1, runs - 1);
  const title = `${runs} runs of ${epochs} epochs, ${recipe.name}`;
  const spread = `${(mean * 100).toFixed(2)} % ± ${(Math.sqrt(variance) * 100).toFixed(2)}`;
  const lines = ["| s | s a run | test accuracy |", "|---:|---:|---:|"];
  console.log(
    `\n### ${title}\n\n${lines.join("\n")}\n| ${seconds.toFixed(1)} | ${(seconds / runs).toFixed(2)} | ${spread} |\n`,
  );
  return { title, kind: "runs", seconds, accuracies };
}
