import { float64Tensors, ReferenceNetwork } from "../engine/reference/network.js";
import { inferShapes, type Model, type NamedTensors } from "../model/index.js";

/** What a network makes of one normalised image, and how that changes with the image: in double precision. */
export interface InputDifferentiation {
  /** What goes into the first layer and what comes out of each, in evaluation mode. */
  forward(input: Float64Array): Float64Array[];
  /**
   * The gradient, by the input, of the sum of a layer's outputs, each times its share.
   *
   * @param values what `forward` gave
   * @param layer the layer's index
   * @param shares as many as the layer has outputs
   */
  backward(values: readonly Float64Array[], layer: number, shares: Float64Array): Float64Array;
}

/**
 * Differentiates a network by its input, which the engines, made for training, do not: in the slow arithmetic of the
 * reference engine, some milliseconds an image.
 *
 * @throws ShapeError where the layers do not fit together or the parameters are not the model's
 */
export function inputDifferentiation(model: Model, parameters: NamedTensors): InputDifferentiation {
  const layers = inferShapes(model);
  const weights = float64Tensors(layers, parameters);
  const network = new ReferenceNetwork(layers);
  return {
    forward: (input) => network.forward(weights, input),
    backward: (values, layer, shares) => network.inputGradient(weights, values, layer, shares),
  };
}
