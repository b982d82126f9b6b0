import type { Dataset } from "../data/dataset.js";
import { type Split, splitTraining } from "../data/split.js";
import type { Backend } from "../engine/backend.js";
import type { Arithmetic } from "../engine/wasm/features.js";
import { mostUsefulThreads, requireThreads, type Threads } from "../engine/wasm/threads.js";
import { wasmBackend } from "../engine/wasm/wasmBackend.js";
import { hasBatchNorm, isActivation, isPooling } from "../model/index.js";
import { type Best, type EpochProgress, type EpochRecord, runEpochs, type TrainingState } from "../training/epochs.js";
import { compilePlan, settleRecipe, type TrainingPlan } from "../training/plan.js";
import { DISTILLATION, RECIPES, type Recipe, type RecipeChanges } from "../training/recipes/recipes.js";
import { requireInteger, requireRecipe } from "../training/recipes/requireRecipe.js";
import { openTeacher, type Teacher, type TeacherSource } from "../training/teacher.js";
import { datasetFor } from "./datasetFor.js";
import { LeNet5 } from "./lenet5.js";

/** How to train a network. Default for omitted options: the recipe's values. */
export interface FitOptions extends Omit<RecipeChanges, "activation" | "pooling" | "dropout" | "normalization"> {
  /**
   * Default: the improved recipe, adapted to the network's layers. Any other must match the network's activation,
   * pooling, dropout, batch normalisation and normalization, so create the network with `LeNet5.create({ ...recipe, classes })`.
   */
  readonly recipe?: Recipe;
  /** The seed for split, order, augmentation and dropout. Default: 0. */
  readonly seed?: number;
  /** The images to train and validate on. Default: a random split with the recipe's validation fraction. */
  readonly split?: Split;
  /**
   * From `threads()` of `lenet/node` or `lenet/browser`; does not affect the bits. Default: only the calling thread.
   */
  readonly threads?: Threads;
  /**
   * `portable` gives the same bits on every processor and engine. Default: `fused`, which is faster, where multiply-add
   * really rounds once.
   */
  readonly arithmetic?: Arithmetic;
  /**
   * What to learn from besides the labels: a network, several whose logits are averaged, or logits of a teacher for each
   * image of the data set, float32 [images, classes]. How much is set by `distillation`.
   */
  readonly teacher?: LeNet5 | readonly LeNet5[] | Float32Array;
  /** Where to train instead of on the processor, such as `webgpuBackend()` of `lenet/engine`. */
  readonly backend?: Backend;
  /**
   * Resume from this state, bit-identical to an uninterrupted run. Seed, batch size and optimizer must be those of the
   * training that it comes from, as far as the state says.
   */
  readonly resumeFrom?: FitState;
  /** Called several times a second. */
  readonly onProgress?: (progress: EpochProgress) => void;
  /** Aborting ends the training with the signal's reason, within a fraction of a second. */
  readonly signal?: AbortSignal;
}

/** The state after an epoch of {@link fit}. */
export interface FitState extends TrainingState {
  /** What another training could not resume from; states from checkpoint files do not say. */
  readonly trainedWith?: Pick<Recipe, "batchSize" | "optimizer"> & { readonly seed: number };
}

/** The result of an epoch. */
export interface FitEpoch extends EpochRecord {
  /** Whether its validation accuracy is the best so far; the network then has its parameters. */
  readonly isBest: boolean;
  /** Everything needed to resume after this epoch, see `resumeFrom`. */
  readonly state: FitState;
}

/**
 * Trains a network, one epoch per iteration. After each epoch, the network has the parameters with the best validation
 * accuracy so far, averaged if the recipe says so; at the end, averaged parameters also have batch normalisation measured
 * anew. The same seed gives the same bits for any number of threads, and the
 * same as `lenet train`. Leaving the loop ends the training and its threads.
 *
 * @throws RangeError if an option is invalid, or the data set or the recipe does not fit the network
 * @throws DivergedError from the iterator, if the loss becomes NaN or infinite
 *
 * @example
 * ```ts
 * import { fit, type FitState, LeNet5, RECIPES } from "lenet";
 * import { generateDigits } from "lenet/data";
 *
 * const digits = generateDigits({ seed: 0, count: 640, part: "train" });
 * const recipe = { ...RECIPES.best, patience: 5 };
 * const network = LeNet5.create({ ...recipe, classes: digits.classes });
 * let resumeFrom: FitState | undefined;
 * for await (const { epoch, state } of fit(network, digits, { recipe, epochs: 3 })) {
 *   resumeFrom = state;
 *   if (epoch === 2) break;
 * }
 * // Goes on with epoch 3, to the bits of an uninterrupted training.
 * for await (const { epoch } of fit(network, digits, { recipe, epochs: 3, resumeFrom })) console.log(epoch);
 * ```
 */
export function fit(network: LeNet5, dataset: Dataset, options: FitOptions = {}): AsyncGenerator<FitEpoch, void, void> {
  const { seed = 0, threads, arithmetic, backend, resumeFrom, onProgress, signal } = options;
  const data = datasetFor(network, dataset);
  const recipe = recipeFor(network, data, options, seed);
  const { split = splitTraining({ train: data }, recipe.validationFraction, seed, recipe.fold) } = options;
  requireThreads(threads);
  if (resumeFrom) requireSameTraining(resumeFrom, seed, recipe);
  requireInteger("split.train.length", split.train.length, 1);
  requireInteger("split.validation.length", split.validation.length, 1);
  const { model, parameters } = network;
  const plan = { recipe, model, dataset: data, split, seed, parameters };
  const teacher = options.teacher && teacherSource(options.teacher);
  return epochs(network, plan, { teacher, threads, arithmetic, backend, resumeFrom, onProgress, signal });
}

/** Compiles only when the first epoch is requested, so an unused iterator leaves no threads behind. */
async function* epochs(
  network: LeNet5,
  plan: TrainingPlan,
  {
    threads,
    arithmetic,
    backend,
    teacher: source,
    ...options
  }: Pick<FitOptions, "threads" | "arithmetic" | "backend" | "resumeFrom" | "onProgress" | "signal"> & {
    readonly teacher: TeacherSource | undefined;
  },
): AsyncGenerator<FitEpoch, void, void> {
  const { recipe, dataset } = plan;
  const count = Math.min(threads?.count ?? 1, mostUsefulThreads(recipe.batchSize));
  const processor = () => wasmBackend({ threads: threads && { ...threads, count, atMost: true }, arithmetic });
  const engine = await compilePlan(plan, backend ?? processor());
  let teacher: Teacher | undefined;
  try {
    teacher = source && (await openTeacher(source, dataset, recipe.augmentation, backend ?? processor()));
    const keep = ({ epoch, validationAccuracy, parameters }: Best) =>
      network.setParameters(parameters, { recipe: recipe.name, data: dataset.name, epoch, validationAccuracy });
    const training = runEpochs({ ...plan, ...options, engine, teacher });
    for (;;) {
      const { value, done } = await training.next();
      if (done) return keep(value);
      const { record, state } = value;
      keep(state.best);
      const isBest = state.best.epoch === record.epoch;
      yield { ...record, isBest, state: { ...state, trainedWith: trainedWith(plan.seed, recipe) } };
    }
  } finally {
    teacher?.dispose();
    engine.dispose();
  }
}

/** Completes the recipe with the changes, for the network's layers and the data's classes. */
function recipeFor(network: LeNet5, data: Dataset, options: FitOptions, seed: number): Recipe {
  const { recipe = { ...RECIPES.improved, ...partsOf(network) }, augmentation } = options;
  requireSameNetwork(network, recipe);
  const { distillation = options.teacher && (recipe.distillation ?? DISTILLATION) } = options;
  const changes = { ...options, distillation, augmentation: undefined };
  const augment = augmentation && { augmentation, flipGiven: true };
  const request = { recipe, changes, augment, seed };
  const settled = settleRecipe(request, { train: data, background: network.framing.background });
  requireRecipe(settled);
  return settled;
}

function teacherSource(teacher: NonNullable<FitOptions["teacher"]>): TeacherSource {
  if (teacher instanceof Float32Array) return { logits: teacher };
  return { networks: (teacher instanceof LeNet5 ? [teacher] : teacher).map((one) => one.weights()) };
}

/** What both a recipe and a network specify. */
type NetworkParts = Pick<Recipe, "activation" | "pooling" | "dropout" | "batchNorm" | "normalization">;

function partsOf({ model, normalization }: LeNet5): NetworkParts {
  const { layers } = model;
  return {
    activation: layers.find(isActivation)?.type ?? RECIPES.improved.activation,
    pooling: layers.find(isPooling)?.type ?? RECIPES.improved.pooling,
    dropout: layers.find((layer) => layer.type === "dropout")?.probability ?? 0,
    batchNorm: hasBatchNorm(model),
    normalization,
  };
}

/** @throws RangeError naming the first difference between network and recipe */
function requireSameNetwork(network: LeNet5, recipe: Recipe): void {
  for (const [part, own] of Object.entries(partsOf(network))) {
    const expected = recipe[part as keyof NetworkParts];
    if (JSON.stringify(expected) !== JSON.stringify(own)) {
      throw new RangeError(
        `the recipe ${recipe.name} has ${part} ${JSON.stringify(expected)}, but the network has ${JSON.stringify(own)}; create the network with LeNet5.create({ ...recipe, … }) or change the recipe`,
      );
    }
  }
}

/** What the further bits of a training depend on besides its state. */
function trainedWith(seed: number, { batchSize, optimizer }: Recipe): NonNullable<FitState["trainedWith"]> {
  return { seed, batchSize, optimizer };
}

/** @throws RangeError naming what differs from the training that a state comes from */
function requireSameTraining({ trainedWith: before }: FitState, seed: number, recipe: Recipe): void {
  const now = trainedWith(seed, recipe);
  for (const [name, value] of Object.entries(before ?? {})) {
    const [own, other] = [value, now[name as keyof typeof now]].map((each) => JSON.stringify(each));
    if (own !== other) throw new RangeError(`the state to resume from was trained with ${name} ${own}, not ${other}`);
  }
}
