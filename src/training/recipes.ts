import { AUGMENTATIONS, type Augmentation } from "../data/augmentation.js";
import type { OptimizerSettings } from "../engine/index.js";
import type { ActivationLayer, Normalization, Pool2dLayer } from "../model/index.js";
import { oneCycle, type Schedule } from "./schedules.js";

/** All that a training is, besides the data, the seed and the input's shape. */
export interface Recipe {
  readonly name: string;
  readonly activation: ActivationLayer["type"];
  readonly pooling: Pool2dLayer["type"];
  /** Dropout after the two hidden linear layers. */
  readonly dropout: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerSettings;
  readonly schedule: Schedule;
  readonly labelSmoothing: number;
  readonly augmentation: Augmentation;
  /** Whether validation images are augmented too, as the tutorial does. */
  readonly augmentValidation: boolean;
  /** Share of the training images that is held back for validation. */
  readonly validationShare: number;
  /** How the bytes of pictures become inputs. */
  readonly normalization: Normalization;
}

/** From −1 to 1, whatever the pictures. */
export const TUTORIAL_NORMALIZATION: Normalization = { mean: [0.5], deviation: [0.5] };

/** torch.optim.AdamW's defaults. */
const ADAMW: OptimizerSettings = { type: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };

/** The tutorial's first configuration: the layers of 1998 with the sigmoid, trained with PyTorch's defaults. */
const paper: Recipe = {
  name: "paper",
  activation: "sigmoid",
  pooling: "averagePool2d",
  dropout: 0,
  epochs: 100,
  batchSize: 32,
  optimizer: ADAMW,
  schedule: { type: "constant", learningRate: 1e-3 },
  labelSmoothing: 0,
  augmentation: AUGMENTATIONS.tutorial,
  augmentValidation: false,
  validationShare: 0.2,
  normalization: TUTORIAL_NORMALIZATION,
};

/**
 * The tutorial's second configuration: ReLU, max pooling, dropout, AdamW, OneCycleLR, label smoothing. It leaves the
 * numbers open; these were chosen on validation accuracy, see docs/results.md.
 */
const improved: Recipe = {
  ...paper,
  name: "improved",
  activation: "relu",
  pooling: "maxPool2d",
  dropout: 0.05,
  schedule: oneCycle(2e-3),
  labelSmoothing: 0.05,
};

/** The recipes by name. */
export const RECIPES: Readonly<Record<string, Recipe>> = { paper, improved };

/** What can be changed about a recipe without naming every number of it; undefined leaves it. */
export interface RecipeChanges {
  readonly epochs?: number;
  readonly batchSize?: number;
  /** The learning rate, or the highest one where the schedule moves it. */
  readonly learningRate?: number;
  readonly dropout?: number;
  readonly labelSmoothing?: number;
  readonly weightDecay?: number;
  readonly validationShare?: number;
  readonly augmentValidation?: boolean;
  readonly normalization?: Normalization;
  readonly augmentation?: Augmentation;
}

/** A recipe with changes. */
export function customizeRecipe(recipe: Recipe, changes: RecipeChanges): Recipe {
  const { learningRate, weightDecay } = changes;
  return {
    ...recipe,
    epochs: changes.epochs ?? recipe.epochs,
    batchSize: changes.batchSize ?? recipe.batchSize,
    schedule: learningRate === undefined ? recipe.schedule : withLearningRate(recipe.schedule, learningRate),
    dropout: changes.dropout ?? recipe.dropout,
    labelSmoothing: changes.labelSmoothing ?? recipe.labelSmoothing,
    optimizer: weightDecay === undefined ? recipe.optimizer : { ...recipe.optimizer, weightDecay },
    validationShare: changes.validationShare ?? recipe.validationShare,
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
