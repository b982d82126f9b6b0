import type { ParsedAugmentation } from "../data/augmentationText.js";
import { augmentationFor } from "../data/characters.js";
import type { Dataset, DatasetParts } from "../data/dataset.js";
import { measureChannels } from "../data/normalization.js";
import { type Split, splitTraining } from "../data/split.js";
import type { Backend, Engine } from "../engine/backend.js";
import { requireSeveralValues } from "../engine/checkedBackend.js";
import { inferShapes, initializeParameters, lenet5, type Model, type NamedTensors } from "../model/index.js";
import { TUTORIAL_NORMALIZATION } from "./recipes/improvedNetwork.js";
import { customizeRecipe, type Recipe, type RecipeChanges } from "./recipes/recipes.js";

// The only path from a recipe to a trained network: a request and its data become a plan, the plan an engine, and
// `runEpochs` trains it.

/** The settings of a training run, before its data are known. */
export interface TrainingRequest {
  readonly recipe: Recipe;
  readonly changes: RecipeChanges;
  /** Replaces the recipe's augmentation. */
  readonly augment?: ParsedAugmentation;
  /** Replaces the recipe's normalization with the tutorial's, or with one measured on the training images. */
  readonly normalize?: "tutorial" | "dataset";
  /**
   * Replaces the recipe's class weights. "balanced": in inverse proportion to the classes' training images, with a mean
   * of 1 over these images; 0 for a class without any.
   */
  readonly classWeights?: "balanced" | readonly number[];
  /** The seed for split, initial parameters, order, augmentation and dropout. */
  readonly seed: number;
}

/** The training images, in the network's input shape. */
export interface TrainingData extends Pick<DatasetParts, "train" | "validationCount"> {
  /** The byte around the images. */
  readonly background: number;
}

/** Everything that determines the bits of a training run, except the arithmetic. */
export interface TrainingPlan {
  readonly recipe: Recipe;
  readonly model: Model;
  readonly dataset: Dataset;
  readonly split: Split;
  readonly seed: number;
  /** The parameters before the first step. */
  readonly parameters: NamedTensors;
  /** The epochs after which the recipe's schedule restarts, ascending. */
  readonly scheduleRestarts?: readonly number[];
  /** The recipe's epochs before each restart. Default: the epoch of the restart. */
  readonly epochsBefore?: readonly number[];
}

/**
 * Completes a request's recipe with what depends on the data: the normalization, class weights, and whether images may
 * be mirrored.
 */
export function settleRecipe(request: TrainingRequest, data: TrainingData): Recipe {
  const { changes, augment, normalize, classWeights, seed } = request;
  const requested = augment ?? { augmentation: request.recipe.augmentation, flipGiven: false };
  const recipe = customizeRecipe(request.recipe, {
    ...changes,
    augmentation: augmentationFor(requested, data.train.classes, data.background),
  });
  const trained = () => splitTraining(data, recipe.validationFraction, seed, recipe.fold).train;
  const measured: RecipeChanges = {
    ...(normalize === "tutorial" && { normalization: TUTORIAL_NORMALIZATION }),
    ...(normalize === "dataset" && { normalization: measureChannels(data.train, trained()) }),
    ...(classWeights && {
      classWeights: classWeights === "balanced" ? balancedWeights(data.train, trained()) : classWeights,
    }),
  };
  const settled = customizeRecipe(recipe, measured);
  requireClassWeights(settled, data.train);
  return settled;
}

/** The class weights that give every class the same share of the loss, as scikit-learn's "balanced". */
function balancedWeights({ classes, labels }: Dataset, indices: Uint32Array): number[] {
  const counts = classes.map(() => 0);
  for (const index of indices) counts[labels[index]]++;
  return counts.map((count) => (count === 0 ? 0 : indices.length / (classes.length * count)));
}

function requireClassWeights({ classWeights }: Recipe, { classes, name }: Dataset): void {
  if (classWeights === undefined || classWeights.length === classes.length) return;
  throw new RangeError(`there are ${classWeights.length} class weights, but ${name} has ${classes.length} classes`);
}

/**
 * Plans the training of a LeNet-5 for the data's images and classes.
 *
 * @throws ShapeError if the images are too small for its layers; RangeError if the last batch is too small for batch
 *   normalisation
 */
export function planTraining(request: TrainingRequest, data: TrainingData): TrainingPlan {
  return planWith({ ...planModel(request, data), seed: request.seed }, data);
}

/** The part of a plan that takes little time and memory: the recipe and the model. */
export function planModel(request: TrainingRequest, data: TrainingData): Pick<TrainingPlan, "recipe" | "model"> {
  const recipe = settleRecipe(request, data);
  const { channels, height, width, classes } = data.train;
  const model = lenet5({ ...recipe, input: { channels, height, width }, classes: classes.length });
  return { recipe, model };
}

/**
 * Makes a plan from a completed recipe and a model, such as those of an earlier run.
 *
 * @throws RangeError if the last batch is too small for batch normalisation
 */
export function planWith(
  settled: Pick<TrainingPlan, "recipe" | "model" | "seed" | "scheduleRestarts" | "epochsBefore">,
  data: Pick<TrainingData, "train" | "validationCount">,
): TrainingPlan {
  const { recipe, model, seed, scheduleRestarts, epochsBefore } = settled;
  const split = splitTraining(data, recipe.validationFraction, seed, recipe.fold);
  requireSeveralValues(inferShapes(model), split.train.length, recipe.batchSize);
  return {
    recipe,
    model,
    seed,
    scheduleRestarts,
    epochsBefore,
    dataset: data.train,
    split,
    parameters: initializeParameters(model, seed, recipe.initialization),
  };
}

/**
 * Compiles a plan's network and sets the plan's parameters.
 *
 * @throws RangeError if all images belong to one class: whatever is trained would only learn its name
 */
export function compilePlan(plan: TrainingPlan, backend: Backend): Promise<Engine> {
  return compileFleet([plan], backend);
}

/**
 * Compiles the networks of plans as a fleet and sets the plans' parameters.
 *
 * @param plans with the same images, layers and batch size
 * @throws RangeError if all images belong to one class
 */
export async function compileFleet(
  plans: readonly Pick<TrainingPlan, "model" | "recipe" | "parameters" | "dataset">[],
  backend: Backend,
): Promise<Engine> {
  requireSeveralClasses(plans[0].dataset);
  const networks = plans.map(({ model, recipe }) => ({ model, ...recipe }));
  const engine = await backend.compile(networks, plans[0].recipe);
  for (const [network, { parameters }] of plans.entries()) await engine.setParameters(parameters, network);
  return engine;
}

function requireSeveralClasses({ name, classes, labels }: Dataset): void {
  if (labels.some((label) => label !== labels[0])) return;
  throw new RangeError(`${name}: all training images are "${classes[labels[0]]}", but training needs several classes`);
}
