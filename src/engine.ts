/**
 * Below the network: the engine, the models that it compiles, and the loop that trains with it.
 *
 * @module lenet/engine
 */

export {
  type Backend,
  type Differentiation,
  type Engine,
  type EngineOptions,
  type EvaluationSlice,
  type Images,
  type LoadedImages,
  mostUsefulThreads,
  type NetworkSettings,
  referenceBackend,
  type SampleResults,
  type Selection,
  supportsFusedArithmetic,
  type TrainingSlice,
  type Update,
  type WasmOptions,
  wasmBackend,
} from "./engine/index.js";
export {
  classCount,
  fingerprint,
  inferShapes,
  initializeParameters,
  lenet5,
  lenet5FromTensors,
} from "./model/index.js";
export { type InputDifferentiation, inputDifferentiation } from "./network/inputGradient.js";
export { type EpochSlice, type EpochsOptions, type FinishedEpoch, runEpochs } from "./training/epochs.js";
export { evaluateDataset } from "./training/evaluate.js";
export {
  type LearningRateSuggestions,
  type SweepOptions,
  type SweepStep,
  suggestLearningRates,
  sweepLearningRate,
} from "./training/learningRateFinder.js";
export { predictDataset } from "./training/predict.js";
export { customizeRecipe } from "./training/recipes/index.js";
