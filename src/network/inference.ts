import type { Dataset } from "../data/dataset.js";
import { drawImage, type ImageInput } from "../data/images/image.js";
import type { Engine, LayerActivation } from "../engine/backend.js";
import { wasmBackend } from "../engine/wasm/wasmBackend.js";
import type { NamedTensors } from "../model/index.js";
import { evaluateDataset, type Judgement, judge } from "../training/evaluate.js";
import type { Evaluation } from "../training/metrics.js";
import type { PassOptions } from "../training/passes.js";
import { datasetFor } from "./datasetFor.js";
import type { LeNet5 } from "./lenet5.js";

/** The maximum number of images that are computed at once. */
const BATCH_SIZE = 32;

/** An engine, the parameters it currently has, and its last pending call. */
interface Loaded {
  readonly engine: Promise<Engine>;
  parameters?: NamedTensors;
  last: Promise<unknown>;
}

type Engines = WeakMap<LeNet5, Loaded>;

const engines: Engines = new WeakMap();
const enginesThatKeepActivations: Engines = new WeakMap();

/**
 * Calls a single-threaded engine with the network's parameters, compiled on first use. Calls run one after another,
 * each with the parameters that the network has when the call starts.
 */
function withEngine<Answer>(
  network: LeNet5,
  ask: (engine: Engine) => Promise<Answer>,
  { keepActivations = false } = {},
): Promise<Answer> {
  const known = keepActivations ? enginesThatKeepActivations : engines;
  let loaded = known.get(network);
  if (!loaded) {
    const { model, normalization } = network;
    const options = { batchSize: BATCH_SIZE, keepActivations };
    loaded = { engine: wasmBackend().compile([{ model, normalization }], options), last: Promise.resolve() };
    known.set(network, loaded);
  }
  const answer = loaded.last.then(() => ready(loaded, network)).then(ask);
  loaded.last = answer.catch(() => {});
  return answer;
}

async function ready(loaded: Loaded, { parameters }: LeNet5): Promise<Engine> {
  const engine = await loaded.engine;
  if (loaded.parameters !== parameters) {
    await engine.setParameters(parameters);
    loaded.parameters = parameters;
  }
  return engine;
}

/** A network's prediction for an image. */
export interface Prediction extends Judgement {
  /** The name of the class. */
  readonly label: string;
}

/**
 * Classifies an image of any size. It is fitted to the network's input like the training images.
 *
 * @throws RangeError if the image's length does not fit its size, Error if the network's outputs are not finite
 */
export function predict(network: LeNet5, image: ImageInput): Promise<Prediction>;
/** Classifies several images; the predictions are in the same order. */
export function predict(network: LeNet5, images: readonly ImageInput[]): Promise<Prediction[]>;
export async function predict(
  network: LeNet5,
  images: ImageInput | readonly ImageInput[],
): Promise<Prediction | Prediction[]> {
  return isList(images) ? predictAll(network, images) : (await predictAll(network, [images]))[0];
}

function isList(images: ImageInput | readonly ImageInput[]): images is readonly ImageInput[] {
  return Array.isArray(images);
}

async function predictAll(network: LeNet5, images: readonly ImageInput[]): Promise<Prediction[]> {
  if (images.length === 0) return [];
  const batch = drawnImages(network, images);
  const { data } = await withEngine(network, async (engine) => engine.predict(await engine.load(batch)));
  const classes = network.classes.length;
  return images.map((_, index) => {
    const judgement = judge(data.subarray(index * classes, (index + 1) * classes));
    return { label: network.classes[judgement.class], ...judgement };
  });
}

/** Fits images to the network's input, in order: uint8 [image][channels][height][width]. */
export function drawnImages({ input, framing }: LeNet5, images: readonly ImageInput[]) {
  const size = input.channels * input.height * input.width;
  const pixels = new Uint8Array(images.length * size);
  for (const [index, image] of images.entries()) {
    drawImage(image, { shape: input, ...framing }, pixels, index * size);
  }
  return { pixels };
}

/**
 * Evaluates a network on all images of a data set, without augmentation: accuracy, loss, results per class, confusion
 * matrix.
 *
 * @throws RangeError if the data set's classes differ from the network's
 * @throws the signal's reason if it is aborted
 */
export async function evaluate(network: LeNet5, dataset: Dataset, options: PassOptions = {}): Promise<Evaluation> {
  const images = datasetFor(network, dataset);
  return withEngine(network, (engine) => evaluateDataset(engine, images, undefined, options));
}

/**
 * The output of every layer for an image, without dropout: float32 [1, …output shape] each, in layer order.
 *
 * @throws RangeError if the image's length does not fit its size
 */
export async function activations(network: LeNet5, image: ImageInput): Promise<LayerActivation[]> {
  const batch = drawnImages(network, [image]);
  return withEngine(network, async (engine) => engine.activations(await engine.load(batch)), {
    keepActivations: true,
  });
}

/** The loss of a set of images and its gradients. */
export interface Gradients {
  /** Mean cross-entropy. */
  readonly loss: number;
  /** The gradients of the loss with respect to the parameters, by name, in the parameters' shapes. */
  readonly gradients: NamedTensors<Float32Array>;
}

/**
 * The gradients of the mean cross-entropy of the images, without dropout. The parameters do not change.
 *
 * @param images 1 to 32 images
 * @param labels the class of each image, as an index
 * @throws RangeError if there are too many images, or a label is not a class
 */
export async function gradients(
  network: LeNet5,
  images: readonly ImageInput[],
  labels: ArrayLike<number>,
): Promise<Gradients> {
  if (images.length < 1 || images.length > BATCH_SIZE) {
    throw new RangeError(`gradients takes 1 to ${BATCH_SIZE} images, got ${images.length}`);
  }
  const batch = { ...drawnImages(network, images), labels };
  const { losses, gradients } = await withEngine(network, async (engine) =>
    engine.differentiate(await engine.load(batch)),
  );
  return { loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length, gradients };
}
