import { type BatchNormLayer, type Layer, ShapeError } from "./layers/index.js";
import type { Model } from "./model.js";
import { elementCount, type NamedTensors } from "./parameters.js";
import { inferShapes, parameterSpecs, requireParameters } from "./shapes.js";
import type { Weights } from "./weights.js";

/**
 * The same network without batch normalisation: outside training it scales and shifts each channel, which the weights
 * and biases of the convolution or linear layer before it can do as well. Its outputs are the same except for rounding.
 *
 * @param parameters all parameters and buffers of the model
 * @returns model and parameters; those passed, if there is nothing to fold
 * @throws ShapeError if the parameters are not the model's, or a batch normalisation does not follow a convolution or a
 *   linear layer directly
 *
 * @example
 * ```ts
 * import { fold, LeNet5 } from "lenet";
 *
 * const { model, parameters } = LeNet5.create({ classes: ["cat", "dog"], batchNorm: true });
 * console.log(model.layers.length, fold(model, parameters).model.layers.length);
 * ```
 */
export function fold(model: Model, parameters: NamedTensors): Pick<Weights, "model" | "parameters"> {
  const shaped = inferShapes(model);
  requireParameters(parameterSpecs(shaped), parameters);
  if (!hasBatchNorm(model)) return { model, parameters };
  const layers: Layer[] = [];
  const folded = new Map(parameters);
  for (const { layer, label, parameters: tensors } of shaped) {
    if (layer.type !== "batchNorm") {
      layers.push(layer);
      continue;
    }
    const before = layers.at(-1);
    if (before?.type !== "conv2d" && before?.type !== "linear") {
      throw new ShapeError(
        `${layer.name} (${label}): only batch normalisation right behind a convolution or a linear layer can be folded`,
      );
    }
    foldInto(before.name, layer, folded);
    for (const { name } of tensors) folded.delete(name);
  }
  return { model: { ...model, layers }, parameters: folded };
}

/** Whether a model has batch normalisation. */
export function hasBatchNorm({ layers }: Model): boolean {
  return layers.some(({ type }) => type === "batchNorm");
}

/** Scales the weights of a layer and moves its bias, output by output; in double precision, rounded once. */
function foldInto(target: string, { name, epsilon }: BatchNormLayer, parameters: Map<string, NamedTensor>): void {
  const valuesOf = (tensor: string) => Float64Array.from(parameters.get(tensor)!.data as ArrayLike<number>);
  const [weight, bias, mean, variance] = ["weight", "bias", "running_mean", "running_var"].map((part) =>
    valuesOf(`${name}.${part}`),
  );
  const scale = weight.map((factor, channel) => factor / Math.sqrt(variance[channel] + epsilon));
  const replace = (tensor: string, change: (value: number, output: number) => number) => {
    const { shape } = parameters.get(tensor)!;
    const perOutput = elementCount(shape.slice(1));
    const data = Float32Array.from(valuesOf(tensor), (value, index) => change(value, Math.floor(index / perOutput)));
    parameters.set(tensor, { shape, data });
  };
  replace(`${target}.weight`, (value, output) => value * scale[output]);
  replace(`${target}.bias`, (value, output) => (value - mean[output]) * scale[output] + bias[output]);
}

type NamedTensor = NamedTensors extends ReadonlyMap<string, infer Named> ? Named : never;
