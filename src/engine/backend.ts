import type { Placements } from "../data/augmentation.js";
import type { Model, NamedTensors, Normalization, ShapedLayer, Tensor } from "../model/index.js";

/**
 * Where networks are computed: on the processor by WebAssembly, in plain TypeScript, on a graphics card. Training,
 * evaluation, prediction and inspection ask for nothing but what is declared here.
 */
export interface Backend {
  /**
   * Compiles networks of the same layers that are computed side by side: a fleet. One network is a fleet of one. What a
   * network computes does not depend on the others, to the bit.
   *
   * @throws ShapeError if a model's layers do not fit together, RangeError if a normalization does not fit its model or
   *   the models' layers differ in more than the probability of dropout
   */
  compile(networks: readonly NetworkSettings[], options: EngineOptions): Promise<Engine>;
}

/** What may differ between the networks of a fleet, besides what each call says. A recipe has all of it but the model. */
export interface NetworkSettings {
  readonly model: Model;
  readonly normalization: Normalization;
  /** Default: the one that needs the least memory, for networks that are not trained. */
  readonly optimizer?: OptimizerSettings;
  /** Which average of the parameters to keep. Default: none. */
  readonly averaging?: Averaging | null;
}

/** What all networks of a fleet share. */
export interface EngineOptions {
  /** The samples of a training step, and of what is computed at once elsewhere. */
  readonly batchSize: number;
  /** Keep every layer's output, for `activations`; a little slower. */
  readonly keepActivations?: boolean;
}

/** The optimisers, named and parameterised as in torch.optim. */
export type OptimizerSettings =
  | {
      readonly type: "adamw" | "adam";
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly weightDecay: number;
    }
  | { readonly type: "sgd"; readonly momentum: number; readonly nesterov: boolean; readonly weightDecay: number };

/**
 * The exponential moving average of all parameters, moved after every step: average + (1 − decay) · (parameter − average).
 * The first step sets it to the parameters themselves, as torch.optim.swa_utils.AveragedModel does; step t after that
 * uses min(decay, t / (t + 9)), as TensorFlow's ExponentialMovingAverage does, so that the start is soon forgotten.
 */
export interface Averaging {
  /** 0 … 1; the average is over about the last 1 / (1 − decay) steps. */
  readonly decay: number;
}

/** The share of the parameters in their average after a step, counted from 1; see {@link Averaging}. */
export function averageShare({ decay }: Averaging, step: number): number {
  return step === 1 ? 1 : 1 - Math.min(decay, step / (step + 9));
}

/**
 * Images for an engine: bytes, which it normalises, or inputs that are normalised already. They are not copied: leave
 * them as they are until they are unloaded.
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
  /** The class of each image, as an index. Needed by whatever computes a loss. */
  readonly labels?: ArrayLike<number>;
};

/** Images that stay with an engine, where they are named by their indices. */
export interface LoadedImages {
  readonly count: number;
  /** Frees the memory that they take. They are of no use afterwards. */
  unload(): void;
}

/** Some of the loaded images, in an order of their own. */
export interface Selection {
  /** Default: all of them. */
  readonly indices?: ArrayLike<number>;
  /** How each is transformed, for images of bytes. Default: not at all. */
  readonly placements?: Placements;
}

/** The numbers of one step of the optimiser. */
export interface Update {
  /** Counts the optimiser's steps from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** Replaces β1 (or SGD's momentum) if the schedule cycles it. */
  readonly momentum?: number;
}

/** Training steps of one network: every `batchSize` of the selected images are one, the last of them may have fewer. */
export interface TrainingSlice extends Selection {
  readonly labelSmoothing: number;
  /** Dropout draws from it and from the step. */
  readonly seed: number;
  /** One for each step. */
  readonly updates: readonly Update[];
}

/** What is evaluated of one network. */
export interface EvaluationSlice extends Selection {
  /** Which parameters to evaluate. Default: those of the last step. */
  readonly weights?: "current" | "average";
}

/** The loss and prediction of each sample, in the order of the selection. */
export interface SampleResults {
  /** Cross-entropy, smoothed if the call says so. */
  readonly losses: Float32Array;
  /** The class with the largest logit, the first of them if several are equal. */
  readonly predictions: Int32Array;
}

/** What the optimiser keeps besides the parameters, by the parameters' names. */
export interface OptimizerState {
  /** The first moments; of SGD the momentum. */
  readonly first: NamedTensors<Float32Array>;
  readonly second: NamedTensors<Float32Array>;
  /** The average of the parameters, if the network keeps one. */
  readonly average?: NamedTensors<Float32Array>;
}

/** The outputs of a layer: float32 [count, …output shape]. */
export interface LayerActivation {
  readonly layer: ShapedLayer;
  readonly output: Tensor<Float32Array>;
}

/** The gradients of the mean loss of some samples, by the parameters' names and in their shapes. */
export interface Differentiation extends SampleResults {
  readonly gradients: NamedTensors<Float32Array>;
}

/**
 * Compiled networks with their parameters. A call takes as many samples as it likes, up to a whole epoch, and one call is
 * answered before the next is asked for. Tensors go in and come out in PyTorch's names, shapes and layout, as copies.
 *
 * `network` is the index of the network that a call is about; the default is the first.
 */
export interface Engine {
  /** The networks' models. They have the same layers. */
  readonly models: readonly Model[];
  readonly layers: readonly ShapedLayer[];
  readonly batchSize: number;
  /**
   * Names the arithmetic that all results depend on, besides the seed: `wasm-fused`, `wasm-portable`, `reference`, or that
   * of a graphics card. The same name stands for the same bits.
   */
  readonly arithmetic: string;
  /** Threads of the processor that compute. */
  readonly threads: number;
  /** Bytes of memory that the networks are computed in, without the images. */
  readonly memoryBytes: number;

  /**
   * Keeps images where the networks are computed.
   *
   * @throws RangeError if they are not a whole number of images of the model's input, or a label is not a class
   */
  load(images: Images): Promise<LoadedImages>;

  /** All parameters, never their average. */
  parameters(network?: number): Promise<NamedTensors<Float32Array>>;
  /** @throws ShapeError if a tensor is missing, not of the model, or of another shape */
  setParameters(tensors: NamedTensors, network?: number): Promise<void>;
  /** What the steps so far left: zeros before the first. */
  optimizerState(network?: number): Promise<OptimizerState>;
  /** @throws ShapeError as `setParameters`, and if the state has an average and the network keeps none, or the reverse */
  setOptimizerState(state: OptimizerState, network?: number): Promise<void>;

  /**
   * Trains every network by its slice: forward, backward and update for each step. Dropout draws from (seed, step).
   *
   * @param slices one for each network; undefined lets the network rest
   * @throws RangeError if a slice selects what is not there, or has not one update for each step
   */
  train(images: LoadedImages, slices: readonly (TrainingSlice | undefined)[]): Promise<SampleResults[]>;
  /** Losses, without label smoothing, and predictions of every network's selection, in evaluation mode. */
  evaluate(images: LoadedImages, slices: readonly (EvaluationSlice | undefined)[]): Promise<SampleResults[]>;
  /** Logits in evaluation mode: float32 [count, classes]. */
  predict(images: LoadedImages, selection?: Selection, network?: number): Promise<Tensor<Float32Array>>;
  /** Every layer's output in evaluation mode. @throws Error unless compiled with `keepActivations` */
  activations(images: LoadedImages, selection?: Selection, network?: number): Promise<LayerActivation[]>;
  /**
   * Forward and backward in evaluation mode, the parameters left alone.
   *
   * @param selection at most `batchSize` images
   */
  differentiate(
    images: LoadedImages,
    selection?: Selection,
    labelSmoothing?: number,
    network?: number,
  ): Promise<Differentiation>;
  /** Ends what computes. The engine is of no use afterwards. */
  dispose(): void;
}
