import { PLACEMENT_WORDS } from "../data/placement.js";
import {
  classCount,
  type Model,
  type NamedTensors,
  parameterSpecs,
  requireParameters,
  type ShapedLayer,
  type Tensor,
} from "../model/index.js";
import type {
  EngineOptions,
  EvaluationSlice,
  Evaluator,
  Images,
  LayerActivation,
  LoadedImages,
  NetworkSettings,
  SampleResults,
  Selection,
} from "./backend.js";
import { imageSize } from "./hostImages.js";

/** Loaded images, and what the engine behind this one calls them. */
interface CheckedImages extends LoadedImages {
  readonly inner: LoadedImages;
  readonly labelled: boolean;
}

/** Checks every request before anything is computed. */
export class CheckedEvaluator<Inner extends Evaluator = Evaluator> implements Evaluator {
  protected readonly inner: Inner;
  protected readonly networks: readonly NetworkSettings[];
  private readonly keepsActivations: boolean;
  private disposed = false;

  constructor(inner: Inner, networks: readonly NetworkSettings[], { keepActivations = false }: EngineOptions) {
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

  async evaluate(images: LoadedImages, slices: readonly (EvaluationSlice | undefined)[]): Promise<SampleResults[]> {
    const checked = this.requireSlices(images, slices);
    for (const [network, slice] of checked.entries()) {
      if (slice?.weights === "average" && !this.networks[network].averaging) {
        throw new RangeError("the network keeps no average");
      }
    }
    return this.inner.evaluate(innerOf(images), checked);
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

  dispose(): void {
    this.disposed = true;
    this.inner.dispose();
  }

  private requireAlive(): void {
    if (this.disposed) throw new Error("the engine was disposed");
  }

  protected requireNetwork(network: number): NetworkSettings {
    this.requireAlive();
    const { length } = this.networks;
    if (!isIndex(network, length)) throw new RangeError(`network ${network} does not exist, the engine has ${length}`);
    return this.networks[network];
  }

  /** All slices before any of them is computed, with their indices. */
  protected requireSlices<Slice extends Selection>(images: LoadedImages, slices: readonly (Slice | undefined)[]) {
    this.requireAlive();
    requireLabels(images);
    const { length } = this.networks;
    if (slices.length !== length) {
      throw new RangeError(`there are ${slices.length} slices, but ${length} networks`);
    }
    return slices.map((slice) => slice && withIndices(slice, images));
  }
}

/** What the engine behind calls the images. */
export function innerOf(images: LoadedImages): LoadedImages {
  return (images as CheckedImages).inner;
}

/** @throws RangeError if the images have no labels */
export function requireLabels(images: LoadedImages): void {
  if (!(images as CheckedImages).labelled) throw new RangeError("the images have no labels");
}

/** A selection with its indices. @throws RangeError if it selects nothing or what is not there, or lacks placements */
export function withIndices<Some extends Selection>(
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

function isIndex(value: number, count: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < count;
}
