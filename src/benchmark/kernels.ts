import { AUGMENTATIONS, drawTransformation, writeTransformation } from "../data/augmentation.js";
import type { OptimizerSettings } from "../engine/backend.js";
import { type FunctionHandle, ModuleBuilder, PAGE_BYTES } from "../engine/wasm/assembler/index.js";
import { hyperparameterValues, packHyperparameters } from "../engine/wasm/hyperparameters.js";
import {
  assemblyScratchBytes,
  conv2dWorkspaceBytes,
  emitActivation,
  emitAssembly,
  emitConv2d,
  emitCrossEntropy,
  emitDropout,
  emitLinear,
  emitOptimizer,
  emitPool2d,
  emitReduction,
  FLOAT_BYTES,
  HYPERPARAMETER_WORDS,
  type KernelContext,
  type Layout,
  linearRowBlocks,
  PLACEMENT_WORDS,
  paddedFeatures,
  roundUp,
  StaticData,
  TILE_SAMPLES,
  tileBytes,
  VECTOR_BYTES,
} from "../engine/wasm/kernels/index.js";
import { MemoryPlan } from "../engine/wasm/memoryPlan.js";
import { layoutParameters } from "../engine/wasm/parameterStore.js";
import { planStages, type Stage } from "../engine/wasm/stages.js";
import { classCount, inferShapes, type Model } from "../model/index.js";
import type { Task } from "./measure.js";

/** What the kernels are compiled with. */
export interface KernelOptions {
  /** A multiple of a tile's samples. */
  readonly batchSize: number;
  readonly fused: boolean;
  readonly optimizer: OptimizerSettings;
}

/** A kernel's whole work in one training step, on its own. */
export interface KernelTask extends Task {
  readonly name: string;
  /** Multiply-adds of one run; left out where a kernel does something else. */
  readonly multiplyAdds?: number;
}

/** How a kernel is called in one training step. */
interface Call {
  readonly kernel: FunctionHandle;
  readonly operands: readonly number[];
  readonly times: number;
  readonly multiplyAdds?: number;
}

/** The kernels of a model's training step, each as a task of its own on memory of its own. */
export function kernelTasks(model: Model, options: KernelOptions): KernelTask[] {
  const layers = inferShapes(model);
  const { stages, tensors } = planStages(layers, false);
  const firstLearning = stages.findIndex(({ layer }) => layer.parameters.length > 0);
  return [
    ...assemblyTasks(tensors[0].layout, options),
    ...stages.flatMap((stage, index) => stageTasks(stage, index > firstLearning, options)),
    ...crossEntropyTasks(classCount(layers), options),
    ...optimizerTasks(layoutParameters(layers).bytes, options),
  ];
}

function stageTasks(stage: Stage, needsInputGradient: boolean, options: KernelOptions): KernelTask[] {
  const name = stage.layer.label;
  const { batchSize } = options;
  const tiles = batchSize / TILE_SAMPLES;
  switch (stage.type) {
    case "conv2d": {
      const { input, output, kernel } = stage.shape;
      const filters = input.channels * kernel * kernel * output.channels;
      const weightBytes = roundUp(filters * FLOAT_BYTES, VECTOR_BYTES);
      const biasBytes = roundUp(output.channels * FLOAT_BYTES, VECTOR_BYTES);
      const shareBytes = weightBytes + biasBytes;
      const sizes = {
        ...tensorSizes(input, output),
        weight: weightBytes,
        bias: biasBytes,
        shares: shareBytes * tiles,
        sum: shareBytes,
        workspace: conv2dWorkspaceBytes(stage.shape),
      };
      return placeKernels(options, sizes, (context, at) => {
        const kernels = emitConv2d(context, name, stage.shape);
        const product = { times: tiles, multiplyAdds: filters * output.height * output.width * batchSize };
        const weights = [at.weight, at.bias];
        return [
          { kernel: kernels.forward, operands: [at.x, ...weights, at.y, at.workspace], ...product },
          { kernel: kernels.backwardWeight, operands: [at.x, at.dy, at.shares, at.workspace], ...product },
          { kernel: kernels.backwardBias, operands: [at.dy, at.shares + weightBytes], times: tiles },
          ...(needsInputGradient
            ? [{ kernel: kernels.backwardInput, operands: [at.dy, at.weight, at.dx, at.workspace], ...product }]
            : []),
          {
            kernel: emitReduction(context, `${name}.reduce`, shareBytes),
            operands: [at.shares, tiles, at.sum, 0, shareBytes / VECTOR_BYTES],
            times: 1,
          },
        ];
      });
    }
    case "linear": {
      const { inFeatures, outFeatures } = stage.shape;
      const [inBytes, outBytes] = [inFeatures, outFeatures].map((count) => paddedFeatures(count) * FLOAT_BYTES);
      const vector = (channels: number): Layout => ({ channels, height: 1, width: 1, border: 0 });
      const sizes = {
        ...tensorSizes(vector(inFeatures), vector(outFeatures)),
        weight: outFeatures * inBytes,
        bias: outBytes,
        dWeight: outFeatures * inBytes,
        dBias: outBytes,
        inputs: batchSize * inBytes,
        gradients: batchSize * outBytes,
      };
      return placeKernels(options, sizes, (context, at) => {
        const kernels = emitLinear(context, name, stage.shape);
        const multiplyAdds = inFeatures * outFeatures * batchSize;
        return [
          { kernel: kernels.forward, operands: [at.x, at.weight, at.bias, at.y], times: tiles, multiplyAdds },
          {
            kernel: kernels.backwardWeight,
            operands: [at.inputs, at.gradients, batchSize, at.dWeight, 0, linearRowBlocks(stage.shape)],
            times: 1,
            multiplyAdds,
          },
          ...(needsInputGradient
            ? [{ kernel: kernels.backwardInput, operands: [at.dy, at.weight, at.dx], times: tiles, multiplyAdds }]
            : []),
          { kernel: kernels.transposeInput, operands: [at.x, at.inputs], times: tiles },
          { kernel: kernels.transposeGradient, operands: [at.dy, at.gradients], times: tiles },
          {
            kernel: kernels.backwardBias,
            operands: [at.gradients, batchSize, at.dBias, 0, outBytes / VECTOR_BYTES],
            times: 1,
          },
        ];
      });
    }
    case "pool2d":
      return placeKernels(options, tensorSizes(stage.shape.input, stage.shape.output), (context, at) => {
        const kernels = emitPool2d(context, name, stage.shape);
        return [
          { kernel: kernels.forward, operands: [at.x, at.y], times: tiles },
          { kernel: kernels.backward, operands: [at.x, at.y, at.dy, at.dx], times: tiles },
        ];
      });
    case "activation":
      return placeKernels(options, tensorSizes(stage.shape.input, stage.shape.output), (context, at) => {
        const kernels = emitActivation(context, name, stage.shape);
        return [
          { kernel: kernels.forward, operands: [at.x, at.y], times: tiles },
          { kernel: kernels.backward, operands: [at.y, at.dy, at.dx], times: tiles },
        ];
      });
    case "dropout": {
      const { layout } = stage.shape;
      const sizes = { ...tensorSizes(layout, layout), mask: tileBytes(layout) };
      return placeKernels(options, sizes, (context, at) => {
        const kernels = emitDropout(context, name, stage.shape);
        return [
          { kernel: kernels.forward, operands: [at.x, at.mask, at.y, 1, 2, 0], times: tiles },
          { kernel: kernels.backward, operands: [at.mask, at.dy, at.dx], times: tiles },
        ];
      });
    }
  }
}

/** The kernels that bring a picture into the engine's layout, as it is and augmented; a run is a whole batch. */
function assemblyTasks(layout: Layout, options: KernelOptions): KernelTask[] {
  const { channels, height, width } = layout;
  const sizes = {
    normalized: channels * 256 * FLOAT_BYTES,
    pixels: channels * height * width,
    placement: PLACEMENT_WORDS * FLOAT_BYTES,
    scratch: assemblyScratchBytes(layout),
    x: tileBytes(layout),
  };
  return placeKernels(
    options,
    sizes,
    (context, at) => {
      const kernels = emitAssembly(context, "assemble", { layout, normalized: at.normalized });
      return [
        { kernel: kernels.plain, operands: [at.pixels, at.x], times: options.batchSize },
        {
          kernel: kernels.placed,
          operands: [at.pixels, at.placement, at.scratch, at.x],
          times: options.batchSize,
        },
      ];
    },
    (memory, at) => {
      const words = new Int32Array(memory.buffer, at.placement, PLACEMENT_WORDS);
      writeTransformation(drawTransformation(AUGMENTATIONS.tutorial, layout, 0, 1, 0), height, width, words);
    },
  );
}

function crossEntropyTasks(classes: number, options: KernelOptions): KernelTask[] {
  const tile = classes * TILE_SAMPLES * FLOAT_BYTES;
  const row = TILE_SAMPLES * FLOAT_BYTES;
  return placeKernels(
    options,
    { logits: tile, labels: row, losses: row, predictions: row, gradient: tile },
    (context, at) => [
      {
        kernel: emitCrossEntropy(context, "crossEntropy", { classes }),
        operands: [at.logits, at.labels, at.losses, at.predictions, at.gradient, 1 / options.batchSize, 0.05],
        times: options.batchSize / TILE_SAMPLES,
      },
    ],
    (memory, at) => new Int32Array(memory.buffer, at.labels, TILE_SAMPLES).fill(0),
  );
}

function optimizerTasks(bytes: number, options: KernelOptions): KernelTask[] {
  const sizes = { weights: bytes, gradients: bytes, first: bytes, second: bytes };
  return placeKernels(
    options,
    { ...sizes, hyperparameters: HYPERPARAMETER_WORDS * FLOAT_BYTES },
    (context, at) => [
      {
        kernel: emitOptimizer(context, options.optimizer.type, false),
        operands: [at.weights, at.gradients, at.first, at.second, 0, at.hyperparameters, bytes / VECTOR_BYTES],
        times: 1,
      },
    ],
    (memory, at) => {
      const values = hyperparameterValues(options.optimizer, { step: 1000, learningRate: 1e-3 });
      new Float32Array(memory.buffer, at.hyperparameters, HYPERPARAMETER_WORDS).set(packHyperparameters(values));
    },
  );
}

/** Bytes of a tile's input, output and their gradients. */
function tensorSizes(input: Layout, output: Layout) {
  const bare = (layout: Layout) => tileBytes({ ...layout, border: 0 });
  return { x: tileBytes(input), y: tileBytes(output), dx: bare(input), dy: bare(output) };
}

/**
 * Emits kernels into a module with buffers of the given sizes.
 *
 * @param emit gets the buffers' addresses
 * @param prepare writes what a buffer must hold other than arbitrary normal numbers
 */
function placeKernels<Sizes extends Record<string, number>>(
  options: KernelOptions,
  sizes: Sizes,
  emit: (context: KernelContext, at: Record<keyof Sizes, number>) => Call[],
  prepare?: (memory: WebAssembly.Memory, at: Record<keyof Sizes, number>) => void,
): KernelTask[] {
  const plan = new MemoryPlan(0);
  const at = Object.fromEntries(Object.entries(sizes).map(([name, bytes]) => [name, plan.allocate(bytes)]));
  const addresses = at as Record<keyof Sizes, number>;
  const module = new ModuleBuilder();
  const data = new StaticData(plan.byteLength);
  const calls = emit({ module, data, fused: options.fused }, addresses);
  const pages = Math.ceil((plan.byteLength + data.byteLength) / PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  fillWithNormalNumbers(new Float32Array(memory.buffer));
  data.writeTo(memory);
  prepare?.(memory, addresses);
  const compiled = new WebAssembly.Module(module.encode({ pages, shared: false }));
  const { exports } = new WebAssembly.Instance(compiled, { environment: { memory } });
  return calls.map(({ kernel, operands, times, multiplyAdds }) => {
    const call = (exports[kernel.name] as (...operands: number[]) => void).bind(undefined, ...operands);
    return {
      name: kernel.name,
      multiplyAdds,
      run: () => {
        for (let time = 0; time < times; time++) call();
      },
    };
  });
}

/** Numbers from 0.1 to 1.1: products and moments of them are no denormals, which are many times slower. */
function fillWithNormalNumbers(values: Float32Array): void {
  for (let index = 0; index < values.length; index++) {
    values[index] = 0.1 + (Math.imul(index, 0x9e3779b1) >>> 0) / 2 ** 32;
  }
}
