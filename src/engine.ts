/**
 * Below the network: the engine, the models that it compiles, and the loop that trains with it.
 *
 * @module lenet/engine
 */

export {
  type Batch,
  type CompileOptions,
  compile,
  type Engine,
  type EngineOptions,
  type LossSettings,
  mostUsefulThreads,
  type PictureBatch,
  referenceEngine,
  type SampleResults,
  supportsFusedArithmetic,
  type Update,
  type ValueBatch,
  type WasmEngine,
} from "./engine/index.js";
export {
  classCount,
  fingerprint,
  inferShapes,
  initializeParameters,
  lenet5,
  lenet5FromTensors,
} from "./model/index.js";
export { type EpochBatch, type EpochsOptions, type FinishedEpoch, runEpochs } from "./training/epochs.js";
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
