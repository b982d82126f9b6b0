import { AUGMENTATIONS } from "../../data/augmentation.js";
import type { Normalization } from "../../model/index.js";
import type { Recipe } from "./recipe.js";

/** Maps bytes to −1 … 1, regardless of the images. */
export const TUTORIAL_NORMALIZATION: Normalization = { mean: [0.5], std: [0.5] };

/** The tutorial's first configuration: the layers of 1998 with sigmoid activations, trained with PyTorch's defaults. */
export const paper: Recipe = {
  name: "paper",
  activation: "sigmoid",
  pooling: "averagePool2d",
  dropout: 0,
  epochs: 100,
  batchSize: 32,
  // torch.optim.AdamW's defaults.
  optimizer: { type: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
  schedule: { type: "constant", learningRate: 1e-3 },
  labelSmoothing: 0,
  averaging: null,
  patience: 0,
  augmentation: AUGMENTATIONS.tutorial,
  augmentValidation: false,
  validationFraction: 0.2,
  normalization: TUTORIAL_NORMALIZATION,
};
