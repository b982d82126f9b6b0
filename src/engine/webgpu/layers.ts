import {
  type ActivationLayer,
  type DropoutLayer,
  elementCount,
  type FlattenLayer,
  isActivation,
  type Layer,
  type Model,
  type ShapedLayer,
} from "../../model/index.js";
import { conv2d } from "./kernels/conv2d.js";
import { globalAveragePool2d } from "./kernels/globalAveragePool2d.js";
import type { LayerKernels } from "./kernels/layerKernels.js";
import { linear } from "./kernels/linear.js";
import { averagePool2d, maxPool2d } from "./kernels/pool2d.js";

/** Layers that take each value by itself: applied where the layer before stores its output. */
type ElementwiseLayer = ActivationLayer | DropoutLayer | FlattenLayer;
type OtherLayer = Exclude<Layer, ElementwiseLayer>;

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
}

/** Groups a model's layers into stages; the first is the image. */
export function stagesOf(model: Model, layers: readonly ShapedLayer[]): Stage[] {
  const { channels, height, width } = model.input;
  const starts = layers.flatMap(({ layer }, index) => (isElementwise(layer) ? [] : [index]));
  return [-1, ...starts].map((index, stage) => {
    const shaped = layers[index] as ShapedLayer | undefined;
    return {
      shaped,
      index,
      kernels: shaped && (LAYER_KERNELS[shaped.layer.type as OtherLayer["type"]] as unknown as LayerKernels),
      size: shaped ? elementCount(shaped.output) : channels * height * width,
      steps: elementwiseSteps(layers, index + 1, starts[stage] ?? layers.length),
    };
  });
}

function isElementwise(layer: Layer): layer is ElementwiseLayer {
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
