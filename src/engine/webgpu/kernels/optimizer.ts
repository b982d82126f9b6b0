import type { OptimizerSettings } from "../../backend.js";
import { HYPERPARAMETERS } from "../../hyperparameters.js";

/** The number that stands for each optimizer. */
export const OPTIMIZERS = {
  sgd: 0,
  adam: 1,
  adamw: 2,
  sdlm: 3,
  muon: 4,
} as const satisfies Record<OptimizerSettings["type"], number>;

/** Moments below this are set to zero, as the WebAssembly backend does. */
const SMALLEST_MOMENT = "1e-30";

/**
 * `optimize`: one step of the optimizer on the parameter at a place of the arenas, as in torch.optim: SGD with momentum, which keeps
 * its buffer in the first moment, Adam (decay added to the gradient) and AdamW (weights shrunk first); or SDLM, whose
 * second derivative is in the second moment. It gives the new parameter. `moveMomentum`: Muon's momentum, and one step ahead
 * along it. `moveAverage`: one step of the average.
 */
export function optimizerFunctions(): string {
  const words = Object.entries(HYPERPARAMETERS);
  return `
struct Hyperparameters { ${words.map(([name]) => `${name}: f32`).join(", ")} }

fn readHyperparameters(at: u32) -> Hyperparameters {
  return Hyperparameters(${words.map(([, word]) => `bitcast<f32>(jobs[at + ${word}u])`).join(", ")});
}

fn flushed(moment: f32) -> f32 {
  return select(moment, 0.0, abs(moment) <= ${SMALLEST_MOMENT});
}

fn optimize(at: u32, sum: f32, optimizer: u32, h: Hyperparameters) -> f32 {
  var weight = parameters[at];
  var gradient = sum;
  if (optimizer == ${OPTIMIZERS.sgd}u) {
    gradient += h.weightDecay * weight;
    let buffer = flushed(h.momentum * firstMoments[at] + gradient);
    firstMoments[at] = buffer;
    weight -= h.stepSize * select(buffer, gradient + h.momentum * buffer, h.nesterov > 0.0);
  } else if (optimizer == ${OPTIMIZERS.sdlm}u) {
    weight -= h.stepSize * gradient / (h.epsilon + secondMoments[at]);
  } else {
    if (optimizer == ${OPTIMIZERS.adam}u) { gradient += h.weightDecay * weight; } else { weight *= h.decay; }
    let first = flushed(h.beta1 * firstMoments[at] + h.oneMinusBeta1 * gradient);
    let second = flushed(h.beta2 * secondMoments[at] + h.oneMinusBeta2 * (gradient * gradient));
    firstMoments[at] = first;
    secondMoments[at] = second;
    weight -= h.stepSize * first / (sqrt(second) * h.secondMomentScale + h.epsilon);
  }
  parameters[at] = weight;
  return weight;
}

fn moveMomentum(at: u32, gradient: f32, h: Hyperparameters) -> f32 {
  let momentum = flushed(h.muonMomentum * firstMoments[at] + h.oneMinusMuonMomentum * gradient);
  firstMoments[at] = momentum;
  return h.muonMomentum * momentum + h.oneMinusMuonMomentum * gradient;
}

fn moveAverage(at: u32, h: Hyperparameters) {
  let average = averages[at];
  averages[at] = average + h.averageShare * (parameters[at] - average);
}
`;
}
