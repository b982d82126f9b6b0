import { classCount, isActivation, type ShapedLayer } from "../../model/index.js";
import {
  type FunctionBuilder,
  type FunctionHandle,
  f32,
  i32,
  type Local,
  type ModuleBuilder,
} from "./assembler/index.js";
import type { GradientPasses } from "./gradientCode.js";
import {
  type AssemblyKernels,
  FLOAT_BYTES,
  type KernelContext,
  type Layout,
  NO_LABEL,
  type PassCode,
  PLACE_BYTES,
  type StageCode,
  TILE_SAMPLES,
  type TilePointers,
  tileBytes,
  VECTOR_BYTES,
} from "./kernels/index.js";
import { kernelsOf } from "./layers.js";
import type { ProgramMemory } from "./memory.js";
import { MemoryPlan } from "./memory.js";
import type { ParameterLayout } from "./parameterStore.js";
import { layoutBefore, type StagePlan } from "./stages.js";
import { emitAssembleSample, emitForward, emitLossCall, type LossKernels, type Passage } from "./tileCode.js";
import type { TrainingCode } from "./trainingCode.js";

/** A stage of the pass: a layer, with the activation behind it if its kernels take that. */
interface SingleStage {
  readonly layer: ShapedLayer;
  readonly trainingOnly: boolean;
  readonly code: PassCode;
  /** The tensors that it reads and writes, by index. */
  readonly input: number;
  readonly output: number;
  readonly kept: number;
}

/** A tensor of the pass: byte offsets of its value and its gradient. */
interface SingleTensor {
  readonly layout: Layout;
  readonly value: number;
  readonly gradient: number;
}

/** How a single sample passes through the layers: its stages, and where everything is in a thread's memory for it. */
export interface SinglePass {
  readonly stages: readonly SingleStage[];
  /** The first is the network's input, the last one the logits. */
  readonly tensors: readonly SingleTensor[];
  readonly workspace: number;
  /** What the loss takes: a tile of which only the first lane is used. */
  readonly loss: Readonly<Record<"logits" | "labels" | "losses" | "predictions" | "gradient", number>>;
  readonly byteLength: number;
}

/**
 * Emits the pass's kernels; undefined if a layer has none for one sample, which then takes a whole tile.
 *
 * @param training what training needs besides
 */
export function emitSinglePass(
  context: KernelContext,
  layers: readonly ShapedLayer[],
  parameterLayout: ParameterLayout,
  training: TrainingCode | undefined,
): SinglePass | undefined {
  const plan = new MemoryPlan(0);
  const stages: SingleStage[] = [];
  const tensors: SingleTensor[] = [];
  const addTensor = (index: number) => {
    const layout: Layout = { ...layoutBefore(layers, index), samples: 1 };
    // Kernels may read or write a vector past the end.
    const allocate = () => plan.allocate(tileBytes(layout) + VECTOR_BYTES);
    return tensors.push({ layout, value: allocate(), gradient: allocate() }) - 1;
  };
  let input = addTensor(0);
  for (let index = 0; index < layers.length; index++) {
    const layer = layers[index];
    const kernels = kernelsOf(layer.layer);
    if (!kernels) continue;
    const next = layers[index + 1]?.layer;
    const activation = kernels.single?.takesActivation && next && isActivation(next) ? next.type : undefined;
    if (activation) index++;
    const output = addTensor(index + 1);
    const parameters = layer.parameters.map(({ name }) => parameterLayout.parameters.get(name)!);
    const layouts = { input: tensors[input].layout, output: tensors[output].layout };
    const name = `${layer.label}.single`;
    const sparse = layers[index + 1]?.layer.type === "maxPool2d";
    const placed = { described: layer, ...layouts, parameters };
    const surroundings = { activation, sparse };
    const forward = kernels.single?.emit(context, name, placed, surroundings);
    if (!forward) return undefined;
    const code = training?.addSingleGradients(context, name, placed, forward, surroundings) ?? forward;
    stages.push({
      layer,
      trainingOnly: Boolean(kernels.trainingOnly),
      code,
      input,
      output,
      kept: plan.allocate(code.keptBytes ?? 0),
    });
    input = output;
  }
  const workspace = plan.allocate(Math.max(0, ...stages.map(({ code }) => code.workspaceBytes ?? 0)));
  const logits = () => plan.allocate(classCount(layers) * PLACE_BYTES);
  const words = () => plan.allocate(TILE_SAMPLES * 4);
  const loss = { logits: logits(), gradient: logits(), labels: words(), losses: words(), predictions: words() };
  return { stages, tensors, workspace, loss, byteLength: plan.byteLength };
}

/** What the pass of a single sample calls, and the memory. */
export interface SingleParts {
  readonly layers: readonly ShapedLayer[];
  readonly stagePlan: StagePlan;
  readonly stageCodes: readonly StageCode[];
  readonly pass: SinglePass;
  readonly assembly: AssemblyKernels;
  /** (image, placement): draws its placement; undefined outside training */
  readonly drawPlacement: FunctionHandle | undefined;
  readonly losses: LossKernels;
  readonly memory: ProgramMemory;
}

/** Functions (scratch, sample): one of a batch's first samples alone, from its images to its losses and gradients. */
export interface SampleFunctions {
  readonly evaluate: FunctionHandle;
  /** Undefined outside training. */
  readonly gradients: GradientPasses | undefined;
}

/** Emits them, and exports `runSingle`: the evaluation of a batch of one sample, on the calling thread. */
export function emitSingleSamples(
  module: ModuleBuilder,
  parts: SingleParts,
  training: TrainingCode | undefined,
): SampleFunctions {
  const evaluate = module.function("evaluateSample", { scratch: "i32", index: "i32" }, (code, { scratch, index }) => {
    emitSampleForward(code, parts, { scratch, sample: index, training: false });
  });
  const gradients = training?.emitSampleGradients(module, parts);
  module.function("runSingle", {}, (code) => code.call(evaluate, parts.memory.scratch.start, 0), { exported: true });
  return { evaluate, gradients };
}

/** A sample on its way through the stages. */
interface PlacedSample {
  readonly scratch: Local<"i32">;
  readonly sample: Local<"i32">;
  readonly training: boolean;
}

/** From a sample's image to its loss; returns where its tensors are. */
export function emitSampleForward(
  code: FunctionBuilder,
  parts: SingleParts,
  { scratch, sample, training }: PlacedSample,
): Passage {
  const passage = new SinglePassage(parts, scratch, sample, training);
  emitAssembleSample(code, parts, { position: sample, scratch, x: passage.value(0) });
  const codes = parts.pass.stages.map((stage) => stage.code);
  emitForward(code, codes, passage);
  emitLoss(code, parts, passage, sample);
  return passage;
}

/** Where the tensors of a sample are on its way through the stages. */
class SinglePassage implements Passage {
  private readonly parts: SingleParts;
  private readonly scratch: Local<"i32">;
  private readonly sample: Local<"i32">;
  private readonly training: boolean;

  constructor(parts: SingleParts, scratch: Local<"i32">, sample: Local<"i32">, training: boolean) {
    this.parts = parts;
    this.scratch = scratch;
    this.sample = sample;
    this.training = training;
  }

  at(offset: number) {
    return i32.add(this.scratch, this.parts.memory.scratch.single + offset);
  }

  value(tensor: number) {
    return this.at(this.parts.pass.tensors[this.memoryOf(tensor)].value);
  }

  gradient(tensor: number) {
    return this.at(this.parts.pass.tensors[this.memoryOf(tensor)].gradient);
  }

  activeStages(): number[] {
    return this.parts.pass.stages.flatMap(({ trainingOnly }, index) => (trainingOnly && !this.training ? [] : [index]));
  }

  pointers(index: number): TilePointers {
    const { pass, stagePlan, stageCodes, memory } = this.parts;
    const { layer, input, output, kept } = pass.stages[index];
    // The gradients are gathered where the same stage of a tile leaves them.
    const stage = stagePlan.stages.findIndex((planned) => planned.layer === layer);
    const { batchBytes = [], sampleBytes = batchBytes } = stageCodes[stage];
    return {
      tile: this.sample,
      samples: i32.load(memory.addresses.job.samples),
      x: this.value(input),
      y: this.value(output),
      dx: this.gradient(input),
      dy: this.gradient(output),
      kept: this.at(kept),
      workspace: this.at(pass.workspace),
      // No stage with such memory takes a sample alone.
      ofThread: this.at(pass.workspace),
      keys: memory.addresses.stepWords + stage * 8,
      weights: memory.addresses.weights,
      inBatch: sampleBytes.map((bytes, region) => i32.add(i32.mul(this.sample, bytes), memory.batch[stage][region])),
    };
  }

  /** Outside training, dropout's output is its input. */
  private memoryOf(tensor: number): number {
    if (this.training) return tensor;
    const skipped = this.parts.pass.stages.find(({ trainingOnly, output }) => trainingOnly && output === tensor);
    return skipped ? this.memoryOf(skipped.input) : tensor;
  }
}

/** Calls the loss with the sample in the first lane of a tile. */
function emitLoss(
  code: FunctionBuilder,
  { layers, pass, losses: kernels, memory }: SingleParts,
  passage: SinglePassage,
  sample: Local<"i32">,
): void {
  const { labels, teacher, losses, predictions, logits } = memory.addresses;
  const tile = Object.fromEntries(
    Object.entries(pass.loss).map(([name, offset]) => [name, code.local("i32", passage.at(offset))]),
  ) as Record<keyof SinglePass["loss"], Local<"i32">>;
  const last = pass.tensors.length - 1;
  const ofSample = code.local("i32", i32.mul(sample, 4));
  const eachClass = (source: Local<"i32">, sourceBytes: number, targets: readonly [Local<"i32">, number][]) => {
    code.repeat(classCount(layers), () => {
      for (const [target, bytes] of targets) {
        code.store(target, f32.load(source));
        code.increase(target, bytes);
      }
      code.increase(source, sourceBytes);
    });
  };
  const pointer = (start: Local<"i32"> | ReturnType<typeof passage.value>) => code.local("i32", start);
  const inBatch = pointer(i32.add(ofSample, logits));
  eachClass(pointer(passage.value(last)), FLOAT_BYTES, [
    [pointer(tile.logits), PLACE_BYTES],
    [inBatch, PLACE_BYTES],
  ]);
  for (let lane = 1; lane < TILE_SAMPLES; lane++) code.store(tile.labels, i32.const(NO_LABEL), lane * 4);
  code.store(tile.labels, i32.load(ofSample, labels));
  const { losses: loss, predictions: prediction, gradient } = tile;
  // The samples are the first tile's lanes: from the sample's lane on, the first lane is its own.
  emitLossCall(code, kernels, memory, { ...tile, teacher: i32.add(ofSample, teacher) });
  code.store(ofSample, f32.load(loss), losses);
  code.store(ofSample, i32.load(prediction), predictions);
  eachClass(pointer(gradient), PLACE_BYTES, [[pointer(passage.gradient(last)), FLOAT_BYTES]]);
}
