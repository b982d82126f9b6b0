import type { ActivationLayer, Layer, ParameterSpec, ShapedLayer } from "../../../model/index.js";
import type { FunctionHandle, Value } from "../assembler/index.js";
import type { KernelContext } from "./context.js";
import type { Layout } from "./layout.js";

/** An elementwise activation's type. */
export type ActivationKind = ActivationLayer["type"];

/** Where a parameter lies in an arena: rows of a linear weight are padded with zeros to whole vectors. */
export interface StoredParameter {
  readonly spec: ParameterSpec;
  /** From the start of the arena, in bytes. */
  readonly offset: number;
  readonly rows: number;
  readonly rowFloats: number;
  readonly paddedRowFloats: number;
  /** All of it with padding, a multiple of a vector. */
  readonly bytes: number;
}

/** A layer with the layouts of its input and output. */
export interface PlacedLayer<Of extends Layer = Layer> {
  readonly described: ShapedLayer & { readonly layer: Of };
  readonly input: Layout;
  readonly output: Layout;
  readonly parameters: readonly StoredParameter[];
}

/** A kernel and the operands it is called with. */
export interface KernelCall<Pointers> {
  readonly kernel: FunctionHandle;
  operands(at: Pointers): readonly (Value | number)[];
  /** Multiply-adds for one sample, if that is what the kernel does. */
  readonly multiplyAdds?: number;
}

/** Where a stage's tensors are while one tile, or one sample alone, passes through it. */
export interface TilePointers {
  /** The tile's index in the batch, or the sample's if it is computed alone. */
  readonly tile: Value<"i32">;
  /** Samples in the batch. */
  readonly samples: Value<"i32">;
  readonly x: Value<"i32">;
  readonly y: Value<"i32">;
  /** A tile's gradients have no border; a single sample's have that of the value. */
  readonly dx: Value<"i32">;
  readonly dy: Value<"i32">;
  /** What the stage keeps from the tile's forward to its backward pass. */
  readonly kept: Value<"i32">;
  /** Scratch memory, overwritten by the next kernel. */
  readonly workspace: Value<"i32">;
  /** The stage's memory for the thread that computes. */
  readonly ofThread: Value<"i32">;
  /** Address of two words that the host writes for every training step. */
  readonly keys: number;
  /** Address of the arena of the weights. */
  readonly weights: number;
  /** The tile's part of each region of the stage's memory for the batch. */
  readonly inBatch: readonly Value<"i32">[];
}

/** What a thread computes from when all threads have met: every tile is that far. */
export interface MeetingPointers extends Pick<TilePointers, "samples" | "ofThread" | "keys" | "weights"> {
  readonly tiles: Value<"i32">;
  /** Not 0 for one thread alone. */
  readonly isFirst: Value<"i32">;
  /** The stage's memory for the batch, by region. */
  readonly batch: readonly number[];
}

/** What a thread's part of a parameter's gradient is computed from. */
export interface TaskPointers {
  /** The thread's units, from `first` to before `end`. */
  readonly first: Value<"i32">;
  readonly end: Value<"i32">;
  /** Tiles of the batch, or samples if they were computed alone: each left its part in the stage's memory. */
  readonly parts: Value<"i32">;
  readonly gradient: Value<"i32">;
  /** The stage's memory for the batch, by region. */
  readonly batch: readonly number[];
}

/** The gradient of one parameter over a batch, in units that threads divide between them without changing a bit. */
export interface ParameterTask extends KernelCall<TaskPointers> {
  readonly parameter: StoredParameter;
  readonly units: number;
  /** Bytes of the parameter that a unit covers. */
  readonly unitBytes: number;
  /** The call after samples that were computed alone, if it is another. */
  readonly afterSamples?: KernelCall<TaskPointers>;
  /**
   * The regions of the stage's memory that hold a sample's x and dy: the gradient of the parameter, a matrix, is their
   * outer product.
   */
  readonly outerProduct?: { readonly x: number; readonly dy: number };
}

/** What a stage does with a tile, or with one sample alone: the kernels that it calls, in order, and their memory. */
export interface PassCode {
  /** Bytes kept from the forward to the backward pass. */
  readonly keptBytes?: number;
  /** Bytes of scratch memory. */
  readonly workspaceBytes?: number;
  readonly forward: readonly KernelCall<TilePointers>[];
  /** Before `inputGradient`: what the parameter tasks need. */
  readonly parameterGradients?: readonly KernelCall<TilePointers>[];
  /** If a layer before this one has parameters. */
  readonly inputGradient?: readonly KernelCall<TilePointers>[];
}

/** What a stage does with a tile and with a batch. */
export interface StageCode extends PassCode {
  /** Regions of memory kept for the whole batch: bytes per tile of each. */
  readonly batchBytes?: readonly number[];
  /** The same per sample, if samples are computed alone. Default: as for a tile. */
  readonly sampleBytes?: readonly number[];
  /** Bytes of memory for each thread. */
  readonly threadBytes?: number;
  /** What differs in training, if that depends on the whole batch. */
  readonly overBatch?: OverBatch;
  /** Once per batch, when the backward pass of all tiles is done. */
  readonly tasks?: readonly ParameterTask[];
}

/** A stage that computes over the whole batch in training: all threads meet in the middle of its passes. */
export interface OverBatch {
  /** Instead of `forward`: on a tile, before the threads meet. */
  readonly before: readonly KernelCall<TilePointers>[];
  /** By every thread for itself, when they have met. */
  readonly meetForward: readonly KernelCall<MeetingPointers>[];
  /** On a tile, after that. */
  readonly after: readonly KernelCall<TilePointers>[];
  /** By every thread for itself, when they have met between `parameterGradients` and `inputGradient`. */
  readonly meetBackward: readonly KernelCall<MeetingPointers>[];
}

/**
 * How the engine computes one kind of layer, forward. Methods take the layer as one of this kind; `kernelsOf` in
 * `layers.ts` finds the right one.
 */
export interface LayerKernels<Of extends Layer = Layer> {
  /** Emits the kernels of a stage outside training; a fused activation is applied to the input, in its place. */
  emit(context: KernelContext, placed: PlacedLayer<Of>, fused?: ActivationKind): StageCode;
  /** Width of the border of zeros that the layer needs around its input; 0 if omitted. */
  inputBorder?(layer: Of): number;
  /**
   * The layer does nothing outside training: layers behind it then read its input instead of its output, so both have
   * the same layout.
   */
  readonly trainingOnly?: true;
  /**
   * Whether the kernels can apply an activation to the layer's input first. They then overwrite the input, later with
   * its gradient.
   */
  fusesActivation?(activation: ActivationKind, layer: Of, input: Layout, output: Layout): boolean;
  /** The gradient of the input overwrites that of the output; both have the same shape. */
  readonly gradientInPlace?: true;
  /** The backward pass does not read the layer's output, so a fused activation behind it may overwrite it. */
  readonly backwardIgnoresOutput?: true;
  /** How one sample is computed alone. Without it, a model computes a whole tile for one sample. */
  readonly single?: SingleKernels<Of>;
}

/**
 * How the engine trains one kind of layer. It is apart from {@link LayerKernels}, so that a bundler leaves it out of a
 * page that only predicts.
 */
export interface TrainingKernels<Of extends Layer = Layer> {
  /** Emits the kernels of training behind the others of a stage, and adds them to its code. */
  emit(context: KernelContext, placed: PlacedLayer<Of>, code: StageCode, fused?: ActivationKind): StageCode;
  /** The same for one sample alone, if the layer's other kernels compute it. */
  single?(
    context: KernelContext,
    name: string,
    placed: PlacedLayer<Of>,
    code: PassCode,
    surroundings: SingleSurroundings,
  ): PassCode;
}

/** Emits the kernels that compute one sample alone. */
export interface SingleKernels<Of extends Layer = Layer> {
  /** The forward pass applies the activation behind the layer; the backward pass starts before that activation. */
  readonly takesActivation?: true;
  /** Undefined for shapes that the kernels cannot compute. */
  emit(
    context: KernelContext,
    name: string,
    placed: PlacedLayer<Of>,
    surroundings: SingleSurroundings,
  ): PassCode | undefined;
}

/** What the kernels of a single sample can make use of. */
export interface SingleSurroundings {
  /** Applied by the forward pass. */
  readonly activation: ActivationKind | undefined;
  /** Most of the output's gradients are zero: max pooling is next. */
  readonly sparse: boolean;
}
