import type { ShapedLayer } from "../../model/index.js";
import type { FunctionBuilder, FunctionHandle } from "./assembler/index.js";
import {
  type ActivationKind,
  convolvesSingle,
  emitSingleConv2d,
  emitSingleLinear,
  emitSinglePool2d,
  type KernelContext,
  type Layout,
  poolsSingle,
  tileBytes,
  VECTOR_BYTES,
} from "./kernels/index.js";
import { MemoryPlan } from "./memoryPlan.js";
import type { ParameterLayout } from "./parameterStore.js";
import { isActivation, layoutBefore } from "./stages.js";

/** One kernel of the pass: byte offsets of its tensors in the pass's memory, of its parameters in their arena. */
interface Call {
  readonly kernel: FunctionHandle;
  readonly x: number;
  readonly y: number;
  readonly parameters: readonly number[];
}

/** The forward pass of one sample by itself, in evaluation mode. */
export interface SingleSample {
  /** Of the input, at the start of its memory. */
  readonly inputLayout: Layout;
  /** Where the logits are, from the start of its memory. */
  readonly logitsOffset: number;
  readonly byteLength: number;
  /** Emits the calls from the input to the logits. */
  emit(code: FunctionBuilder, memory: number, weights: number): void;
}

/** Emits the pass; undefined where a layer has no kernel for one sample, which then goes the way of a whole tile. */
export function emitSingleSample(
  context: KernelContext,
  layers: readonly ShapedLayer[],
  parameterLayout: ParameterLayout,
): SingleSample | undefined {
  const plan = new MemoryPlan(0);
  // A linear layer may write a vector past its end.
  const allocate = (layout: Layout) => plan.allocate(tileBytes(layout) + VECTOR_BYTES);
  const calls: Call[] = [];
  const inputLayout: Layout = { ...layoutBefore(layers, 0), samples: 1 };
  let input = { layout: inputLayout, offset: allocate(inputLayout) };
  for (let index = 0; index < layers.length; index++) {
    const described = layers[index];
    const { layer, label, parameters } = described;
    if (layer.type === "flatten" || layer.type === "dropout") continue;
    let activation: ActivationKind | undefined;
    const next = layers[index + 1]?.layer.type;
    if ((layer.type === "conv2d" || layer.type === "linear") && next && isActivation(next)) {
      activation = next;
      index++;
    }
    const layout: Layout = { ...layoutBefore(layers, index + 1), samples: 1 };
    const output = { layout, offset: allocate(layout) };
    const kernel = emitLayer(context, `${label}.single`, described, input.layout, layout, activation);
    if (!kernel) return undefined;
    const offsets = parameters.map(({ name }) => parameterLayout.parameters.get(name)!.offset);
    calls.push({ kernel, x: input.offset, y: output.offset, parameters: offsets });
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

function emitLayer(
  context: KernelContext,
  name: string,
  { layer, input: inputShape }: ShapedLayer,
  input: Layout,
  output: Layout,
  activation: ActivationKind | undefined,
): FunctionHandle | undefined {
  switch (layer.type) {
    case "conv2d": {
      const { kernel, stride, padding } = layer;
      const shape = { kernel, stride, padding, input, output };
      return convolvesSingle(shape) ? emitSingleConv2d(context, name, shape, activation) : undefined;
    }
    case "averagePool2d":
    case "maxPool2d": {
      const { kernel, stride } = layer;
      const kind: "average" | "max" = layer.type === "averagePool2d" ? "average" : "max";
      const shape = { kind, kernel, stride, input, output };
      return poolsSingle(shape) ? emitSinglePool2d(context, name, shape) : undefined;
    }
    case "linear":
      return emitSingleLinear(context, name, { inFeatures: inputShape[0], outFeatures: layer.outFeatures }, activation);
    default:
      return undefined;
  }
}
