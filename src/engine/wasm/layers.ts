import type { Layer } from "../../model/index.js";
import { activation, activationTraining } from "./kernels/activation.js";
import { batchNorm, batchNormTraining } from "./kernels/batchNorm.js";
import { conv2d, conv2dTraining } from "./kernels/conv2d/conv2d.js";
import { dropout, dropoutTraining } from "./kernels/dropout.js";
import { globalAveragePool2d, globalAveragePool2dTraining } from "./kernels/globalAveragePool2d.js";
import type { LayerKernels, TrainingKernels } from "./kernels/layerKernels.js";
import { linear, linearTraining } from "./kernels/linear.js";
import { averagePool2d, averagePool2dTraining, maxPool2d, maxPool2dTraining } from "./kernels/pool2d.js";
import { rbf, rbfTraining } from "./kernels/rbf.js";
import { subsample2d, subsample2dTraining } from "./kernels/subsample2d.js";

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

/** How each kind of layer is trained. Apart from the others, see {@link TrainingKernels}. */
const TRAINING_KERNELS = {
  conv2d: conv2dTraining,
  averagePool2d: averagePool2dTraining,
  maxPool2d: maxPool2dTraining,
  subsample2d: subsample2dTraining,
  globalAveragePool2d: globalAveragePool2dTraining,
  linear: linearTraining,
  batchNorm: batchNormTraining,
  rbf: rbfTraining,
  sigmoid: activationTraining,
  relu: activationTraining,
  leakyRelu: activationTraining,
  tanh: activationTraining,
  scaledTanh: activationTraining,
  dropout: dropoutTraining,
  flatten: undefined,
} satisfies { [Type in Layer["type"]]: TrainingKernels<LayerOf<Type>> | undefined };

/** How a layer is trained; undefined if its output is its input's memory in another shape. */
export function trainingKernelsOf(layer: Layer): TrainingKernels | undefined {
  return TRAINING_KERNELS[layer.type];
}
