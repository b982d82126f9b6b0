import {
  classCount,
  elementCount,
  inferShapes,
  type Model,
  type NamedTensors,
  parameterSpecs,
  type ShapedLayer,
  type Tensor,
} from "../../model/index.js";
import {
  type Batch,
  batchCount,
  type Engine,
  type EngineOptions,
  type LayerActivation,
  type LossSettings,
  type OptimizerState,
  requireAverage,
  requireBatch,
  requireNormalization,
  type SampleResults,
  type Update,
} from "../engine.js";
import { averageShare } from "../hyperparameters.js";
import type { SampleLoss } from "./crossEntropy.js";
import { type Float64Tensors, float64Tensors, ReferenceNetwork, zeroTensors } from "./network.js";
import { moveAverage, updateTensor } from "./optimizer.js";
import { readBatch } from "./pictures.js";

/**
 * The slow, readable engine: the same calls as the fast one, in plain TypeScript and double precision. What it computes
 * stands in reference/: a layer's forward and backward pass side by side in operations.ts, the way through the network
 * in network.ts, then the loss, the optimisers and the pictures. The fast engine is held against it.
 *
 * @throws ShapeError where the model's layers do not fit together, RangeError where the normalisation does not fit it
 */
export function referenceEngine(model: Model, options: EngineOptions): Engine {
  return new ReferenceEngine(model, options);
}

class ReferenceEngine implements Engine {
  readonly model: Model;
  readonly layers: readonly ShapedLayer[];
  readonly batchSize: number;

  private readonly options: EngineOptions;
  private readonly network: ReferenceNetwork;
  private weights: Float64Tensors;
  private first: Float64Tensors;
  private second: Float64Tensors;
  private average: Float64Tensors | undefined;

  constructor(model: Model, options: EngineOptions) {
    this.layers = inferShapes(model);
    requireNormalization(model, options.normalization);
    this.model = model;
    this.batchSize = options.batchSize;
    this.options = options;
    this.network = new ReferenceNetwork(this.layers);
    this.weights = zeroTensors(this.layers);
    this.first = zeroTensors(this.layers);
    this.second = zeroTensors(this.layers);
    this.average = options.averaging ? zeroTensors(this.layers) : undefined;
  }

  parameters(): NamedTensors<Float32Array> {
    return this.copyOut(this.weights);
  }

  setParameters(tensors: NamedTensors): void {
    this.weights = float64Tensors(this.layers, tensors);
  }

  optimizerState(): OptimizerState {
    const moments = { first: this.copyOut(this.first), second: this.copyOut(this.second) };
    return this.average ? { ...moments, average: this.copyOut(this.average) } : moments;
  }

  setOptimizerState(state: OptimizerState): void {
    requireAverage(this.options, state);
    this.first = float64Tensors(this.layers, state.first);
    this.second = float64Tensors(this.layers, state.second);
    this.average = state.average && float64Tensors(this.layers, state.average);
  }

  train(batch: Batch, labels: ArrayLike<number>, loss: LossSettings, update: Update): SampleResults {
    const { optimizer, averaging } = this.options;
    const dropout = { seed: loss.seed, step: update.step };
    const inputs = this.inputs(batch, labels);
    const { samples, gradients } = this.network.differentiate(
      this.weights,
      inputs,
      labels,
      loss.labelSmoothing,
      dropout,
    );
    for (const [name, weight] of this.weights) {
      updateTensor(optimizer, update, {
        weight,
        gradient: gradients.get(name)!,
        first: this.first.get(name)!,
        second: this.second.get(name)!,
      });
      if (averaging) moveAverage(this.average!.get(name)!, weight, averageShare(averaging, update.step));
    }
    return results(samples);
  }

  differentiate(batch: Batch, labels: ArrayLike<number>, labelSmoothing = 0) {
    const inputs = this.inputs(batch, labels);
    const { samples, gradients } = this.network.differentiate(this.weights, inputs, labels, labelSmoothing);
    return { ...results(samples), gradients: this.copyOut(gradients) };
  }

  evaluate(batch: Batch, labels: ArrayLike<number>): SampleResults {
    return results(this.network.differentiate(this.weights, this.inputs(batch, labels), labels, 0).samples);
  }

  predict(batch: Batch): Tensor<Float32Array> {
    const outputs = this.outputs(batch);
    return stacked(
      [classCount(this.layers)],
      outputs.map((values) => values[values.length - 1]),
    );
  }

  activations(batch: Batch): LayerActivation[] {
    const outputs = this.outputs(batch);
    return this.layers.map((layer, index) => ({
      layer,
      output: stacked(
        layer.output,
        outputs.map((values) => values[index + 1]),
      ),
    }));
  }

  dispose(): void {}

  private inputs(batch: Batch, labels: ArrayLike<number>): Float64Array[] {
    requireBatch(this, batch, labels);
    return readBatch(batch, this.model.input, this.options.normalization);
  }

  /** Input and outputs of every layer in evaluation mode, a sample each. */
  private outputs(batch: Batch): Float64Array[][] {
    const unlabelled = new Int32Array(batchCount(batch, this.model));
    return this.inputs(batch, unlabelled).map((input) => this.network.forward(this.weights, input));
  }

  private copyOut(tensors: Float64Tensors): NamedTensors<Float32Array> {
    return new Map(
      parameterSpecs(this.layers).map(({ name, shape }) => [
        name,
        { shape, data: Float32Array.from(tensors.get(name)!) },
      ]),
    );
  }
}

function results(samples: readonly SampleLoss[]): SampleResults {
  return {
    losses: Float32Array.from(samples, ({ loss }) => loss),
    predictions: Int32Array.from(samples, ({ prediction }) => prediction),
  };
}

/** Samples of one shape as one tensor. */
function stacked(shape: readonly number[], samples: readonly Float64Array[]): Tensor<Float32Array> {
  const size = elementCount(shape);
  const data = new Float32Array(samples.length * size);
  samples.forEach((values, sample) => {
    data.set(values, sample * size);
  });
  return { shape: [samples.length, ...shape], data };
}
