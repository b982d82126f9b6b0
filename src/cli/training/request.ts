import { basename } from "node:path";
import { FormatError } from "../../formats/errors.js";
import { readRecipeFile } from "../../formats/recipeFile.js";
import { readFileBounded } from "../../node/disk/files.js";
import type { TrainingRequest } from "../../training/plan.js";
import { RECIPES } from "../../training/recipes/recipes.js";
import { dataSettings, type TrainingOptions } from "../options.js";
import type { RunRequest } from "./train.js";

/**
 * The run that a command's options describe: a recipe, given by name or file, with the changes to it.
 *
 * @throws Error if the recipe file cannot be read; AggregateError with one Error per mistake in it
 */
export async function runRequest(options: TrainingOptions): Promise<RunRequest> {
  const { recipe, config, normalize, augment, classWeights, seed, device, threads, arithmetic } = options;
  const chosen = config === undefined ? { recipe: RECIPES[recipe] } : await readConfig(config);
  const data = dataSettings(options);
  return {
    training: {
      ...chosen,
      ...(normalize && { normalize }),
      ...(augment && { augment }),
      ...(classWeights && { classWeights }),
      seed,
      changes: {
        epochs: options.epochs,
        batchSize: options.batch,
        learningRate: options.lr,
        optimizer: options.optimizer,
        dropout: options.dropout,
        patience: options.patience,
        validationFraction: options.valSplit,
        augmentValidation: options.augmentVal,
      },
    },
    data: { ...data, input: data.input ?? chosen.recipe.input },
    teacher: { networks: options.teacher, softLabels: options.softLabels },
    device,
    threads,
    arithmetic,
    keepBatchNorm: options.fold === false,
  };
}

/** Far more than any recipe needs. */
const MOST_RECIPE_BYTES = 1e6;

/** Reads a recipe file. @throws Error if it cannot be read; AggregateError with one Error per mistake in it */
export async function readConfig(path: string): Promise<Pick<TrainingRequest, "recipe" | "normalize" | "augment">> {
  const text = new TextDecoder().decode(await readFileBounded(path, MOST_RECIPE_BYTES));
  try {
    const { recipe, augmentation, measureNormalization } = readRecipeFile(text, basename(path).replace(/\.json$/i, ""));
    return { recipe, augment: augmentation, normalize: measureNormalization ? "dataset" : undefined };
  } catch (error) {
    const mistakes: Error[] = error instanceof AggregateError ? error.errors : [error];
    const named = mistakes.map(({ message }) => new FormatError(`${path}: ${message}`));
    throw new AggregateError(named, named[0].message, { cause: error });
  }
}
