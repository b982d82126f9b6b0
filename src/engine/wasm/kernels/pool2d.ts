import { type FunctionBuilder, type FunctionHandle, f32x4, type Local, type Value, v128 } from "../assembler/index.js";
import { ACTIVATIONS, type ActivationKind } from "./activation.js";
import { type KernelContext, ZERO } from "./context.js";
import {
  channelBytes,
  type Layout,
  PLACE_BYTES,
  PLACE_VECTORS,
  placeOffset,
  rowBytes,
  VECTOR_BYTES,
} from "./layout.js";

/** Pooling over one tile, on its own or with the activation before it fused in. The input has no border. */
export interface Pool2dShape {
  readonly kind: "average" | "max";
  readonly kernel: number;
  readonly stride: number;
  readonly input: Layout;
  readonly output: Layout;
  /**
   * The activation to apply to the input first; see `canFuse`. Average pooling then replaces the input by the activated
   * values, and the backward kernel may write the gradient over them (dx = x).
   */
  readonly activation?: ActivationKind;
}

export interface Pool2dKernels {
  /** (x, y) */
  readonly forward: FunctionHandle;
  /** (x, y, dy, dx): x and y as the forward kernel left them; dy and dx without border */
  readonly backward: FunctionHandle;
}

/** Whether the windows cover every place of the input exactly once. */
function windowsTile({ kernel, stride, input, output }: Omit<Pool2dShape, "activation">): boolean {
  return stride === kernel && output.height * kernel === input.height && output.width * kernel === input.width;
}

/**
 * Whether an activation may be fused into a pooling: the windows must tile the input; and the largest activated value
 * must be the activated largest value to the bit, which of the monotone activations only ReLU guarantees.
 */
export function canFuse(activation: ActivationKind, shape: Omit<Pool2dShape, "activation">): boolean {
  return windowsTile(shape) && (shape.kind === "average" || activation === "relu");
}

/** Emits the kernels of a pooling layer. */
export function emitPool2d(context: KernelContext, name: string, shape: Pool2dShape): Pool2dKernels {
  const emit = shape.kind === "average" ? emitAverage : emitMax;
  return emit(context, name, shape);
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

/** Stores a window's gradients one by one; added to what is there where windows overlap or leave gaps. */
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

function emitAverage(context: KernelContext, name: string, shape: Pool2dShape): Pool2dKernels {
  const offsets = windowOffsets(shape);
  const share = context.data.splat(1 / offsets.length);
  const activation = shape.activation && ACTIVATIONS[shape.activation];
  const bare = { ...shape.output, border: 0 };
  return {
    forward: context.module.function(
      `${name}.forward`,
      { x: "i32", y: "i32" },
      (code, { x, y }) => {
        const sum = code.local("v128");
        forEachWindow(code, shape, [x], [{ pointer: y, layout: shape.output }], () => {
          const inputs = offsets.map((offset) => v128.load(x, offset));
          const values = (activation?.forward(context, code, inputs) ?? inputs).map((value) =>
            code.local("v128", value),
          );
          values.forEach((value, place) => {
            if (activation) code.store(x, value, offsets[place]);
            code.set(sum, place === 0 ? value : f32x4.add(sum, value));
          });
          code.store(y, f32x4.mul(sum, share));
        });
      },
      { exported: true },
    ),
    backward: context.module.function(
      `${name}.backward`,
      { x: "i32", y: "i32", dy: "i32", dx: "i32" },
      (code, { x, dy, dx }) => {
        const each = code.local("v128");
        const gradients = gradientStore(code, shape, dx);
        gradients.clear();
        forEachWindow(code, shape, [x, dx], [{ pointer: dy, layout: bare }], () => {
          code.set(each, f32x4.mul(v128.load(dy), share));
          for (const offset of offsets) {
            const gradient = activation ? activation.backward(context, code, v128.load(x, offset), each) : each;
            gradients.store(gradient, offset);
          }
        });
      },
      { exported: true },
    ),
  };
}

function emitMax(context: KernelContext, name: string, shape: Pool2dShape): Pool2dKernels {
  const offsets = windowOffsets(shape);
  const rectified = shape.activation === "relu";
  const bare = { ...shape.output, border: 0 };
  return {
    forward: context.module.function(
      `${name}.forward`,
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
    ),
    // The gradient goes to the first of equal largest values, as in PyTorch.
    backward: context.module.function(
      `${name}.backward`,
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
    ),
  };
}
