import { AUGMENTATIONS, type Augmentation } from "../../data/augmentation.js";
import type { Fold } from "../../data/split.js";
import type { Averaging, Distillation, NetworkSettings, OptimizerSettings } from "../../engine/backend.js";
import type {
  ActivationLayer,
  ImageShape,
  Initialization,
  LeNet5Options,
  Normalization,
  PoolingLayer,
} from "../../model/index.js";
import { IMPROVED_NETWORK, TUTORIAL_NORMALIZATION } from "./improvedNetwork.js";
import { OPTIMIZERS, type OptimizerName } from "./optimizers.js";
import { largestLearningRate, oneCycle, type Schedule } from "./schedules.js";

/** How the loss mixes labels and teacher, see `Distillation`. */
export type DistillationSettings = Pick<Distillation, "temperature" | "share">;

/** How to learn from a teacher if the recipe does not say. */
export const DISTILLATION: DistillationSettings = { temperature: 2, share: 0.9 };

/** All settings of a training run except the data, the seed and the input's shape. */
export interface Recipe {
  readonly name: string;
  readonly activation: ActivationLayer["type"];
  readonly pooling: PoolingLayer["type"];
  /** The padding of the first convolution. Default: 2. */
  readonly padding?: LeNet5Options["padding"];
  /** Which maps the second convolution takes. Default: full. */
  readonly connections?: LeNet5Options["connections"];
  /** The last layer. Default: linear. */
  readonly output?: LeNet5Options["output"];
  /** The network's input. Default: the images' own size. */
  readonly input?: ImageShape;
  /** How the initial parameters are drawn. Default: pytorch. */
  readonly initialization?: Initialization;
  /** The loss's constant j. Default: none. */
  readonly rubbishPenalty?: NetworkSettings["rubbishPenalty"];
  /** Dropout after the two hidden linear layers. */
  readonly dropout: number;
  /** Batch normalisation in all hidden layers, which a run folds into the weights that it saves. */
  readonly batchNorm: boolean;
  /** Multiplies LeNet-5's numbers of maps and of hidden features. Default: 1. */
  readonly width?: number;
  /** The maps of 3×3 convolutions in place of LeNet-5's two of 5×5, see `LeNet5Options`. Default: none. */
  readonly stages?: LeNet5Options["stages"];
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerSettings;
  readonly schedule: Schedule;
  readonly labelSmoothing: number;
  /** The weight of each class in the loss, see `LossSettings`. Default: 1 each. */
  readonly classWeights?: readonly number[];
  /** How much is learned from a teacher, which the training has to name. Default: nothing. */
  readonly distillation?: DistillationSettings;
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
  /** The fraction of the training images that is held out for validation. 0: trains on all, and validates on the same. */
  readonly validationFraction: number;
  /** The part of a cross-validation that is held out instead. Default: none. */
  readonly fold?: Fold;
  /** How the bytes of images become inputs. */
  readonly normalization: Normalization;
}

/** torch.optim.AdamW's defaults. */
const ADAMW = { type: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 } as const;

/** The tutorial's first configuration: the layers of 1998 with sigmoid activations, trained with PyTorch's defaults. */
const paper: Recipe = {
  name: "paper",
  activation: "sigmoid",
  pooling: "averagePool2d",
  dropout: 0,
  batchNorm: false,
  epochs: 100,
  batchSize: 32,
  optimizer: ADAMW,
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
  ...IMPROVED_NETWORK,
  name: "improved",
  schedule: oneCycle(2e-3),
  labelSmoothing: 0.05,
};

/**
 * The most accurate recipe for LeNet-5's 61,706 parameters: batch normalisation in all hidden layers, folded away at the
 * end, the parameters averaged over the steps, and only the augmentation that so few parameters can learn.
 */
const best: Recipe = {
  ...improved,
  name: "best",
  dropout: 0,
  batchNorm: true,
  batchSize: 128,
  optimizer: { ...ADAMW, weightDecay: 0.05 },
  schedule: oneCycle(4e-3),
  averaging: { decay: 0.998 },
  // A padding of 2 or rotations of 10 degrees are too much to learn for so few parameters.
  augmentation: { ...AUGMENTATIONS.light, cropPadding: 1 },
  validationFraction: 0.1,
};

/** A teacher for the distilled recipe: LeNet-5's linear layers behind more and wider convolutions. */
const teacher: Recipe = {
  ...best,
  name: "teacher",
  stages: [[32], [48, 48], [96, 96]],
  epochs: 24,
  dropout: 0.1,
  // Smoothed labels make a network more accurate, but a worse teacher (Müller, Kornblith and Hinton, 2019).
  labelSmoothing: 0,
  augmentation: AUGMENTATIONS.light,
};

/** The best recipe, learning from a teacher too. */
const distilled: Recipe = { ...best, name: "distilled", distillation: DISTILLATION };

/**
 * The network of LeCun et al. (1998), trained as published, on all training images. What the paper leaves open was chosen
 * by training error: see docs/lenet-1998.md.
 */
const lenet1998: Recipe = {
  ...paper,
  name: "lenet-1998",
  activation: "scaledTanh",
  pooling: "subsample2d",
  padding: 0,
  connections: "partial",
  output: "rbf",
  input: { channels: 1, height: 32, width: 32 },
  initialization: "lecun1998",
  epochs: 20,
  batchSize: 1,
  optimizer: { type: "sdlm", damping: 0.02, samples: 500 },
  schedule: {
    type: "stepwise",
    steps: [
      { passes: 2, learningRate: 5e-4 },
      { passes: 3, learningRate: 2e-4 },
      { passes: 3, learningRate: 1e-4 },
      { passes: 4, learningRate: 5e-5 },
      { passes: 8, learningRate: 1e-5 },
    ],
  },
  rubbishPenalty: 1,
  augmentation: AUGMENTATIONS.none,
  validationFraction: 0,
  // Black becomes −0.1, white 1.175.
  normalization: { mean: [20 / 255], std: [200 / 255] },
};

/** The names of the recipes. */
export type RecipeName = "paper" | "improved" | "best" | "teacher" | "distilled" | "lenet-1998";

/**
 * The recipes by name.
 *
 * @example
 * ```ts
 * import { oneCycle, RECIPES, type Recipe } from "lenet";
 *
 * const own: Recipe = { ...RECIPES.improved, name: "own", schedule: oneCycle(3e-3), labelSmoothing: 0.1 };
 * console.log(own.optimizer);
 * ```
 */
export const RECIPES: Readonly<Record<RecipeName, Recipe>> = {
  paper,
  improved,
  best,
  teacher,
  distilled,
  "lenet-1998": lenet1998,
};

/** The names of the recipes, as a list. */
export const RECIPE_NAMES = Object.keys(RECIPES) as readonly RecipeName[];

/** Changes to a recipe; undefined fields keep the recipe's values. */
export interface RecipeChanges {
  readonly activation?: ActivationLayer["type"];
  readonly pooling?: PoolingLayer["type"];
  readonly epochs?: number;
  readonly batchSize?: number;
  /** The learning rate; the maximum if the schedule varies it. */
  readonly learningRate?: number;
  readonly dropout?: number;
  readonly labelSmoothing?: number;
  readonly classWeights?: readonly number[];
  readonly distillation?: DistillationSettings;
  readonly patience?: number;
  /** Another optimizer takes PyTorch's default settings. */
  readonly optimizer?: OptimizerName;
  readonly weightDecay?: number;
  readonly validationFraction?: number;
  readonly fold?: Fold;
  readonly augmentValidation?: boolean;
  readonly normalization?: Normalization;
  readonly augmentation?: Augmentation;
}

/** Applies changes to a recipe. */
export function customizeRecipe(recipe: Recipe, changes: RecipeChanges): Recipe {
  const {
    learningRate,
    classWeights = recipe.classWeights,
    distillation = recipe.distillation,
    fold = recipe.fold,
  } = changes;
  return {
    ...recipe,
    activation: changes.activation ?? recipe.activation,
    pooling: changes.pooling ?? recipe.pooling,
    epochs: changes.epochs ?? recipe.epochs,
    batchSize: changes.batchSize ?? recipe.batchSize,
    schedule: learningRate === undefined ? recipe.schedule : withLearningRate(recipe.schedule, learningRate),
    dropout: changes.dropout ?? recipe.dropout,
    labelSmoothing: changes.labelSmoothing ?? recipe.labelSmoothing,
    ...(classWeights && { classWeights }),
    ...(distillation && { distillation }),
    patience: changes.patience ?? recipe.patience,
    optimizer: withOptimizer(recipe.optimizer, changes),
    validationFraction: changes.validationFraction ?? recipe.validationFraction,
    ...(fold && { fold }),
    augmentValidation: changes.augmentValidation ?? recipe.augmentValidation,
    normalization: changes.normalization ?? recipe.normalization,
    augmentation: changes.augmentation ?? recipe.augmentation,
  };
}

function withOptimizer(
  optimizer: OptimizerSettings,
  { optimizer: type, weightDecay }: Pick<RecipeChanges, "optimizer" | "weightDecay">,
): OptimizerSettings {
  const settings = type === undefined || type === optimizer.type ? optimizer : OPTIMIZERS[type];
  return weightDecay === undefined ? settings : withWeightDecay(settings, weightDecay);
}

/** @throws RangeError if the optimizer has none */
function withWeightDecay(optimizer: OptimizerSettings, weightDecay: number): OptimizerSettings {
  if (optimizer.type === "sdlm") throw new RangeError("the optimizer sdlm has no weight decay");
  return { ...optimizer, weightDecay };
}

function withLearningRate(schedule: Schedule, learningRate: number): Schedule {
  switch (schedule.type) {
    case "oneCycle":
      return { ...schedule, maximumLearningRate: learningRate };
    case "stepwise": {
      const factor = learningRate / largestLearningRate(schedule);
      return {
        ...schedule,
        steps: schedule.steps.map((step) => ({ ...step, learningRate: step.learningRate * factor })),
      };
    }
    default:
      return { ...schedule, learningRate };
  }
}
