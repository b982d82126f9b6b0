import {
  type ActivationLayer,
  type Conv2dLayer,
  elementCount,
  LEAKY_RELU_SLOPE,
  RBF_CENTRES,
  SCALED_TANH,
  type ShapedLayer,
} from "../../model/index.js";
import { exponential, hyperbolicTangent } from "../../numeric/exponential.js";

/** A layer's weight and bias, or what belongs to each of their elements; empty if the layer has no parameters. */
export interface Learned {
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/** What the way back through a layer needs for one sample. */
export interface CurvaturePass {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** The second derivatives of the loss by y. */
  readonly curvature: Float64Array;
  /** The layer's weights, squared. */
  readonly squares: Learned;
  /** The second derivatives by the layer's parameters; the sample's are added. */
  readonly sums: Learned;
  /** Whether those by x are needed. */
  readonly needsInput: boolean;
}

/**
 * A layer's values, and the second derivatives of the loss on the way back. The way back is that of a gradient in which
 * everything that a value is multiplied by is squared.
 */
export interface Operation {
  forward(x: Float64Array, learned: Learned): Float64Array;
  /** Adds to `sums`; gives the second derivatives by x, or anything if they are not needed. */
  backward(pass: CurvaturePass): Float64Array;
}

/** The operation of a layer outside of training. */
export function operationOf(shaped: ShapedLayer): Operation {
  const { layer } = shaped;
  switch (layer.type) {
    case "conv2d":
      return conv2d(layer, shaped);
    case "averagePool2d":
    case "subsample2d":
    case "maxPool2d":
      return pooling(layer.type, layer, shaped);
    case "globalAveragePool2d":
      return globalAverage(shaped);
    case "linear":
      return linear(elementCount(shaped.input), layer.outFeatures);
    case "rbf":
      return RBF;
    case "dropout":
    case "flatten":
      return IDENTITY;
    case "batchNorm":
      throw new RangeError(`${shaped.label}: the optimizer sdlm does not train batch normalisation`);
    default:
      return activation(layer.type);
  }
}

const IDENTITY: Operation = { forward: (x) => x, backward: ({ curvature }) => curvature };

type Extents = readonly [channels: number, height: number, width: number];

function extentsOf(shape: ShapedLayer["input"]): Extents {
  return shape.length === 3 ? shape : [shape[0], 1, 1];
}

/** The words of a run: neighbouring outputs in a row that a weight connects with inputs, and how many they are. */
const RUN = { weight: 0, y: 1, x: 2, count: 3 } as const;
const RUN_WORDS = 4;

/** All multiplications of a convolution, in runs along the rows. */
function runsOf(layer: Conv2dLayer, { input, output }: ShapedLayer): Int32Array {
  const { kernel, stride, padding, connections } = layer;
  const [inChannels, height, width] = extentsOf(input);
  const [outChannels, outHeight, outWidth] = extentsOf(output);
  const all = Array.from({ length: inChannels }, (_, channel) => channel);
  /** The outputs along an axis, from the first to before the end, whose tap is inside the image. */
  const inside = (tap: number, extent: number, outputs: number): [first: number, end: number] => [
    Math.max(0, Math.ceil((padding - tap) / stride)),
    Math.min(outputs, Math.floor((extent - 1 + padding - tap) / stride) + 1),
  ];
  const runs: number[] = [];
  for (let out = 0; out < outChannels; out++) {
    for (const channel of connections?.[out] ?? all) {
      for (let tap = 0; tap < kernel * kernel; tap++) {
        const [tapRow, tapColumn] = [Math.floor(tap / kernel), tap % kernel];
        const [firstRow, endRow] = inside(tapRow, height, outHeight);
        const [firstColumn, endColumn] = inside(tapColumn, width, outWidth);
        for (let row = firstRow; row < endRow; row++) {
          const sourceRow = row * stride + tapRow - padding;
          runs.push(
            (out * inChannels + channel) * kernel * kernel + tap,
            (out * outHeight + row) * outWidth + firstColumn,
            (channel * height + sourceRow) * width + firstColumn * stride + tapColumn - padding,
            Math.max(0, endColumn - firstColumn),
          );
        }
      }
    }
  }
  return Int32Array.from(runs);
}

function conv2d(layer: Conv2dLayer, shaped: ShapedLayer): Operation {
  const { stride } = layer;
  const [outChannels, outHeight, outWidth] = extentsOf(shaped.output);
  const outPlaces = outHeight * outWidth;
  const runs = runsOf(layer, shaped);
  return {
    forward(x, { weight, bias }) {
      const y = new Float64Array(outChannels * outPlaces);
      for (let out = 0; out < outChannels; out++) y.fill(bias[out], out * outPlaces, (out + 1) * outPlaces);
      for (let run = 0; run < runs.length; run += RUN_WORDS) {
        const factor = weight[runs[run + RUN.weight]];
        const [firstY, firstX, count] = [runs[run + RUN.y], runs[run + RUN.x], runs[run + RUN.count]];
        for (let place = 0; place < count; place++) y[firstY + place] += factor * x[firstX + place * stride];
      }
      return y;
    },
    backward({ x, curvature, squares, sums, needsInput }) {
      const ofX = new Float64Array(x.length);
      const squaredX = x.map((value) => value * value);
      for (let run = 0; run < runs.length; run += RUN_WORDS) {
        const weight = runs[run + RUN.weight];
        const factor = squares.weight[weight];
        const [firstY, firstX, count] = [runs[run + RUN.y], runs[run + RUN.x], runs[run + RUN.count]];
        let sum = 0;
        for (let place = 0; place < count; place++) {
          const ofY = curvature[firstY + place];
          const atX = firstX + place * stride;
          sum += squaredX[atX] * ofY;
          if (needsInput) ofX[atX] += factor * ofY;
        }
        sums.weight[weight] += sum;
      }
      curvature.forEach((value, place) => {
        sums.bias[Math.floor(place / outPlaces)] += value;
      });
      return ofX;
    },
  };
}

function linear(inFeatures: number, outFeatures: number): Operation {
  return {
    forward(x, { weight, bias }) {
      const y = Float64Array.from(bias);
      for (let out = 0; out < outFeatures; out++) {
        let sum = 0;
        for (let feature = 0; feature < inFeatures; feature++) sum += weight[out * inFeatures + feature] * x[feature];
        y[out] += sum;
      }
      return y;
    },
    backward({ x, curvature, squares, sums }) {
      const squaredX = x.map((value) => value * value);
      const ofX = new Float64Array(inFeatures);
      for (let out = 0; out < outFeatures; out++) {
        const ofY = curvature[out];
        const row = out * inFeatures;
        for (let feature = 0; feature < inFeatures; feature++) {
          sums.weight[row + feature] += squaredX[feature] * ofY;
          ofX[feature] += squares.weight[row + feature] * ofY;
        }
        sums.bias[out] += ofY;
      }
      return ofX;
    },
  };
}

/** The average or the maximum of each window, or its sum times the channel's coefficient. */
function pooling(
  type: "averagePool2d" | "maxPool2d" | "subsample2d",
  { kernel, stride }: { readonly kernel: number; readonly stride: number },
  shaped: ShapedLayer,
): Operation {
  const [channels, height, width] = extentsOf(shaped.input);
  const [, outHeight, outWidth] = extentsOf(shaped.output);
  const outPlaces = outHeight * outWidth;
  const outputs = channels * outPlaces;
  const taps = kernel * kernel;
  const share = 1 / taps;
  /** The inputs of every output, one window after the other. */
  const windows = Int32Array.from({ length: outputs * taps }, (_, index) => {
    const [y, tap] = [Math.floor(index / taps), index % taps];
    const place = y % outPlaces;
    const row = Math.floor(place / outWidth) * stride + Math.floor(tap / kernel);
    const column = (place % outWidth) * stride + (tap % kernel);
    return (Math.floor(y / outPlaces) * height + row) * width + column;
  });
  const sumOf = (x: Float64Array, y: number) => {
    let sum = 0;
    for (let tap = y * taps; tap < (y + 1) * taps; tap++) sum += x[windows[tap]];
    return sum;
  };
  const winner = (x: Float64Array, y: number) => {
    let best = windows[y * taps];
    for (let tap = y * taps + 1; tap < (y + 1) * taps; tap++) if (x[windows[tap]] > x[best]) best = windows[tap];
    return best;
  };

  return {
    forward(x, { weight, bias }) {
      const y = new Float64Array(outputs);
      for (let atY = 0; atY < outputs; atY++) {
        const channel = Math.floor(atY / outPlaces);
        if (type === "maxPool2d") y[atY] = x[winner(x, atY)];
        else if (type === "averagePool2d") y[atY] = sumOf(x, atY) * share;
        else y[atY] = weight[channel] * sumOf(x, atY) + bias[channel];
      }
      return y;
    },
    backward({ x, curvature, squares, sums }) {
      const ofX = new Float64Array(x.length);
      for (let atY = 0; atY < outputs; atY++) {
        const channel = Math.floor(atY / outPlaces);
        const ofY = curvature[atY];
        if (type === "maxPool2d") {
          ofX[winner(x, atY)] += ofY;
          continue;
        }
        const factor = type === "averagePool2d" ? share * share : squares.weight[channel];
        for (let tap = atY * taps; tap < (atY + 1) * taps; tap++) ofX[windows[tap]] += factor * ofY;
        if (type === "averagePool2d") continue;
        sums.weight[channel] += sumOf(x, atY) * sumOf(x, atY) * ofY;
        sums.bias[channel] += ofY;
      }
      return ofX;
    },
  };
}

function globalAverage(shaped: ShapedLayer): Operation {
  const [channels, height, width] = extentsOf(shaped.input);
  const places = height * width;
  return {
    forward: (x) => {
      const y = new Float64Array(channels);
      x.forEach((value, place) => {
        y[Math.floor(place / places)] += value / places;
      });
      return y;
    },
    backward: ({ x, curvature }) => x.map((_, place) => curvature[Math.floor(place / places)] / (places * places)),
  };
}

/**
 * By an input, the second derivative of the mean squared difference from the right centre, which is in the loss itself, is
 * 2 / n; to it come those of the differences in the loss's logarithm, times the squares of their slopes.
 */
const RBF: Operation = {
  forward: (x) =>
    Float64Array.from(RBF_CENTRES, (centre) => {
      const sum = x.reduce((total, value, feature) => total + (value - centre[feature]) * (value - centre[feature]), 0);
      return -sum / x.length;
    }),
  backward: ({ x, curvature }) =>
    x.map((value, feature) => {
      return RBF_CENTRES.reduce((sum, centre, out) => {
        const slope = (2 * (value - centre[feature])) / x.length;
        return sum + slope * slope * curvature[out];
      }, 2 / x.length);
    }),
};

/** Each activation y = f(x), with its derivative as a function of y, from functions with the same bits everywhere. */
const ACTIVATIONS: Record<
  ActivationLayer["type"],
  readonly [f: (x: number) => number, derivative: (y: number) => number]
> = {
  sigmoid: [(x) => 1 / (1 + exponential(-x)), (y) => y * (1 - y)],
  relu: [(x) => Math.max(0, x), (y) => (y > 0 ? 1 : 0)],
  leakyRelu: [(x) => (x > 0 ? x : LEAKY_RELU_SLOPE * x), (y) => (y > 0 ? 1 : LEAKY_RELU_SLOPE)],
  tanh: [hyperbolicTangent, (y) => 1 - y * y],
  scaledTanh: [
    (x) => SCALED_TANH.amplitude * hyperbolicTangent(SCALED_TANH.slope * x),
    (y) => SCALED_TANH.slope * (SCALED_TANH.amplitude - (y * y) / SCALED_TANH.amplitude),
  ],
};

/** The second derivative of the activation itself is left out, so that none becomes negative. */
function activation(type: ActivationLayer["type"]): Operation {
  const [value, derivative] = ACTIVATIONS[type];
  return {
    forward: (x) => x.map(value),
    backward: ({ y, curvature }) =>
      y.map((output, place) => {
        const slope = derivative(output);
        return slope * slope * curvature[place];
      }),
  };
}
