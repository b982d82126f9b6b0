import { type FunctionBuilder, i32, type Local, type Value } from "./assembler/index.js";
import {
  conv2dWorkspaceBytes,
  emitActivation,
  emitConv2d,
  emitDropout,
  emitLinear,
  emitPool2d,
  emitReduction,
  FLOAT_BYTES,
  type KernelContext,
  LINEAR_BLOCK_ROWS,
  linearRowBlocks,
  paddedFeatures,
  roundUp,
  TILE_SAMPLES,
  VECTOR_BYTES,
} from "./kernels/index.js";
import type { ParameterLayout, StoredParameter } from "./parameterStore.js";
import type { Stage } from "./stages.js";

/** Where a stage's tensors are while one tile passes through it. */
export interface TilePointers {
  readonly tile: Local<"i32">;
  readonly x: Value<"i32">;
  readonly y: Value<"i32">;
  readonly dx: Value<"i32">;
  readonly dy: Value<"i32">;
  readonly mask: Value<"i32">;
  /** The thread's memory for kernels that need some for themselves. */
  readonly workspace: Value<"i32">;
  readonly dropoutKeys: number;
  /** Address of the arena of the weights. */
  readonly weights: number;
  /** The tile's places in the stage's memory for the whole batch. */
  readonly inBatch: readonly Value<"i32">[];
}

/** What a thread's part of a parameter's gradient is emitted with. */
export interface TaskPointers {
  /** Units from … to, of those that the task is divided into. */
  readonly first: Value<"i32">;
  readonly end: Value<"i32">;
  readonly tiles: Local<"i32">;
  readonly gradient: Value<"i32">;
  /** The stage's memory for the whole batch. */
  readonly batch: readonly number[];
}

/** The gradient of one parameter over a batch, divisible between threads without changing a bit. */
export interface ParameterTask {
  readonly parameter: StoredParameter;
  readonly units: number;
  /** Bytes of the parameter that a unit covers. */
  readonly unitBytes: number;
  emit(code: FunctionBuilder, pointers: TaskPointers): void;
}

/** A stage's kernels, ready to be called. */
export interface StageCode {
  /** Bytes a tile of the memory that a stage keeps for the whole batch. */
  readonly batchBytes: readonly number[];
  /** Bytes of a thread's memory that its kernels need for themselves, each for as long as it runs. */
  readonly workspaceBytes: number;
  forward(code: FunctionBuilder, at: TilePointers): void;
  backward(code: FunctionBuilder, at: TilePointers, needsInputGradient: boolean): void;
  readonly tasks: readonly ParameterTask[];
}

/** Emits a stage's kernels. */
export function emitStage(context: KernelContext, stage: Stage, layout: ParameterLayout): StageCode {
  const name = stage.layer.label;
  const [weight, bias] = stage.layer.parameters.map((spec) => layout.parameters.get(spec.name)!);
  switch (stage.type) {
    case "conv2d": {
      const kernels = emitConv2d(context, name, stage.shape);
      const biasShare = roundUp(weight.bytes, VECTOR_BYTES);
      const shareBytes = biasShare + roundUp(bias.bytes, VECTOR_BYTES);
      const reduce = emitReduction(context, `${name}.reduce`, shareBytes);
      const reduction = (parameter: StoredParameter, share: number): ParameterTask => ({
        parameter,
        units: parameter.bytes / VECTOR_BYTES,
        unitBytes: VECTOR_BYTES,
        emit: (code, { first, end, tiles, gradient, batch }) => {
          code.call(reduce, batch[0] + share, tiles, gradient, first, end);
        },
      });
      return {
        batchBytes: [shareBytes],
        workspaceBytes: conv2dWorkspaceBytes(stage.shape),
        forward: (code, { x, y, weights, workspace }) => {
          code.call(kernels.forward, x, weights + weight.offset, weights + bias.offset, y, workspace);
        },
        backward: (code, { x, dx, dy, weights, workspace, inBatch: [share] }, needsInputGradient) => {
          code.call(kernels.backwardWeight, x, dy, share, workspace);
          code.call(kernels.backwardBias, dy, i32.add(share, biasShare));
          if (needsInputGradient) code.call(kernels.backwardInput, dy, weights + weight.offset, dx, workspace);
        },
        tasks: [reduction(weight, 0), reduction(bias, biasShare)],
      };
    }
    case "linear": {
      const kernels = emitLinear(context, name, stage.shape);
      const inBytes = TILE_SAMPLES * paddedFeatures(stage.shape.inFeatures) * FLOAT_BYTES;
      const outBytes = TILE_SAMPLES * paddedFeatures(stage.shape.outFeatures) * FLOAT_BYTES;
      return {
        batchBytes: [inBytes, outBytes],
        workspaceBytes: 0,
        forward: (code, { x, y, weights }) => {
          code.call(kernels.forward, x, weights + weight.offset, weights + bias.offset, y);
        },
        backward: (code, { x, dx, dy, weights, inBatch: [inputs, gradients] }, needsInputGradient) => {
          code.call(kernels.transposeInput, x, inputs);
          code.call(kernels.transposeGradient, dy, gradients);
          if (needsInputGradient) code.call(kernels.backwardInput, dy, weights + weight.offset, dx);
        },
        tasks: [
          {
            parameter: weight,
            units: linearRowBlocks(stage.shape),
            unitBytes: LINEAR_BLOCK_ROWS * weight.paddedRowFloats * FLOAT_BYTES,
            emit: (code, { first, end, tiles, gradient, batch: [inputs, gradients] }) => {
              const samples = i32.mul(tiles, TILE_SAMPLES);
              code.call(kernels.backwardWeight, inputs, gradients, samples, gradient, first, end);
            },
          },
          {
            parameter: bias,
            units: bias.bytes / VECTOR_BYTES,
            unitBytes: VECTOR_BYTES,
            emit: (code, { first, end, tiles, gradient, batch: [, gradients] }) => {
              const samples = i32.mul(tiles, TILE_SAMPLES);
              code.call(kernels.backwardBias, gradients, samples, gradient, first, end);
            },
          },
        ],
      };
    }
    case "pool2d": {
      const kernels = emitPool2d(context, name, stage.shape);
      return {
        batchBytes: [],
        workspaceBytes: 0,
        forward: (code, { x, y }) => code.call(kernels.forward, x, y),
        backward: (code, { x, y, dx, dy }) => code.call(kernels.backward, x, y, dy, dx),
        tasks: [],
      };
    }
    case "activation": {
      const kernels = emitActivation(context, name, stage.shape);
      return {
        batchBytes: [],
        workspaceBytes: 0,
        forward: (code, { x, y }) => code.call(kernels.forward, x, y),
        backward: (code, { y, dx, dy }) => code.call(kernels.backward, y, dy, dx),
        tasks: [],
      };
    }
    case "dropout": {
      const kernels = emitDropout(context, name, stage.shape);
      return {
        batchBytes: [],
        workspaceBytes: 0,
        forward: (code, { x, y, mask, dropoutKeys, tile }) => {
          code.call(kernels.forward, x, mask, y, i32.load(dropoutKeys), i32.load(dropoutKeys + 4), tile);
        },
        backward: (code, { dx, dy, mask }) => code.call(kernels.backward, mask, dy, dx),
        tasks: [],
      };
    }
  }
}
