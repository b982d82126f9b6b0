import type { FunctionHandle } from "../../assembler/index.js";
import type { KernelContext } from "../context.js";
import { type Layout, PLACE_VECTORS, placeOffset } from "../layout.js";
import { LARGEST_BODY, ROWS } from "../outerProduct.js";

/** A convolution over one tile. The input's border is at least the padding; weights are [out][in][kernel][kernel]. */
export interface Conv2dShape {
  readonly input: Layout;
  readonly output: Layout;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** Emits a kernel of a convolution. */
type EmitConv2d = (context: KernelContext, name: string, shape: Conv2dShape) => FunctionHandle;

/** A way to compute a convolution over one tile. */
export interface Conv2dMethod {
  /** Bytes of scratch memory that the kernels need, those of the gradients, too. */
  readonly workspaceBytes: (shape: Conv2dShape) => number;
  /** Bytes that the forward pass keeps for the weight gradient. */
  readonly keptBytes: (shape: Conv2dShape) => number;
  /** (x, weight, bias, y, workspace, kept) */
  readonly emitForward: EmitConv2d;
}

/** The same way to compute its gradients. */
export interface Conv2dGradients {
  /** (dy, weight, dx, workspace) */
  readonly emitBackwardInput: EmitConv2d;
  /** (x, dy, dWeight, workspace, kept) */
  readonly emitBackwardWeight: EmitConv2d;
}

/** A table of the inputs that a place of the output reads, in the order of a filter's weights. */
export interface TapTable {
  /** Neighbouring taps per entry. */
  readonly taps: number;
  /** Addresses of the first entry and behind the last. */
  readonly table: number;
  readonly tableEnd: number;
}

/** Emits the table: byte offsets from the input's place at the output's row and column times the stride. */
export function emitTapTable(context: KernelContext, { input, kernel, padding }: Conv2dShape): TapTable {
  // One entry per filter row if its taps can be unrolled; one per tap for larger filters.
  const taps = kernel * ROWS * PLACE_VECTORS <= LARGEST_BODY ? kernel : 1;
  const offsets: number[] = [];
  for (let channel = 0; channel < input.channels; channel++) {
    for (let row = 0; row < kernel; row++) {
      for (let column = 0; column < kernel; column += taps) {
        offsets.push(placeOffset(input, channel, row - padding, column - padding));
      }
    }
  }
  const table = context.data.table(offsets);
  return { taps, table, tableEnd: table + offsets.length * 4 };
}
