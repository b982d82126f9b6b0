import { AUGMENTATIONS, type Augmentation } from "../../data/augmentation.js";
import type { Averaging, OptimizerSettings } from "../../engine/backend.js";
import type { ActivationLayer, Normalization, Pool2dLayer } from "../../model/index.js";
import { oneCycle, type Schedule } from "./schedules.js";

/** All settings of a training run except the data, the seed and the input's shape. */
export interface Recipe {
  readonly name: string;
  readonly activation: ActivationLayer["type"];
  readonly pooling: Pool2dLayer["type"];
  /** Dropout after the two hidden linear layers. */
  readonly dropout: number;
  /** Batch normalisation in all hidden layers, which a run folds into the weights that it saves. */
  readonly batchNorm: boolean;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerSettings;
  readonly schedule: Schedule;
  readonly labelSmoothing: number;
  /** Use the parameters averaged over the steps for validation, the best weights and the test; null: no averaging. */
  readonly averaging: Averaging | null;
  /**
   * Stop after this many epochs without a better validation accuracy; 0: never stop early. The schedule always covers
   * all epochs.
   */
  readonly patience: number;
  readonly augmentation: Augmentation;
  /** Whether validation images are augmented too, as the tutorial does. */
  readonly augmentValidation: boolean;
  /** The fraction of the training images that is held out for validation. */
  readonly validationFraction: number;
  /** How the bytes of images become inputs. */
  readonly normalization: Normalization;
}

/** Maps bytes to −1 … 1, regardless of the images. */
export const TUTORIAL_NORMALIZATION: Normalization = { mean: [0.5], std: [0.5] };

/** The tutorial's first configuration: the layers of 1998 with sigmoid activations, trained with PyTorch's defaults. */
const paper: Recipe = {
  name: "paper",
  activation: "sigmoid",
  pooling: "averagePool2d",
  dropout: 0,
  batchNorm: false,
  epochs: 100,
  batchSize: 32,
  // torch.optim.AdamW's defaults.
  optimizer: { type: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
  schedule: { type: "constant", learningRate: 1e-3 },
  labelSmoothing: 0,
  averaging: null,
  patience: 0,
  augmentation: AUGMENTATIONS.tutorial,
  augmentValidation: false,
  validationFraction: 0.2,
  normalization: TUTORIAL_NORMALIZATION,
};

/**
 * The tutorial's second configuration: ReLU, max pooling, dropout, AdamW, OneCycleLR, label smoothing. The tutorial
 * leaves the numbers open; these were chosen by validation accuracy, see docs/results.md.
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

/**
 * The most accurate recipe for LeNet-5's 61,706 parameters: the improved recipe, with the parameters averaged over the
 * steps.
 */
const best: Recipe = {
  ...improved,
  name: "best",
  dropout: 0,
  optimizer: { ...improved.optimizer, weightDecay: 0.05 },
  averaging: { decay: 0.999 },
  // A padding of 2 or rotations of 10 degrees are too much to learn for so few parameters.
  augmentation: { ...AUGMENTATIONS.light, cropPadding: 1 },
  validationFraction: 0.1,
};

/** The recipes by name. */
export const RECIPES: Readonly<Record<string, Recipe>> = { paper, improved, best };

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
