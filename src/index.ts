/**
 * LeNet-5 in a few lines: create or load a network, train it, predict with it. Independent of platforms and file
 * formats.
 *
 * @example
 * ```ts
 * import { evaluate, fit, LeNet5, predict } from "lenet";
 * import { generateDigits } from "lenet/data";
 *
 * const digits = generateDigits({ seed: 0, count: 1000, part: "train" });
 * const network = LeNet5.create({ classes: digits.classes, seed: 0 });
 * for await (const { epoch, validationAccuracy } of fit(network, digits, { epochs: 2 })) {
 *   console.log(epoch, validationAccuracy);
 * }
 * const { accuracy } = await evaluate(network, digits);
 * const { label } = await predict(network, { width: 28, height: 28, data: digits.images.subarray(0, 784) });
 * console.log(accuracy, label);
 * ```
 *
 * @module lenet
 */

export { AUGMENTATIONS, type Augmentation } from "./data/augmentation.js";
export type { Dataset } from "./data/dataset.js";
export type { DecodedImage } from "./data/images/color.js";
export { createDataset, type DatasetOptions } from "./data/images/createDataset.js";
export type { Canvas, Context2d, ImageInput, Pixels } from "./data/images/image.js";
export type { Split } from "./data/split.js";
export type {
  Averaging,
  LayerActivation,
  Muon,
  OptimizerSettings,
  OptimizerState,
  StochasticLevenbergMarquardt,
} from "./engine/backend.js";
export type { Arithmetic } from "./engine/wasm/features.js";
export type { EngineThread, StartThread, ThreadStart, Threads } from "./engine/wasm/threads.js";
export {
  type ActivationLayer,
  type ActivationShape,
  type BatchNormLayer,
  type ConnectionTable,
  type Conv2dLayer,
  type DropoutLayer,
  type FlattenLayer,
  type Framing,
  fold,
  formatSummary,
  type GlobalAveragePool2dLayer,
  type ImageShape,
  type Initialization,
  type Layer,
  LENET5_CONNECTIONS,
  type LeNet5Options,
  type LinearLayer,
  type Model,
  type ModelMetadata,
  type ModelSummary,
  type NamedTensors,
  type Normalization,
  type ParameterSpec,
  type Pool2dLayer,
  type PoolingLayer,
  type RbfLayer,
  type ShapedLayer,
  ShapeError,
  type Subsample2dLayer,
  summarize,
  type Tensor,
  type TensorData,
  type TrainingFacts,
  type Weights,
} from "./model/index.js";
export { type FitEpoch, type FitOptions, type FitState, fit } from "./network/fit.js";
export {
  activations,
  type EvaluateOptions,
  evaluate,
  type Gradients,
  gradients,
  type InferenceOptions,
  type LabelledValues,
  type Prediction,
  predict,
} from "./network/inference.js";
export { type CreateOptions, type FromOptions, LeNet5 } from "./network/lenet5.js";
export {
  type Best,
  DivergedError,
  type EpochProgress,
  type EpochRecord,
  type TrainingState,
} from "./training/epochs.js";
export type { Judgement } from "./training/evaluate.js";
export type { ClassResult, Evaluation } from "./training/metrics.js";
export type { PassOptions, Progress } from "./training/passes.js";
export type { OptimizerName } from "./training/recipes/optimizers.js";
export {
  type DistillationSettings,
  RECIPES,
  type Recipe,
  type RecipeChanges,
  type RecipeName,
} from "./training/recipes/recipes.js";
export {
  type ConstantSchedule,
  type CosineSchedule,
  type OneCycleSchedule,
  oneCycle,
  type Schedule,
  type StepwiseSchedule,
} from "./training/recipes/schedules.js";
