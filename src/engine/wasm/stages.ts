import { isActivation, type Layer, type ShapedLayer } from "../../model/index.js";
import type {
  ActivationKind,
  KernelContext,
  LayerKernels,
  Layout,
  ParameterTask,
  StageCode,
  TrainingKernels,
} from "./kernels/index.js";
import { kernelsOf } from "./layers.js";
import type { ParameterLayout } from "./parameterStore.js";

/** A tensor between layers in memory. A flattened tensor shares the memory of the one it flattens. */
export interface StageTensor {
  readonly layout: Layout;
  /** The first tensor on this memory, by index. */
  readonly memory: number;
}

/** One step of the forward pass: a layer, possibly with the activation before it fused in. */
export interface Stage {
  readonly type: Layer["type"];
  readonly layer: ShapedLayer;
  readonly kernels: LayerKernels;
  /** The activation that the stage applies to its input, in its place. */
  readonly fused: ActivationKind | undefined;
  /** The tensors that it reads and writes, by index. */
  readonly input: number;
  readonly output: number;
}

export interface StagePlan {
  readonly stages: readonly Stage[];
  /** Tensor 0 is the network's input, the last one the logits. */
  readonly tensors: readonly StageTensor[];
  /** The tensor that holds each layer's output; undefined for a fused activation. */
  readonly outputs: readonly (number | undefined)[];
}

/**
 * Decides the layout of every tensor and which layers become one stage.
 *
 * @param keepActivations fuse nothing, so that every layer's output can be read
 */
export function planStages(layers: readonly ShapedLayer[], keepActivations: boolean): StagePlan {
  const stages: Stage[] = [];
  const tensors: StageTensor[] = [];
  const outputs: (number | undefined)[] = [];
  const addTensor = (layout: Layout, memory = tensors.length) => tensors.push({ layout, memory }) - 1;

  let current = addTensor(layoutBefore(layers, 0));
  for (let index = 0; index < layers.length; index++) {
    const input = current;
    const fused = keepActivations ? undefined : activationToFuse(layers, index);
    if (fused) {
      outputs.push(undefined);
      index++;
    }
    const layer = layers[index];
    const kernels = kernelsOf(layer.layer);
    current = addTensor(layoutBefore(layers, index + 1), kernels ? undefined : tensors[input].memory);
    outputs.push(current);
    if (kernels) stages.push({ type: layer.layer.type, layer, kernels, fused, input, output: current });
  }
  return { stages, tensors, outputs };
}

/** The activation at an index, if the layer behind it can apply it to its input. */
function activationToFuse(layers: readonly ShapedLayer[], index: number): ActivationKind | undefined {
  const { layer } = layers[index];
  const next = layers[index + 1]?.layer;
  if (!next || !isActivation(layer)) return undefined;
  const [input, output] = [layoutBefore(layers, index), layoutBefore(layers, index + 2)];
  const fits = input.border === 0 && kernelsOf(next)?.fusesActivation?.(layer.type, next, input, output);
  return fits && mayOverwriteInput(layers, index) ? layer.type : undefined;
}

/** Whether a layer's input may be overwritten: the layer that produced it must not need it for its backward pass. */
function mayOverwriteInput(layers: readonly ShapedLayer[], index: number): boolean {
  const producer = layers.slice(0, index).findLast(({ layer }) => !kernelsOf(layer)?.trainingOnly);
  return !producer || Boolean(kernelsOf(producer.layer)?.backwardIgnoresOutput);
}

/** The layout of the tensor that a layer reads, with the border that it, or the layer behind a dropout, needs. */
export function layoutBefore(layers: readonly ShapedLayer[], index: number): Layout {
  const shape = index === 0 ? layers[0].input : layers[index - 1].output;
  const reader = layers.slice(index).find(({ layer }) => !kernelsOf(layer)?.trainingOnly)?.layer;
  const border = (reader && kernelsOf(reader)?.inputBorder?.(reader)) ?? 0;
  const [channels, height, width] = shape.length === 3 ? shape : [shape[0], 1, 1];
  return { channels, height, width, border };
}

/** The tensor whose memory holds a tensor. Outside training, dropout's output is its input. */
export function memoryOf(plan: StagePlan, tensor: number, training: boolean): number {
  const { memory } = plan.tensors[tensor];
  const skipped = plan.stages.find(({ kernels, output }) => !training && kernels.trainingOnly && output === memory);
  return skipped ? memoryOf(plan, skipped.input, training) : memory;
}

/** Whether a tensor is in the memory of the logits. */
export function holdsLogits(plan: StagePlan, tensor: number, training: boolean): boolean {
  return memoryOf(plan, tensor, training) === memoryOf(plan, plan.tensors.length - 1, training);
}

/** The first stage with parameters: the backward pass ends there. */
export function firstLearningStage({ stages }: StagePlan): number {
  return stages.findIndex(({ layer }) => layer.parameters.length > 0);
}

/**
 * Emits a stage's kernels.
 *
 * @param trainingKernelsOf how layers are trained, if they are
 */
export function emitStage(
  context: KernelContext,
  { layer: described, kernels, fused, input, output }: Stage,
  tensors: readonly StageTensor[],
  layout: ParameterLayout,
  trainingKernelsOf?: (layer: Layer) => TrainingKernels | undefined,
): StageCode {
  const parameters = described.parameters.map(({ name }) => layout.parameters.get(name)!);
  const placed = { described, input: tensors[input].layout, output: tensors[output].layout, parameters };
  const code = kernels.emit(context, placed, fused);
  return trainingKernelsOf?.(described.layer)?.emit(context, placed, code, fused) ?? code;
}

/** The parameter gradients of all stages. */
export function parameterTasks(stageCodes: readonly StageCode[]): ParameterTask[] {
  return stageCodes.flatMap(({ tasks = [] }) => tasks);
}
