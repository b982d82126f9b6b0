import { elementCount, type ShapedLayer } from "../../model/index.js";
import {
  type ActivationShape,
  type Conv2dShape,
  canFuse,
  type DropoutShape,
  type Layout,
  type LinearShape,
  type Pool2dShape,
} from "./kernels/index.js";

/** An activation of the network as it lies in memory; a flattened tensor shares the memory of the one it flattens. */
export interface StageTensor {
  readonly layout: Layout;
  /** The first tensor on this memory, by index. */
  readonly memory: number;
}

/** What all stages have: the tensors they read and write, by index, and the layer that they compute. */
interface StageBase {
  readonly input: number;
  readonly output: number;
  readonly layer: ShapedLayer;
}

/** One step of the forward pass with its kernels' shape: a layer, or a pooling with the activation before it. */
export type Stage =
  | (StageBase & { readonly type: "conv2d"; readonly shape: Conv2dShape })
  | (StageBase & { readonly type: "linear"; readonly shape: LinearShape })
  | (StageBase & { readonly type: "pool2d"; readonly shape: Pool2dShape })
  | (StageBase & { readonly type: "activation"; readonly shape: ActivationShape })
  | (StageBase & { readonly type: "dropout"; readonly shape: DropoutShape });

export interface StagePlan {
  readonly stages: readonly Stage[];
  /** Tensor 0 is the network's input, the last one the logits. */
  readonly tensors: readonly StageTensor[];
  /** The tensor that holds each layer's output; undefined where fusion leaves none. */
  readonly outputs: readonly (number | undefined)[];
}

/**
 * Turns the layers into stages: decides the layout of every tensor and which activations are fused into the pooling
 * behind them.
 *
 * @param keepActivations fuse nothing, so that every layer's output can be read
 */
export function planStages(layers: readonly ShapedLayer[], keepActivations: boolean): StagePlan {
  const tensors: StageTensor[] = [];
  const outputs: (number | undefined)[] = [];
  const stages: Stage[] = [];
  const addTensor = (layout: Layout, memory = tensors.length) => tensors.push({ layout, memory }) - 1;

  let current = addTensor(layoutBefore(layers, 0));
  for (let index = 0; index < layers.length; index++) {
    const described = layers[index];
    const { layer } = described;
    const input = current;
    const inputLayout = tensors[input].layout;
    if (layer.type === "flatten") {
      current = addTensor(
        { channels: elementCount(described.output), height: 1, width: 1, border: 0 },
        tensors[input].memory,
      );
      outputs.push(current);
      continue;
    }
    const next = layers[index + 1];
    if (!keepActivations && isActivation(layer.type) && next && isPooling(next.layer)) {
      const shape = { ...pooling(next), input: inputLayout, output: layoutBefore(layers, index + 2) };
      if (inputLayout.border === 0 && canFuse(layer.type, shape) && mayOverwriteInput(layers, index)) {
        current = addTensor(shape.output);
        outputs.push(undefined, current);
        stages.push({
          type: "pool2d",
          input,
          output: current,
          layer: next,
          shape: { ...shape, activation: layer.type },
        });
        index++;
        continue;
      }
    }
    const output = layoutBefore(layers, index + 1);
    current = addTensor(output);
    outputs.push(current);
    const base = { input, output: current, layer: described };
    switch (layer.type) {
      case "conv2d": {
        const { kernel, stride, padding } = layer;
        stages.push({ ...base, type: "conv2d", shape: { kernel, stride, padding, input: inputLayout, output } });
        break;
      }
      case "averagePool2d":
      case "maxPool2d":
        stages.push({ ...base, type: "pool2d", shape: { ...pooling(described), input: inputLayout, output } });
        break;
      case "linear":
        stages.push({
          ...base,
          type: "linear",
          shape: { inFeatures: described.input[0], outFeatures: layer.outFeatures },
        });
        break;
      case "dropout":
        stages.push({ ...base, type: "dropout", shape: { probability: layer.probability, layout: output } });
        break;
      default:
        stages.push({ ...base, type: "activation", shape: { kind: layer.type, input: inputLayout, output } });
    }
  }
  return { stages, tensors, outputs };
}

/** The layout of the tensor that a layer reads, with the border that it, or the layer behind a dropout, pads by. */
export function layoutBefore(layers: readonly ShapedLayer[], index: number): Layout {
  const shape = index === 0 ? layers[0].input : layers[index - 1].output;
  let reader = index;
  while (layers[reader]?.layer.type === "dropout") reader++;
  const layer = layers[reader]?.layer;
  const border = layer?.type === "conv2d" ? layer.padding : 0;
  const [channels, height, width] = shape.length === 3 ? shape : [shape[0], 1, 1];
  return { channels, height, width, border };
}

/**
 * Whether a layer's input may be overwritten, as a fused pooling does: not where the layer that put it out needs it for
 * its own backward pass.
 */
function mayOverwriteInput(layers: readonly ShapedLayer[], index: number): boolean {
  const producer = layers.slice(0, index).findLast(({ layer }) => layer.type !== "dropout")?.layer.type;
  return producer === undefined || producer === "conv2d" || producer === "averagePool2d";
}

export function isActivation(type: ShapedLayer["layer"]["type"]): type is "sigmoid" | "relu" | "tanh" {
  return type === "sigmoid" || type === "relu" || type === "tanh";
}

function isPooling(layer: ShapedLayer["layer"]): boolean {
  return layer.type === "averagePool2d" || layer.type === "maxPool2d";
}

function pooling({ layer }: ShapedLayer): Pick<Pool2dShape, "kind" | "kernel" | "stride"> {
  if (layer.type !== "averagePool2d" && layer.type !== "maxPool2d") throw new TypeError(`${layer.type} does not pool`);
  return { kind: layer.type === "averagePool2d" ? "average" : "max", kernel: layer.kernel, stride: layer.stride };
}
