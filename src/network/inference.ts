import type { Dataset } from "../data/dataset.js";
import { drawImage, type ImageInput } from "../data/images/image.js";
import type { Engine, Evaluator, Images, LayerActivation } from "../engine/backend.js";
import { CheckedEvaluator } from "../engine/checkedEvaluator.js";
import { imageSize } from "../engine/hostImages.js";
import { wasmEvaluator } from "../engine/wasm/evaluator.js";
import { requireThreads, type Threads } from "../engine/wasm/threads.js";
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
interface Loaded<Some> {
  readonly engine: Promise<Some>;
  parameters?: NamedTensors;
  last: Promise<unknown>;
}

type Engines<Some> = WeakMap<LeNet5, Loaded<Some>>;

const evaluators: Engines<Evaluator> = new WeakMap();
const evaluatorsThatKeepActivations: Engines<Evaluator> = new WeakMap();
const engines: Engines<Engine> = new WeakMap();

/**
 * Calls a single-threaded engine with the network's parameters, compiled on first use. Calls run one after another,
 * each with the parameters that the network has when the call starts.
 */
function withEngine<Some extends Evaluator, Answer>(
  known: Engines<Some>,
  network: LeNet5,
  compile: (network: LeNet5) => Promise<Some>,
  ask: (engine: Some) => Promise<Answer>,
): Promise<Answer> {
  let loaded = known.get(network);
  if (!loaded) {
    loaded = { engine: compile(network), last: Promise.resolve() };
    known.set(network, loaded);
  }
  const { last } = loaded;
  const answer = last.then(() => ready(loaded, network)).then(ask);
  loaded.last = answer.catch(() => {});
  return answer;
}

async function ready<Some extends Evaluator>(loaded: Loaded<Some>, { parameters }: LeNet5): Promise<Some> {
  const engine = await loaded.engine;
  if (loaded.parameters !== parameters) {
    await engine.setParameters(parameters);
    loaded.parameters = parameters;
  }
  return engine;
}

function evaluating<Answer>(network: LeNet5, ask: (engine: Evaluator) => Promise<Answer>): Promise<Answer> {
  return withEngine(evaluators, network, (of) => wasmEvaluator(of, { batchSize: BATCH_SIZE }), ask);
}

/** Computes on several threads, with an engine for this call alone. */
async function withThreads<Answer>(
  network: LeNet5,
  threads: Threads,
  ask: (engine: Evaluator) => Promise<Answer>,
): Promise<Answer> {
  requireThreads(threads);
  const engine = await wasmEvaluator(network, { batchSize: BATCH_SIZE * threads.count }, { threads });
  try {
    await engine.setParameters(network.parameters);
    return await ask(engine);
  } finally {
    engine.dispose();
  }
}

/** On which threads to compute. */
export interface InferenceOptions {
  /**
   * From `threads()` of `lenet/node` or `lenet/browser`; worth their start only for thousands of images. Default: only
   * the calling thread.
   */
  readonly threads?: Threads;
}

/** How to evaluate a network. */
export interface EvaluateOptions extends PassOptions, InferenceOptions {}

/** Inputs that are already normalised, with their labels. */
export interface LabelledValues {
  /** float32 [count][channels][height][width] */
  readonly values: Float32Array;
  /** The class of each, as an index. */
  readonly labels: ArrayLike<number>;
}

/** A network's prediction for an image. */
export interface Prediction extends Judgement {
  /** The name of the class. */
  readonly label: string;
}

/**
 * Classifies an image of any size. It is fitted to the network's input like the training images. A Float32Array is taken
 * as the input itself, normalised: [channels][height][width].
 *
 * @throws RangeError if the image's length does not fit its size, Error if the network's outputs are not finite
 *
 * @example
 * ```ts
 * import { LeNet5, predict } from "lenet";
 *
 * const network = LeNet5.create({ classes: ["cat", "dog"] });
 * const image = { width: 2, height: 1, data: Uint8Array.of(0, 255) };
 * const { label, class: index, probabilities } = await predict(network, image);
 * console.log(label, index, probabilities);
 * ```
 */
export function predict(
  network: LeNet5,
  image: ImageInput | Float32Array,
  options?: InferenceOptions,
): Promise<Prediction>;
/** Classifies several images, all or none of them Float32Arrays; the predictions are in the same order. */
export function predict(
  network: LeNet5,
  images: readonly ImageInput[] | readonly Float32Array[],
  options?: InferenceOptions,
): Promise<Prediction[]>;
export async function predict(
  network: LeNet5,
  images: ImageInput | Float32Array | readonly ImageInput[] | readonly Float32Array[],
  options: InferenceOptions = {},
): Promise<Prediction | Prediction[]> {
  return isList(images) ? predictAll(network, images, options) : (await predictAll(network, [images], options))[0];
}

type Input = ImageInput | Float32Array;

function isList(images: Input | readonly Input[]): images is readonly Input[] {
  return Array.isArray(images);
}

async function predictAll(
  network: LeNet5,
  images: readonly Input[],
  { threads }: InferenceOptions,
): Promise<Prediction[]> {
  if (images.length === 0) return [];
  const batch = inputsOf(network, images);
  const indices = [...images.keys()];
  const ask = async (engine: Evaluator) => engine.predict(await engine.load(batch), { indices });
  const { data } = await (threads ? withThreads(network, threads, ask) : evaluating(network, ask));
  const classes = network.classes.length;
  return images.map((_, index) => {
    const judgement = judge(data.subarray(index * classes, (index + 1) * classes));
    return { label: network.classes[judgement.class], ...judgement };
  });
}

function inputsOf(network: LeNet5, images: readonly Input[]): Images {
  const isFloat = (image: Input) => image instanceof Float32Array;
  if (!images.some(isFloat)) return drawnImages(network, images as readonly ImageInput[]);
  if (!images.every(isFloat)) throw new RangeError("some images are Float32Arrays, others are not");
  const size = imageSize(network.model);
  const values = new Float32Array(images.length * size);
  for (const [index, image] of (images as readonly Float32Array[]).entries()) {
    if (image.length !== size)
      throw new RangeError(`image ${index} has ${image.length} values, the network takes ${size}`);
    values.set(image, index * size);
  }
  return { values };
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
 * Evaluates a network on all images of a data set, or on normalised values, without augmentation: accuracy, loss, results
 * per class, confusion matrix.
 *
 * @throws RangeError if the data set's classes differ from the network's
 * @throws the signal's reason if it is aborted
 */
export async function evaluate(
  network: LeNet5,
  data: Dataset | LabelledValues,
  { threads, ...options }: EvaluateOptions = {},
): Promise<Evaluation> {
  const images = "values" in data ? { ...data, classes: network.classes } : datasetFor(network, data);
  const ask = (engine: Evaluator) =>
    evaluateDataset(new CheckedEvaluator(engine, [network], engine), images, undefined, options);
  return threads ? withThreads(network, threads, ask) : evaluating(network, ask);
}

/**
 * The output of every layer for an image, without dropout: float32 [1, …output shape] each, in layer order.
 *
 * @throws RangeError if the image's length does not fit its size
 *
 * @example
 * ```ts
 * import { activations, LeNet5 } from "lenet";
 *
 * const network = LeNet5.create({ classes: ["cat", "dog"] });
 * const image = { width: 28, height: 28, data: new Uint8Array(784) };
 * for (const { layer, output } of await activations(network, image)) console.log(layer.label, output.shape);
 * ```
 */
export async function activations(network: LeNet5, image: ImageInput): Promise<LayerActivation[]> {
  const batch = drawnImages(network, [image]);
  const compile = (of: LeNet5) => wasmEvaluator(of, { batchSize: BATCH_SIZE, keepActivations: true });
  const ask = async (engine: Evaluator) => engine.activations(await engine.load(batch), { indices: [0] });
  return withEngine(evaluatorsThatKeepActivations, network, compile, ask);
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
 *
 * @example
 * ```ts
 * import { gradients, LeNet5 } from "lenet";
 *
 * const network = LeNet5.create({ classes: ["cat", "dog"] });
 * const image = { width: 28, height: 28, data: new Uint8Array(784).fill(128) };
 * const { loss, gradients: byName } = await gradients(network, [image], [1]);
 * console.log(loss, byName.get("fc3.bias")?.data);
 * ```
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
  const compile = ({ model, normalization }: LeNet5) =>
    wasmBackend().compile([{ model, normalization }], { batchSize: BATCH_SIZE });
  const ask = async (engine: Engine) => engine.differentiate(await engine.load(batch));
  const { losses, gradients } = await withEngine(engines, network, compile, ask);
  return { loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length, gradients };
}
