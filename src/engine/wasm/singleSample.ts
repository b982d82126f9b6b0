import { classCount, isActivation, type ShapedLayer } from "../../model/index.js";
import { type FunctionBuilder, type FunctionHandle, f32, i32, type ModuleBuilder } from "./assembler/index.js";
import {
  type AssemblyKernels,
  FLOAT_BYTES,
  type KernelContext,
  type Layout,
  PLACE_BYTES,
  tileBytes,
  VECTOR_BYTES,
} from "./kernels/index.js";
import { kernelsOf } from "./layers.js";
import type { ProgramMemory } from "./memory.js";
import { MemoryPlan } from "./memory.js";
import type { ParameterLayout } from "./parameterStore.js";
import { layoutBefore, memoryOf, type StagePlan } from "./stages.js";
import { emitAssembleSample } from "./tileCode.js";

/** One kernel of the pass: byte offsets of its tensors in the pass's memory, of its parameters in their arena. */
interface Call {
  readonly kernel: FunctionHandle;
  readonly x: number;
  readonly y: number;
  readonly parameters: readonly number[];
}

/** The forward pass of a single sample, outside training. */
export interface SingleSample {
  /** Of the input, which is at the start of the pass's memory. */
  readonly inputLayout: Layout;
  /** Where the logits are, from the start of the pass's memory. */
  readonly logitsOffset: number;
  readonly byteLength: number;
  /** Emits the calls from the input to the logits. */
  emit(code: FunctionBuilder, memory: number, weights: number): void;
}

/** Emits the pass's kernels; undefined if a layer has none for one sample, which then takes a whole tile. */
export function emitSingleSample(
  context: KernelContext,
  layers: readonly ShapedLayer[],
  parameterLayout: ParameterLayout,
): SingleSample | undefined {
  const plan = new MemoryPlan(0);
  const layoutAt = (index: number): Layout => ({ ...layoutBefore(layers, index), samples: 1 });
  // A linear layer may write a vector past its end.
  const allocate = (layout: Layout) => plan.allocate(tileBytes(layout) + VECTOR_BYTES);
  const calls: Call[] = [];
  const inputLayout = layoutAt(0);
  let input = { layout: inputLayout, offset: allocate(inputLayout) };
  for (let index = 0; index < layers.length; index++) {
    const described = layers[index];
    const kernels = kernelsOf(described.layer);
    if (!kernels || kernels.trainingOnly) continue;
    const next = layers[index + 1]?.layer;
    const activation = kernels.single?.takesActivation && next && isActivation(next) ? next.type : undefined;
    if (activation) index++;
    const layout = layoutAt(index + 1);
    const output = { layout, offset: allocate(layout) };
    const parameters = described.parameters.map(({ name }) => parameterLayout.parameters.get(name)!);
    const placed = { described, input: input.layout, output: layout, parameters };
    const kernel = kernels.single?.emit(context, `${described.label}.single`, placed, activation);
    if (!kernel) return undefined;
    calls.push({ kernel, x: input.offset, y: output.offset, parameters: parameters.map(({ offset }) => offset) });
    input = output;
  }
  return {
    inputLayout,
    logitsOffset: input.offset,
    byteLength: plan.byteLength,
    emit: (code, memory, weights) => {
      for (const { kernel, x, y, parameters } of calls) {
        code.call(kernel, memory + x, ...parameters.map((offset) => weights + offset), memory + y);
      }
    },
  };
}

/** What the run of a single sample calls, and the memory. */
export interface SingleParts {
  readonly layers: readonly ShapedLayer[];
  readonly stagePlan: StagePlan;
  readonly pass: SingleSample;
  readonly assembly: AssemblyKernels;
  readonly crossEntropy: FunctionHandle;
  readonly memory: ProgramMemory;
}

/** Emits `runSingle`: the evaluation of a batch of one sample, on the calling thread. */
export function emitRunSingle(module: ModuleBuilder, parts: SingleParts): void {
  const { layers, stagePlan, pass, assembly, crossEntropy, memory } = parts;
  const { weights, logits, labels, losses, predictions, job } = memory.addresses;
  module.function(
    "runSingle",
    {},
    (code) => {
      const position = code.local("i32");
      const scratch = code.local("i32", i32.const(memory.scratch.start));
      emitAssembleSample(code, assembly, memory, { position, scratch, x: memory.single });
      pass.emit(code, memory.single, weights);
      // The loss takes a tile of logits, of which this is the first sample.
      const from = code.local("i32", i32.const(memory.single + pass.logitsOffset));
      const to = code.local("i32", i32.const(logits));
      code.repeat(classCount(layers), () => {
        code.store(to, f32.load(from));
        code.increase(from, FLOAT_BYTES);
        code.increase(to, PLACE_BYTES);
      });
      const lastTensor = memoryOf(stagePlan, stagePlan.tensors.length - 1, false);
      const gradient = memory.scratch.start + memory.scratch.gradients[lastTensor];
      code.call(crossEntropy, logits, labels, losses, predictions, gradient, f32.const(1), f32.load(job.smoothing));
    },
    { exported: true },
  );
}
