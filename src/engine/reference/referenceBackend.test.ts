import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type CompileOptions, referenceEngine } from "../../../tests/support/batchEngine.js";
import { placementFor } from "../../data/augmentation.js";
import {
  elementCount,
  inferShapes,
  initializeParameters,
  type Layer,
  type Model,
  parameterSpecs,
  type ShapedLayer,
} from "../../model/index.js";
import { Purpose, RandomStream } from "../../numeric/philox.js";
import { averageShare, type OptimizerSettings } from "../backend.js";
import { sampleLoss } from "./crossEntropy.js";
import { moveAverage, updateTensor } from "./optimizer.js";
import { ReferenceNetwork } from "./referenceNetwork.js";

const ADAMW: OptimizerSettings = { type: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
const OPTIONS: CompileOptions = { batchSize: 4, normalization: { mean: [0.5], std: [0.5] }, optimizer: ADAMW };

const conv = (name: string, outChannels: number, kernel: number, stride = 1, padding = 0): Layer => ({
  type: "conv2d",
  name,
  outChannels,
  kernel,
  stride,
  padding,
});
const linear = (outFeatures: number, name = "fc"): Layer => ({ type: "linear", name, outFeatures });
const pool = (type: "averagePool2d" | "maxPool2d", kernel: number, stride: number): Layer => ({ type, kernel, stride });

/** Uniform draws in −1 … 1. */
function draws(count: number, item: number): Float64Array {
  const stream = new RandomStream(7, Purpose.digits, 0, item);
  return Float64Array.from({ length: count }, () => 2 * stream.uniform() - 1);
}

function weightsOf(layers: readonly ShapedLayer[]): Map<string, Float64Array> {
  return new Map(parameterSpecs(layers).map(({ name, shape }, index) => [name, draws(elementCount(shape), index)]));
}

const DIFFERENTIATED: [string, Model][] = [
  [
    "leaky ReLU and global average pooling",
    {
      input: { channels: 2, height: 4, width: 3 },
      layers: [conv("a", 3, 2), { type: "leakyRelu" }, { type: "globalAveragePool2d" }, { type: "flatten" }, linear(3)],
    },
  ],
  [
    "convolutions with padding and stride, sigmoid and overlapping average pooling",
    {
      input: { channels: 2, height: 7, width: 8 },
      layers: [
        conv("a", 3, 3, 2, 1),
        { type: "sigmoid" },
        pool("averagePool2d", 3, 1),
        conv("b", 2, 1, 1, 1),
        { type: "flatten" },
        linear(3),
      ],
    },
  ],
  [
    "overlapping max pooling with an unused row, tanh, dropout",
    {
      input: { channels: 1, height: 8, width: 7 },
      layers: [
        conv("a", 2, 2),
        { type: "tanh" },
        pool("maxPool2d", 3, 2),
        { type: "dropout", probability: 0.4 },
        { type: "flatten" },
        linear(4),
        { type: "tanh" },
        linear(5, "out"),
      ],
    },
  ],
  [
    "a partial convolution, scaled tanh and radial basis functions",
    {
      input: { channels: 3, height: 3, width: 3 },
      layers: [
        { ...conv("a", 2, 3, 1, 1), connections: [[0, 2], [1]] } as Layer,
        { type: "scaledTanh" },
        { type: "flatten" },
        linear(84),
        { type: "rbf" },
      ],
    },
  ],
  [
    "trainable subsampling",
    {
      input: { channels: 2, height: 6, width: 9 },
      layers: [
        { type: "subsample2d", name: "a", kernel: 3, stride: 3 },
        { type: "scaledTanh" },
        { type: "flatten" },
        linear(3),
      ],
    },
  ],
  [
    "max pooling with stride 1, ReLU",
    {
      input: { channels: 2, height: 6, width: 5 },
      layers: [pool("maxPool2d", 2, 1), conv("a", 2, 3, 1, 2), { type: "relu" }, { type: "flatten" }, linear(2)],
    },
  ],
];

describe("the reference engine's gradients", () => {
  it.each(DIFFERENTIATED)("match finite differences of the loss: %s", (_, model) => {
    const layers = inferShapes(model);
    const network = new ReferenceNetwork(layers, 1.5);
    const weights = weightsOf(layers);
    const inputs = [0, 1, 2].map((sample) => draws(elementCount(layers[0].input), 100 + sample));
    const labels = [0, 1, 1];
    const dropout = { seed: 3, step: 2 };
    const targets = (position: number) => ({
      labelSmoothing: 0.1,
      classWeights: [2, 0.5],
      weighting: 1.25,
      teacher: { logits: draws(elementCount(layers.at(-1)!.output), position), temperature: 3, share: 0.4 },
    });
    const meanLoss = () => {
      const { samples } = network.differentiate(weights, inputs, labels, targets, dropout);
      return samples.reduce((sum, { loss }) => sum + loss, 0) / samples.length;
    };
    const { gradients } = network.differentiate(weights, inputs, labels, targets, dropout);
    const step = 1e-5;
    for (const [name, weight] of weights) {
      weight.forEach((value, place) => {
        weight[place] = value + step;
        const above = meanLoss();
        weight[place] = value - step;
        const slope = (above - meanLoss()) / (2 * step);
        weight[place] = value;
        expect(Math.abs(gradients.get(name)![place] - slope), `${name}[${place}]`).toBeLessThan(1e-9);
      });
    }
  });

  it("go to the first of several equal maxima", () => {
    const model: Model = {
      input: { channels: 1, height: 2, width: 2 },
      layers: [conv("a", 1, 1), pool("maxPool2d", 2, 2), { type: "flatten" }, linear(2)],
    };
    const network = new ReferenceNetwork(inferShapes(model));
    const weights = new Map(
      Object.entries({ "a.weight": [0], "a.bias": [1], "fc.weight": [1, 0], "fc.bias": [0, 0] }).map(
        ([name, values]) => [name, Float64Array.from(values)],
      ),
    );
    // All values are 1, so the logits are (1, 0) and the gradient of the maximum is −p(1). The input it is multiplied
    // by shows which value received it.
    const { gradients } = network.differentiate(weights, [Float64Array.of(5, 2, 3, 4)], [0], () => ({
      labelSmoothing: 0,
    }));
    expect(gradients.get("a.weight")![0]).toBeCloseTo(-5 / (1 + Math.E), 12);
  });
});

describe("sampleLoss", () => {
  it("matches loss, prediction and gradient computed by hand", () => {
    const { loss, prediction, gradient } = sampleLoss(Float64Array.of(0, Math.log(2), Math.log(5)), 1, {
      labelSmoothing: 0,
    });
    expect(loss).toBeCloseTo(Math.log(4), 12);
    expect(prediction).toBe(2);
    expect([...gradient].map((value) => Math.round(value * 1e12) / 1e12)).toEqual([1 / 8, -3 / 4, 5 / 8]);
  });

  it("smooths labels as PyTorch does: (1 − ε) · NLL + ε / K · Σ −log p", () => {
    const { loss, gradient } = sampleLoss(Float64Array.of(0, 0), 0, { labelSmoothing: 0.2 });
    expect(loss).toBeCloseTo(Math.log(2), 12);
    expect(gradient[0]).toBeCloseTo(0.5 - 0.9, 12);
    const uneven = sampleLoss(Float64Array.of(0, Math.log(3)), 0, { labelSmoothing: 0.2 });
    expect(uneven.loss).toBeCloseTo(0.8 * Math.log(4) + 0.1 * (Math.log(4) + Math.log(4 / 3)), 12);
  });

  it("does not overflow, and predicts the first of equal logits", () => {
    const { loss, prediction } = sampleLoss(Float64Array.of(-5, 1e4, 1e4), 0, { labelSmoothing: 0 });
    expect(loss).toBeCloseTo(10005 + Math.log(2), 9);
    expect(prediction).toBe(1);
  });
});

describe("updateTensor", () => {
  const stepped = (settings: OptimizerSettings, gradients: readonly number[], momentum?: number) => {
    const [weight, first, second] = [Float64Array.of(1), new Float64Array(1), new Float64Array(1)];
    return gradients.map((gradient, index) => {
      const update = { step: index + 1, learningRate: 0.1, momentum };
      updateTensor(settings, update, { weight, gradient: Float64Array.of(gradient), first, second });
      return weight[0];
    });
  };
  const adam = { beta1: 0.5, beta2: 0.75, epsilon: 0 } as const;

  it("takes Adam's first step with the full learning rate, whatever the gradient", () => {
    expect(stepped({ type: "adam", ...adam, weightDecay: 0 }, [-3])[0]).toBeCloseTo(1.1, 12);
  });

  it("matches two steps of Adam computed by hand", () => {
    // Step 2: m = 0.5·1 + 0.5·4 = 2.5, corrected 2.5 / 0.75 = 10/3; v = 0.75·1 + 0.25·16 = 4.75, corrected 4.75 / 0.4375.
    const [one, two] = stepped({ type: "adam", ...adam, weightDecay: 0 }, [2, 4]);
    expect(one).toBeCloseTo(0.9, 12);
    expect(two).toBeCloseTo(0.9 - (0.1 * (10 / 3)) / Math.sqrt(4.75 / 0.4375), 12);
  });

  it("adds Adam's weight decay to the gradient, and AdamW's to the weight", () => {
    expect(stepped({ type: "adam", ...adam, weightDecay: 0.5 }, [-0.25])[0]).toBeCloseTo(1 - 0.1, 12);
    expect(stepped({ type: "adamw", ...adam, weightDecay: 0.5 }, [-0.25])[0]).toBeCloseTo(0.95 + 0.1, 12);
  });

  it("corrects Adam's bias with the current β1", () => {
    // Step 2 with β1 = 0.8: m = 0.8·0.4 + 0.2·4, corrected by 1 − 0.8².
    const [, two] = stepped({ type: "adam", ...adam, weightDecay: 0 }, [2, 4], 0.8);
    expect(two).toBeCloseTo(0.9 - (0.1 * (1.12 / 0.36)) / Math.sqrt(4.75 / 0.4375), 12);
  });

  it("accumulates SGD's momentum, and looks ahead with Nesterov's", () => {
    // Buffers 2, then 0.5·2 + 1 = 2; Nesterov adds half of the buffer to the gradient: 3, then 2.
    const sgd = { type: "sgd", momentum: 0.5, weightDecay: 0 } as const;
    expect(stepped({ ...sgd, nesterov: false }, [2, 1])).toEqual([1 - 0.2, 1 - 0.2 - 0.2]);
    const [one, two] = stepped({ ...sgd, nesterov: true }, [2, 1]);
    expect(one).toBeCloseTo(0.7, 12);
    expect(two).toBeCloseTo(0.5, 12);
    expect(stepped({ ...sgd, nesterov: false, weightDecay: 1 }, [2])[0]).toBeCloseTo(0.7, 12);
  });
});

describe("moveAverage", () => {
  it("matches PyTorch's AveragedModel with a warmed-up decay", () => {
    const file = new URL("../../../tests/fixtures/training/averages.json", import.meta.url);
    const { decay, weights, averages } = JSON.parse(readFileSync(file, "utf8"));
    const average = Float64Array.of(7, -7);
    weights.forEach((weight: number[], index: number) => {
      moveAverage(average, Float64Array.from(weight), averageShare({ decay }, index + 1));
      averages[index].forEach((value: number, place: number) => {
        expect(average[place]).toBeCloseTo(value, 12);
      });
    });
  });

  it("weighs the current parameters by 1 − min(decay, t / (t + 9))", () => {
    const shares = [1, 2, 41, 81, 82, 10_000].map((step) => averageShare({ decay: 0.9 }, step));
    expect(shares).toEqual([1, 1 - 2 / 11, 1 - 41 / 50, 1 - 0.9, 1 - 0.9, 1 - 0.9]);
  });
});

describe("referenceEngine", () => {
  const image: Model = {
    input: { channels: 1, height: 3, width: 3 },
    layers: [{ type: "flatten" }, linear(2)],
  };

  it("transforms and normalises images", async () => {
    const engine = await referenceEngine(image, { ...OPTIONS, normalization: { mean: [0], std: [1 / 255] } });
    const pixels = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
    const seen = async (transformation: Parameters<typeof placementFor>[0]) => {
      const placements = placementFor(transformation, 3, 3);
      const [flat] = await engine.activations({ pixels, indices: [0], placements });
      return [...flat.output.data].map(Math.round);
    };
    expect(await seen({})).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await seen({ cropDown: 1, cropRight: -1 })).toEqual([0, 4, 5, 0, 7, 8, 0, 0, 0]);
    expect(await seen({ flip: true })).toEqual([3, 2, 1, 6, 5, 4, 9, 8, 7]);
    expect(await seen({ cropRight: 1, flip: true })).toEqual([0, 3, 2, 0, 6, 5, 0, 9, 8]);
    expect(await seen({ degrees: 90 })).toEqual([3, 6, 9, 2, 5, 8, 1, 4, 7]);
    expect(await seen({ shiftDown: 1, shiftRight: -1, background: 77 })).toEqual([77, 77, 77, 2, 3, 77, 5, 6, 77]);
    expect(await seen({ scale: 0.3 })).toEqual([0, 0, 0, 0, 5, 0, 0, 0, 0]);
    expect(await seen({ shear: 45 })).toEqual([0, 1, 2, 4, 5, 6, 8, 9, 0]);
    expect(await seen({ brightness: 0.7 })).toEqual([0, 1, 2, 2, 3, 4, 4, 5, 6]);
    expect(await seen({ brightness: 30 })).toEqual([30, 60, 90, 120, 150, 180, 210, 240, 255]);
    expect(await seen({ eraseTop: -1, eraseLeft: 1, eraseSide: 3, background: 77 })).toEqual([
      1, 0, 0, 4, 0, 0, 7, 8, 9,
    ]);
  });

  it("draws dropout from seed and step, with the right frequency, and only in training", () => {
    const model: Model = {
      input: { channels: 1, height: 40, width: 50 },
      layers: [{ type: "flatten" }, { type: "dropout", probability: 0.3 }, linear(1)],
    };
    const network = new ReferenceNetwork(inferShapes(model));
    const weights = new Map([
      ["fc.weight", new Float64Array(2000)],
      ["fc.bias", new Float64Array(1)],
    ]);
    const ones = new Float64Array(2000).fill(1);
    const dropped = (position: number, seed: number, step: number) =>
      network.forwardBatch(weights, [ones, ones], { seed, step }).values[2][position];
    // 600 expected, standard deviation 20.
    const zeros = dropped(0, 1, 1).filter((value) => value === 0).length;
    expect(Math.abs(zeros - 600)).toBeLessThan(100);
    expect(Math.max(...dropped(0, 1, 1))).toBe(1 / 0.7);
    expect(dropped(0, 1, 1)).toEqual(dropped(0, 1, 1));
    for (const other of [dropped(1, 1, 1), dropped(0, 2, 1), dropped(0, 1, 2)]) {
      expect(other).not.toEqual(dropped(0, 1, 1));
    }
    expect(network.forward(weights, ones)[2]).toEqual(ones);
  });

  it("refuses the same inputs as the fast engine", async () => {
    const engine = await referenceEngine(image, OPTIONS);
    const values = new Float32Array(9);
    await expect(engine.differentiate({ values: new Float32Array(45) }, [0, 0, 0, 0, 0])).rejects.toThrow(
      new RangeError("the engine differentiates at most 4 samples at once"),
    );
    await expect(engine.evaluate({ values }, [2])).rejects.toThrow(
      new RangeError("the label of image 0 is 2, expected 0 to 1"),
    );
    const parameters = new Map(await engine.parameters());
    parameters.delete("fc.bias");
    await expect(engine.setParameters(parameters)).rejects.toThrow("the weights have no tensor fc.bias");
  });

  it("learns: the loss of one batch falls", async () => {
    const engine = await referenceEngine(image, OPTIONS);
    await engine.setParameters(initializeParameters(image, 1));
    const batch = { values: Float32Array.from(draws(36, 0)) };
    const labels = [0, 1, 1, 0];
    const mean = async () => (await engine.evaluate(batch, labels)).losses.reduce((sum, loss) => sum + loss) / 4;
    const before = await mean();
    for (let step = 1; step <= 50; step++) {
      await engine.train(batch, labels, { labelSmoothing: 0, seed: 0 }, { step, learningRate: 0.01 });
    }
    expect(await mean()).toBeLessThan(before / 2);
  });
});
