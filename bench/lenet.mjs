// lenet's side of the comparisons.

import { availableParallelism } from "node:os";
import { initializeParameters, lenet5 } from "../dist/engine.js";
import { processorBackend } from "../dist/node/threads.js";

export const SEED = 0;
export const CLASSES = 10;
/** The images of Fashion-MNIST. */
export const INPUT = { channels: 1, height: 28, width: 28 };

/** One thread, and one per core. */
export const DEFAULT_THREADS = [...new Set([1, availableParallelism()])].join();

/** Parses a comma-separated list of numbers. */
export function numbers(text) {
  return text.split(",").map(Number);
}

/** Parses a comma-separated list of input sizes: `1x28x28`. */
export function inputSizes(text) {
  return text.split(",").map((size) => {
    const [channels, height, width] = size.split("x").map(Number);
    return { channels, height, width };
  });
}

/** The size of an input as text: `1x28x28`. */
export function sizeText({ channels, height, width }) {
  return [channels, height, width].join("x");
}

/** Compiles an engine with the recipe's model and the initial parameters that all contestants share. */
export async function compileRecipe(recipe, batchSize, threads, input = INPUT) {
  const model = lenet5({ ...recipe, input, classes: CLASSES });
  const engine = await processorBackend(batchSize, threads).compile([{ model, ...recipe }], { batchSize });
  await engine.setParameters(initializeParameters(model, SEED));
  return engine;
}

/** Random batches of normalised values, −1 … 1, and labels. */
export function randomBatches(count, batchSize, { channels, height, width } = INPUT) {
  return Array.from({ length: count }, () => ({
    values: Float32Array.from({ length: batchSize * channels * height * width }, () => Math.random() * 2 - 1),
    labels: Int32Array.from({ length: batchSize }, () => Math.floor(Math.random() * CLASSES)),
  }));
}

/** Loads batches into an engine, each separately. */
export function loadBatches(engine, batches) {
  return Promise.all(batches.map(({ values, labels }) => engine.load({ values, labels })));
}

/** Returns a function that returns the items one after another, endlessly. */
export function cycle(items) {
  let next = 0;
  return () => items[next++ % items.length];
}
