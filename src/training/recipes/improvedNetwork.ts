import type { LeNet5Options, Normalization } from "../../model/index.js";

/** Bytes become −1 … 1, as in PyTorch's tutorial. */
export const TUTORIAL_NORMALIZATION: Normalization = { mean: [0.5], std: [0.5] };

/** The network of the recipe improved. Who only predicts needs nothing else of the recipes. */
export const IMPROVED_NETWORK = {
  activation: "relu",
  pooling: "maxPool2d",
  dropout: 0.05,
  batchNorm: false,
  normalization: TUTORIAL_NORMALIZATION,
} as const satisfies Partial<LeNet5Options> & { readonly normalization: Normalization };
