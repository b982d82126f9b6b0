import { cosine } from "../../numeric/elementary.js";

/** A constant learning rate. */
export interface ConstantSchedule {
  readonly type: "constant";
  readonly learningRate: number;
}

/**
 * The learning rate rises to a maximum, then falls to almost zero, as torch.optim.lr_scheduler.OneCycleLR (after Smith
 * and Topin, "Super-convergence", 2018). The momentum moves the opposite way.
 */
export interface OneCycleSchedule {
  readonly type: "oneCycle";
  readonly maximumLearningRate: number;
  /** The fraction of all steps in which the learning rate rises (pct_start). */
  readonly warmupFraction: number;
  /** The first learning rate is the maximum divided by this (div_factor). */
  readonly divisor: number;
  /** The last learning rate is the first divided by this (final_div_factor). */
  readonly finalDivisor: number;
  readonly annealing: "cosine" | "linear";
  readonly cycleMomentum: boolean;
  /** The momentum at the maximum of the learning rate. */
  readonly baseMomentum: number;
  /** The momentum at the first and the last step. */
  readonly maximumMomentum: number;
  /** Fall to the first learning rate in as many steps as the rise, and only then to the last (three_phase). */
  readonly threePhase: boolean;
}

/**
 * A linear warm-up, then half a cosine down, as torch's SequentialLR of
 * LinearLR(start_factor = 1 / (warmupSteps + 1)) and CosineAnnealingLR over the remaining steps.
 */
export interface CosineSchedule {
  readonly type: "cosine";
  readonly learningRate: number;
  /** The learning rate that the step after the last would have. */
  readonly finalLearningRate: number;
  readonly warmupSteps: number;
}

/** Constant learning rates, one after the other, each for its share of all steps. */
export interface StepwiseSchedule {
  readonly type: "stepwise";
  readonly steps: readonly {
    /** The number of epochs, if the run has as many as all steps together; else its share of them. */
    readonly passes: number;
    readonly learningRate: number;
  }[];
}

/** How the learning rate and momentum change during training, as plain data. */
export type Schedule = ConstantSchedule | OneCycleSchedule | CosineSchedule | StepwiseSchedule;

/** The largest learning rate of a schedule. */
export function largestLearningRate(schedule: Schedule): number {
  switch (schedule.type) {
    case "oneCycle":
      return schedule.maximumLearningRate;
    case "stepwise":
      return Math.max(...schedule.steps.map(({ learningRate }) => learningRate));
    default:
      return schedule.learningRate;
  }
}

/** A schedule's values for one step. */
export interface ScheduledStep {
  readonly learningRate: number;
  /** Replaces β1 of Adam and AdamW, or the momentum of SGD. Default: the optimiser's own. */
  readonly momentum?: number;
}

/** A one-cycle schedule, with PyTorch's defaults for omitted settings. */
export function oneCycle(
  maximumLearningRate: number,
  settings: Partial<Omit<OneCycleSchedule, "type" | "maximumLearningRate">> = {},
): OneCycleSchedule {
  return {
    type: "oneCycle",
    maximumLearningRate,
    warmupFraction: 0.3,
    divisor: 25,
    finalDivisor: 1e4,
    annealing: "cosine",
    cycleMomentum: true,
    baseMomentum: 0.85,
    maximumMomentum: 0.95,
    threePhase: false,
    ...settings,
  };
}

/**
 * The learning rate and momentum of one step, with the same bits in every JavaScript engine.
 *
 * @param step the step, counted from 0
 * @param totalSteps the number of steps in the entire run
 * @throws RangeError if there is no such step
 */
export function scheduleAt(schedule: Schedule, step: number, totalSteps: number): ScheduledStep {
  if (!(Number.isInteger(step) && step >= 0 && step < totalSteps)) {
    throw new RangeError(`a schedule of ${totalSteps} steps has no step ${step}`);
  }
  switch (schedule.type) {
    case "constant":
      return { learningRate: schedule.learningRate };
    case "oneCycle":
      return oneCycleAt(schedule, step, totalSteps);
    case "cosine":
      return { learningRate: cosineLearningRate(schedule, step, totalSteps) };
    case "stepwise":
      return { learningRate: stepwiseLearningRate(schedule, step, totalSteps) };
  }
}

function stepwiseLearningRate({ steps }: StepwiseSchedule, step: number, totalSteps: number): number {
  const passes = steps.reduce((sum, each) => sum + each.passes, 0);
  let end = 0;
  const current = steps.find((each) => {
    end += each.passes;
    return step * passes < end * totalSteps;
  });
  return current!.learningRate;
}

/** A phase of a one-cycle schedule: from the end of the previous phase to `end`, which need not be an integer. */
interface Phase {
  readonly end: number;
  readonly learningRates: readonly [from: number, to: number];
  readonly momenta: readonly [from: number, to: number];
}

function oneCycleAt(schedule: OneCycleSchedule, step: number, totalSteps: number): ScheduledStep {
  const phases = oneCyclePhases(schedule, totalSteps);
  const found = phases.findIndex(({ end }) => step <= end);
  const index = found === -1 ? phases.length - 1 : found;
  const start = index === 0 ? 0 : phases[index - 1].end;
  const { end, learningRates, momenta } = phases[index];
  // An empty phase is at its end.
  const share = end === start ? 1 : (step - start) / (end - start);
  const anneal = schedule.annealing === "cosine" ? annealCosine : annealLinearly;
  const learningRate = anneal(...learningRates, share);
  return schedule.cycleMomentum ? { learningRate, momentum: anneal(...momenta, share) } : { learningRate };
}

function oneCyclePhases(schedule: OneCycleSchedule, totalSteps: number): Phase[] {
  const { maximumLearningRate: highest, baseMomentum, maximumMomentum } = schedule;
  const first = highest / schedule.divisor;
  const last = first / schedule.finalDivisor;
  const warmupSteps = schedule.warmupFraction * totalSteps;
  const up: Phase = {
    end: warmupSteps - 1,
    learningRates: [first, highest],
    momenta: [maximumMomentum, baseMomentum],
  };
  if (!schedule.threePhase) {
    const down: Phase = {
      end: totalSteps - 1,
      learningRates: [highest, last],
      momenta: [baseMomentum, maximumMomentum],
    };
    return [up, down];
  }
  const down: Phase = {
    end: 2 * warmupSteps - 2,
    learningRates: [highest, first],
    momenta: [baseMomentum, maximumMomentum],
  };
  const out: Phase = {
    end: totalSteps - 1,
    learningRates: [first, last],
    momenta: [maximumMomentum, maximumMomentum],
  };
  return [up, down, out];
}

function cosineLearningRate(schedule: CosineSchedule, step: number, totalSteps: number): number {
  const { learningRate, finalLearningRate, warmupSteps } = schedule;
  if (step < warmupSteps) return (learningRate * (step + 1)) / (warmupSteps + 1);
  return annealCosine(learningRate, finalLearningRate, (step - warmupSteps) / (totalSteps - warmupSteps));
}

function annealCosine(from: number, to: number, share: number): number {
  return to + ((from - to) / 2) * (cosine(Math.PI * share) + 1);
}

function annealLinearly(from: number, to: number, share: number): number {
  return (to - from) * share + from;
}
