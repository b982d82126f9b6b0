import { AUGMENTATIONS, drawTransformation, writeTransformation } from "../../../data/augmentation.js";
import { classCount, inferShapes, type Model } from "../../../model/index.js";
import type { OptimizerSettings } from "../../backend.js";
import { HYPERPARAMETER_WORDS, hyperparameterValues, packHyperparameters } from "../../hyperparameters.js";
import { type FunctionHandle, f32, i32, ModuleBuilder, type Value } from "../assembler/index.js";
import {
  assemblyScratchBytes,
  emitAssembly,
  emitCrossEntropy,
  emitOptimizer,
  emitPlaced,
  FLOAT_BYTES,
  type KernelCall,
  type KernelContext,
  type Layout,
  PLACEMENT_WORDS,
  StaticData,
  TILE_SAMPLES,
  type TilePointers,
  tileBytes,
  VECTOR_BYTES,
} from "../kernels/index.js";
import { trainingKernelsOf } from "../layers.js";
import { MemoryPlan } from "../memory.js";
import { layoutParameters } from "../parameterStore.js";
import { emitStage, firstLearningStage, planStages, type StagePlan } from "../stages.js";

/** What the kernels are compiled with. */
export interface KernelOptions {
  /** A multiple of a tile's samples. */
  readonly batchSize: number;
  readonly fused: boolean;
  readonly optimizer: OptimizerSettings;
}

/** All work of one kernel in a training step, in isolation. */
export interface KernelWorkload {
  readonly name: string;
  /** Multiply-adds of one run, if that is what the kernel does. */
  readonly multiplyAdds?: number;
  /** When a training step calls it, if it is a stage's: the stages are in the order of the forward pass. */
  readonly turn?: Turn;
  run(): void;
}

/** A stage's place in the model, and the part of a step: `batch` is what is done once, when all tiles are. */
export interface Turn {
  readonly stage: number;
  readonly part: "forward" | "parameterGradients" | "inputGradient" | "batch";
}

/** A kernel call with constant operands. */
interface Call {
  readonly kernel: FunctionHandle;
  readonly operands: readonly (Value | number)[];
  readonly times: number;
  readonly multiplyAdds?: number;
  readonly turn?: Turn;
}

/** The kernels of a model's training step, each layer's on memory of their own. */
export function kernelWorkloads(model: Model, options: KernelOptions): KernelWorkload[] {
  const layers = inferShapes(model);
  const plan = planStages(layers, false);
  return [
    ...assemblyWorkloads(plan.tensors[0].layout, options),
    ...plan.stages.flatMap((_, index) => stageWorkloads(plan, index, options)),
    ...crossEntropyWorkloads(classCount(layers), options),
    ...optimizerWorkloads(layoutParameters(layers).bytes, options),
  ];
}

/** All calls that the program makes of a stage's kernels, always on the same tile. */
function stageWorkloads(plan: StagePlan, index: number, { batchSize, fused }: KernelOptions): KernelWorkload[] {
  const stage = plan.stages[index];
  const [input, output] = [stage.input, stage.output].map((tensor) => plan.tensors[tensor].layout);
  const parameters = layoutParameters([stage.layer]);
  const context = newContext(fused);
  const code = emitStage(context, stage, plan.tensors, parameters, trainingKernelsOf);

  const tiles = batchSize / TILE_SAMPLES;
  const memory = new MemoryPlan(context.data.byteLength);
  const place = (bytes: number) => i32.const(memory.allocate(bytes));
  const batch = code.batchBytes?.map((bytes) => memory.allocate(bytes * tiles)) ?? [];
  const at: TilePointers = {
    tile: i32.const(0),
    samples: i32.const(batchSize),
    x: place(tileBytes(input)),
    y: place(tileBytes(output)),
    dx: place(tileBytes({ ...input, border: 0 })),
    dy: place(tileBytes({ ...output, border: 0 })),
    kept: place(code.keptBytes ?? 0),
    workspace: place(code.workspaceBytes ?? 0),
    ofThread: place(code.threadBytes ?? 0),
    keys: memory.allocate(8),
    weights: memory.allocate(parameters.bytes),
    inBatch: batch.map((address) => i32.const(address)),
  };
  const gradients = memory.allocate(parameters.bytes);

  const product = (perSample: number | undefined) => perSample && perSample * batchSize;
  const onTiles = (part: Turn["part"], calls: readonly KernelCall<TilePointers>[] = []): Call[] =>
    calls.map(({ kernel, operands, multiplyAdds }) => {
      const turn = { stage: index, part };
      return { kernel, operands: operands(at), times: tiles, multiplyAdds: product(multiplyAdds), turn };
    });
  const tasks = code.tasks?.map(({ parameter, units, kernel, operands, multiplyAdds }): Call => {
    const gradient = i32.const(gradients + parameter.offset);
    const all = { first: i32.const(0), end: i32.const(units), parts: i32.const(tiles), gradient, batch };
    const turn = { stage: index, part: "batch" } as const;
    return { kernel, operands: operands(all), times: 1, multiplyAdds: product(multiplyAdds), turn };
  });
  const needsInputGradient = index > firstLearningStage(plan);
  return compile(context, memory, [
    ...onTiles("forward", code.forward),
    ...onTiles("parameterGradients", code.parameterGradients),
    ...(tasks ?? []),
    ...(needsInputGradient ? onTiles("inputGradient", code.inputGradient) : []),
  ]);
}

/** The kernels that bring images into the engine's layout, plain and augmented; a run is a whole batch. */
function assemblyWorkloads(layout: Layout, { batchSize, fused }: KernelOptions): KernelWorkload[] {
  const memory = new MemoryPlan(0);
  const normalized = memory.allocate(layout.channels * 256 * FLOAT_BYTES);
  const context = newContext(fused, memory.byteLength);
  const kernels = emitAssembly(context, "assemble", { layout, normalized }, emitPlaced);
  memory.allocate(context.data.byteLength);
  const { channels, height, width } = layout;
  const pixels = memory.allocate(channels * height * width);
  const words = memory.allocate(PLACEMENT_WORDS * 4);
  const scratch = memory.allocate(assemblyScratchBytes(layout));
  const x = memory.allocate(tileBytes(layout));
  const calls = [
    { kernel: kernels.plain, operands: [pixels, x], times: batchSize },
    { kernel: kernels.placed!, operands: [pixels, words, scratch, x], times: batchSize },
  ];
  return compile(context, memory, calls, (buffer) => {
    const transformation = drawTransformation(AUGMENTATIONS.tutorial, layout, 0, 1, 0);
    writeTransformation(transformation, height, width, new Int32Array(buffer, words, PLACEMENT_WORDS));
  });
}

function crossEntropyWorkloads(classes: number, { batchSize, fused }: KernelOptions): KernelWorkload[] {
  const context = newContext(fused);
  const kernel = emitCrossEntropy(context, "crossEntropy", { classes });
  const memory = new MemoryPlan(context.data.byteLength);
  const [tile, row] = [classes * TILE_SAMPLES * FLOAT_BYTES, TILE_SAMPLES * 4];
  const [logits, labels, losses, predictions, gradient] = [tile, row, row, row, tile].map((bytes) =>
    memory.allocate(bytes),
  );
  const operands = [logits, labels, losses, predictions, gradient, f32.const(1 / batchSize), f32.const(0.05)];
  return compile(context, memory, [{ kernel, operands, times: batchSize / TILE_SAMPLES }], (buffer) => {
    new Int32Array(buffer, labels, TILE_SAMPLES).fill(0);
  });
}

function optimizerWorkloads(bytes: number, { fused, optimizer }: KernelOptions): KernelWorkload[] {
  const context = newContext(fused);
  const { update: kernel } = emitOptimizer(context, optimizer.type === "muon" ? "adamw" : optimizer.type, false);
  const memory = new MemoryPlan(context.data.byteLength);
  const arenas = Array.from({ length: 4 }, () => memory.allocate(bytes));
  const hyperparameters = memory.allocate(HYPERPARAMETER_WORDS * FLOAT_BYTES);
  const operands = [...arenas, 0, hyperparameters, bytes / VECTOR_BYTES];
  return compile(context, memory, [{ kernel, operands, times: 1 }], (buffer) => {
    const values = hyperparameterValues(optimizer, { step: 1000, learningRate: 1e-3 });
    new Float32Array(buffer, hyperparameters, HYPERPARAMETER_WORDS).set(packHyperparameters(values));
  });
}

function newContext(fused: boolean, dataAddress = 0): KernelContext {
  return { module: new ModuleBuilder(), data: new StaticData(dataAddress), fused };
}

/**
 * Compiles the kernels with a function for each of them that makes all its calls.
 *
 * @param prepare writes whatever must not be arbitrary normal numbers
 */
function compile(
  { module, data }: KernelContext,
  { pages }: MemoryPlan,
  calls: readonly Call[],
  prepare?: (buffer: ArrayBuffer) => void,
): KernelWorkload[] {
  const kernels = [...new Set(calls.map(({ kernel }) => kernel))].map((kernel) => {
    const ofKernel = calls.filter((call) => call.kernel === kernel);
    const { name } = module.function(
      `${kernel.name}.all`,
      {},
      (code) => {
        for (const { operands, times } of ofKernel) code.repeat(times, () => code.call(kernel, ...operands));
      },
      { exported: true },
    );
    return { kernel, calls: ofKernel, exported: name };
  });
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  fillWithNormalNumbers(new Float32Array(memory.buffer));
  data.writeTo(memory);
  prepare?.(memory.buffer);
  const compiled = new WebAssembly.Module(module.encode({ pages, shared: false }));
  const { exports } = new WebAssembly.Instance(compiled, { environment: { memory } });
  return kernels.map(({ kernel, calls, exported }) => {
    const sum = calls.reduce((total, { multiplyAdds = 0 }) => total + multiplyAdds, 0);
    return {
      name: kernel.name,
      multiplyAdds: sum || undefined,
      turn: calls[0].turn,
      run: exports[exported] as () => void,
    };
  });
}

/** Numbers from 0.1 to 1.1: their products and moments are never denormal, which would be many times slower. */
function fillWithNormalNumbers(values: Float32Array): void {
  for (let index = 0; index < values.length; index++) {
    values[index] = 0.1 + (Math.imul(index, 0x9e3779b1) >>> 0) / 2 ** 32;
  }
}
