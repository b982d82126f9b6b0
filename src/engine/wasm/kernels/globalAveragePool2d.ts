import type { GlobalAveragePool2dLayer } from "../../../model/index.js";
import { type FunctionHandle, f32x4, v128 } from "../assembler/index.js";
import { type KernelContext, ZERO } from "./context.js";
import type { LayerKernels, TrainingKernels } from "./layerKernels.js";
import {
  channelBytes,
  type Layout,
  PLACE_BYTES,
  PLACE_VECTORS,
  placeOffset,
  rowBytes,
  VECTOR_BYTES,
} from "./layout.js";

/** The mean of each channel. */
export const globalAveragePool2d: LayerKernels<GlobalAveragePool2dLayer> = {
  emit(context, { described, input, output }) {
    const forward = emitForward(context, `${described.label}.forward`, input, output);
    return { forward: [{ kernel: forward, operands: ({ x, y }) => [x, y] }] };
  },
  backwardIgnoresOutput: true,
};

/** The gradient of the means. */
export const globalAveragePool2dTraining: TrainingKernels<GlobalAveragePool2dLayer> = {
  emit(context, { described, input }, code) {
    const backward = emitBackward(context, `${described.label}.backward`, input);
    return { ...code, inputGradient: [{ kernel: backward, operands: ({ dx, dy }) => [dy, dx] }] };
  },
};

/** Emits (x, y). Rows are summed by themselves first, which rounds less than one long sum. */
function emitForward(context: KernelContext, name: string, input: Layout, output: Layout): FunctionHandle {
  const share = context.data.splat(1 / (input.height * input.width));
  return context.module.function(
    name,
    { x: "i32", y: "i32" },
    (code, { x, y }) => {
      const place = code.local("i32");
      const row = code.local("v128");
      const total = code.local("v128");
      code.increase(x, placeOffset(input, 0, 0, 0));
      code.increase(y, placeOffset(output, 0, 0, 0));
      code.repeat(input.channels, () => {
        code.repeat(PLACE_VECTORS, () => {
          code.set(place, x);
          code.set(total, ZERO);
          code.repeat(input.height, () => {
            code.set(row, ZERO);
            code.repeat(input.width, () => {
              code.set(row, f32x4.add(row, v128.load(place)));
              code.increase(place, PLACE_BYTES);
            });
            code.set(total, f32x4.add(total, row));
            code.increase(place, rowBytes(input) - input.width * PLACE_BYTES);
          });
          code.store(y, f32x4.mul(total, share));
          code.increase(x, VECTOR_BYTES);
          code.increase(y, VECTOR_BYTES);
        });
        code.increase(x, channelBytes(input) - PLACE_BYTES);
        code.increase(y, channelBytes(output) - PLACE_BYTES);
      });
    },
    { exported: true },
  );
}

/** Emits (dy, dx), both without border: every place of a channel has the same share of its gradient. */
function emitBackward(context: KernelContext, name: string, { channels, height, width }: Layout): FunctionHandle {
  const share = context.data.splat(1 / (height * width));
  return context.module.function(
    name,
    { dy: "i32", dx: "i32" },
    (code, { dy, dx }) => {
      const gradients = Array.from({ length: PLACE_VECTORS }, () => code.local("v128"));
      code.repeat(channels, () => {
        gradients.forEach((gradient, vector) => {
          code.set(gradient, f32x4.mul(v128.load(dy, vector * VECTOR_BYTES), share));
        });
        code.repeat(height * width, () => {
          gradients.forEach((gradient, vector) => {
            code.store(dx, gradient, vector * VECTOR_BYTES);
          });
          code.increase(dx, PLACE_BYTES);
        });
        code.increase(dy, PLACE_BYTES);
      });
    },
    { exported: true },
  );
}
