import { PLACEMENT_WORDS } from "../data/placement.js";
import {
  classCount,
  elementCount,
  hasBatchNorm,
  inferShapes,
  learnedSpecs,
  type Model,
  type NamedTensors,
  parameterSpecs,
  requireNormalization,
  requireParameters,
  type ShapedLayer,
  ShapeError,
  type Tensor,
} from "../model/index.js";
import type {
  Backend,
  Differentiation,
  Engine,
  EngineOptions,
  EvaluationSlice,
  Images,
  LayerActivation,
  LoadedImages,
  LossSettings,
  MeasuringSlice,
  NetworkSettings,
  OptimizerState,
  SampleResults,
  Selection,
  TrainingSlice,
} from "./backend.js";
import { imageSize } from "./hostImages.js";

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

/** Loaded images, and what the engine behind this one calls them. */
interface CheckedImages extends LoadedImages {
  readonly inner: LoadedImages;
  readonly labelled: boolean;
}

class CheckedEngine implements Engine {
  private readonly inner: Engine;
  private readonly networks: readonly NetworkSettings[];
  private readonly keepsActivations: boolean;
  private disposed = false;

  constructor(inner: Engine, networks: readonly NetworkSettings[], { keepActivations = false }: EngineOptions) {
    this.inner = inner;
    this.networks = networks;
    this.keepsActivations = keepActivations;
  }

  get models(): readonly Model[] {
    return this.inner.models;
  }

  get layers(): readonly ShapedLayer[] {
    return this.inner.layers;
  }

  get batchSize(): number {
    return this.inner.batchSize;
  }

  get arithmetic(): string {
    return this.inner.arithmetic;
  }

  get kernels(): number {
    return this.inner.kernels;
  }

  get threads(): number {
    return this.inner.threads;
  }

  get memoryBytes(): number {
    return this.inner.memoryBytes;
  }

  async load(images: Images): Promise<LoadedImages> {
    this.requireAlive();
    const count = countImages(images, this.models[0], this.layers);
    const inner = await this.inner.load(images);
    const loaded: CheckedImages = { inner, count, labelled: Boolean(images.labels), unload: () => inner.unload() };
    return loaded;
  }

  async parameters(network = 0): Promise<NamedTensors<Float32Array>> {
    this.requireNetwork(network);
    return this.inner.parameters(network);
  }

  async setParameters(tensors: NamedTensors, network = 0): Promise<void> {
    this.requireNetwork(network);
    requireParameters(parameterSpecs(this.layers), tensors);
    return this.inner.setParameters(tensors, network);
  }

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

  async evaluate(images: LoadedImages, slices: readonly (EvaluationSlice | undefined)[]): Promise<SampleResults[]> {
    const checked = this.requireSlices(images, slices);
    for (const [network, slice] of checked.entries()) {
      if (slice?.weights === "average" && !this.networks[network].averaging) {
        throw new RangeError("the network keeps no average");
      }
    }
    return this.inner.evaluate(innerOf(images), checked);
  }

  async measureStatistics(images: LoadedImages, slice: MeasuringSlice, network = 0): Promise<void> {
    const { model } = this.requireNetwork(network);
    const checked = withIndices(slice, images);
    if (!hasBatchNorm(model)) return;
    requireSeveralValues(this.layers, checked.indices.length, this.batchSize);
    await this.inner.measureStatistics(innerOf(images), checked, network);
  }

  async predict(images: LoadedImages, selection: Selection = {}, network = 0): Promise<Tensor<Float32Array>> {
    this.requireNetwork(network);
    return this.inner.predict(innerOf(images), withIndices(selection, images), network);
  }

  async activations(images: LoadedImages, selection: Selection = {}, network = 0): Promise<LayerActivation[]> {
    this.requireNetwork(network);
    if (!this.keepsActivations) throw new Error("this engine keeps no activations: compile with keepActivations");
    return this.inner.activations(innerOf(images), withIndices(selection, images), network);
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

  dispose(): void {
    this.disposed = true;
    this.inner.dispose();
  }

  private requireAlive(): void {
    if (this.disposed) throw new Error("the engine was disposed");
  }

  private requireNetwork(network: number): NetworkSettings {
    this.requireAlive();
    const { length } = this.networks;
    if (!isIndex(network, length)) throw new RangeError(`network ${network} does not exist, the engine has ${length}`);
    return this.networks[network];
  }

  private requireLoss(loss: Partial<LossSettings>, samples: number, network: number): void {
    requireLoss(loss, samples, classCount(this.layers));
    if (this.networks[network].rubbishPenalty === undefined || !(loss.classWeights || loss.distillation)) return;
    throw new RangeError("the loss with a rubbish penalty takes neither class weights nor a teacher");
  }

  /** All slices before any of them is computed, with their indices. */
  private requireSlices<Slice extends Selection>(images: LoadedImages, slices: readonly (Slice | undefined)[]) {
    this.requireAlive();
    requireLabels(images);
    const { length } = this.networks;
    if (slices.length !== length) {
      throw new RangeError(`there are ${slices.length} slices, but ${length} networks`);
    }
    return slices.map((slice) => slice && withIndices(slice, images));
  }
}

function innerOf(images: LoadedImages): LoadedImages {
  return (images as CheckedImages).inner;
}

function requireLabels(images: LoadedImages): void {
  if (!(images as CheckedImages).labelled) throw new RangeError("the images have no labels");
}

/** A selection with its indices. @throws RangeError if it selects nothing or what is not there, or lacks placements */
function withIndices<Some extends Selection>(
  selection: Some,
  { count }: LoadedImages,
): Some & { readonly indices: ArrayLike<number> } {
  const { indices = Uint32Array.from({ length: count }, (_, index) => index), placements } = selection;
  if (indices.length < 1) throw new RangeError("no images are selected");
  for (let place = 0; place < indices.length; place++) {
    if (!isIndex(indices[place], count)) {
      throw new RangeError(`sample ${place} selects image ${indices[place]}, expected 0 to ${count - 1}`);
    }
  }
  if (placements instanceof Int32Array && placements.length < indices.length * PLACEMENT_WORDS) {
    throw new RangeError(
      `the placements have ${placements.length} words, but ${indices.length} samples need ${indices.length * PLACEMENT_WORDS}`,
    );
  }
  return { ...selection, indices };
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

function countImages(images: Images, model: Model, layers: readonly ShapedLayer[]): number {
  const { channels, height, width } = model.input;
  const { length } = "pixels" in images ? images.pixels : images.values;
  const count = length / imageSize(model);
  if (!Number.isInteger(count)) {
    throw new RangeError(`the images have ${length} values, not a multiple of ${channels}×${height}×${width}`);
  }
  if (count < 1) throw new RangeError("there are no images");
  const { labels } = images;
  if (!labels) return count;
  if (labels.length !== count) throw new RangeError(`there are ${count} images, but ${labels.length} labels`);
  const classes = classCount(layers);
  for (let image = 0; image < count; image++) {
    if (!isIndex(labels[image], classes)) {
      throw new RangeError(`the label of image ${image} is ${labels[image]}, expected 0 to ${classes - 1}`);
    }
  }
  return count;
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

function isIndex(value: number, count: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < count;
}
