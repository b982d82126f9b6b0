import {
  elementCount,
  type NamedTensors,
  parameterSpecs,
  requireParameters,
  type ShapedLayer,
} from "../../model/index.js";
import { dropoutKeys } from "../../numeric/dropoutDraw.js";
import { crossEntropy, type SampleLoss } from "./crossEntropy.js";
import { type DropoutDraw, type Operation, operationOf, type WeightAndBias } from "./operations.js";

/** Tensors by parameter name. */
export type Float64Tensors = ReadonlyMap<string, Float64Array>;

/** Zeros for every parameter. */
export function zeroTensors(layers: readonly ShapedLayer[]): Float64Tensors {
  return new Map(parameterSpecs(layers).map(({ name, shape }) => [name, new Float64Array(elementCount(shape))]));
}

/**
 * Converts parameters to double precision.
 *
 * @throws ShapeError if they do not match the layers
 */
export function float64Tensors(layers: readonly ShapedLayer[], tensors: NamedTensors): Float64Tensors {
  const specs = parameterSpecs(layers);
  requireParameters(specs, tensors);
  return new Map(
    specs.map(({ name }) => {
      const data: ArrayLike<number | bigint> = tensors.get(name)!.data;
      return [name, Float64Array.from(data, Number)];
    }),
  );
}

/** What dropout draws from; omitted in evaluation mode. */
export interface DropoutSource {
  readonly seed: number;
  readonly step: number;
}

/** The losses of a batch and the gradients of their mean. */
export interface BatchGradients {
  readonly samples: readonly SampleLoss[];
  readonly gradients: Float64Tensors;
}

/** The network as a function of its weights: forward and backward through all layers. */
export class ReferenceNetwork {
  private readonly layers: readonly ShapedLayer[];
  private readonly operations: readonly Operation[];

  constructor(layers: readonly ShapedLayer[]) {
    this.layers = layers;
    this.operations = layers.map(operationOf);
  }

  /** The input, then the output of each layer; the last are the logits. */
  forward(weights: Float64Tensors, input: Float64Array, position = 0, dropout?: DropoutSource): Float64Array[] {
    const values = [input];
    this.operations.forEach((operation, index) => {
      values.push(operation.forward(values[index], this.ofLayer(index, weights), draw(index, position, dropout)));
    });
    return values;
  }

  /** Forward, loss and backward, sample by sample. */
  differentiate(
    weights: Float64Tensors,
    inputs: readonly Float64Array[],
    labels: ArrayLike<number>,
    labelSmoothing: number,
    dropout?: DropoutSource,
  ): BatchGradients {
    const gradients = zeroTensors(this.layers);
    const samples = inputs.map((input, position) => {
      const values = this.forward(weights, input, position, dropout);
      const sample = crossEntropy(values[values.length - 1], labels[position], labelSmoothing);
      const dy = sample.gradient.map((gradient) => gradient / inputs.length);
      this.backward(weights, values, this.operations.length - 1, dy, gradients, position, dropout);
      return sample;
    });
    return { samples, gradients };
  }

  /**
   * The gradient of a weighted sum of a layer's outputs with respect to the input, in evaluation mode.
   *
   * @param values the result of `forward`
   * @param layer the layer's index
   * @param dy the weight of each of its outputs
   */
  inputGradient(
    weights: Float64Tensors,
    values: readonly Float64Array[],
    layer: number,
    dy: Float64Array,
  ): Float64Array {
    return this.backward(weights, values, layer, dy, zeroTensors(this.layers));
  }

  /**
   * Backward from a layer's outputs to the input; adds to `gradients` and returns the gradient with respect to the
   * input.
   */
  private backward(
    weights: Float64Tensors,
    values: readonly Float64Array[],
    layer: number,
    outputGradient: Float64Array,
    gradients: Float64Tensors,
    position = 0,
    dropout?: DropoutSource,
  ): Float64Array {
    let dy = outputGradient;
    for (let index = layer; index >= 0; index--) {
      dy = this.operations[index].backward({
        x: values[index],
        y: values[index + 1],
        dy,
        learned: this.ofLayer(index, weights),
        gradients: this.ofLayer(index, gradients),
        draw: draw(index, position, dropout),
      });
    }
    return dy;
  }

  private ofLayer(index: number, tensors: Float64Tensors): WeightAndBias {
    const [weight, bias] = this.layers[index].parameters.map(({ name }) => tensors.get(name)!);
    return { weight: weight ?? NOTHING, bias: bias ?? NOTHING };
  }
}

const NOTHING = new Float64Array(0);

function draw(layer: number, position: number, dropout: DropoutSource | undefined): DropoutDraw | undefined {
  return dropout && { position, keys: dropoutKeys(dropout.seed, dropout.step, layer) };
}
