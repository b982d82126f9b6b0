import type { Augmentation } from "../../data/augmentation.js";
import type { ActivationLayer, Normalization, Pool2dLayer } from "../../model/index.js";
import type { Recipe } from "./recipe.js";
import type { Schedule } from "./schedules.js";

/** What can be changed about a recipe without naming every number of it; undefined leaves it. */
export interface RecipeChanges {
  readonly activation?: ActivationLayer["type"];
  readonly pooling?: Pool2dLayer["type"];
  readonly epochs?: number;
  readonly batchSize?: number;
  /** The learning rate, or the highest one where the schedule moves it. */
  readonly learningRate?: number;
  readonly dropout?: number;
  readonly labelSmoothing?: number;
  readonly weightDecay?: number;
  readonly validationFraction?: number;
  readonly augmentValidation?: boolean;
  readonly normalization?: Normalization;
  readonly augmentation?: Augmentation;
}

/** A recipe with changes. */
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
