import { generateDigits, splitIndices } from "../../dist/data/index.js";
import { fingerprint, initializeParameters, lenet5, runEpochs, wasmBackend } from "../../dist/engine.js";
import { RECIPES } from "../../dist/index.js";

const SEED = 0;
/** Two epochs of 20 steps each, and their validation. */
const IMAGES = 800;
const recipe = { ...RECIPES.improved, epochs: 2 };

/** Trains briefly and returns the fingerprint of the final parameters. Runs in Node and browsers. */
export async function trainingFingerprint(start, threads) {
  const dataset = generateDigits({ seed: SEED, count: IMAGES, part: "train" });
  const model = lenet5({ ...recipe, input: dataset, classes: dataset.classes.length });
  const backend = wasmBackend({ threads: { count: threads, start } });
  const engine = await backend.compile([{ model, ...recipe }], recipe);
  await engine.setParameters(initializeParameters(model, SEED));
  const split = splitIndices(dataset.labels.length, recipe.validationFraction, SEED);
  let parameters;
  for await (const { state } of runEpochs({ engine, dataset, split, recipe, seed: SEED }))
    parameters = state.parameters;
  engine.dispose();
  return fingerprint(model, parameters);
}

/** The fingerprints with one thread and with `mostThreads`. */
export async function trainingFingerprints(start, mostThreads) {
  const fingerprints = [];
  for (const threads of new Set([1, mostThreads])) {
    fingerprints.push({ threads, sha256: await trainingFingerprint(start, threads) });
  }
  return fingerprints;
}
