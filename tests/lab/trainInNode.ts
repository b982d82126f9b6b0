import { augmentationFor, generateDigits, splitIndices } from "../../src/data/index.js";
import {
  type Arithmetic,
  customizeRecipe,
  fingerprint,
  initializeParameters,
  lenet5,
  runEpochs,
} from "../../src/engine.js";
import { processorBackend } from "../../src/node/threads.js";
import { RECIPES } from "../../src/training/recipes/recipes.js";

/** Settings of the lab's view "Train". */
export interface Settings {
  readonly count: number;
  readonly epochs: number;
  readonly seed: number;
  /** Default: fused where that is real. */
  readonly arithmetic?: Arithmetic;
}

/** Trains in Node with the lab's settings; returns the fingerprint and the validation accuracy of the best weights. */
export async function trainInNode({ count, epochs, seed, arithmetic }: Settings) {
  const dataset = generateDigits({ seed: 0, count, part: "train" });
  const { improved } = RECIPES;
  const requested = { augmentation: improved.augmentation, flipGiven: false };
  const recipe = customizeRecipe(improved, {
    epochs,
    augmentation: augmentationFor(requested, dataset.classes, 0),
  });
  const model = lenet5({ ...recipe, input: dataset, classes: dataset.classes.length });
  const engine = await processorBackend(recipe.batchSize, undefined, arithmetic).compile(
    [{ model, ...recipe }],
    recipe,
  );
  await engine.setParameters(initializeParameters(model, seed));
  const split = splitIndices(dataset.labels.length, recipe.validationFraction, seed);
  let accuracy = 0;
  for await (const { record } of runEpochs({ engine, dataset, split, recipe, seed })) {
    accuracy = Math.max(accuracy, record.validationAccuracy);
  }
  const best = await fingerprint(model, await engine.parameters());
  engine.dispose();
  return { fingerprint: best, accuracy };
}
