import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { ParsedAugmentation } from "../data/augmentationText.js";
import { augmentationFor } from "../data/characters.js";
import type { DatasetParts } from "../data/dataset.js";
import { measureChannels } from "../data/normalization.js";
import { splitTraining } from "../data/split.js";
import { FormatError } from "../formats/errors.js";
import { type RecipeFile, readRecipeFile } from "../formats/recipeFile.js";
import { describeFileError } from "../node/files.js";
import type { DataSettings } from "../node/openData.js";
import {
  customizeRecipe,
  RECIPES,
  type Recipe,
  type RecipeChanges,
  TUTORIAL_NORMALIZATION,
} from "../training/recipes/index.js";

/** How bytes become inputs: as the tutorial does, or by what is measured on the training images. */
export type Normalizing = "tutorial" | "dataset";

/** A recipe, and what is asked for on top of it that depends on the data. */
export interface RecipeSettings {
  readonly recipe: Recipe;
  /** Instead of the recipe's own normalization. */
  readonly normalize?: Normalizing;
  readonly augment: ParsedAugmentation;
}

/** What the options of a command say of the recipe. */
export interface RecipeOptions {
  readonly recipe: string;
  /** A file of JSON, which takes the place of a recipe's name. */
  readonly config?: string;
  readonly normalize?: Normalizing;
  readonly augment?: ParsedAugmentation;
  readonly epochs?: number;
  readonly batch?: number;
  readonly lr?: number;
  readonly valSplit?: number;
  readonly augmentVal?: boolean;
}

/**
 * The recipe that a command's options name or whose file they name, changed by the options.
 *
 * @throws Error with one line where the file cannot be read; AggregateError with an Error for each mistake in it
 */
export async function recipeSettings(options: RecipeOptions): Promise<RecipeSettings> {
  const { recipe, augmentation, measureNormalization } =
    options.config === undefined ? known(options.recipe) : await readConfig(options.config);
  const changes: RecipeChanges = {
    epochs: options.epochs,
    batchSize: options.batch,
    learningRate: options.lr,
    validationShare: options.valSplit,
    augmentValidation: options.augmentVal,
  };
  return {
    recipe: customizeRecipe(recipe, changes),
    normalize: options.normalize ?? (measureNormalization ? "dataset" : undefined),
    augment: options.augment ?? augmentation,
  };
}

function known(name: string): RecipeFile {
  const recipe = RECIPES[name];
  return { recipe, augmentation: { augmentation: recipe.augmentation, flipGiven: false }, measureNormalization: false };
}

async function readConfig(path: string): Promise<RecipeFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new Error(describeFileError(error, `read ${path}`), { cause: error });
  }
  try {
    return readRecipeFile(text, basename(path).replace(/\.json$/i, ""));
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`${path}: ${error.message}`);
    if (!(error instanceof AggregateError)) throw error;
    throw new AggregateError(
      error.errors.map(({ message }: FormatError) => new FormatError(`${path}: ${message}`)),
      `${path}: ${error.message}`,
    );
  }
}

/**
 * The recipe as it trains on a data set.
 *
 * @param background the byte that lies around the pictures
 */
export function resolveRecipe(
  { recipe, normalize, augment }: RecipeSettings,
  parts: Pick<DatasetParts, "train" | "validationCount">,
  background: DataSettings["background"],
  seed: number,
): Recipe {
  const normalization =
    normalize === "dataset"
      ? measureChannels(parts.train, splitTraining(parts, recipe.validationShare, seed).train)
      : normalize && TUTORIAL_NORMALIZATION;
  const augmentation = augmentationFor(augment, parts.train.classes, background);
  return customizeRecipe(recipe, { normalization, augmentation });
}
