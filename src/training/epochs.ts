import { type AugmentationDraw, isAugmenting } from "../data/augmentation.js";
import type { Dataset } from "../data/dataset.js";
import { epochOrder } from "../data/split.js";
import type {
  Engine,
  EvaluationSlice,
  LoadedImages,
  OptimizerState,
  SampleResults,
  TrainingSlice,
  Update,
} from "../engine/backend.js";
import { requireSeveralValues } from "../engine/checkedBackend.js";
import { hasBatchNorm, type NamedTensors } from "../model/index.js";
import { Tally } from "./metrics.js";
import { forEachSlice } from "./passes.js";
import type { TrainingPlan } from "./plan.js";
import { scheduleAt } from "./recipes/schedules.js";
import { updateSecondDerivatives } from "./secondDerivatives.js";
import type { Teacher } from "./teacher.js";

/** The result of an epoch. */
export interface EpochRecord {
  /** From 1. */
  readonly epoch: number;
  /** Mean training loss, with label smoothing and dropout, while the parameters change. */
  readonly trainLoss: number;
  /** 0 … 1, from the same pass. */
  readonly trainAccuracy: number;
  /** Mean cross-entropy without smoothing, after the epoch. */
  readonly validationLoss: number;
  readonly validationAccuracy: number;
  /** The learning rate of the epoch's last step. */
  readonly learningRate: number;
  readonly trainSeconds: number;
  readonly validationSeconds: number;
}

/**
 * The parameters with the best validation accuracy so far, the first if several are equal, or the last if nothing is held
 * out; averaged if the recipe says
 * so.
 */
export interface Best {
  readonly epoch: number;
  readonly validationAccuracy: number;
  readonly parameters: NamedTensors<Float32Array>;
}

/** Everything needed to resume training after an epoch. Draws are counter-based, so there is no generator state. */
export interface TrainingState {
  readonly epoch: number;
  /** The parameters after the last step, never averaged. */
  readonly parameters: NamedTensors<Float32Array>;
  readonly optimizer: OptimizerState;
  readonly best: Best;
}

/** The progress of the current pass. */
export interface EpochProgress {
  readonly epoch: number;
  readonly phase: "train" | "validation";
  readonly done: number;
  readonly total: number;
  /** Mean over the samples so far. */
  readonly loss: number;
  readonly accuracy: number;
}

/** The results of a slice: batches of a pass that are computed in one call. */
export interface EpochSlice {
  readonly epoch: number;
  readonly phase: EpochProgress["phase"];
  /** Samples of the pass so far, including this slice. */
  readonly done: number;
  /** Samples in the entire pass. */
  readonly total: number;
  readonly labels: Uint8Array;
  readonly results: SampleResults;
}

/** How a training run reports, and how it is slowed down and ended. */
interface LoopOptions {
  /** The maximum number of batches in the next slice. Default: as many as take an eighth of a second. */
  readonly batchesAtOnce?: () => number;
  /** Aborting ends the loop with the signal's reason, within a fraction of a second. */
  readonly signal?: AbortSignal;
}

/** A training run: a plan and the engine that executes it. */
export interface EpochsOptions extends Omit<TrainingPlan, "model" | "parameters">, LoopOptions {
  /** What the network learns from besides the labels; required if the recipe distils. */
  readonly teacher?: Teacher;
  /** Compiled for the recipe's batch size and averaging, with the initial parameters set; see `compilePlan`. */
  readonly engine: Engine;
  /** Resume from this state, bit-identical to an uninterrupted run. */
  readonly resumeFrom?: TrainingState;
  /** Called several times a second. */
  readonly onProgress?: (progress: EpochProgress) => void;
  /** Called after every slice of a pass. If it returns a promise, the loop waits for it. */
  readonly onSlice?: (slice: EpochSlice) => Promise<void> | undefined;
}

/** How one network of a fleet is trained. The network has the same place in the engine. */
export interface FleetMember extends Omit<TrainingPlan, "model" | "parameters" | "dataset"> {
  /** What the network learns from besides the labels; required if the recipe distils. */
  readonly teacher?: Teacher;
  /** Resume from this state, bit-identical to an uninterrupted run. */
  readonly resumeFrom?: TrainingState;
  /** Aborting takes the network out of the fleet, without an event; the others go on. */
  readonly signal?: AbortSignal;
  /** After this epoch, before its last one, the network leaves the fleet too; it can be resumed later. */
  readonly pauseAfter?: number;
}

/** The place of a network in its fleet. */
export interface PlacedInFleet {
  readonly network: number;
}

/** Training runs side by side: networks with the same images, layers and batch size. */
export interface FleetOptions extends LoopOptions {
  /** Compiled for the members, with their initial parameters set; see `compileFleet`. */
  readonly engine: Engine;
  readonly dataset: Dataset;
  readonly members: readonly FleetMember[];
  /** Called several times a second, with every network that is in the current pass. */
  readonly onProgress?: (progress: readonly (EpochProgress & PlacedInFleet)[]) => void;
  /** Called for every network after each slice of a pass. If it returns a promise, the loop waits for it. */
  readonly onSlice?: (slice: EpochSlice & PlacedInFleet) => Promise<void> | undefined;
}

/** The loss became NaN or infinite. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
}

/** A finished epoch: its record and the state after it. */
export interface FinishedEpoch {
  readonly record: EpochRecord;
  readonly state: TrainingState;
}

/** An epoch of a network, or its end: all its epochs are done, or it diverged. */
export type FleetEvent = PlacedInFleet &
  (
    | ({ readonly type: "epoch" } & FinishedEpoch)
    | { readonly type: "done"; readonly best: Best }
    | { readonly type: "diverged"; readonly error: DivergedError }
  );

/**
 * Trains: each epoch is a pass over the shuffled, augmented training images, then one over the validation images.
 * Yields after each epoch until all are done or the recipe's patience is exhausted. The engine then has the parameters
 * with the best validation accuracy; with averaged parameters, batch normalisation is measured anew for them.
 *
 * @throws DivergedError if the loss becomes NaN or infinite, RangeError if the recipe averages the parameters and the
 *   engine does not
 */
export async function* runEpochs(options: EpochsOptions): AsyncGenerator<FinishedEpoch, Best, undefined> {
  const { engine, dataset, onProgress, onSlice, batchesAtOnce, signal, ...member } = options;
  const fleet = runFleet({
    engine,
    dataset,
    members: [member],
    onProgress: onProgress && (([{ network: _, ...progress }]) => onProgress(progress)),
    onSlice,
    batchesAtOnce,
    signal,
  });
  for await (const event of fleet) {
    if (event.type === "done") return event.best;
    if (event.type === "diverged") throw event.error;
    yield { record: event.record, state: event.state };
  }
  throw new Error("the training ended without its last event");
}

/**
 * Trains a fleet: the epochs of several networks side by side. Each has its own recipe, images, order and number of
 * epochs, and gets the bits that it would get alone. A network that is done or has diverged leaves the fleet, and the
 * others go on. A network that is done has its parameters with the best validation accuracy.
 *
 * @throws RangeError if a recipe averages the parameters and the engine does not
 */
export async function* runFleet(options: FleetOptions): AsyncGenerator<FleetEvent, void, undefined> {
  const { engine, dataset, members } = options;
  const trainees = members.map((member, network) => new Trainee(member, network, dataset));
  for (const trainee of trainees) await trainee.begin(engine);
  const images = await engine.load({ pixels: dataset.images, labels: dataset.labels });
  try {
    for (;;) {
      for (const trainee of trainees) {
        if (trainee.isTraining && trainee.isDone) yield trainee.end(engine, images, options.signal);
      }
      const training = trainees.filter(({ isTraining }) => isTraining);
      if (training.length === 0) return;
      yield* runEpoch(options, images, training);
    }
  } finally {
    images.unload();
  }
}

/** Trains and validates the next epoch of each network. */
async function* runEpoch(
  options: FleetOptions,
  images: LoadedImages,
  trainees: readonly Trainee[],
): AsyncGenerator<FleetEvent, void, undefined> {
  const { engine } = options;
  const start = performance.now();
  const training = trainees.map((trainee) => new TrainingPass(trainee));
  for (const { trainee, order } of training) {
    await updateSecondDerivatives(engine, trainee.network, trainee.member.recipe, trainee.dataset, order);
  }
  await runPasses(options, training, (slices) => engine.train(images, slices));
  const middle = performance.now();
  for (const { trainee } of training.filter(({ goesOn }) => goesOn)) await trainee.readState(engine);
  const validation = training.filter(({ goesOn }) => goesOn).map((pass) => new ValidationPass(pass));
  await runPasses(options, validation, (slices) => engine.evaluate(images, slices));
  const end = performance.now();
  const seconds = { trainSeconds: (middle - start) / 1000, validationSeconds: (end - middle) / 1000 };
  for (const { trainee, error } of [...training, ...validation]) {
    if (error) yield trainee.leave(error);
  }
  for (const pass of validation) {
    if (pass.goesOn) yield pass.trainee.finishEpoch(pass, seconds);
  }
}

/** Runs passes side by side, slice by slice, until the longest is done. */
async function runPasses<Slice>(
  { engine, onProgress, onSlice, batchesAtOnce, signal }: FleetOptions,
  passes: readonly Pass<Slice>[],
  compute: (slices: readonly (Slice | undefined)[]) => Promise<readonly SampleResults[]>,
): Promise<void> {
  const longest = Math.max(0, ...passes.map(({ order }) => order.length));
  const slicing = {
    batchSize: engine.batchSize,
    batchesAtOnce,
    signal,
    onProgress: ({ done }: { readonly done: number }) =>
      onProgress?.(passes.filter(({ goesOn }) => goesOn).map((pass) => pass.progressAt(done))),
  };
  await forEachSlice(longest, slicing, async (start, end) => {
    const going = passes.filter(({ goesOn, order }) => goesOn && start < order.length);
    if (going.length === 0) return "end";
    const slices: (Slice | undefined)[] = Array(engine.models.length).fill(undefined);
    for (const pass of going) slices[pass.trainee.network] = await pass.sliceAt(start, end);
    const all = await compute(slices);
    for (const pass of going) {
      const results = all[pass.trainee.network];
      pass.add(results, start);
      if (!pass.error) await onSlice?.(pass.reportAt(start, results));
    }
    return undefined;
  });
}

/** A network in training. */
class Trainee {
  readonly member: FleetMember;
  readonly network: number;
  readonly dataset: Dataset;
  private epochsDone: number;
  private best: Best | undefined;
  private hasLeft = false;
  /** The parameters and the optimizer's state after the training pass of the current epoch. */
  private current: Pick<TrainingState, "parameters" | "optimizer"> | undefined;

  constructor(member: FleetMember, network: number, dataset: Dataset) {
    this.member = member;
    this.network = network;
    this.dataset = dataset;
    this.epochsDone = member.resumeFrom?.epoch ?? 0;
    this.best = member.resumeFrom?.best;
  }

  /**
   * Sets the state to resume from.
   *
   * @throws RangeError if the recipe averages the parameters and the engine does not, or the last batch is too small for
   *   batch normalisation
   */
  async begin(engine: Engine): Promise<void> {
    const { member, network } = this;
    requireSeveralValues(engine.layers, member.split.train.length, engine.batchSize);
    if (member.resumeFrom) {
      await engine.setParameters(member.resumeFrom.parameters, network);
      await engine.setOptimizerState(member.resumeFrom.optimizer, network);
    }
    if (member.recipe.distillation && !member.teacher) {
      throw new RangeError(`the recipe ${member.recipe.name} learns from a teacher, but there is none`);
    }
    if (member.recipe.averaging && !(await engine.optimizerState(network)).average) {
      throw new RangeError(
        "the recipe averages the parameters, but the engine does not; compile it with the recipe's averaging",
      );
    }
  }

  /** Whether it is still in the fleet. */
  get isTraining(): boolean {
    return !this.hasLeft && !this.member.signal?.aborted && !this.isPaused;
  }

  private get isPaused(): boolean {
    const { pauseAfter, recipe } = this.member;
    return pauseAfter !== undefined && pauseAfter < recipe.epochs && this.epochsDone >= pauseAfter;
  }

  /** The next epoch, or the current one. */
  get epoch(): number {
    return this.epochsDone + 1;
  }

  get isDone(): boolean {
    const { epoch, best } = this;
    const { epochs, patience } = this.member.recipe;
    const since = Math.max(best?.epoch ?? epoch, this.scheduleStretch.start);
    return epoch > epochs || (patience > 0 && epoch - since > patience);
  }

  /** The stretch of epochs (start, end] that the schedule covers in this epoch. */
  get scheduleStretch(): { readonly start: number; readonly end: number } {
    const { recipe, scheduleRestarts = [], epochsBefore = [] } = this.member;
    const start = scheduleRestarts.findLast((restart) => restart < this.epoch) ?? 0;
    const next = scheduleRestarts.findIndex((restart) => restart >= this.epoch);
    const end = next < 0 ? recipe.epochs : (epochsBefore[next] ?? scheduleRestarts[next]);
    return { start, end };
  }

  async readState(engine: Engine): Promise<void> {
    const { network } = this;
    this.current = { parameters: await engine.parameters(network), optimizer: await engine.optimizerState(network) };
  }

  finishEpoch(
    { tally, training }: ValidationPass,
    seconds: Pick<EpochRecord, "trainSeconds" | "validationSeconds">,
  ): FleetEvent {
    const { network, epoch } = this;
    const { parameters, optimizer } = this.current!;
    const { train, validation } = this.member.split;
    // With nothing held out, no accuracy says which epoch is the best: the last is kept.
    if (!this.best || train === validation || tally.accuracy > this.best.validationAccuracy) {
      this.best = { epoch, validationAccuracy: tally.accuracy, parameters: optimizer.average ?? parameters };
    }
    const record = {
      epoch,
      trainLoss: training.tally.loss,
      trainAccuracy: training.tally.accuracy,
      validationLoss: tally.loss,
      validationAccuracy: tally.accuracy,
      learningRate: training.learningRate,
      ...seconds,
    };
    this.epochsDone = epoch;
    return { network, type: "epoch", record, state: { epoch, parameters, optimizer, best: this.best } };
  }

  leave(error: DivergedError): FleetEvent {
    this.hasLeft = true;
    return { network: this.network, type: "diverged", error };
  }

  /** Leaves with the best parameters. @throws RangeError if there was no epoch */
  async end(engine: Engine, images: LoadedImages, signal?: AbortSignal): Promise<FleetEvent> {
    const { network, best, member } = this;
    if (!best) throw new RangeError(`the recipe must have at least 1 epoch, not ${member.recipe.epochs}`);
    await engine.setParameters(best.parameters, network);
    if (member.recipe.averaging && hasBatchNorm(engine.models[network])) {
      await this.measure(engine, images, best.epoch, signal);
    }
    this.hasLeft = true;
    return { network, type: "done", best: { ...best, parameters: await engine.parameters(network) } };
  }

  /**
   * Measures batch normalisation for averaged parameters, which no batch has passed through: on the images of an epoch,
   * transformed as in that epoch.
   */
  private async measure(engine: Engine, images: LoadedImages, epoch: number, signal?: AbortSignal): Promise<void> {
    const { member, network } = this;
    const { seed, split } = member;
    const order = epochOrder(split.train, seed, epoch);
    const placements = placementsFor(member, epoch);
    const { batchSize } = engine;
    await forEachSlice(order.length, { batchSize, signal }, async (start, end) => {
      const slice = { indices: order.subarray(start, end), placements, seed, batchesBefore: start / batchSize };
      await engine.measureStatistics(images, slice, network);
    });
  }
}

/** A pass of a network over images, in slices. */
abstract class Pass<Slice> {
  readonly trainee: Trainee;
  readonly epoch: number;
  readonly tally = new Tally();
  /** Why the pass ended early. */
  error: DivergedError | undefined;
  abstract readonly phase: EpochProgress["phase"];
  /** The images. */
  readonly order: Uint32Array;
  private readonly labels: Uint8Array;

  constructor(trainee: Trainee, order: Uint32Array) {
    this.trainee = trainee;
    this.epoch = trainee.epoch;
    this.order = order;
    this.labels = Uint8Array.from(order, (index) => trainee.dataset.labels[index]);
  }

  /** What the engine is asked for the images from `start` to `end`, or to the end of the pass. */
  abstract sliceAt(start: number, end: number): Slice | Promise<Slice>;

  /** Adds the results of the slice at `start`. */
  abstract add(results: SampleResults, start: number): void;

  get goesOn(): boolean {
    return this.trainee.isTraining && !this.error;
  }

  progressAt(done: number): EpochProgress & PlacedInFleet {
    const { epoch, phase, order, tally } = this;
    const { network } = this.trainee;
    const total = order.length;
    return { network, epoch, phase, done: Math.min(done, total), total, loss: tally.loss, accuracy: tally.accuracy };
  }

  reportAt(start: number, results: SampleResults): EpochSlice & PlacedInFleet {
    const { epoch, phase, order } = this;
    const labels = this.labelsOf(results, start);
    const { network } = this.trainee;
    return { network, epoch, phase, done: start + labels.length, total: order.length, labels, results };
  }

  protected labelsOf({ losses }: SampleResults, start: number): Uint8Array {
    return this.labels.subarray(start, start + losses.length);
  }

  protected requireFiniteLoss(learningRate: number): void {
    const { epoch, tally } = this;
    if (Number.isFinite(tally.loss)) return;
    this.error = new DivergedError(
      `the training diverged in epoch ${epoch}: the loss is ${tally.loss} at learning rate ${learningRate}; try a lower one`,
    );
  }
}

class TrainingPass extends Pass<TrainingSlice> {
  readonly phase = "train";
  /** The learning rate of the last step so far. */
  learningRate = 0;
  private readonly placements: AugmentationDraw | undefined;
  private updates: readonly Update[] = [];

  constructor(trainee: Trainee) {
    const { split, seed } = trainee.member;
    super(trainee, epochOrder(split.train, seed, trainee.epoch));
    this.placements = placementsFor(trainee.member, trainee.epoch);
  }

  async sliceAt(start: number, end: number): Promise<TrainingSlice> {
    const { recipe, seed, teacher } = this.trainee.member;
    const { batchSize, labelSmoothing, classWeights, distillation } = recipe;
    const indices = this.order.subarray(start, end);
    const stepsPerEpoch = Math.ceil(this.order.length / batchSize);
    const stretch = this.trainee.scheduleStretch;
    const scheduleStart = stepsPerEpoch * stretch.start;
    const scheduleSteps = stepsPerEpoch * (stretch.end - stretch.start);
    const before = stepsPerEpoch * (this.epoch - 1) + start / batchSize;
    this.updates = Array.from({ length: Math.ceil(indices.length / batchSize) }, (_, batch) => {
      const step = before + batch;
      return { step: step + 1, ...scheduleAt(recipe.schedule, step - scheduleStart, scheduleSteps) };
    });
    const slice = { indices, placements: this.placements, labelSmoothing, classWeights, seed, updates: this.updates };
    if (!distillation) return slice;
    const logits = await teacher!.logits(indices, this.placements);
    return { ...slice, distillation: { ...distillation, logits } };
  }

  add(results: SampleResults, start: number): void {
    const { batchSize } = this.trainee.member.recipe;
    const labels = this.labelsOf(results, start);
    for (const [batch, { learningRate }] of this.updates.entries()) {
      this.learningRate = learningRate;
      this.tally.add(results, labels, batch * batchSize, Math.min((batch + 1) * batchSize, labels.length));
      this.requireFiniteLoss(learningRate);
      if (this.error) return;
    }
  }
}

/** Evaluates the validation images, with the averaged parameters if the recipe averages. */
class ValidationPass extends Pass<EvaluationSlice> {
  readonly phase = "validation";
  readonly training: TrainingPass;
  private readonly placements: AugmentationDraw | undefined;

  constructor(training: TrainingPass) {
    const { trainee } = training;
    super(trainee, trainee.member.split.validation);
    this.training = training;
    const { member, epoch } = trainee;
    this.placements = member.recipe.augmentValidation ? placementsFor(member, epoch) : undefined;
  }

  sliceAt(start: number, end: number): EvaluationSlice {
    const weights = this.trainee.member.recipe.averaging ? "average" : "current";
    return { indices: this.order.subarray(start, end), placements: this.placements, weights };
  }

  add(results: SampleResults, start: number): void {
    this.tally.add(results, this.labelsOf(results, start));
    this.requireFiniteLoss(this.training.learningRate);
  }
}

/** How the images of an epoch are transformed; undefined if the recipe leaves them as they are. */
export function placementsFor(
  { recipe: { augmentation }, seed }: Pick<EpochsOptions, "recipe" | "seed">,
  epoch: number,
): AugmentationDraw | undefined {
  return isAugmenting(augmentation) ? { augmentation, seed, epoch } : undefined;
}
