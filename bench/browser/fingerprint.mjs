import { generateDigits, splitIndices } from "../../dist/data/index.js";
import { fingerprint, initializeParameters, lenet5, runEpochs } from "../../dist/engine.js";
import { RECIPES } from "../../dist/index.js";

const SEED = 0;
/** Two epochs of 20 steps each, and their validation. */
const PICTURES = 800;
const recipe = { ...RECIPES.improved, epochs: 2 };

/** Trains a little; gives the fingerprint of the last parameters. Runs in Node and browsers. */
export async function trainingFingerprint(compile, threads) {
  const dataset = generateDigits({ seed: SEED, count: PICTURES, part: "train" });
  const model = lenet5({ ...recipe, input: dataset, classes: dataset.classes.length });
  const engine = compile(model, { ...recipe, threads });
  await engine.ready;
  engine.setParameters(initializeParameters(model, SEED));
  const split = splitIndices(dataset.labels.length, recipe.validationShare, SEED);
  let parameters;
  for await (const { state } of runEpochs({ engine, dataset, split, recipe, seed: SEED }))
    parameters = state.parameters;
  engine.dispose();
  return fingerprint(model, parameters);
}

/** The fingerprints of one thread and of the most. */
export async function trainingFingerprints(compile, mostThreads) {
  const fingerprints = [];
  for (const threads of new Set([1, mostThreads])) {
    fingerprints.push({ threads, sha256: await trainingFingerprint(compile, threads) });
  }
  return fingerprints;
}
