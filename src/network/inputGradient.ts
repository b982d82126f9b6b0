import { float64Tensors, ReferenceNetwork } from "../engine/reference/referenceNetwork.js";
import { inferShapes, type Model, type NamedTensors, parameterSpecs } from "../model/index.js";

/** A network's outputs for one normalised image and their gradients with respect to the image, in double precision. */
export interface InputDifferentiation {
  /** The input, then the output of each layer, in evaluation mode. */
  forward(input: Float64Array): Float64Array[];
  /**
   * The gradient of a weighted sum of a layer's outputs with respect to the input.
   *
   * @param values the result of `forward`
   * @param layer the layer's index
   * @param shares the weight of each of the layer's outputs
   */
  backward(values: readonly Float64Array[], layer: number, shares: Float64Array): Float64Array;
}

/**
 * Differentiates a network with respect to its input, which training engines do not do. Uses the slow arithmetic of the
 * reference engine and takes a few milliseconds per image.
 *
 * @throws ShapeError if the layers do not fit together or the parameters do not match the model
 */
export function inputDifferentiation(model: Model, parameters: NamedTensors): InputDifferentiation {
  const layers = inferShapes(model);
  const weights = float64Tensors(parameterSpecs(layers), parameters);
  const network = new ReferenceNetwork(layers);
  return {
    forward: (input) => network.forward(weights, input),
    backward: (values, layer, shares) => network.inputGradient(weights, values, layer, shares),
  };
}
