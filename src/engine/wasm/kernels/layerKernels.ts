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

/** Where a stage's tensors are while one tile passes through it. */
export interface TilePointers {
  readonly tile: Value<"i32">;
  readonly x: Value<"i32">;
  readonly y: Value<"i32">;
  /** Gradients have no border. */
  readonly dx: Value<"i32">;
  readonly dy: Value<"i32">;
  /** What the stage keeps from the tile's forward to its backward pass. */
  readonly kept: Value<"i32">;
  /** Scratch memory, overwritten by the next kernel. */
  readonly workspace: Value<"i32">;
  /** Address of two words that the host draws anew for every training step. */
  readonly keys: number;
  /** Address of the arena of the weights. */
  readonly weights: number;
  /** The tile's part of each region of the stage's memory for the batch. */
  readonly inBatch: readonly Value<"i32">[];
}

/** What a thread's part of a parameter's gradient is computed from. */
export interface TaskPointers {
  /** The thread's units, from `first` to before `end`. */
  readonly first: Value<"i32">;
  readonly end: Value<"i32">;
  /** Tiles of the batch. */
  readonly tiles: Value<"i32">;
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
}

/** What a stage does: its memory and the kernels that it calls, in order. */
export interface StageCode {
  /** Regions of memory kept for the whole batch: bytes per tile of each. */
  readonly batchBytes?: readonly number[];
  /** Bytes kept from a tile's forward to its backward pass. */
  readonly keptBytes?: number;
  /** Bytes of scratch memory. */
  readonly workspaceBytes?: number;
  /** Every tile. */
  readonly forward: readonly KernelCall<TilePointers>[];
  /** Every tile, before `inputGradient`: what the parameter tasks need. */
  readonly parameterGradients?: readonly KernelCall<TilePointers>[];
  /** Every tile, if a layer before this one has parameters. */
  readonly inputGradient: readonly KernelCall<TilePointers>[];
  /** Once per batch, when the backward pass of all tiles is done. */
  readonly tasks?: readonly ParameterTask[];
}

/**
 * How the engine computes one kind of layer. Methods take the layer as one of this kind; `kernelsOf` in `layers.ts`
 * finds the right one.
 */
export interface LayerKernels<Of extends Layer = Layer> {
  /** Emits the kernels of a stage; a fused activation is applied to the input, in its place. */
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
  /** The backward pass does not read the layer's output, so a fused activation behind it may overwrite it. */
  readonly backwardIgnoresOutput?: true;
  /** The forward pass of a single sample. */
  readonly single?: SingleKernel<Of>;
}

/** Emits the kernel that computes one sample alone. Without it, a model computes a whole tile for one sample. */
export interface SingleKernel<Of extends Layer = Layer> {
  /** The kernel applies the activation behind the layer. */
  readonly takesActivation?: true;
  /** Emits (x, …parameters, y); undefined for shapes that it cannot compute. */
  emit(
    context: KernelContext,
    name: string,
    placed: PlacedLayer<Of>,
    activation: ActivationKind | undefined,
  ): FunctionHandle | undefined;
}
