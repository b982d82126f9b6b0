// Our side of the comparisons.

import { availableParallelism } from "node:os";
import { initializeParameters, lenet5 } from "../dist/engine.js";
import { processorBackend } from "../dist/node/threads.js";

export const SEED = 0;
export const CLASSES = 10;
export const INPUT = { channels: 1, height: 28, width: 28 };

/** One thread, and one a core. */
export const DEFAULT_THREADS = [...new Set([1, availableParallelism()])].join();

/** Reads a list of numbers from the command line. */
export function numbers(text) {
  return text.split(",").map(Number);
}

/** An engine with the recipe's model and the parameters that everybody starts from. */
export async function compileRecipe(recipe, batchSize, threads) {
  const model = lenet5({ ...recipe, input: INPUT, classes: CLASSES });
  const engine = await processorBackend(batchSize, threads).compile([{ model, ...recipe }], { batchSize });
  await engine.setParameters(initializeParameters(model, SEED));
  return engine;
}

/** Batches of normalised values and labels, in memory. */
export function randomBatches(count, batchSize) {
  return Array.from({ length: count }, () => ({
    values: Float32Array.from({ length: batchSize * INPUT.height * INPUT.width }, () => Math.random() * 2 - 1),
    labels: Int32Array.from({ length: batchSize }, () => Math.floor(Math.random() * CLASSES)),
  }));
}

/** Loads batches into an engine, each as images of their own. */
export function loadBatches(engine, batches) {
  return Promise.all(batches.map(({ values, labels }) => engine.load({ values, labels })));
}

/** Gives the items in turn, again and again. */
export function cycle(items) {
  let next = 0;
  return () => items[next++ % items.length];
}
