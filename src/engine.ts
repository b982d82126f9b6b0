// Below the network: the engine, the models that it compiles, and the loop that trains with it.

export * from "./engine/index.js";
export * from "./model/index.js";
export { type EpochsOptions, type FinishedEpoch, runEpochs } from "./training/epochs.js";
export { evaluateDataset } from "./training/evaluate.js";
export {
  type LearningRateSuggestions,
  type SweepOptions,
  type SweepStep,
  suggestLearningRates,
  sweepLearningRate,
} from "./training/learningRateFinder.js";
export { predictDataset } from "./training/predict.js";
