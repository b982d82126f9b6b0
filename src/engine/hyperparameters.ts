import { integerPower } from "../numeric/elementary.js";
import type { Muon, OptimizerSettings, Update } from "./backend.js";

/**
 * The word of each number in the hyperparameter block, all float32. The host computes them in float64 from the settings
 * and the step, so that the kernels only multiply and divide.
 */
export const HYPERPARAMETERS = {
  /** AdamW: 1 − lr · weight decay; unused by the others */
  decay: 0,
  /** Adam and SGD: weight decay added to the gradient */
  weightDecay: 1,
  beta1: 2,
  oneMinusBeta1: 3,
  beta2: 4,
  oneMinusBeta2: 5,
  /** Adam: lr / (1 − β1^t); SGD and SDLM: lr */
  stepSize: 6,
  /** 1 / √(1 − β2^t) */
  secondMomentScale: 7,
  /** SDLM: the damping */
  epsilon: 8,
  /** SGD */
  momentum: 9,
  /** SGD, Nesterov: 1 adds momentum · buffer to the gradient, 0 takes the buffer itself */
  nesterov: 10,
  /** Averaging: the share of the weight in the average, 1 − decay */
  averageShare: 11,
  /** Muon */
  muonMomentum: 12,
  oneMinusMuonMomentum: 13,
  /** Muon: 1 − lr · weight decay */
  muonDecay: 14,
  /** Muon: lr */
  muonStepSize: 15,
} as const;
export const HYPERPARAMETER_WORDS = 16;

/** The numbers of one update by name, in float64. */
export type HyperparameterValues = Record<keyof typeof HYPERPARAMETERS, number>;

/** Works out the numbers of one update; bias correction takes the current β1 to the power of the step, as PyTorch does. */
export function hyperparameterValues(settings: OptimizerSettings, update: Update): HyperparameterValues {
  const { step, learningRate } = update;
  if (settings.type === "sgd") {
    // Written out, here and below, because a spread takes ten times as long in Node 20.
    return {
      decay: 1,
      weightDecay: settings.weightDecay,
      beta1: 0,
      oneMinusBeta1: 1,
      beta2: 0,
      oneMinusBeta2: 1,
      stepSize: learningRate,
      secondMomentScale: 1,
      epsilon: 0,
      momentum: update.momentum ?? settings.momentum,
      nesterov: settings.nesterov ? 1 : 0,
      averageShare: 0,
      muonMomentum: 0,
      oneMinusMuonMomentum: 0,
      muonDecay: 0,
      muonStepSize: 0,
    };
  }
  if (settings.type === "sdlm") {
    return {
      decay: 1,
      weightDecay: 0,
      beta1: 0,
      oneMinusBeta1: 1,
      beta2: 1,
      oneMinusBeta2: 0,
      stepSize: learningRate,
      secondMomentScale: 1,
      epsilon: settings.damping,
      momentum: 0,
      nesterov: 0,
      averageShare: 0,
      muonMomentum: 0,
      oneMinusMuonMomentum: 0,
      muonDecay: 0,
      muonStepSize: 0,
    };
  }
  const { beta2, epsilon, weightDecay } = settings;
  const beta1 = update.momentum ?? settings.beta1;
  const muon = settings.type === "muon" ? muonValues(settings, learningRate) : NO_MUON;
  return {
    decay: settings.type !== "adam" ? 1 - learningRate * weightDecay : 1,
    weightDecay: settings.type === "adam" ? weightDecay : 0,
    beta1,
    oneMinusBeta1: 1 - beta1,
    beta2,
    oneMinusBeta2: 1 - beta2,
    stepSize: learningRate / (1 - integerPower(beta1, step)),
    secondMomentScale: 1 / Math.sqrt(1 - integerPower(beta2, step)),
    epsilon,
    momentum: 0,
    nesterov: 0,
    averageShare: 0,
    muonMomentum: muon.muonMomentum,
    oneMinusMuonMomentum: muon.oneMinusMuonMomentum,
    muonDecay: muon.muonDecay,
    muonStepSize: muon.muonStepSize,
  };
}

type MuonValues = Pick<HyperparameterValues, "muonMomentum" | "oneMinusMuonMomentum" | "muonDecay" | "muonStepSize">;

const NO_MUON: MuonValues = { muonMomentum: 0, oneMinusMuonMomentum: 0, muonDecay: 0, muonStepSize: 0 };

function muonValues({ momentum, weightDecay, learningRateFactor }: Muon, learningRate: number): MuonValues {
  const muonStepSize = learningRate * learningRateFactor;
  return {
    muonMomentum: momentum,
    oneMinusMuonMomentum: 1 - momentum,
    muonDecay: 1 - muonStepSize * weightDecay,
    muonStepSize,
  };
}

const WORDS = /* @__PURE__ */ Object.entries(HYPERPARAMETERS) as [keyof typeof HYPERPARAMETERS, number][];

/** Writes the numbers as the kernels read them, into a block of its own unless there is one. */
export function packHyperparameters(
  values: HyperparameterValues,
  target: Float32Array = new Float32Array(HYPERPARAMETER_WORDS),
  offset = 0,
): Float32Array {
  for (const [name, word] of WORDS) target[offset + word] = values[name];
  return target;
}
