import type { Dataset } from "../data/dataset.js";
import { type Split, splitIndices } from "../data/split.js";
import { mostUsefulThreads, type Threads } from "../engine/wasm/threads.js";
import { wasmBackend } from "../engine/wasm/wasmBackend.js";
import { isActivation, isPooling } from "../model/index.js";
import { type EpochProgress, type EpochRecord, runEpochs, type TrainingState } from "../training/epochs.js";
import { compilePlan, settleRecipe, type TrainingPlan } from "../training/plan.js";
import { RECIPES, type Recipe, type RecipeChanges } from "../training/recipes/index.js";
import { datasetFor } from "./datasets.js";
import type { LeNet5 } from "./lenet5.js";

/** How a network is trained; what is left out is as the recipe has it. */
export interface FitOptions extends Omit<RecipeChanges, "activation" | "pooling" | "dropout" | "normalization"> {
  /**
   * Default: the improved one, for whatever layers the network has. One that is given must be of a network with the same
   * activation, pooling, dropout and normalization: created by `LeNet5.create({ ...recipe, classes })`.
   */
  readonly recipe?: Recipe;
  /** What split, order, augmentation and dropout are drawn from. Default 0. */
  readonly seed?: number;
  /** Which images to train and to validate on. Default: drawn, by the recipe's share. */
  readonly split?: Split;
  /** From `threads()` of `lenet/node` or `lenet/browser`; they change no bit. Default: the calling thread alone. */
  readonly threads?: Threads;
  /** Go on after this state, to the very bits of a training that was never interrupted. */
  readonly resumeFrom?: TrainingState;
  /** Told several times a second. */
  readonly onProgress?: (progress: EpochProgress) => void;
  /** Aborting ends the training with the signal's reason, within a fraction of a second. */
  readonly signal?: AbortSignal;
}

/** What an epoch came to. */
export interface FitEpoch extends EpochRecord {
  /** Whether its validation accuracy is the best so far: the network holds its parameters. */
  readonly isBest: boolean;
  /** All that the training needs to go on from here: `resumeFrom`. */
  readonly state: TrainingState;
}

/**
 * Trains a network, an epoch a turn. After each the network holds the parameters with the best validation accuracy so far,
 * averaged where the recipe says so. The same seed gives the same bits, for any number of threads, as does `lenet train`.
 * Leaving the loop ends the training and its threads.
 *
 * @throws RangeError in one line where an option makes no sense, or the data set or the recipe does not fit the network
 * @throws DivergedError, from the iterator, where the loss is no finite number any more
 */
export function fit(network: LeNet5, dataset: Dataset, options: FitOptions = {}): AsyncGenerator<FitEpoch, void, void> {
  const { seed = 0, resumeFrom, onProgress, signal } = options;
  const data = datasetFor(network, dataset);
  const recipe = recipeFor(network, data, options, seed);
  const { split = splitIndices(data.labels.length, recipe.validationFraction, seed) } = options;
  requireWhole("epochs", recipe.epochs, 1);
  requireWhole("batchSize", recipe.batchSize, 1);
  requireWhole("seed", seed, 0);
  requireWhole("threads.count", options.threads?.count ?? 1, 1);
  requireWhole("split.train.length", split.train.length, 1);
  requireWhole("split.validation.length", split.validation.length, 1);
  const { model, parameters } = network;
  const plan = { recipe, model, dataset: data, split, seed, parameters };
  return epochs(network, plan, { threads: options.threads, resumeFrom, onProgress, signal });
}

/** Compiles when the first epoch is asked for, so that there are no threads that nobody ends. */
async function* epochs(
  network: LeNet5,
  plan: TrainingPlan,
  { threads, ...options }: Pick<FitOptions, "threads" | "resumeFrom" | "onProgress" | "signal">,
): AsyncGenerator<FitEpoch, void, void> {
  const { recipe, dataset } = plan;
  const count = Math.min(threads?.count ?? 1, mostUsefulThreads(recipe.batchSize));
  const engine = await compilePlan(plan, wasmBackend({ threads: threads && { ...threads, count } }));
  try {
    for await (const { record, state } of runEpochs({ ...plan, ...options, engine })) {
      const { epoch, validationAccuracy, parameters } = state.best;
      network.setParameters(parameters, { recipe: recipe.name, data: dataset.name, epoch, validationAccuracy });
      yield { ...record, isBest: epoch === record.epoch, state };
    }
  } finally {
    engine.dispose();
  }
}

/** The recipe with the changes, for the network's layers and the data's classes. */
function recipeFor(network: LeNet5, data: Dataset, options: FitOptions, seed: number): Recipe {
  const { recipe = { ...RECIPES.improved, ...partsOf(network) }, augmentation } = options;
  requireSameNetwork(network, recipe);
  const changes = { ...options, augmentation: undefined };
  const augment = augmentation && { augmentation, flipGiven: true };
  return settleRecipe({ recipe, changes, augment, seed }, { train: data, background: network.framing.background });
}

/** What a recipe and a network both say. */
type NetworkParts = Pick<Recipe, "activation" | "pooling" | "dropout" | "normalization">;

function partsOf({ model: { layers }, normalization }: LeNet5): NetworkParts {
  return {
    activation: layers.find(isActivation)?.type ?? RECIPES.improved.activation,
    pooling: layers.find(isPooling)?.type ?? RECIPES.improved.pooling,
    dropout: layers.find((layer) => layer.type === "dropout")?.probability ?? 0,
    normalization,
  };
}

/** @throws RangeError naming what is another in the recipe */
function requireSameNetwork(network: LeNet5, recipe: Recipe): void {
  for (const [part, own] of Object.entries(partsOf(network))) {
    const asked = recipe[part as keyof NetworkParts];
    if (JSON.stringify(asked) !== JSON.stringify(own)) {
      throw new RangeError(
        `the recipe ${recipe.name} is of a network with ${part} ${JSON.stringify(asked)}, this one has ${JSON.stringify(own)}: create it by LeNet5.create({ ...recipe, … }) or change the recipe`,
      );
    }
  }
}

function requireWhole(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${name} is ${value}, not a whole number from ${least} on`);
  }
}
