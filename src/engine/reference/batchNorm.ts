import { type BatchNormLayer, elementCount, type ShapedLayer } from "../../model/index.js";

/** The mean and variance of each channel over all samples and places of a batch. */
export interface BatchStatistics {
  readonly mean: Float64Array;
  /** Divided by the number of values, n: what the batch is normalised by. */
  readonly variance: Float64Array;
  /** Divided by n − 1: what the running variance moves towards. */
  readonly unbiasedVariance: Float64Array;
}

/** The tensors of a layer by their names behind its own: `weight`, `bias`, `running_mean`, `running_var`. */
export type LayerTensors = Readonly<Record<string, Float64Array>>;

/** What the backward pass of a batch needs. */
export interface BatchNormBackward {
  /** The layer's inputs, sample by sample. */
  readonly xs: readonly Float64Array[];
  /** The gradients of the loss with respect to its outputs. */
  readonly dys: readonly Float64Array[];
  readonly tensors: LayerTensors;
  /** The gradients of weight and bias, to which the batch's are added. */
  readonly gradients: LayerTensors;
  /** Those of the batch in training; undefined outside it, where nothing depends on the batch. */
  readonly statistics: BatchStatistics | undefined;
}

/** Batch normalisation, as torch.nn.BatchNorm1d and BatchNorm2d. */
export class BatchNorm {
  readonly layer: BatchNormLayer;
  private readonly channels: number;
  private readonly places: number;

  constructor(layer: BatchNormLayer, { input }: Pick<ShapedLayer, "input">) {
    this.layer = layer;
    this.channels = input[0];
    this.places = elementCount(input) / input[0];
  }

  /** Measures a batch. */
  measure(xs: readonly Float64Array[]): BatchStatistics {
    const count = xs.length * this.places;
    const mean = this.perChannel(xs, (x) => x).map((sum) => sum / count);
    const deviations = this.perChannel(xs, (x, channel) => (x - mean[channel]) ** 2);
    return {
      mean,
      variance: deviations.map((sum) => sum / count),
      unbiasedVariance: deviations.map((sum) => sum / (count - 1)),
    };
  }

  /** y = weight · (x − mean) / √(variance + ε) + bias, by the batch's statistics or else the running ones. */
  forward(xs: readonly Float64Array[], tensors: LayerTensors, statistics: BatchStatistics | undefined): Float64Array[] {
    const normalized = this.normalize(tensors, statistics);
    return xs.map((x) =>
      x.map((value, place) => {
        const channel = this.channelOf(place);
        return tensors.weight[channel] * normalized(value, channel) + tensors.bias[channel];
      }),
    );
  }

  /** The gradients with respect to the inputs. In training, mean and variance depend on every input of the channel. */
  backward({ xs, dys, tensors, gradients, statistics }: BatchNormBackward): Float64Array[] {
    const normalized = this.normalize(tensors, statistics);
    const sums = this.perChannel(dys, (dy) => dy);
    const products = this.perChannel(dys, (dy, channel, sample, place) => {
      return dy * normalized(xs[sample][place], channel);
    });
    sums.forEach((sum, channel) => {
      gradients.bias[channel] += sum;
      gradients.weight[channel] += products[channel];
    });
    const count = xs.length * this.places;
    const variance = this.varianceOf(tensors, statistics);
    return dys.map((dy, sample) =>
      dy.map((gradient, place) => {
        const channel = this.channelOf(place);
        const shared = statistics
          ? (sums[channel] + products[channel] * normalized(xs[sample][place], channel)) / count
          : 0;
        return (tensors.weight[channel] * (gradient - shared)) / Math.sqrt(variance[channel] + this.layer.epsilon);
      }),
    );
  }

  private normalize(tensors: LayerTensors, statistics: BatchStatistics | undefined) {
    const mean = statistics?.mean ?? tensors.running_mean;
    const variance = this.varianceOf(tensors, statistics);
    return (x: number, channel: number) => (x - mean[channel]) / Math.sqrt(variance[channel] + this.layer.epsilon);
  }

  private varianceOf(tensors: LayerTensors, statistics: BatchStatistics | undefined): Float64Array {
    return statistics?.variance ?? tensors.running_var;
  }

  /** Sums over all samples and places, channel by channel. */
  private perChannel(
    samples: readonly Float64Array[],
    term: (value: number, channel: number, sample: number, place: number) => number,
  ): Float64Array {
    const sums = new Float64Array(this.channels);
    samples.forEach((values, sample) => {
      values.forEach((value, place) => {
        const channel = this.channelOf(place);
        sums[channel] += term(value, channel, sample, place);
      });
    });
    return sums;
  }

  private channelOf(place: number): number {
    return Math.floor(place / this.places);
  }
}
