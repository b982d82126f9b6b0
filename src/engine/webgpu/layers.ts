import {
  type ActivationLayer,
  type BatchNormLayer,
  type DropoutLayer,
  elementCount,
  type FlattenLayer,
  isActivation,
  type Layer,
  type Model,
  type ShapedLayer,
} from "../../model/index.js";
import { batchNorm } from "./kernels/batchNorm.js";
import { conv2d } from "./kernels/conv2d.js";
import { globalAveragePool2d } from "./kernels/globalAveragePool2d.js";
import type { LayerKernels } from "./kernels/layerKernels.js";
import { linear } from "./kernels/linear.js";
import { averagePool2d, maxPool2d } from "./kernels/pool2d.js";
import { pooledConv2d } from "./kernels/pooledConv2d.js";
import { rbf } from "./kernels/rbf.js";
import { subsample2d } from "./kernels/subsample2d.js";

/**
 * Layers that take each value by itself: applied where the layer before stores its output. Batch normalisation is one of
 * them outside training.
 */
type ElementwiseLayer = ActivationLayer | DropoutLayer | FlattenLayer | BatchNormLayer;
type OtherLayer = Exclude<Layer, Exclude<ElementwiseLayer, BatchNormLayer>>;

/** The layer whose `type` is, or includes, the given one. */
type LayerOf<Type, Of = OtherLayer> = Of extends { readonly type: infer Types }
  ? Type extends Types
    ? Of
    : never
  : never;

/** How each kind of layer is computed; elementwise layers have no code of their own. */
const LAYER_KERNELS = {
  conv2d,
  averagePool2d,
  maxPool2d,
  globalAveragePool2d,
  linear,
  batchNorm,
  subsample2d,
  rbf,
} satisfies { [Type in OtherLayer["type"]]: LayerKernels<LayerOf<Type>> };

/** An elementwise layer behind the layer, or the image, of a stage. */
export interface ElementwiseStep {
  readonly layer: ElementwiseLayer;
  /** The layer's place in the model. */
  readonly index: number;
  /** What it gets is kept apart: an activation before it needs its own output for its derivative. */
  readonly keepsInput: boolean;
}

/** The image, or a layer with a loop of its own, and the elementwise layers that follow. */
export interface Stage {
  /** The layer that computes; undefined for the image. */
  readonly shaped?: ShapedLayer;
  /** Its place in the model; −1 for the image. */
  readonly index: number;
  /** Undefined for the image. */
  readonly kernels?: LayerKernels;
  /** Values of its output. */
  readonly size: number;
  readonly steps: readonly ElementwiseStep[];
  /** Of a convolution that pools its own output: the convolution's place in the model, and what is between the two. */
  readonly inside?: { readonly index: number; readonly steps: readonly ElementwiseStep[] };
}

/** A window of the pooling that a convolution does itself has at most so many values. */
const MOST_IN_WINDOW = 16;

/** Groups a model's layers into stages; the first is the image. */
export function stagesOf(model: Model, layers: readonly ShapedLayer[], training: boolean): Stage[] {
  const { channels, height, width } = model.input;
  const image = { index: -1, size: channels * height * width };
  const starts = layers.flatMap(({ layer }, index) => (isElementwise(layer, training) ? [] : [index]));
  const stages: Stage[] = [{ ...image, steps: elementwiseSteps(layers, 0, starts[0] ?? layers.length) }];
  for (let start = 0; start < starts.length; start++) {
    const end = (place: number) => starts[place] ?? layers.length;
    const steps = elementwiseSteps(layers, starts[start] + 1, end(start + 1));
    const behind = elementwiseSteps(layers, (starts[start + 1] ?? 0) + 1, end(start + 2));
    const pooled = poolsItself(layers[starts[start]], steps, layers[starts[start + 1]], behind);
    if (pooled) {
      const inside = { index: starts[start], steps };
      stages.push({ ...stageOf(pooled, starts[start + 1], behind, pooledConv2d as unknown as LayerKernels), inside });
      start++;
    } else {
      const shaped = layers[starts[start]];
      const kernels = LAYER_KERNELS[shaped.layer.type as OtherLayer["type"]] as unknown as LayerKernels;
      stages.push(stageOf(shaped, starts[start], steps, kernels));
    }
  }
  return stages;
}

function stageOf(shaped: ShapedLayer, index: number, steps: readonly ElementwiseStep[], kernels: LayerKernels): Stage {
  return { shaped, index, kernels, size: elementCount(shaped.output), steps };
}

/**
 * A convolution with the output of the max pooling behind it, if it can do both at once: see pooledConv2d.ts.
 *
 * @param between what is between the two
 * @param behind what is behind the pooling; its derivatives would need more than the largest values
 */
function poolsItself(
  convolution: ShapedLayer,
  between: readonly ElementwiseStep[],
  pooling: ShapedLayer | undefined,
  behind: readonly ElementwiseStep[],
): ShapedLayer | undefined {
  if (convolution.layer.type !== "conv2d" || pooling?.layer.type !== "maxPool2d") return undefined;
  const { kernel, stride } = pooling.layer;
  const [, rows = 0, columns = 0] = convolution.output;
  const isCovered = stride === kernel && rows % kernel === 0 && columns % kernel === 0;
  const inside = between.filter(({ layer }) => layer.type !== "batchNorm");
  const isPlain = inside.length <= 1 && inside.every(({ layer }) => isActivation(layer));
  const isSmall = convolution.layer.stride === 1 && kernel * kernel <= MOST_IN_WINDOW;
  if (!isCovered || !isPlain || !isSmall || behind.some(({ layer }) => isActivation(layer))) return undefined;
  return { ...convolution, output: pooling.output };
}

function isElementwise(layer: Layer, training: boolean): boolean {
  if (layer.type === "batchNorm") return !training;
  return isActivation(layer) || layer.type === "dropout" || layer.type === "flatten";
}

function elementwiseSteps(layers: readonly ShapedLayer[], start: number, end: number): ElementwiseStep[] {
  let activated = false;
  return layers.slice(start, end).map(({ layer }, place) => {
    const keepsInput = activated && isActivation(layer);
    activated ||= isActivation(layer);
    return { layer: layer as ElementwiseLayer, index: start + place, keepsInput };
  });
}
