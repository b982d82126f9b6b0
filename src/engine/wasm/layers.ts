import type { Layer } from "../../model/index.js";
import { activation } from "./kernels/activation.js";
import { batchNorm } from "./kernels/batchNorm.js";
import { conv2d } from "./kernels/conv2d/conv2d.js";
import { dropout } from "./kernels/dropout.js";
import { globalAveragePool2d } from "./kernels/globalAveragePool2d.js";
import type { LayerKernels } from "./kernels/layerKernels.js";
import { linear } from "./kernels/linear.js";
import { averagePool2d, maxPool2d } from "./kernels/pool2d.js";
import { rbf } from "./kernels/rbf.js";
import { subsample2d } from "./kernels/subsample2d.js";

/** The layer whose `type` is, or includes, the given one. */
type LayerOf<Type, Of = Layer> = Of extends { readonly type: infer Types } ? (Type extends Types ? Of : never) : never;

/** How each kind of layer is computed; undefined if its output is its input's memory in another shape. */
const LAYER_KERNELS = {
  conv2d,
  averagePool2d,
  maxPool2d,
  subsample2d,
  globalAveragePool2d,
  linear,
  batchNorm,
  rbf,
  sigmoid: activation,
  relu: activation,
  leakyRelu: activation,
  tanh: activation,
  scaledTanh: activation,
  dropout,
  flatten: undefined,
} satisfies { [Type in Layer["type"]]: LayerKernels<LayerOf<Type>> | undefined };

/** How a layer is computed; undefined if its output is its input's memory in another shape. */
export function kernelsOf(layer: Layer): LayerKernels | undefined {
  return LAYER_KERNELS[layer.type];
}
