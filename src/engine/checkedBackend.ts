import {
  classCount,
  elementCount,
  hasBatchNorm,
  inferShapes,
  learnedSpecs,
  type Model,
  parameterSpecs,
  requireNormalization,
  requireParameters,
  type ShapedLayer,
  ShapeError,
} from "../model/index.js";
import type {
  Backend,
  Differentiation,
  Engine,
  LoadedImages,
  LossSettings,
  MeasuringSlice,
  OptimizerState,
  SampleResults,
  Selection,
  TrainingSlice,
} from "./backend.js";
import { CheckedEvaluator, innerOf, requireLabels, withIndices } from "./checkedEvaluator.js";

/**
 * A backend whose engines check every request before anything is computed, so that all backends refuse the same requests
 * in the same words. The engine behind it gets valid requests only, and every selection with its indices.
 */
export function checkedBackend(compile: Backend["compile"]): Backend {
  return {
    compile: async (networks, options) => {
      requireSameLayers(networks.map(({ model }) => model));
      for (const { model, normalization } of networks) requireNormalization(model, normalization);
      inferShapes(networks[0].model);
      return new CheckedEngine(await compile(networks, options), networks, options);
    },
  };
}

class CheckedEngine extends CheckedEvaluator<Engine> implements Engine {
  async optimizerState(network = 0): Promise<OptimizerState> {
    this.requireNetwork(network);
    return this.inner.optimizerState(network);
  }

  async setOptimizerState(state: OptimizerState, network = 0): Promise<void> {
    const { averaging } = this.requireNetwork(network);
    const { first, second, average } = state;
    if (average && !averaging) {
      throw new ShapeError("the state has an average of the parameters, but the engine keeps none");
    }
    if (averaging && !average) {
      throw new ShapeError("the state has no average of the parameters, but the engine keeps one");
    }
    for (const moments of [first, second]) requireParameters(learnedSpecs(this.layers), moments);
    if (average) requireParameters(parameterSpecs(this.layers), average);
    return this.inner.setOptimizerState(state, network);
  }

  async train(images: LoadedImages, slices: readonly (TrainingSlice | undefined)[]): Promise<SampleResults[]> {
    const checked = this.requireSlices(images, slices);
    for (const [network, slice] of checked.entries()) {
      if (!slice) continue;
      requireUpdates(slice, slice.indices.length, this.batchSize);
      requireSeveralValues(this.layers, slice.indices.length, this.batchSize);
      this.requireLoss(slice, slice.indices.length, network);
      if (!this.networks[network].optimizer)
        throw new TypeError(`network ${network} was compiled without an optimizer`);
    }
    return this.inner.train(innerOf(images), checked);
  }

  async measureStatistics(images: LoadedImages, slice: MeasuringSlice, network = 0): Promise<void> {
    const { model } = this.requireNetwork(network);
    const checked = withIndices(slice, images);
    if (!hasBatchNorm(model)) return;
    requireSeveralValues(this.layers, checked.indices.length, this.batchSize);
    await this.inner.measureStatistics(innerOf(images), checked, network);
  }

  async differentiate(
    images: LoadedImages,
    selection: Selection = {},
    loss: Partial<LossSettings> = {},
    network = 0,
  ): Promise<Differentiation> {
    this.requireNetwork(network);
    requireLabels(images);
    const checked = withIndices(selection, images);
    if (checked.indices.length > this.batchSize) {
      throw new RangeError(`the engine differentiates at most ${this.batchSize} samples at once`);
    }
    this.requireLoss(loss, checked.indices.length, network);
    return this.inner.differentiate(innerOf(images), checked, loss, network);
  }

  private requireLoss(loss: Partial<LossSettings>, samples: number, network: number): void {
    requireLoss(loss, samples, classCount(this.layers));
    if (this.networks[network].rubbishPenalty === undefined || !(loss.classWeights || loss.distillation)) return;
    throw new RangeError("the loss with a rubbish penalty takes neither class weights nor a teacher");
  }
}

function requireUpdates({ updates }: TrainingSlice, samples: number, batchSize: number): void {
  const steps = Math.ceil(samples / batchSize);
  if (updates.length !== steps) {
    throw new RangeError(`${samples} samples in batches of ${batchSize} need ${steps} updates, got ${updates.length}`);
  }
}

/**
 * The variance of a single value says nothing, and dividing by n − 1 is impossible.
 *
 * @throws RangeError if a batch is one image, and a batch normalisation would have one value of it in each channel
 */
export function requireSeveralValues(layers: readonly ShapedLayer[], samples: number, batchSize: number): void {
  if (samples % batchSize !== 1 && batchSize !== 1) return;
  const alone = layers.find(({ layer, input }) => layer.type === "batchNorm" && elementCount(input) === input[0]);
  if (!alone) return;
  throw new RangeError(
    `${samples} images in batches of ${batchSize} leave a batch of one image, but ${alone.label} needs more than one value per channel in training: choose another batch size`,
  );
}

/** @throws RangeError if class weights or a teacher's logits do not fit, or the temperature or share is out of range */
function requireLoss({ classWeights, distillation }: Partial<LossSettings>, samples: number, classes: number): void {
  if (classWeights) {
    if (classWeights.length !== classes) {
      throw new RangeError(`there are ${classWeights.length} class weights, but ${classes} classes`);
    }
    const wrong = classWeights.findIndex((weight) => !(weight >= 0 && weight < Number.POSITIVE_INFINITY));
    if (wrong >= 0) throw new RangeError(`the weight of class ${wrong} is ${classWeights[wrong]}, not a number from 0`);
  }
  if (!distillation) return;
  const { logits, temperature, share } = distillation;
  if (logits.length !== samples * classes) {
    throw new RangeError(
      `the teacher has ${logits.length} logits, but ${samples} samples of ${classes} classes need ${samples * classes}`,
    );
  }
  if (!(temperature > 0 && temperature < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`the temperature must be above 0, not ${temperature}`);
  }
  if (!(share >= 0 && share <= 1)) throw new RangeError(`the teacher's share must be from 0 to 1, not ${share}`);
}

/** @throws RangeError naming the first network that cannot be computed beside the others */
function requireSameLayers(models: readonly Model[]): void {
  if (models.length === 0) throw new RangeError("there are no networks");
  const other = models.findIndex((model) => fleetLayers(model) !== fleetLayers(models[0]));
  if (other > 0) throw new RangeError(`network ${other} does not have the same layers as network 0`);
}

/** What the models of a fleet have in common: equal texts mean that networks can be computed side by side. */
export function fleetLayers({ input: { channels, height, width }, layers }: Model): string {
  return JSON.stringify([
    channels,
    height,
    width,
    layers.map((layer) => ("probability" in layer ? layer.type : layer)),
  ]);
}
