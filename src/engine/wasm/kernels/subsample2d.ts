import type { Subsample2dLayer } from "../../../model/index.js";
import {
  type FunctionBuilder,
  type FunctionHandle,
  f32x4,
  i32,
  type Local,
  type Value,
  v128,
} from "../assembler/index.js";
import { horizontalSum, type KernelContext, multiplyAdd, ZERO } from "./context.js";
import type { ActivationKind, LayerKernels, PassCode, PlacedLayer, TrainingKernels } from "./layerKernels.js";
import {
  channelBytes,
  FLOAT_BYTES,
  type Layout,
  PLACE_BYTES,
  PLACE_VECTORS,
  placeOffset,
  rowBytes,
  VECTOR_BYTES,
  VECTOR_LANES,
} from "./layout.js";
import { emitGradientShares } from "./reduction.js";
import { columnStarts, loadWithoutRepeated, storeActivated } from "./singleSample.js";

/** Windows that tile an input without border. */
interface SubsampleShape {
  readonly kernel: number;
  readonly input: Layout;
  readonly output: Layout;
}

/** The kernels of the gradients of a tile or of a single sample. */
interface SubsampleGradients {
  /** (x, dy, dWeight, dBias) */
  readonly backwardParameters: FunctionHandle;
  /** (dy, weight, dx) */
  readonly backwardInput: FunctionHandle;
}

/** Trainable subsampling: y = weight · the sum of the window + bias, with one weight and bias for each channel. */
export const subsample2d: LayerKernels<Subsample2dLayer> = {
  backwardIgnoresOutput: true,
  emit: (context, placed) => forwardCode(placed, emitForward(context, placed.described.label, shapeOf(placed))),
  single: {
    takesActivation: true,
    emit: (context, name, placed, { activation }) => {
      const shape = shapeOf(placed);
      // Windows of 2 × 2 take even and odd columns apart.
      if (shape.kernel !== 2 || shape.output.width < VECTOR_LANES) return undefined;
      return forwardCode(placed, emitSingleForward(context, name, shape, activation));
    },
  },
};

/** The gradients of subsampling. */
export const subsample2dTraining: TrainingKernels<Subsample2dLayer> = {
  emit(context, placed, code) {
    const { label } = placed.described;
    const gradients = gradientCode(placed, emitGradients(context, label, shapeOf(placed)));
    const shares = emitGradientShares(context, label, placed.parameters);
    return { ...code, ...gradients, batchBytes: [shares.bytes], tasks: shares.tasks };
  },
  single: (context, name, placed, code) => ({
    ...code,
    ...gradientCode(placed, emitSingleGradients(context, name, shapeOf(placed))),
  }),
};

function shapeOf({ described, input, output }: PlacedLayer<Subsample2dLayer>): SubsampleShape {
  return { kernel: described.layer.kernel, input, output };
}

/** @param kernel (x, weight, bias, y) */
function forwardCode(
  { parameters: [weight, bias] }: Pick<PlacedLayer, "parameters">,
  kernel: FunctionHandle,
): PassCode {
  return {
    forward: [{ kernel, operands: ({ x, y, weights }) => [x, weights + weight.offset, weights + bias.offset, y] }],
  };
}

function gradientCode(
  { parameters: [weight] }: Pick<PlacedLayer, "parameters">,
  { backwardParameters, backwardInput }: SubsampleGradients,
): Pick<PassCode, "parameterGradients" | "inputGradient"> {
  return {
    parameterGradients: [
      {
        kernel: backwardParameters,
        operands: ({ x, dy, inBatch: [share] }) => [x, dy, share, i32.add(share, weight.bytes)],
      },
    ],
    inputGradient: [{ kernel: backwardInput, operands: ({ dx, dy, weights }) => [dy, weights + weight.offset, dx] }],
  };
}

/** What a walk over the windows has for each channel. */
interface ChannelWalk {
  readonly start?: () => void;
  readonly end?: () => void;
}

/** Runs the body for every vector of a tile's output, with the pointers at the window and at the output. */
function forEachWindow(
  code: FunctionBuilder,
  { kernel, output, input }: SubsampleShape,
  window: Local<"i32">,
  place: Local<"i32">,
  placeLayout: Layout,
  body: () => void,
  { start, end }: ChannelWalk,
): void {
  code.increase(place, placeOffset(placeLayout, 0, 0, 0));
  code.repeat(output.channels, () => {
    start?.();
    code.repeat(output.height, () => {
      code.repeat(output.width, () => {
        code.repeat(PLACE_VECTORS, () => {
          body();
          code.increase(window, VECTOR_BYTES);
          code.increase(place, VECTOR_BYTES);
        });
        code.increase(window, (kernel - 1) * PLACE_BYTES);
      });
      code.increase(window, (kernel - 1) * rowBytes(input));
      code.increase(place, rowBytes(placeLayout) - output.width * PLACE_BYTES);
    });
    code.increase(place, channelBytes(placeLayout) - output.height * rowBytes(placeLayout));
    end?.();
  });
}

/** Byte offsets of a window's places from its first, row by row. */
function windowOffsets({ kernel, input }: SubsampleShape): number[] {
  return Array.from({ length: kernel * kernel }, (_, place) => {
    return Math.floor(place / kernel) * rowBytes(input) + (place % kernel) * PLACE_BYTES;
  });
}

function emitWindowSum(code: FunctionBuilder, offsets: readonly number[], sum: Local<"v128">, window: Local<"i32">) {
  offsets.forEach((offset, place) => {
    const value = v128.load(window, offset);
    code.set(sum, place === 0 ? value : f32x4.add(sum, value));
  });
}

function emitForward(context: KernelContext, name: string, shape: SubsampleShape): FunctionHandle {
  const offsets = windowOffsets(shape);
  return context.module.function(
    `${name}.forward`,
    { x: "i32", weight: "i32", bias: "i32", y: "i32" },
    (code, { x, weight, bias, y }) => {
      const [sum, coefficient, constant] = [code.local("v128"), code.local("v128"), code.local("v128")];
      const body = () => {
        emitWindowSum(code, offsets, sum, x);
        code.store(y, multiplyAdd(context, coefficient, sum, constant));
      };
      forEachWindow(code, shape, x, y, shape.output, body, {
        start: () => {
          code.set(coefficient, v128.load32Splat(weight));
          code.set(constant, v128.load32Splat(bias));
          code.increase(weight, FLOAT_BYTES);
          code.increase(bias, FLOAT_BYTES);
        },
      });
    },
    { exported: true },
  );
}

function emitGradients(context: KernelContext, name: string, shape: SubsampleShape): SubsampleGradients {
  const offsets = windowOffsets(shape);
  // A tile's gradients have no border.
  const bare = { ...shape.output, border: 0 };
  const backwardParameters = context.module.function(
    `${name}.backwardParameters`,
    { x: "i32", dy: "i32", dWeight: "i32", dBias: "i32" },
    (code, { x, dy, dWeight, dBias }) => {
      const sum = code.local("v128");
      const totals = new Totals(context, code, dWeight, dBias);
      const body = () => {
        emitWindowSum(code, offsets, sum, x);
        totals.add(sum, v128.load(dy));
      };
      forEachWindow(code, shape, x, dy, bare, body, { start: () => totals.clear(), end: () => totals.store() });
    },
    { exported: true },
  );
  const backwardInput = context.module.function(
    `${name}.backwardInput`,
    { dy: "i32", weight: "i32", dx: "i32" },
    (code, { dy, weight, dx }) => {
      const [coefficient, gradient] = [code.local("v128"), code.local("v128")];
      const body = () => {
        code.set(gradient, f32x4.mul(coefficient, v128.load(dy)));
        for (const offset of offsets) code.store(dx, gradient, offset);
      };
      forEachWindow(code, shape, dx, dy, bare, body, {
        start: () => {
          code.set(coefficient, v128.load32Splat(weight));
          code.increase(weight, FLOAT_BYTES);
        },
      });
    },
    { exported: true },
  );
  return { backwardParameters, backwardInput };
}

/** The gradients of one channel's weight and bias. */
class Totals {
  private readonly context: KernelContext;
  private readonly code: FunctionBuilder;
  private readonly pointers: readonly Local<"i32">[];
  private readonly sums: readonly Local<"v128">[];
  private readonly gradient: Local<"v128">;

  constructor(context: KernelContext, code: FunctionBuilder, dWeight: Local<"i32">, dBias: Local<"i32">) {
    this.context = context;
    this.code = code;
    this.pointers = [dWeight, dBias];
    this.sums = [code.local("v128"), code.local("v128")];
    this.gradient = code.local("v128");
  }

  clear(): void {
    for (const sum of this.sums) this.code.set(sum, ZERO);
  }

  /** Adds the gradients of one vector of windows. */
  add(windows: Value<"v128">, gradient: Value<"v128">): void {
    const { code, context } = this;
    const [weight, bias] = this.sums;
    code.set(this.gradient, gradient);
    code.set(weight, multiplyAdd(context, this.gradient, windows, weight));
    code.set(bias, f32x4.add(bias, this.gradient));
  }

  /** Stores the sums and goes on to the next channel. */
  store(): void {
    this.pointers.forEach((pointer, index) => {
      this.code.store(pointer, horizontalSum(this.code, this.sums[index]));
      this.code.increase(pointer, FLOAT_BYTES);
    });
  }
}

/** Runs the body for every row of one sample's output, with the pointers at the first row of its windows and at the row. */
function forEachRow(
  code: FunctionBuilder,
  { input, output }: SubsampleShape,
  windows: Local<"i32">,
  row: Local<"i32">,
  body: () => void,
  { start, end }: ChannelWalk,
): void {
  code.increase(row, placeOffset(output, 0, 0, 0));
  code.repeat(output.channels, () => {
    start?.();
    code.repeat(output.height, () => {
      body();
      code.increase(windows, 2 * rowBytes(input));
      code.increase(row, rowBytes(output));
    });
    code.increase(row, channelBytes(output) - output.height * rowBytes(output));
    end?.();
  });
}

/** The sums of a vector of neighbouring windows. */
function emitSumAt(
  code: FunctionBuilder,
  { input }: SubsampleShape,
  windows: Local<"i32">,
  start: number,
): Value<"v128"> {
  const [low, high] = [0, VECTOR_BYTES].map((half) => {
    const offset = 2 * start * FLOAT_BYTES + half;
    return code.local("v128", f32x4.add(v128.load(windows, offset), v128.load(windows, offset + rowBytes(input))));
  });
  return f32x4.add(v128.shuffle32(low, high, [0, 2, 4, 6]), v128.shuffle32(low, high, [1, 3, 5, 7]));
}

function emitSingleForward(
  context: KernelContext,
  name: string,
  shape: SubsampleShape,
  activation: ActivationKind | undefined,
): FunctionHandle {
  const starts = columnStarts(shape.output.width);
  return context.module.function(
    `${name}.forward`,
    { x: "i32", weight: "i32", bias: "i32", y: "i32" },
    (code, { x, weight, bias, y }) => {
      const [coefficient, constant] = [code.local("v128"), code.local("v128")];
      const body = () => {
        const stores = starts.map((start) => ({
          value: code.local("v128", multiplyAdd(context, coefficient, emitSumAt(code, shape, x, start), constant)),
          pointer: y,
          offset: start * FLOAT_BYTES,
        }));
        storeActivated(context, code, activation, stores);
      };
      forEachRow(code, shape, x, y, body, {
        start: () => {
          code.set(coefficient, v128.load32Splat(weight));
          code.set(constant, v128.load32Splat(bias));
          code.increase(weight, FLOAT_BYTES);
          code.increase(bias, FLOAT_BYTES);
        },
      });
    },
  );
}

function emitSingleGradients(context: KernelContext, name: string, shape: SubsampleShape): SubsampleGradients {
  const { input, output } = shape;
  const starts = columnStarts(output.width);
  const backwardParameters = context.module.function(
    `${name}.backwardParameters`,
    { x: "i32", dy: "i32", dWeight: "i32", dBias: "i32" },
    (code, { x, dy, dWeight, dBias }) => {
      const totals = new Totals(context, code, dWeight, dBias);
      const body = () => {
        starts.forEach((start, index) => {
          totals.add(emitSumAt(code, shape, x, start), loadWithoutRepeated(dy, output.width, index));
        });
      };
      forEachRow(code, shape, x, dy, body, { start: () => totals.clear(), end: () => totals.store() });
    },
  );
  const backwardInput = context.module.function(
    `${name}.backwardInput`,
    { dy: "i32", weight: "i32", dx: "i32" },
    (code, { dy, weight, dx }) => {
      const [coefficient, gradient] = [code.local("v128"), code.local("v128")];
      const body = () => {
        for (const start of starts) {
          code.set(gradient, f32x4.mul(coefficient, v128.load(dy, start * FLOAT_BYTES)));
          for (const row of [0, rowBytes(input)]) {
            const offset = 2 * start * FLOAT_BYTES + row;
            code.store(dx, v128.shuffle32(gradient, gradient, [0, 0, 1, 1]), offset);
            code.store(dx, v128.shuffle32(gradient, gradient, [2, 2, 3, 3]), offset + VECTOR_BYTES);
          }
        }
      };
      forEachRow(code, shape, dx, dy, body, {
        start: () => {
          code.set(coefficient, v128.load32Splat(weight));
          code.increase(weight, FLOAT_BYTES);
        },
      });
    },
  );
  return { backwardParameters, backwardInput };
}
