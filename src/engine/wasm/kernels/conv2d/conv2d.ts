import type { Conv2dLayer } from "../../../../model/index.js";
import { type FunctionHandle, f32x4, i32, v128 } from "../../assembler/index.js";
import { largestDivisor } from "../blocks.js";
import { horizontalSum, type KernelContext, ZERO } from "../context.js";
import type { KernelCall, LayerKernels, PlacedLayer, TilePointers, TrainingKernels } from "../layerKernels.js";
import { FLOAT_BYTES, PLACE_BYTES, PLACE_VECTORS, VECTOR_BYTES } from "../layout.js";
import { emitGradientShares } from "../reduction.js";
import { direct, directGradients } from "./direct.js";
import type { Conv2dShape } from "./shape.js";
import { emitSingleConv2d, emitSingleConv2dGradients } from "./single.js";
import { fastestTile, winograd, winogradGradients } from "./winograd.js";

/** A convolution: Winograd's filtering where it is faster, otherwise direct. */
export const conv2d: LayerKernels<Conv2dLayer> = {
  inputBorder: ({ padding }) => padding,
  backwardIgnoresOutput: true,
  emit(context, placed) {
    const { label, multiplyAdds } = placed.described;
    const [weight, bias] = placed.parameters;
    const shape = shapeOf(placed);
    const tile = fastestTile(shape);
    const method = tile === undefined ? direct : winograd(tile);
    return {
      workspaceBytes: method.workspaceBytes(shape),
      keptBytes: method.keptBytes(shape),
      forward: [
        {
          kernel: method.emitForward(context, label, shape),
          operands: ({ x, y, weights, workspace, kept }) => [
            x,
            weights + weight.offset,
            weights + bias.offset,
            y,
            workspace,
            kept,
          ],
          multiplyAdds,
        },
      ],
    };
  },
  single: {
    takesActivation: true,
    emit: (context, name, placed, { activation }) =>
      emitSingleConv2d(context, name, shapeOf(placed), placed, activation),
  },
};

/** The gradients of a convolution. */
export const conv2dTraining: TrainingKernels<Conv2dLayer> = {
  emit(context, placed, code) {
    const { label, multiplyAdds } = placed.described;
    const [weight, bias] = placed.parameters;
    const shape = shapeOf(placed);
    const tile = fastestTile(shape);
    const method = tile === undefined ? directGradients : winogradGradients(tile);
    const backwardBias = emitBackwardBias(context, label, shape);
    const backwardInput = method.emitBackwardInput(context, label, shape);
    const backwardWeight = method.emitBackwardWeight(context, label, shape);
    const shares = emitGradientShares(context, label, [weight, bias]);
    const disconnect = emitDisconnect(context, `${label}.disconnect`, placed);
    return {
      ...code,
      batchBytes: [shares.bytes],
      parameterGradients: [
        {
          kernel: backwardWeight,
          operands: ({ x, dy, workspace, kept, inBatch: [share] }) => [x, dy, share, workspace, kept],
          multiplyAdds,
        },
        ...disconnect,
        { kernel: backwardBias, operands: ({ dy, inBatch: [share] }) => [dy, i32.add(share, shares.offsets[1])] },
      ],
      inputGradient: [
        {
          kernel: backwardInput,
          operands: ({ dx, dy, weights, workspace }) => [dy, weights + weight.offset, dx, workspace],
          multiplyAdds,
        },
      ],
      tasks: shares.tasks,
    };
  },
  single(context, name, placed, code, { sparse }) {
    const gradients = emitSingleConv2dGradients(context, name, shapeOf(placed), placed, sparse);
    const disconnect = emitDisconnect(context, `${name}.disconnect`, placed);
    return { ...code, ...gradients, parameterGradients: [...gradients.parameterGradients, ...disconnect] };
  },
};

function shapeOf({ described, input, output }: PlacedLayer<Conv2dLayer>): Conv2dShape {
  const { kernel, stride, padding } = described.layer;
  return { kernel, stride, padding, input, output };
}

/**
 * The call that zeroes the gradients of weights that are not connected, so that these stay zero; none if all are. The
 * other kernels compute them as if they were.
 */
function emitDisconnect(
  context: KernelContext,
  name: string,
  { described }: PlacedLayer<Conv2dLayer>,
): KernelCall<TilePointers>[] {
  const { kernel, connections } = described.layer;
  if (!connections) return [];
  const channelFilterBytes = kernel * kernel * FLOAT_BYTES;
  const zeroes = context.module.function(name, { dWeight: "i32" }, (code, { dWeight }) => {
    for (const inputs of connections) {
      for (let channel = 0; channel < described.input[0]; channel++) {
        if (!inputs.includes(channel)) code.zeroMemory(dWeight, channelFilterBytes);
        code.increase(dWeight, channelFilterBytes);
      }
    }
  });
  return [{ kernel: zeroes, operands: ({ inBatch: [share] }) => [share] }];
}

/** Sums that the bias gradient is gathered in: enough to add two vectors a cycle. */
const BIAS_SUMS = 8;

/**
 * Emits (dy, dBias): dBias[channel] = the sum of dy over the places and samples of the tile; several sums at once, for
 * their latency.
 */
function emitBackwardBias(context: KernelContext, name: string, { output }: Conv2dShape): FunctionHandle {
  const places = output.height * output.width;
  const placesAtOnce = largestDivisor(places, BIAS_SUMS / PLACE_VECTORS);
  return context.module.function(
    `${name}.backwardBias`,
    { dy: "i32", dBias: "i32" },
    (code, { dy, dBias }) => {
      const sums = Array.from({ length: placesAtOnce * PLACE_VECTORS }, () => code.local("v128"));
      code.repeat(output.channels, () => {
        for (const sum of sums) code.set(sum, ZERO);
        code.repeat(places / placesAtOnce, () => {
          sums.forEach((sum, vector) => {
            code.set(sum, f32x4.add(sum, v128.load(dy, vector * VECTOR_BYTES)));
          });
          code.increase(dy, placesAtOnce * PLACE_BYTES);
        });
        const [first, ...rest] = sums;
        for (const sum of rest) code.set(first, f32x4.add(first, sum));
        code.store(dBias, horizontalSum(code, first));
        code.increase(dBias, FLOAT_BYTES);
      });
    },
    { exported: true },
  );
}
