import type { Placements } from "../data/augmentation.js";
import type { Model, NamedTensors, Normalization, ShapedLayer, Tensor } from "../model/index.js";

/**
 * Where networks are computed: on the processor in WebAssembly, in plain TypeScript, or on a graphics card. Training,
 * evaluation, prediction and inspection use only what is declared here.
 */
export interface Backend {
  /**
   * Compiles a fleet: networks with the same layers that are computed side by side. One network is a fleet of one. A
   * network's results do not depend on the others, to the bit.
   *
   * @throws ShapeError if a model's layers do not fit together, RangeError if a normalization does not fit its model or
   *   the models' layers differ in more than the dropout probability, OutOfMemoryError if they need too much memory
   */
  compile(networks: readonly NetworkSettings[], options: EngineOptions): Promise<Engine>;
}

/**
 * What may differ between the networks of a fleet, besides the arguments of each call. A recipe has all but the model.
 */
export interface NetworkSettings {
  readonly model: Model;
  readonly normalization: Normalization;
  /** Default: the one that needs the least memory, for networks that are not trained. */
  readonly optimizer?: OptimizerSettings;
  /** Which average of the parameters to keep. Default: none. */
  readonly averaging?: Averaging | null;
  /**
   * The constant j of LeCun et al. (1998), equation 9: the loss counts a further class with the logit −j, which is never
   * right and never predicted, so that outputs far from the right one are not pushed further. Default: none.
   */
  readonly rubbishPenalty?: number;
}

/** What all networks of a fleet share. */
export interface EngineOptions {
  /** The samples in a training step, and the samples computed at once in other calls. */
  readonly batchSize: number;
  /** Keep every layer's output for `activations`; slightly slower. */
  readonly keepActivations?: boolean;
}

/** The optimisers; those of torch.optim are named and parameterised as there. */
export type OptimizerSettings =
  | {
      readonly type: "adamw" | "adam";
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly weightDecay: number;
    }
  | { readonly type: "sgd"; readonly momentum: number; readonly nesterov: boolean; readonly weightDecay: number }
  | StochasticLevenbergMarquardt
  | Muon;

/**
 * Muon (Jordan, "Muon: an optimizer for hidden layers in neural networks", 2024) for the weights of some layers, as
 * matrices [outputs, inputs]: their Nesterov momentum is orthogonalised by five steps of a Newton–Schulz iteration, and
 * scaled to the size of AdamW's updates, as torch.optim.Muon does with "match_rms_adamw". AdamW for all other parameters.
 */
export interface Muon {
  readonly type: "muon";
  /** The names of the layers. Default: all with such weights but the first and the last. */
  readonly layers?: readonly string[];
  /** Multiplies the learning rate for these layers' weights. */
  readonly learningRateFactor: number;
  /** Of these weights; a schedule does not change it. */
  readonly momentum: number;
  readonly weightDecay: number;
  /** AdamW's. */
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/**
 * The stochastic diagonal Levenberg-Marquardt method of LeCun et al. (1998), appendix C: each parameter has its own rate,
 * learningRate / (damping + h). h is the diagonal of the Gauss-Newton second derivative of the loss by the parameter; it
 * is the optimiser's second moment, which the caller sets before each epoch (`OptimizerState.second`).
 */
export interface StochasticLevenbergMarquardt {
  readonly type: "sdlm";
  /** The paper's μ. */
  readonly damping: number;
  /** The number of images that h is averaged over before each epoch. */
  readonly samples: number;
}

/**
 * The exponential moving average of all parameters and buffers, updated after every step:
 * average + (1 − decay) · (parameter − average). The first step sets it to the parameters themselves, as
 * torch.optim.swa_utils.AveragedModel does. Step t after that uses min(decay, t / (t + 9)), as TensorFlow's
 * ExponentialMovingAverage does, to forget the start quickly.
 */
export interface Averaging {
  /** 0 … 1; the average is over about the last 1 / (1 − decay) steps. */
  readonly decay: number;
}

/** The weight of the current parameters in their average after a step, counted from 1; see {@link Averaging}. */
export function averageShare({ decay }: Averaging, step: number): number {
  return step === 1 ? 1 : 1 - Math.min(decay, step / (step + 9));
}

/**
 * Images for an engine: bytes, which it normalises, or inputs that are already normalised. They are not copied, so do
 * not change them until they are unloaded.
 */
export type Images = (
  | {
      /** uint8 [count][channels][height][width] */
      readonly pixels: Uint8Array;
    }
  | {
      /** float32 [count][channels][height][width] */
      readonly values: Float32Array;
    }
) & {
  /** The class of each image, as an index. Required to compute a loss. */
  readonly labels?: ArrayLike<number>;
};

/** Images that are loaded into an engine. Calls select them by index. */
export interface LoadedImages {
  readonly count: number;
  /** Frees their memory. They cannot be used afterwards. */
  unload(): void;
}

/** A selection of the loaded images, in any order. */
export interface Selection {
  /** Default: all of them. */
  readonly indices?: ArrayLike<number>;
  /** How each image is transformed; only for bytes. Default: no transformation. */
  readonly placements?: Placements;
}

/** The hyperparameters of one optimiser step. */
export interface Update {
  /** Counts the optimiser's steps from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** Replaces β1 (or SGD's momentum) if the schedule cycles it. */
  readonly momentum?: number;
}

/** What a sample's logits are compared with. */
export interface LossSettings {
  readonly labelSmoothing: number;
  /**
   * The weight of each class, 0 or more, as torch.nn.CrossEntropyLoss has them: a batch's loss is the weighted mean. A
   * batch whose samples all have weight 0 changes nothing. Default: 1 each.
   */
  readonly classWeights?: readonly number[];
  /** Default: only the labels. */
  readonly distillation?: Distillation;
}

/**
 * Learning from a teacher's logits besides the labels (Hinton, Vinyals and Dean, "Distilling the knowledge in a neural
 * network", 2015): (1 − share) · cross-entropy + share · T² · KL(softmax(teacher / T) ‖ softmax(student / T)), with the
 * divergence averaged over the batch, as torch.nn.KLDivLoss does with "batchmean".
 */
export interface Distillation {
  /** The teacher's logits for the selected samples, in their order: float32 [count, classes]. */
  readonly logits: Float32Array;
  /** T, above 0. */
  readonly temperature: number;
  /** 0 … 1 */
  readonly share: number;
}

/** Training steps of one network: one step per `batchSize` selected images; the last may have fewer. */
export interface TrainingSlice extends Selection, LossSettings {
  /** Dropout draws from the seed and the step. */
  readonly seed: number;
  /** One per step. */
  readonly updates: readonly Update[];
}

/** What to evaluate with one network. */
export interface EvaluationSlice extends Selection {
  /** Which parameters to evaluate. Default: the current ones. */
  readonly weights?: "current" | "average";
}

/** What batch normalisation is measured on. */
export interface MeasuringSlice extends Selection {
  /** Dropout draws from the seed and the batch. */
  readonly seed: number;
  /** The batches of earlier slices, whose mean the network has now. Default: 0, which begins anew. */
  readonly batchesBefore?: number;
}

/** The loss and prediction of each sample, in the order of the selection. */
export interface SampleResults {
  /** The loss of the call. Its mean over a batch is what a training step lowers, with class weights too. */
  readonly losses: Float32Array;
  /** The class with the largest logit, the first if several are equal. */
  readonly predictions: Int32Array;
}

/** The optimiser's state besides the parameters, by parameter name; buffers have only an average. */
export interface OptimizerState {
  /** The first moments; for SGD, the momentum. */
  readonly first: NamedTensors<Float32Array>;
  readonly second: NamedTensors<Float32Array>;
  /** The average of parameters and buffers, if the network keeps one. */
  readonly average?: NamedTensors<Float32Array>;
}

/** The outputs of a layer: float32 [count, …output shape]. */
export interface LayerActivation {
  readonly layer: ShapedLayer;
  readonly output: Tensor<Float32Array>;
}

/** The gradients of the mean loss of the samples, by parameter name and in the parameters' shapes; none of buffers. */
export interface Differentiation extends SampleResults {
  readonly gradients: NamedTensors<Float32Array>;
}

/**
 * Compiled networks with their parameters: what an {@link Engine} is besides training. A call takes any number of samples, up to an entire epoch; wait for it
 * before making the next. Tensors are passed and returned as copies, with PyTorch's names, shapes and layout.
 *
 * `network` is the index of the network that a call refers to. Default: the first.
 */
export interface Evaluator {
  /** The networks' models. They have the same layers. */
  readonly models: readonly Model[];
  readonly layers: readonly ShapedLayer[];
  readonly batchSize: number;
  /**
   * The name of the arithmetic, which all results depend on besides the seed: `wasm-fused`, `wasm-portable`,
   * `reference`, or that of a graphics card. The same name and kernels mean the same bits.
   */
  readonly arithmetic: string;
  /** The revision of the backend's kernels: the first is 1, and any that comes to other bits has the next number. */
  readonly kernels: number;
  /** The number of processor threads that compute. */
  readonly threads: number;
  /** The networks' working memory in bytes, without the images. */
  readonly memoryBytes: number;

  /**
   * Loads images to where the networks are computed.
   *
   * @throws RangeError if the length is not a multiple of the model's input, or a label is not a class
   */
  load(images: Images): Promise<LoadedImages>;

  /** All parameters and buffers, never their average. */
  parameters(network?: number): Promise<NamedTensors<Float32Array>>;
  /** @throws ShapeError if a tensor is missing, unknown to the model, or of another shape */
  setParameters(tensors: NamedTensors, network?: number): Promise<void>;
  /** Losses without label smoothing, and predictions, for every network's selection in evaluation mode. */
  evaluate(images: LoadedImages, slices: readonly (EvaluationSlice | undefined)[]): Promise<SampleResults[]>;
  /** Logits in evaluation mode: float32 [count, classes]. */
  predict(images: LoadedImages, selection?: Selection, network?: number): Promise<Tensor<Float32Array>>;
  /** Every layer's output in evaluation mode. @throws Error unless compiled with `keepActivations` */
  activations(images: LoadedImages, selection?: Selection, network?: number): Promise<LayerActivation[]>;
  /** Ends the threads and frees the memory. The engine cannot be used afterwards. */
  dispose(): void;
}

/** Compiled networks that can be trained. */
export interface Engine extends Evaluator {
  /** The state after the steps so far: zeros before the first. */
  optimizerState(network?: number): Promise<OptimizerState>;
  /** @throws ShapeError as `setParameters`, and if only one of the state and the network has an average */
  setOptimizerState(state: OptimizerState, network?: number): Promise<void>;

  /**
   * Trains every network on its slice: forward, backward and update for each step. Dropout draws from (seed, step).
   *
   * @param slices one per network; undefined skips the network
   * @throws RangeError if a slice selects images that do not exist, or does not have one update per step; or if a step
   *   has one image, and batch normalisation of features would have only one value a channel, as PyTorch
   */
  train(images: LoadedImages, slices: readonly (TrainingSlice | undefined)[]): Promise<SampleResults[]>;
  /**
   * Measures the running means and variances of batch normalisation anew for the current parameters, as
   * torch.optim.swa_utils.update_bn does: their mean over the batches of `batchSize` selected images, which pass through
   * the network as in training. Does nothing if the network has no batch normalisation.
   *
   * @throws RangeError as `train`
   */
  measureStatistics(images: LoadedImages, slice: MeasuringSlice, network?: number): Promise<void>;
  /**
   * Forward and backward in evaluation mode, without changing the parameters.
   *
   * @param selection at most `batchSize` images
   * @param loss default: the cross-entropy without label smoothing
   */
  differentiate(
    images: LoadedImages,
    selection?: Selection,
    loss?: Partial<LossSettings>,
    network?: number,
  ): Promise<Differentiation>;
}

/** The device that computes does not have enough memory. Fewer networks, or smaller batches, need less. */
export class OutOfMemoryError extends Error {
  override readonly name = "OutOfMemoryError";
}
