import {
  elementCount,
  type NamedTensors,
  type ParameterSpec,
  parameterSpecs,
  requireParameters,
  type ShapedLayer,
} from "../../model/index.js";
import { dropoutKeys } from "../../numeric/dropoutDraw.js";
import { BatchNorm, type BatchStatistics, type LayerTensors } from "./batchNorm.js";
import { type SampleLoss, type SampleTargets, sampleLoss } from "./crossEntropy.js";
import { type DropoutDraw, type Operation, operationOf } from "./operations.js";

/** Tensors by parameter name. */
export type Float64Tensors = ReadonlyMap<string, Float64Array>;

/** Zeros for every parameter. */
export function zeroTensors(specs: readonly ParameterSpec[]): Float64Tensors {
  return new Map(specs.map(({ name, shape }) => [name, new Float64Array(elementCount(shape))]));
}

/**
 * Converts parameters to double precision.
 *
 * @throws ShapeError if the tensors are not exactly these parameters
 */
export function float64Tensors(specs: readonly ParameterSpec[], tensors: NamedTensors): Float64Tensors {
  requireParameters(specs, tensors);
  return new Map(
    specs.map(({ name }) => {
      const data: ArrayLike<number | bigint> = tensors.get(name)!.data;
      return [name, Float64Array.from(data, Number)];
    }),
  );
}

/** What dropout draws from in training. In evaluation mode there is none, and batches are not measured. */
export interface TrainingMode {
  readonly seed: number;
  readonly step: number;
}

/** The losses of a batch and the gradients of their mean. */
export interface BatchGradients {
  readonly samples: readonly SampleLoss[];
  readonly gradients: Float64Tensors;
  /** What batch normalisation measured in training. */
  readonly measured: readonly MeasuredLayer[];
}

/** A layer of batch normalisation and what it measured of a batch. */
export interface MeasuredLayer {
  readonly layer: BatchNorm["layer"];
  readonly statistics: BatchStatistics;
}

/** The way of a batch forward through the network. */
export interface BatchForward {
  /** The inputs, then the outputs of each layer: [layer][sample]; the last are the logits. */
  readonly values: readonly (readonly Float64Array[])[];
  /** By layer. */
  readonly statistics: readonly (BatchStatistics | undefined)[];
}

/** The network as a function of its weights: forward and backward through all layers. */
export class ReferenceNetwork {
  private readonly layers: readonly ShapedLayer[];
  private readonly operations: readonly (Operation | BatchNorm)[];

  private readonly rubbishLogit: number | undefined;

  constructor(layers: readonly ShapedLayer[], rubbishPenalty?: number) {
    this.layers = layers;
    this.rubbishLogit = rubbishPenalty === undefined ? undefined : -rubbishPenalty;
    this.operations = layers.map(({ layer, ...shapes }) =>
      layer.type === "batchNorm" ? new BatchNorm(layer, shapes) : operationOf(layer, shapes),
    );
  }

  /** The input, then the output of each layer in evaluation mode; the last are the logits. */
  forward(weights: Float64Tensors, input: Float64Array): Float64Array[] {
    return this.forwardBatch(weights, [input]).values.map(([value]) => value);
  }

  /** Measures a batch, forward in training mode. */
  measure(weights: Float64Tensors, inputs: readonly Float64Array[], mode: TrainingMode): MeasuredLayer[] {
    return this.measuredLayers(this.forwardBatch(weights, inputs, mode));
  }

  /**
   * Forward, loss and backward, layer by layer.
   *
   * @param targetsOf what the loss of each sample depends on, by its position
   */
  differentiate(
    weights: Float64Tensors,
    inputs: readonly Float64Array[],
    labels: ArrayLike<number>,
    targetsOf: (position: number) => SampleTargets,
    mode?: TrainingMode,
  ): BatchGradients {
    const gradients = zeroTensors(parameterSpecs(this.layers));
    const forward = this.forwardBatch(weights, inputs, mode);
    const samples = forward.values[forward.values.length - 1].map((logits, position) =>
      sampleLoss(logits, labels[position], { ...targetsOf(position), rubbishLogit: this.rubbishLogit }),
    );
    const dys = samples.map(({ gradient }) => gradient.map((each) => each / inputs.length));
    this.backward(weights, forward, this.operations.length - 1, dys, gradients, mode);
    return { samples, gradients, measured: this.measuredLayers(forward) };
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
    const forward = { values: values.map((value) => [value]), statistics: [] };
    return this.backward(weights, forward, layer, [dy], zeroTensors(parameterSpecs(this.layers)))[0];
  }

  /** Forward through all layers; in evaluation mode without a training mode. */
  forwardBatch(weights: Float64Tensors, inputs: readonly Float64Array[], mode?: TrainingMode): BatchForward {
    const values: (readonly Float64Array[])[] = [inputs];
    const statistics = this.operations.map((operation, index) => {
      const xs = values[index];
      const tensors = this.ofLayer(index, weights);
      if (operation instanceof BatchNorm) {
        const measured = mode && operation.measure(xs);
        values.push(operation.forward(xs, tensors, measured));
        return measured;
      }
      values.push(xs.map((x, position) => operation.forward(x, weightAndBias(tensors), draw(index, position, mode))));
      return undefined;
    });
    return { values, statistics };
  }

  private measuredLayers({ statistics }: BatchForward): MeasuredLayer[] {
    return this.operations.flatMap((operation, index) => {
      const measured = statistics[index];
      return operation instanceof BatchNorm && measured ? [{ layer: operation.layer, statistics: measured }] : [];
    });
  }

  /**
   * Backward from a layer's outputs to the inputs; adds to `gradients` and returns the gradients with respect to the
   * inputs.
   */
  private backward(
    weights: Float64Tensors,
    { values, statistics }: BatchForward,
    layer: number,
    outputGradients: readonly Float64Array[],
    allGradients: Float64Tensors,
    mode?: TrainingMode,
  ): readonly Float64Array[] {
    let dys = outputGradients;
    for (let index = layer; index >= 0; index--) {
      const operation = this.operations[index];
      const xs = values[index];
      const tensors = this.ofLayer(index, weights);
      const gradients = this.ofLayer(index, allGradients);
      if (operation instanceof BatchNorm) {
        dys = operation.backward({ xs, dys, tensors, gradients, statistics: statistics[index] });
        continue;
      }
      dys = dys.map((dy, position) =>
        operation.backward({
          x: xs[position],
          y: values[index + 1][position],
          dy,
          learned: weightAndBias(tensors),
          gradients: weightAndBias(gradients),
          draw: draw(index, position, mode),
        }),
      );
    }
    return dys;
  }

  /** A layer's tensors by the last part of their names. */
  private ofLayer(index: number, tensors: Float64Tensors): LayerTensors {
    return Object.fromEntries(
      this.layers[index].parameters.map(({ name }) => [name.slice(name.lastIndexOf(".") + 1), tensors.get(name)!]),
    );
  }
}

const NOTHING = new Float64Array(0);

function weightAndBias({ weight = NOTHING, bias = NOTHING }: Partial<LayerTensors>) {
  return { weight, bias };
}

function draw(layer: number, position: number, mode: TrainingMode | undefined): DropoutDraw | undefined {
  return mode && { position, keys: dropoutKeys(mode.seed, mode.step, layer) };
}
