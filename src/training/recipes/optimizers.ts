import type { OptimizerSettings } from "../../engine/backend.js";

/** An optimizer of torch.optim. */
export type OptimizerName = Exclude<OptimizerSettings["type"], "sdlm">;

type OptimizerDefaults = { readonly [Type in OptimizerName]: OptimizerSettings & { readonly type: Type } };

const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/** Every optimizer with PyTorch's default settings. */
export const OPTIMIZERS: OptimizerDefaults = {
  adamw: { type: "adamw", ...ADAM, weightDecay: 0.01 },
  adam: { type: "adam", ...ADAM, weightDecay: 0 },
  muon: { type: "muon", learningRateFactor: 1, momentum: 0.95, weightDecay: 0.1, ...ADAM },
  sgd: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
};
