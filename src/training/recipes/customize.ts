import type { Augmentation } from "../../data/augmentation.js";
import type { ActivationLayer, Normalization, Pool2dLayer } from "../../model/index.js";
import type { Recipe } from "./recipe.js";
import type { Schedule } from "./schedules.js";

/** Changes to a recipe; undefined fields keep the recipe's values. */
export interface RecipeChanges {
  readonly activation?: ActivationLayer["type"];
  readonly pooling?: Pool2dLayer["type"];
  readonly epochs?: number;
  readonly batchSize?: number;
  /** The learning rate; the maximum if the schedule varies it. */
  readonly learningRate?: number;
  readonly dropout?: number;
  readonly labelSmoothing?: number;
  readonly weightDecay?: number;
  readonly validationFraction?: number;
  readonly augmentValidation?: boolean;
  readonly normalization?: Normalization;
  readonly augmentation?: Augmentation;
}

/** Applies changes to a recipe. */
export function customizeRecipe(recipe: Recipe, changes: RecipeChanges): Recipe {
  const { learningRate, weightDecay } = changes;
  return {
    ...recipe,
    activation: changes.activation ?? recipe.activation,
    pooling: changes.pooling ?? recipe.pooling,
    epochs: changes.epochs ?? recipe.epochs,
    batchSize: changes.batchSize ?? recipe.batchSize,
    schedule: learningRate === undefined ? recipe.schedule : withLearningRate(recipe.schedule, learningRate),
    dropout: changes.dropout ?? recipe.dropout,
    labelSmoothing: changes.labelSmoothing ?? recipe.labelSmoothing,
    optimizer: weightDecay === undefined ? recipe.optimizer : { ...recipe.optimizer, weightDecay },
    validationFraction: changes.validationFraction ?? recipe.validationFraction,
    augmentValidation: changes.augmentValidation ?? recipe.augmentValidation,
    normalization: changes.normalization ?? recipe.normalization,
    augmentation: changes.augmentation ?? recipe.augmentation,
  };
}

function withLearningRate(schedule: Schedule, learningRate: number): Schedule {
  return schedule.type === "oneCycle"
    ? { ...schedule, maximumLearningRate: learningRate }
    : { ...schedule, learningRate };
}
