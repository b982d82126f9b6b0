import {
  type ActivationLayer,
  type BatchNormLayer,
  type Conv2dLayer,
  type DropoutLayer,
  elementCount,
  type Layer,
  LEAKY_RELU_SLOPE,
  type Pool2dLayer,
  RBF_CENTRES,
  SCALED_TANH,
  type ShapedLayer,
  ShapeError,
  type Subsample2dLayer,
} from "../../model/index.js";
import { dropoutThreshold, dropoutWord } from "../../numeric/dropoutDraw.js";

/** A layer's weight and bias, or their gradients; empty if the layer has no parameters. */
export interface WeightAndBias {
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/** What a dropout layer draws from for one sample; omitted in evaluation mode. */
export interface DropoutDraw {
  /** The sample's position in its batch. */
  readonly position: number;
  readonly keys: readonly [number, number];
}

/** What a layer's backward pass needs for one sample. */
export interface BackwardPass {
  /** The layer's input. */
  readonly x: Float64Array;
  /** The layer's output. */
  readonly y: Float64Array;
  /** The gradient of the loss with respect to y. */
  readonly dy: Float64Array;
  readonly learned: WeightAndBias;
  /** The gradients with respect to `learned`; the sample's gradients are added. */
  readonly gradients: WeightAndBias;
  readonly draw?: DropoutDraw;
}

/** The forward and backward pass of one layer for one sample. */
export interface Operation {
  /** Computes y from x. */
  forward(x: Float64Array, learned: WeightAndBias, draw?: DropoutDraw): Float64Array;
  /** The gradient of the loss with respect to x, by the chain rule. */
  backward(pass: BackwardPass): Float64Array;
}

/** The shape [channels, height, width] of one sample. */
type ImageExtents = readonly [number, number, number];

/** A layer that computes each sample by itself. */
type SampleLayer = Exclude<Layer, BatchNormLayer>;

/** The operation of a layer; batchNorm.ts has that of batch normalisation, which takes the whole batch. */
export function operationOf(layer: SampleLayer, { input, output }: Pick<ShapedLayer, "input" | "output">): Operation {
  switch (layer.type) {
    case "conv2d":
      return conv2d(layer, imageExtents(input), imageExtents(output));
    case "averagePool2d":
      return averagePool2d(layer, imageExtents(input), imageExtents(output));
    case "maxPool2d":
      return maxPool2d(layer, imageExtents(input), imageExtents(output));
    case "subsample2d":
      return subsample2d(layer, imageExtents(input), imageExtents(output));
    case "globalAveragePool2d":
      return globalAveragePool2d(imageExtents(input));
    case "linear":
      return linear(elementCount(input), elementCount(output));
    case "rbf":
      return rbf();
    case "sigmoid":
    case "relu":
    case "leakyRelu":
    case "tanh":
    case "scaledTanh":
      return activation(layer.type);
    case "dropout":
      return dropout(layer, elementCount(input));
    case "flatten":
      return flatten();
  }
}

function imageExtents(shape: readonly number[]): ImageExtents {
  if (shape.length !== 3) throw new ShapeError(`expected [channels, height, width], got [${shape.join(", ")}]`);
  return [shape[0], shape[1], shape[2]];
}

/** The index of (channel, row, column) in a tensor stored channel by channel, row by row. */
function placeOf([, height, width]: ImageExtents, channel: number, row: number, column: number): number {
  return (channel * height + row) * width + column;
}

/**
 * y[out] = bias[out] + Σ weight[out][in] ∗ x[in], where ∗ slides the kernel over the zero-padded channel, and the sum is
 * over the channels that are connected.
 */
function conv2d(layer: Conv2dLayer, input: ImageExtents, output: ImageExtents): Operation {
  const { kernel, stride, padding, connections } = layer;
  const [inChannels, height, width] = input;
  const [outChannels, outHeight, outWidth] = output;

  /** Visits every multiplication of the convolution, except those with the zero padding. */
  const forEachProduct = (visit: (y: number, weight: number, x: number) => void) => {
    for (let out = 0; out < outChannels; out++) {
      for (let row = 0; row < outHeight; row++) {
        for (let column = 0; column < outWidth; column++) {
          for (let channel = 0; channel < inChannels; channel++) {
            if (connections && !connections[out].includes(channel)) continue;
            for (let tapRow = 0; tapRow < kernel; tapRow++) {
              for (let tapColumn = 0; tapColumn < kernel; tapColumn++) {
                const sourceRow = row * stride + tapRow - padding;
                const sourceColumn = column * stride + tapColumn - padding;
                if (sourceRow < 0 || sourceRow >= height || sourceColumn < 0 || sourceColumn >= width) continue;
                visit(
                  placeOf(output, out, row, column),
                  ((out * inChannels + channel) * kernel + tapRow) * kernel + tapColumn,
                  placeOf(input, channel, sourceRow, sourceColumn),
                );
              }
            }
          }
        }
      }
    }
  };
  const channelOf = (y: number) => Math.floor(y / (outHeight * outWidth));

  return {
    forward: (x, { weight, bias }) => {
      const y = new Float64Array(elementCount(output));
      forEachProduct((atY, atWeight, atX) => {
        y[atY] += weight[atWeight] * x[atX];
      });
      return y.map((sum, atY) => sum + bias[channelOf(atY)]);
    },
    backward: ({ x, dy, learned, gradients }) => {
      const dx = new Float64Array(elementCount(input));
      forEachProduct((atY, atWeight, atX) => {
        dx[atX] += learned.weight[atWeight] * dy[atY];
        gradients.weight[atWeight] += x[atX] * dy[atY];
      });
      dy.forEach((gradient, atY) => {
        gradients.bias[channelOf(atY)] += gradient;
      });
      return dx;
    },
  };
}

/** y[out] = bias[out] + Σ weight[out][in] · x[in] */
function linear(inFeatures: number, outFeatures: number): Operation {
  return {
    forward: (x, { weight, bias }) => {
      const y = Float64Array.from(bias);
      for (let out = 0; out < outFeatures; out++) {
        for (let feature = 0; feature < inFeatures; feature++)
          y[out] += weight[out * inFeatures + feature] * x[feature];
      }
      return y;
    },
    backward: ({ x, dy, learned, gradients }) => {
      const dx = new Float64Array(inFeatures);
      for (let out = 0; out < outFeatures; out++) {
        for (let feature = 0; feature < inFeatures; feature++) {
          dx[feature] += learned.weight[out * inFeatures + feature] * dy[out];
          gradients.weight[out * inFeatures + feature] += x[feature] * dy[out];
        }
        gradients.bias[out] += dy[out];
      }
      return dx;
    },
  };
}

/** Visits every element of every pooling window, row by row: its output and its input. */
function forEachCovered(
  { kernel, stride }: Pick<Pool2dLayer, "kernel" | "stride">,
  input: ImageExtents,
  output: ImageExtents,
  visit: (y: number, x: number) => void,
): void {
  const [channels, outHeight, outWidth] = output;
  for (let channel = 0; channel < channels; channel++) {
    for (let row = 0; row < outHeight; row++) {
      for (let column = 0; column < outWidth; column++) {
        for (let windowRow = 0; windowRow < kernel; windowRow++) {
          for (let windowColumn = 0; windowColumn < kernel; windowColumn++) {
            visit(
              placeOf(output, channel, row, column),
              placeOf(input, channel, row * stride + windowRow, column * stride + windowColumn),
            );
          }
        }
      }
    }
  }
}

/** The mean of each window; backward, the gradient is divided equally. */
function averagePool2d(layer: Pool2dLayer, input: ImageExtents, output: ImageExtents): Operation {
  const share = 1 / layer.kernel ** 2;
  return {
    forward: (x) => {
      const y = new Float64Array(elementCount(output));
      forEachCovered(layer, input, output, (atY, atX) => {
        y[atY] += x[atX] * share;
      });
      return y;
    },
    backward: ({ dy }) => {
      const dx = new Float64Array(elementCount(input));
      forEachCovered(layer, input, output, (atY, atX) => {
        dx[atX] += dy[atY] * share;
      });
      return dx;
    },
  };
}

/** y = weight[channel] · the sum of the window + bias[channel] */
function subsample2d(layer: Subsample2dLayer, input: ImageExtents, output: ImageExtents): Operation {
  const [, outHeight, outWidth] = output;
  const channelOf = (y: number) => Math.floor(y / (outHeight * outWidth));
  return {
    forward: (x, { weight, bias }) => {
      const sums = new Float64Array(elementCount(output));
      forEachCovered(layer, input, output, (atY, atX) => {
        sums[atY] += x[atX];
      });
      return sums.map((sum, atY) => weight[channelOf(atY)] * sum + bias[channelOf(atY)]);
    },
    backward: ({ x, dy, learned, gradients }) => {
      const dx = new Float64Array(elementCount(input));
      forEachCovered(layer, input, output, (atY, atX) => {
        dx[atX] += learned.weight[channelOf(atY)] * dy[atY];
        gradients.weight[channelOf(atY)] += x[atX] * dy[atY];
      });
      dy.forEach((gradient, atY) => {
        gradients.bias[channelOf(atY)] += gradient;
      });
      return dx;
    },
  };
}

/** y[out] = −Σ (x[in] − centre[out][in])² / n */
function rbf(): Operation {
  return {
    forward: (x) =>
      Float64Array.from(RBF_CENTRES, (centre) => {
        return -x.reduce((sum, value, feature) => sum + (value - centre[feature]) ** 2, 0) / x.length;
      }),
    backward: ({ x, dy }) =>
      x.map((value, feature) => {
        return RBF_CENTRES.reduce((sum, centre, out) => {
          return sum - ((2 * (value - centre[feature])) / x.length) * dy[out];
        }, 0);
      }),
  };
}

/** The mean of each channel; backward, the gradient is divided equally. */
function globalAveragePool2d([channels, height, width]: ImageExtents): Operation {
  const places = height * width;
  return {
    forward: (x) => {
      const y = new Float64Array(channels);
      x.forEach((value, atX) => {
        y[Math.floor(atX / places)] += value / places;
      });
      return y;
    },
    backward: ({ x, dy }) => x.map((_, atX) => dy[Math.floor(atX / places)] / places),
  };
}

/** The maximum of each window; backward, it receives the gradient, the first one if several are equal. */
function maxPool2d(layer: Pool2dLayer, input: ImageExtents, output: ImageExtents): Operation {
  const winners = (x: Float64Array): Int32Array => {
    const places = new Int32Array(elementCount(output)).fill(-1);
    forEachCovered(layer, input, output, (atY, atX) => {
      if (places[atY] === -1 || x[atX] > x[places[atY]]) places[atY] = atX;
    });
    return places;
  };
  return {
    forward: (x) => Float64Array.from(winners(x), (atX) => x[atX]),
    backward: ({ x, dy }) => {
      const dx = new Float64Array(elementCount(input));
      winners(x).forEach((atX, atY) => {
        dx[atX] += dy[atY];
      });
      return dx;
    },
  };
}

/** Each activation y = f(x), with its derivative as a function of y. */
export const ACTIVATIONS: Record<
  ActivationLayer["type"],
  { readonly value: (x: number) => number; readonly derivative: (y: number) => number }
> = {
  sigmoid: { value: (x) => 1 / (1 + Math.exp(-x)), derivative: (y) => y * (1 - y) },
  relu: { value: (x) => Math.max(0, x), derivative: (y) => (y > 0 ? 1 : 0) },
  leakyRelu: {
    value: (x) => (x > 0 ? x : LEAKY_RELU_SLOPE * x),
    derivative: (y) => (y > 0 ? 1 : LEAKY_RELU_SLOPE),
  },
  tanh: { value: Math.tanh, derivative: (y) => 1 - y * y },
  scaledTanh: {
    value: (x) => SCALED_TANH.amplitude * Math.tanh(SCALED_TANH.slope * x),
    derivative: (y) => SCALED_TANH.slope * (SCALED_TANH.amplitude - (y * y) / SCALED_TANH.amplitude),
  },
};

function activation(type: ActivationLayer["type"]): Operation {
  const { value, derivative } = ACTIVATIONS[type];
  return {
    forward: (x) => x.map(value),
    backward: ({ y, dy }) => dy.map((gradient, place) => gradient * derivative(y[place])),
  };
}

/** In training, zeroes values at random and scales up the others to keep the mean; the same forward and backward. */
function dropout({ probability }: DropoutLayer, values: number): Operation {
  const masked = (source: Float64Array, draw: DropoutDraw | undefined): Float64Array => {
    if (!draw) return source;
    const { position, keys } = draw;
    return source.map((value, place) => {
      const dropped = dropoutWord(position * values + place, ...keys) < dropoutThreshold(probability);
      return dropped ? 0 : value / (1 - probability);
    });
  };
  return {
    forward: (x, _learned, draw) => masked(x, draw),
    backward: ({ dy, draw }) => masked(dy, draw),
  };
}

/** The values are already stored channel by channel, so flattening changes only the shape. */
function flatten(): Operation {
  return { forward: (x) => x, backward: ({ dy }) => dy };
}
