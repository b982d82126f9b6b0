import type { ActivationLayer, LayerType, PoolingLayer } from "../../../src/model/index.js";

/** The lab's texts about layers. */
export interface LayerMessages {
  readonly kinds: Readonly<Record<LayerType, LayerTexts>>;
  readonly poolings: Readonly<Record<PoolingLayer["type"], PoolingTexts>>;
  /** The formula of an activation applied to a value. */
  readonly applied: Readonly<Record<ActivationLayer["type"], (value: string) => string>>;
}

interface LayerTexts {
  readonly title: string;
  /** Used in drawings and lists. */
  readonly name: string;
  readonly about: string;
}

interface PoolingTexts {
  readonly full: string;
  /** Used where the word "pooling" is nearby. */
  readonly short: string;
}

export const en: LayerMessages = {
  kinds: {
    conv2d: {
      title: "Convolution",
      name: "convolution",
      about:
        "A small window slides over the image. At each position its pixels are multiplied by the kernel’s weights and summed, with a bias: one kernel makes one map.",
    },
    averagePool2d: {
      title: "Average pooling",
      name: "average",
      about:
        "Each window becomes its mean. After this, the exact position of a feature matters less, and there is less to compute.",
    },
    maxPool2d: {
      title: "Max pooling",
      name: "maximum",
      about:
        "Each window becomes its largest value. After this, the exact position of a feature matters less, and there is less to compute.",
    },
    subsample2d: {
      title: "Trainable subsampling",
      name: "trainable",
      about:
        "Each window becomes its sum, times a coefficient, plus a bias. Each map learns its own coefficient and bias, as in the network of 1998.",
    },
    globalAveragePool2d: {
      title: "Global average pooling",
      name: "mean of the map",
      about: "Each map becomes its mean: how strongly a feature is present, wherever it is.",
    },
    linear: {
      title: "Fully connected",
      name: "fully connected",
      about: "Each output sums all inputs, each times its own weight, and adds a bias.",
    },
    batchNorm: {
      title: "Batch normalization",
      name: "normalization",
      about:
        "Shifts and scales each channel to mean 0 and variance 1, then by two learned values. During training it measures the batch; afterwards it uses what it measured.",
    },
    rbf: {
      title: "Distances to bitmaps",
      name: "RBF",
      about:
        "Each output is the negative mean squared difference between the inputs and a fixed picture of a digit, drawn in +1 and −1. The nearest digit wins.",
    },
    sigmoid: {
      title: "Sigmoid",
      name: "sigmoid",
      about: "Elementwise: squashes each value into 0 … 1 by 1 / (1 + e to the −x).",
    },
    relu: {
      title: "ReLU",
      name: "ReLU",
      about: "Elementwise: negative values become 0, the others stay.",
    },
    leakyRelu: {
      title: "Leaky ReLU",
      name: "leaky ReLU",
      about: "Elementwise: negative values are divided by 100, the others stay.",
    },
    tanh: { title: "Tanh", name: "tanh", about: "Elementwise: squashes each value into −1 … 1." },
    scaledTanh: {
      title: "Scaled tanh",
      name: "scaled tanh",
      about: "Elementwise: 1.7159 · tanh(⅔ x), which leaves −1 and 1 as they are.",
    },
    dropout: {
      title: "Dropout",
      name: "dropout",
      about: "During training, sets random values to 0 and scales up the others; afterwards it does nothing.",
    },
    flatten: {
      title: "Flatten",
      name: "flatten",
      about: "Arranges the maps as one row of values. Nothing is computed.",
    },
  },

  poolings: {
    averagePool2d: { full: "average pooling", short: "average" },
    maxPool2d: { full: "max pooling", short: "max" },
    subsample2d: { full: "trainable subsampling", short: "trainable" },
  },

  applied: {
    sigmoid: (value) => `1 ÷ (1 + e^−(${value}))`,
    relu: (value) => `max(0, ${value})`,
    leakyRelu: (value) => `max(0.01 · ${value}, ${value})`,
    tanh: (value) => `tanh(${value})`,
    scaledTanh: (value) => `1.7159 · tanh(⅔ · ${value})`,
  },
};
