import type { Pool2dLayer } from "../../../model/index.js";
import { type FunctionBuilder, type FunctionHandle, f32x4, type Local, type Value, v128 } from "../assembler/index.js";
import { ACTIVATIONS, DERIVATIVES } from "./activation.js";
import { type KernelContext, ZERO } from "./context.js";
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
import { columnStarts } from "./singleSample.js";

/** Pooling over one tile. A fused activation needs an input without border. */
interface Pool2dShape {
  readonly kernel: number;
  readonly stride: number;
  readonly input: Layout;
  readonly output: Layout;
}

/**
 * Emits a kernel of pooling over one tile. Forward, (x, y): average pooling with a fused activation replaces x by the
 * activated values. Backward, (x, y, dy, dx): x and y as the forward kernel left them; dy and dx without border; dx may be
 * x if fused.
 */
type EmitPooling = (
  context: KernelContext,
  name: string,
  shape: Pool2dShape,
  fused: ActivationKind | undefined,
) => FunctionHandle;

/** The average of every window. */
export const averagePool2d: LayerKernels<Pool2dLayer> = {
  emit: (context, placed, fused) => emitPooling(context, placed, fused, emitAverage),
  single: { emit: (context, name, placed) => emitSinglePooling(context, name, placed, "average") },
  backwardIgnoresOutput: true,
  fusesActivation: (_activation, layer, input, output) => windowsTile({ ...layer, input, output }),
};

/** The gradient of averages. */
export const averagePool2dTraining: TrainingKernels<Pool2dLayer> = {
  emit: (context, placed, code, fused) => ({
    ...code,
    inputGradient: emitPoolingGradient(context, placed, fused, emitAverageBackward),
  }),
  single: (context, name, placed, code) => ({
    ...code,
    inputGradient: emitSinglePoolingGradient(context, name, placed, "average"),
  }),
};

/** The largest value of every window. */
export const maxPool2d: LayerKernels<Pool2dLayer> = {
  emit: (context, placed, fused) => emitPooling(context, placed, fused, emitMax),
  single: { emit: (context, name, placed) => emitSinglePooling(context, name, placed, "max") },
  // The largest activated value must be the activated largest value to the bit: of the monotone activations, only ReLU
  // guarantees that.
  fusesActivation: (activation, layer, input, output) =>
    activation === "relu" && windowsTile({ ...layer, input, output }),
};

/** The gradient of largest values. */
export const maxPool2dTraining: TrainingKernels<Pool2dLayer> = {
  emit: (context, placed, code, fused) => ({
    ...code,
    inputGradient: emitPoolingGradient(context, placed, fused, emitMaxBackward),
  }),
  single: (context, name, placed, code) => ({
    ...code,
    inputGradient: emitSinglePoolingGradient(context, name, placed, "max"),
  }),
};

type PoolingKind = "average" | "max";

function emitPooling(
  context: KernelContext,
  placed: PlacedLayer<Pool2dLayer>,
  fused: ActivationKind | undefined,
  emit: EmitPooling,
): PassCode {
  const forward = emit(context, `${placed.described.label}.forward`, shapeOf(placed), fused);
  return { forward: [{ kernel: forward, operands: ({ x, y }) => [x, y] }] };
}

function emitPoolingGradient(
  context: KernelContext,
  placed: PlacedLayer<Pool2dLayer>,
  fused: ActivationKind | undefined,
  emit: EmitPooling,
): PassCode["inputGradient"] {
  const backward = emit(context, `${placed.described.label}.backward`, shapeOf(placed), fused);
  return [{ kernel: backward, operands: ({ x, y, dx, dy }) => [x, y, dy, dx] }];
}

function emitSinglePooling(
  context: KernelContext,
  name: string,
  placed: PlacedLayer<Pool2dLayer>,
  kind: PoolingKind,
): PassCode | undefined {
  const shape = shapeOf(placed);
  // Pooling of 2 × 2 takes even and odd columns apart.
  if (shape.kernel !== 2 || shape.stride !== 2 || shape.output.width < VECTOR_LANES) return undefined;
  const forward = emitSingleForward(context, `${name}.forward`, kind, shape);
  return { forward: [{ kernel: forward, operands: ({ x, y }) => [x, y] }] };
}

function emitSinglePoolingGradient(
  context: KernelContext,
  name: string,
  placed: PlacedLayer<Pool2dLayer>,
  kind: PoolingKind,
): PassCode["inputGradient"] {
  const backward = emitSingleBackward(context, `${name}.backward`, kind, shapeOf(placed));
  return [{ kernel: backward, operands: ({ x, y, dx, dy }) => [x, y, dy, dx] }];
}

function shapeOf({ described: { layer }, input, output }: PlacedLayer<Pool2dLayer>): Pool2dShape {
  return { kernel: layer.kernel, stride: layer.stride, input, output };
}

/** Whether the windows cover every place of the input exactly once. */
function windowsTile({ kernel, stride, input, output }: Pool2dShape): boolean {
  return stride === kernel && output.height * kernel === input.height && output.width * kernel === input.width;
}

/** Byte offsets of a window's places from its first, row by row. */
function windowOffsets({ input, kernel }: Pool2dShape): number[] {
  return Array.from({ length: kernel * kernel }, (_, place) => {
    return Math.floor(place / kernel) * rowBytes(input) + (place % kernel) * PLACE_BYTES;
  });
}

interface Followed {
  readonly pointer: Local<"i32">;
  readonly layout: Layout;
}

/** Runs the body for every vector of the output, with the window pointers at the window and the others at the output. */
function forEachWindow(
  code: FunctionBuilder,
  { input, output, stride }: Pool2dShape,
  windows: readonly Local<"i32">[],
  outputs: readonly Followed[],
  body: () => void,
): void {
  const advance = (windowBytes: number, outputBytes: (layout: Layout) => number) => {
    for (const window of windows) code.increase(window, windowBytes);
    for (const { pointer, layout } of outputs) code.increase(pointer, outputBytes(layout));
  };
  advance(0, (layout) => placeOffset(layout, 0, 0, 0));
  code.repeat(output.channels, () => {
    code.repeat(output.height, () => {
      code.repeat(output.width, () => {
        code.repeat(PLACE_VECTORS, () => {
          body();
          advance(VECTOR_BYTES, () => VECTOR_BYTES);
        });
        advance((stride - 1) * PLACE_BYTES, () => 0);
      });
      advance(
        stride * rowBytes(input) - output.width * stride * PLACE_BYTES,
        (layout) => rowBytes(layout) - output.width * PLACE_BYTES,
      );
    });
    advance(
      channelBytes(input) - output.height * stride * rowBytes(input),
      (layout) => channelBytes(layout) - output.height * rowBytes(layout),
    );
  });
}

/** Stores a window's gradients one by one; adds them up if windows overlap or leave gaps. */
function gradientStore(code: FunctionBuilder, shape: Pool2dShape, dx: Local<"i32">) {
  const overwrite = windowsTile(shape);
  return {
    clear: () => {
      if (!overwrite) code.zeroMemory(dx, shape.input.channels * channelBytes(shape.input));
    },
    store: (gradient: Value<"v128">, offset: number) => {
      code.store(dx, overwrite ? gradient : f32x4.add(v128.load(dx, offset), gradient), offset);
    },
  };
}

function emitAverage(
  context: KernelContext,
  name: string,
  shape: Pool2dShape,
  fused: ActivationKind | undefined,
): FunctionHandle {
  const offsets = windowOffsets(shape);
  const share = context.data.splat(1 / offsets.length);
  const activate = fused && ACTIVATIONS[fused];
  return context.module.function(
    name,
    { x: "i32", y: "i32" },
    (code, { x, y }) => {
      const sum = code.local("v128");
      forEachWindow(code, shape, [x], [{ pointer: y, layout: shape.output }], () => {
        const inputs = offsets.map((offset) => v128.load(x, offset));
        const values = (activate?.(context, code, inputs) ?? inputs).map((value) => code.local("v128", value));
        values.forEach((value, place) => {
          if (activate) code.store(x, value, offsets[place]);
          code.set(sum, place === 0 ? value : f32x4.add(sum, value));
        });
        code.store(y, f32x4.mul(sum, share));
      });
    },
    { exported: true },
  );
}

function emitAverageBackward(
  context: KernelContext,
  name: string,
  shape: Pool2dShape,
  fused: ActivationKind | undefined,
): FunctionHandle {
  const offsets = windowOffsets(shape);
  const share = context.data.splat(1 / offsets.length);
  const derivative = fused && DERIVATIVES[fused];
  const bare = { ...shape.output, border: 0 };
  return context.module.function(
    name,
    { x: "i32", y: "i32", dy: "i32", dx: "i32" },
    (code, { x, dy, dx }) => {
      const each = code.local("v128");
      const gradients = gradientStore(code, shape, dx);
      gradients.clear();
      forEachWindow(code, shape, [x, dx], [{ pointer: dy, layout: bare }], () => {
        code.set(each, f32x4.mul(v128.load(dy), share));
        for (const offset of offsets) {
          const gradient = derivative?.(context, code, v128.load(x, offset), each) ?? each;
          gradients.store(gradient, offset);
        }
      });
    },
    { exported: true },
  );
}

function emitMax(
  context: KernelContext,
  name: string,
  shape: Pool2dShape,
  fused: ActivationKind | undefined,
): FunctionHandle {
  const offsets = windowOffsets(shape);
  const rectified = fused === "relu";
  return context.module.function(
    name,
    { x: "i32", y: "i32" },
    (code, { x, y }) => {
      const largest = code.local("v128");
      forEachWindow(code, shape, [x], [{ pointer: y, layout: shape.output }], () => {
        offsets.forEach((offset, place) => {
          const value = v128.load(x, offset);
          const before = place === 0 ? (rectified ? ZERO : value) : largest;
          code.set(largest, f32x4.pmax(before, value));
        });
        code.store(y, largest);
      });
    },
    { exported: true },
  );
}

/** The gradient goes to the first of equal largest values, as in PyTorch. */
function emitMaxBackward(
  context: KernelContext,
  name: string,
  shape: Pool2dShape,
  fused: ActivationKind | undefined,
): FunctionHandle {
  const offsets = windowOffsets(shape);
  const rectified = fused === "relu";
  const bare = { ...shape.output, border: 0 };
  return context.module.function(
    name,
    { x: "i32", y: "i32", dy: "i32", dx: "i32" },
    (code, { x, y, dy, dx }) => {
      const largest = code.local("v128");
      const left = code.local("v128");
      const taken = code.local("v128");
      const gradients = gradientStore(code, shape, dx);
      gradients.clear();
      const outputs = [
        { pointer: y, layout: shape.output },
        { pointer: dy, layout: bare },
      ];
      forEachWindow(code, shape, [x, dx], outputs, () => {
        code.set(largest, v128.load(y));
        code.set(left, rectified ? v128.and(v128.load(dy), f32x4.gt(largest, ZERO)) : v128.load(dy));
        for (const offset of offsets) {
          code.set(taken, f32x4.eq(v128.load(x, offset), largest));
          gradients.store(v128.and(left, taken), offset);
          code.set(left, v128.andNot(left, taken));
        }
      });
    },
    { exported: true },
  );
}

/** Runs the body for every vector of one sample's output, with pointers at the rows and the column's byte offset. */
function forEachOutputVector(
  code: FunctionBuilder,
  { input, output }: Pool2dShape,
  windows: readonly Local<"i32">[],
  outputs: readonly Local<"i32">[],
  body: (columnBytes: number) => void,
): void {
  const advance = (windowBytes: number, outputBytes: number) => {
    for (const window of windows) code.increase(window, windowBytes);
    for (const pointer of outputs) code.increase(pointer, outputBytes);
  };
  advance(placeOffset(input, 0, 0, 0), placeOffset(output, 0, 0, 0));
  code.repeat(output.channels, () => {
    code.repeat(output.height, () => {
      for (const column of columnStarts(output.width)) body(column * FLOAT_BYTES);
      advance(2 * rowBytes(input), rowBytes(output));
    });
    advance(
      channelBytes(input) - output.height * 2 * rowBytes(input),
      channelBytes(output) - output.height * rowBytes(output),
    );
  });
}

/** Emits (x, y) for one sample. */
function emitSingleForward(
  context: KernelContext,
  name: string,
  kind: PoolingKind,
  shape: Pool2dShape,
): FunctionHandle {
  const share = context.data.splat(1 / 4);
  const combine = kind === "max" ? f32x4.pmax : f32x4.add;
  return context.module.function(name, { x: "i32", y: "i32" }, (code, { x, y }) => {
    const halves = [code.local("v128"), code.local("v128")];
    forEachOutputVector(code, shape, [x], [y], (columnBytes) => {
      halves.forEach((half, index) => {
        const offset = 2 * columnBytes + index * VECTOR_BYTES;
        code.set(half, combine(v128.load(x, offset), v128.load(x, offset + rowBytes(shape.input))));
      });
      const [even, odd] = evenAndOdd(halves);
      const combined = combine(even, odd);
      code.store(y, kind === "max" ? combined : f32x4.mul(combined, share), columnBytes);
    });
  });
}

/** Emits (x, y, dy, dx) for one sample. */
function emitSingleBackward(
  context: KernelContext,
  name: string,
  kind: PoolingKind,
  shape: Pool2dShape,
): FunctionHandle {
  const { input } = shape;
  const share = context.data.splat(1 / 4);
  return context.module.function(name, { x: "i32", y: "i32", dy: "i32", dx: "i32" }, (code, { x, y, dy, dx }) => {
    const left = code.local("v128");
    const largest = code.local("v128");
    const taken = code.local("v128");
    const halves = [code.local("v128"), code.local("v128")];
    const inputs = [code.local("v128"), code.local("v128")];
    const gradients = [code.local("v128"), code.local("v128")];
    if (!windowsTile(shape)) code.zeroMemory(dx, input.channels * channelBytes(input));
    forEachOutputVector(code, shape, [x, dx], [y, dy], (columnBytes) => {
      code.set(left, kind === "max" ? v128.load(dy, columnBytes) : f32x4.mul(v128.load(dy, columnBytes), share));
      code.set(largest, v128.load(y, columnBytes));
      for (const row of [0, rowBytes(input)]) {
        const offsets = [0, VECTOR_BYTES].map((half) => 2 * columnBytes + row + half);
        if (kind === "max") {
          // To the first of equal largest values, as in PyTorch.
          halves.forEach((half, index) => {
            code.set(half, v128.load(x, offsets[index]));
          });
          evenAndOdd(halves).forEach((places, index) => {
            code.set(inputs[index], places);
          });
          inputs.forEach((places, index) => {
            code.set(taken, f32x4.eq(places, largest));
            code.set(gradients[index], v128.and(left, taken));
            code.set(left, v128.andNot(left, taken));
          });
        }
        const [even, odd] = kind === "max" ? gradients : [left, left];
        code.store(dx, v128.shuffle32(even, odd, [0, 4, 1, 5]), offsets[0]);
        code.store(dx, v128.shuffle32(even, odd, [2, 6, 3, 7]), offsets[1]);
      }
    });
  });
}

/** The even and the odd columns of two neighbouring vectors. */
function evenAndOdd([low, high]: readonly Local<"v128">[]): [Value<"v128">, Value<"v128">] {
  return [v128.shuffle32(low, high, [0, 2, 4, 6]), v128.shuffle32(low, high, [1, 3, 5, 7])];
}
