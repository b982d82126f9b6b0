import type { OptimizerSettings, StochasticLevenbergMarquardt, Update } from "../backend.js";

/** One parameter tensor, its gradient and its optimiser state. */
export interface Learned {
  readonly weight: Float64Array;
  readonly gradient: Float64Array;
  /** Adam's first moment, or SGD's momentum. */
  readonly first: Float64Array;
  /** Adam's second moment, or SDLM's second derivative. */
  readonly second: Float64Array;
}

/** One optimiser step on one tensor, in place, as in torch.optim; AdamW's on those that Muon leaves to it. */
export function updateTensor(settings: OptimizerSettings, update: Update, tensor: Learned): void {
  if (settings.type === "sgd") updateSgd(settings, update, tensor);
  else if (settings.type === "sdlm") updateSdlm(settings, update, tensor);
  else updateAdam(settings, update, tensor);
}

type SgdSettings = Extract<OptimizerSettings, { type: "sgd" }>;
type AdamSettings = Extract<OptimizerSettings, { type: "adam" | "adamw" | "muon" }>;

function updateSgd(settings: SgdSettings, { learningRate, momentum }: Update, tensor: Learned): void {
  const { weight, gradient, first } = tensor;
  const kept = momentum ?? settings.momentum;
  for (let place = 0; place < weight.length; place++) {
    const slope = gradient[place] + settings.weightDecay * weight[place];
    first[place] = kept * first[place] + slope;
    // Nesterov looks one step ahead along the momentum.
    const direction = settings.nesterov ? slope + kept * first[place] : first[place];
    weight[place] -= learningRate * direction;
  }
}

function updateSdlm({ damping }: StochasticLevenbergMarquardt, { learningRate }: Update, tensor: Learned): void {
  const { weight, gradient, second } = tensor;
  for (let place = 0; place < weight.length; place++) {
    weight[place] -= (learningRate / (damping + second[place])) * gradient[place];
  }
}

function updateAdam(settings: AdamSettings, { step, learningRate, momentum }: Update, tensor: Learned): void {
  const { beta2, epsilon, weightDecay } = settings;
  const { weight, gradient, first, second } = tensor;
  const beta1 = momentum ?? settings.beta1;
  const decoupled = settings.type !== "adam";
  for (let place = 0; place < weight.length; place++) {
    // AdamW decays the weight directly; Adam adds the decay to the gradient, which is then divided by the second
    // moment.
    if (decoupled) weight[place] *= 1 - learningRate * weightDecay;
    const slope = gradient[place] + (decoupled ? 0 : weightDecay * weight[place]);
    first[place] = beta1 * first[place] + (1 - beta1) * slope;
    second[place] = beta2 * second[place] + (1 - beta2) * slope ** 2;
    // Bias correction: both moments start at 0 and would be too small.
    const mean = first[place] / (1 - beta1 ** step);
    const std = Math.sqrt(second[place] / (1 - beta2 ** step));
    weight[place] -= (learningRate * mean) / (std + epsilon);
  }
}

/** Moves an average towards the weights by a fraction of the difference, in place, as torch.lerp. */
export function moveAverage(average: Float64Array, weight: Float64Array, share: number): void {
  for (let place = 0; place < average.length; place++) average[place] += share * (weight[place] - average[place]);
}
