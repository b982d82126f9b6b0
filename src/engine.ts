/**
 * The lower-level API: the engine, the models it compiles, and the training loop.
 *
 * @example
 * ```ts
 * import { generateDigits } from "lenet/data";
 * import { initializeParameters, lenet5, wasmBackend } from "lenet/engine";
 *
 * const input = { channels: 1, height: 28, width: 28 };
 * const model = lenet5({ input, classes: 10, activation: "relu", pooling: "maxPool2d", dropout: 0 });
 * const engine = await wasmBackend().compile([{ model, normalization: { mean: [0.5], std: [0.5] } }], { batchSize: 32 });
 * await engine.setParameters(initializeParameters(model, 0));
 * const { images, labels } = generateDigits({ seed: 0, count: 100, part: "test" });
 * const [{ losses }] = await engine.evaluate(await engine.load({ pixels: images, labels }), [{}]);
 * engine.dispose();
 * console.log(losses.length);
 * ```
 *
 * @module lenet/engine
 */

export type {
  Backend,
  Differentiation,
  Distillation,
  Engine,
  EngineOptions,
  EvaluationSlice,
  Evaluator,
  Images,
  LoadedImages,
  LossSettings,
  MeasuringSlice,
  NetworkSettings,
  SampleResults,
  Selection,
  TrainingSlice,
  Update,
} from "./engine/backend.js";
export { referenceBackend } from "./engine/reference/referenceBackend.js";
export type { WasmOptions } from "./engine/wasm/evaluator.js";
export { type Arithmetic, supportsFusedArithmetic } from "./engine/wasm/features.js";
export { mostUsefulThreads } from "./engine/wasm/threads.js";
export { wasmBackend } from "./engine/wasm/wasmBackend.js";
export { type Gpu, type WebgpuOptions, webgpuBackend } from "./engine/webgpu/webgpuBackend.js";
export {
  classCount,
  fingerprint,
  inferShapes,
  initializeParameters,
  lenet5,
  lenet5FromTensors,
} from "./model/index.js";
export { type InputDifferentiation, inputDifferentiation } from "./network/inputGradient.js";
export {
  type EpochSlice,
  type EpochsOptions,
  type FinishedEpoch,
  type FleetEvent,
  type FleetMember,
  type FleetOptions,
  type PlacedInFleet,
  runEpochs,
  runFleet,
} from "./training/epochs.js";
export { evaluateDataset, type LabelledImages, predictDataset } from "./training/evaluate.js";
export {
  type LearningRateSuggestions,
  type SweepOptions,
  type SweepStep,
  suggestLearningRates,
  sweepLearningRate,
} from "./training/learningRateFinder.js";
export { customizeRecipe } from "./training/recipes/recipes.js";
export { openTeacher, type Teacher, type TeacherSource, type TeacherTable } from "./training/teacher.js";
