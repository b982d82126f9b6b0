import { ACTIVATIONS, type ActivationLayer } from "./activations.js";
import { type BatchNormLayer, batchNorm } from "./batchNorm.js";
import { type Conv2dLayer, conv2d } from "./conv2d.js";
import { type DropoutLayer, dropout } from "./dropout.js";
import { type FlattenLayer, flatten } from "./flatten.js";
import { type GlobalAveragePool2dLayer, globalAveragePool2d } from "./globalAveragePool2d.js";
import type { LayerKind } from "./kind.js";
import { type LinearLayer, linear } from "./linear.js";
import { POOLINGS, type Pool2dLayer } from "./pool2d.js";
import { type RbfLayer, rbf } from "./rbf.js";
import { type Subsample2dLayer, subsample2d } from "./subsample2d.js";

export { type ActivationLayer, LEAKY_RELU_SLOPE, SCALED_TANH } from "./activations.js";
export type { BatchNormLayer } from "./batchNorm.js";
export type { Conv2dLayer } from "./conv2d.js";
export type { DropoutLayer } from "./dropout.js";
export type { FlattenLayer } from "./flatten.js";
export type { GlobalAveragePool2dLayer } from "./globalAveragePool2d.js";
export type * from "./kind.js";
export type { LinearLayer } from "./linear.js";
export type { Pool2dLayer } from "./pool2d.js";
export { RBF_BITMAP, RBF_CENTRES, type RbfLayer } from "./rbf.js";
export {
  type ActivationShape,
  type ConnectionTable,
  connectedElements,
  elementCount,
  type LayerShapes,
  type ParameterSpec,
  ShapeError,
  trainableCount,
} from "./shape.js";
export type { Subsample2dLayer } from "./subsample2d.js";

/** A layer as plain data. */
export type Layer =
  | Conv2dLayer
  | Pool2dLayer
  | Subsample2dLayer
  | GlobalAveragePool2dLayer
  | LinearLayer
  | BatchNormLayer
  | RbfLayer
  | ActivationLayer
  | DropoutLayer
  | FlattenLayer;

/** A layer that recipes choose for pooling. */
export type PoolingLayer = Pool2dLayer | Subsample2dLayer;

/** The type of a layer: `conv2d`, `linear` … */
export type LayerType = Layer["type"];

/** The layers of one type. */
type LayerOf<Type extends LayerType, Each extends Layer = Layer> = Each extends Layer
  ? Type extends Each["type"]
    ? Each
    : never
  : never;

/** All kinds of layers. */
export const LAYER_KINDS: { readonly [Type in LayerType]: LayerKind<LayerOf<Type>> } = {
  conv2d,
  ...POOLINGS,
  subsample2d,
  globalAveragePool2d,
  linear,
  batchNorm,
  rbf,
  ...ACTIVATIONS,
  dropout,
  flatten,
};

/** All layer types. */
export const LAYER_TYPES = Object.keys(LAYER_KINDS) as LayerType[];
/** The activation types that recipes choose from. */
export const ACTIVATION_TYPES = Object.keys(ACTIVATIONS) as ActivationLayer["type"][];
/** The pooling types that recipes choose from. */
export const POOLING_TYPES = [...Object.keys(POOLINGS), "subsample2d"] as PoolingLayer["type"][];

/** The kind of a layer. */
export function kindOf(layer: Layer): LayerKind<Layer> {
  return LAYER_KINDS[layer.type];
}

/** Whether a layer is one of the activations that recipes choose from. */
export function isActivation(layer: Layer): layer is ActivationLayer {
  return Object.hasOwn(ACTIVATIONS, layer.type);
}

/** Whether a layer is one of the poolings that recipes choose from. */
export function isPooling(layer: Layer): layer is PoolingLayer {
  return (POOLING_TYPES as readonly LayerType[]).includes(layer.type);
}
