import v8 from "node:v8";
import { describe, expect, it } from "vitest";
import { AUGMENTATIONS, drawTransformation, placementFor } from "../src/data/augmentation.js";
import type { OptimizerSettings, OptimizerState, SampleResults } from "../src/engine/backend.js";
import { ModuleBuilder } from "../src/engine/wasm/assembler/index.js";
import { supportsFusedArithmetic } from "../src/engine/wasm/features.js";
import { MOST_SINGLE_SAMPLES, StaticData } from "../src/engine/wasm/kernels/index.js";
import { layoutParameters } from "../src/engine/wasm/parameterStore.js";
import { emitSinglePass } from "../src/engine/wasm/singleSample.js";
import { TRAINING_CODE } from "../src/engine/wasm/trainingCode.js";
import {
  classCount,
  hasBatchNorm,
  inferShapes,
  initializeParameters,
  type Layer,
  lenet5,
  type Model,
  type NamedTensors,
  ShapeError,
  type Tensor,
} from "../src/model/index.js";
import { Purpose, RandomStream } from "../src/numeric/philox.js";
import {
  type Batch,
  type BatchEngine,
  type CompileOptions,
  compile,
  drawnParameters,
  referenceEngine,
} from "./support/batchEngine.js";

// Node 20 has relaxed SIMD behind a flag, which must be set before the first compilation.
if (!supportsFusedArithmetic()) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");

/** Largest errors against the reference, relative to a tensor's largest value. */
const OUTPUT_TOLERANCE = 3e-6;
const GRADIENT_TOLERANCE = 1e-5;
/** Wider than for outputs, because Adam divides small gradients, and their rounding errors, by their own size. */
const PARAMETER_TOLERANCE = 1e-5;

const SGD: OptimizerSettings = { type: "sgd", momentum: 0.9, nesterov: false, weightDecay: 0 };

/** Options with a different mean and standard deviation for each channel. */
function optionsFor(of: Model, batchSize: number, optimizer = SGD): CompileOptions {
  const channels = Array.from({ length: of.input.channels }, (_, channel) => channel);
  const normalization = {
    mean: channels.map((channel) => 0.5 - channel / 10),
    std: channels.map((channel) => 0.5 / (channel + 1)),
  };
  return { batchSize, normalization, optimizer };
}

const conv = (outChannels: number, kernel: number, stride = 1, padding = 0, name = "conv"): Layer => ({
  type: "conv2d",
  name,
  outChannels,
  kernel,
  stride,
  padding,
});
const linear = (outFeatures: number, name = "linear"): Layer => ({ type: "linear", name, outFeatures });
const average = (kernel: number, stride = kernel): Layer => ({ type: "averagePool2d", kernel, stride });
const maximum = (kernel: number, stride = kernel): Layer => ({ type: "maxPool2d", kernel, stride });
const dropout = (probability: number): Layer => ({ type: "dropout", probability });
const flatten: Layer = { type: "flatten" };
const sigmoid: Layer = { type: "sigmoid" };
const relu: Layer = { type: "relu" };
const leakyRelu: Layer = { type: "leakyRelu" };
const tanh: Layer = { type: "tanh" };
const scaledTanh: Layer = { type: "scaledTanh" };
const subsample = (kernel = 2, name = "subsample"): Layer => ({ type: "subsample2d", name, kernel, stride: kernel });
const rbf: Layer = { type: "rbf" };
const globalAverage: Layer = { type: "globalAveragePool2d" };
const batchNorm = (name = "norm", momentum = 0.1): Layer => ({ type: "batchNorm", name, epsilon: 1e-5, momentum });

function model(channels: number, height: number, width: number, ...layers: Layer[]): Model {
  return { input: { channels, height, width }, layers };
}

const inputSize = ({ input }: Model) => input.channels * input.height * input.width;

function classesOf(of: Model): number {
  return classCount(inferShapes(of));
}

/** A batch of uniform values in −1 … 1. */
function valueBatch(of: Model, samples: number, item = 0): { values: Float32Array } {
  const stream = new RandomStream(11, Purpose.digits, 1, item);
  return { values: Float32Array.from({ length: samples * inputSize(of) }, () => 2 * stream.uniform() - 1) };
}

function labelsFor(of: Model, samples: number): Int32Array {
  const classes = classesOf(of);
  return Int32Array.from({ length: samples }, (_, sample) => (sample * 7 + 3) % classes);
}

/** Fills the engine's memory with NaN, infinite and huge values, which show up in any result they leak into. */
async function poison(engine: BatchEngine): Promise<void> {
  const values = new Float32Array(engine.batchSize * inputSize(engine.model));
  values.forEach((_, place) => {
    values[place] = [Number.NaN, Number.POSITIVE_INFINITY, -3e38][(place * 31 + Math.floor(place / 7)) % 3];
  });
  await engine.differentiate({ values }, labelsFor(engine.model, engine.batchSize), 0.3);
  if (!hasBatchNorm(engine.model)) return;
  // Training has memory of its own for each tile then.
  const [parameters, state] = [await engine.parameters(), await engine.optimizerState()];
  const loss = { labelSmoothing: 0, seed: 0 };
  await engine.train({ values }, labelsFor(engine.model, engine.batchSize), loss, { step: 1, learningRate: 1 });
  await engine.setParameters(parameters);
  await engine.setOptimizerState(state);
}

/** The largest error, relative to the largest expected value. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let [largest, error] = [0, 0];
  for (let place = 0; place < expected.length; place++) {
    largest = Math.max(largest, Math.abs(expected[place]));
    error = Math.max(error, Math.abs(actual[place] - expected[place]));
    if (Number.isNaN(actual[place])) return Number.NaN;
  }
  return error === 0 ? 0 : error / largest;
}

function expectClose(what: string, actual: Tensor<Float32Array>, expected: Tensor<Float32Array>, tolerance: number) {
  expect(actual.shape, what).toEqual(expected.shape);
  expect(relativeError(actual.data, expected.data), what).toBeLessThan(tolerance);
}

/**
 * Compares gradients with the reference. Weight and bias of a layer sum the same values, and most of them may cancel in
 * the bias gradient, so errors are relative to the layer's largest gradient.
 */
function expectGradientsClose(actual: NamedTensors<Float32Array>, expected: NamedTensors<Float32Array>) {
  const perLayer = (tensors: NamedTensors<Float32Array>) => {
    const layers = new Map<string, number[]>();
    for (const [name, { data }] of tensors) {
      const [layer] = name.split(".");
      layers.set(layer, [...(layers.get(layer) ?? []), ...data]);
    }
    return layers;
  };
  const measured = perLayer(actual);
  for (const [layer, gradients] of perLayer(expected)) {
    expect(relativeError(measured.get(layer)!, gradients), layer).toBeLessThan(GRADIENT_TOLERANCE);
  }
}

function expectResultsClose(actual: SampleResults, expected: SampleResults) {
  expect(relativeError(actual.losses, expected.losses), "losses").toBeLessThan(OUTPUT_TOLERANCE);
  expect(actual.predictions).toEqual(expected.predictions);
}

/** All results of an engine for a batch, and the momenta after one training step: the gradients under dropout. */
async function answers(engine: BatchEngine, batch: Batch, labels: Int32Array) {
  const predicted = await engine.predict(batch);
  const evaluated = await engine.evaluate(batch, labels);
  const differentiated = await engine.differentiate(batch, labels, 0.1);
  const trained = await engine.train(batch, labels, { labelSmoothing: 0.1, seed: 5 }, { step: 3, learningRate: 0.01 });
  const { first: momenta } = await engine.optimizerState();
  const running = [...(await engine.parameters())].filter(([name]) => name.includes("running"));
  return { predicted, evaluated, differentiated, trained, momenta, running };
}

type Answers = Awaited<ReturnType<typeof answers>>;

function expectAnswersClose(actual: Answers, expected: Answers) {
  expectClose("logits", actual.predicted, expected.predicted, OUTPUT_TOLERANCE);
  expectResultsClose(actual.evaluated, expected.evaluated);
  expectResultsClose(actual.differentiated, expected.differentiated);
  expectGradientsClose(actual.differentiated.gradients, expected.differentiated.gradients);
  expectResultsClose(actual.trained, expected.trained);
  expectGradientsClose(actual.momenta, expected.momenta);
  actual.running.forEach(([name, tensor], index) => {
    expectClose(name, tensor, expected.running[index][1], OUTPUT_TOLERANCE);
  });
}

/** The bits of all results, in a fixed order. */
function bits({ predicted, evaluated, differentiated, trained, momenta, running }: Answers): Uint32Array[] {
  const measured = running.map(([, tensor]) => tensor);
  const tensors = [...differentiated.gradients.values(), ...momenta.values(), ...measured].map(({ data }) => data);
  const arrays = [predicted.data, evaluated.losses, differentiated.losses, trained.losses, ...tensors];
  return arrays.map((array) => new Uint32Array(array.buffer));
}

/**
 * Compares the fast engine with the reference: fused or not, with and without keeping activations, after a full batch
 * of poison in the same memory.
 */
async function hold(of: Model, samples = 9): Promise<void> {
  const options = optionsFor(of, samples + 4);
  const parameters = drawnParameters(of);
  const batch = valueBatch(of, samples);
  const labels = labelsFor(of, samples);
  const reference = await referenceEngine(of, options);
  await reference.setParameters(parameters);
  const expectedActivations = await reference.activations(batch);
  const expected = await answers(reference, batch, labels);
  await reference.setParameters(parameters);

  for (const arithmetic of ["fused", "portable"] as const) {
    const poisoned = async (keepActivations: boolean) => {
      const engine = await compile(of, { ...options, arithmetic, keepActivations });
      await engine.setParameters(parameters);
      await poison(engine);
      return engine;
    };
    const [lean, keeping] = [await poisoned(false), await poisoned(true)];
    (await keeping.activations(batch)).forEach(({ layer, output }, index) => {
      expectClose(layer.label, output, expectedActivations[index].output, OUTPUT_TOLERANCE);
    });
    await expectSingleSamplesClose(lean, reference);
    const actual = await answers(lean, batch, labels);
    expectAnswersClose(actual, expected);
    // Single-sample kernels sum in a different order.
    if (samples > MOST_SINGLE_SAMPLES) expect(bits(await answers(keeping, batch, labels))).toEqual(bits(actual));
    else expectAnswersClose(await answers(keeping, batch, labels), expected);
  }
}

/** Compares three single samples, after one of poison, with the reference's batch of three. */
async function expectSingleSamplesClose(engine: BatchEngine, reference: BatchEngine): Promise<void> {
  const of = engine.model;
  const size = inputSize(of);
  await engine.evaluate({ values: new Float32Array(size).fill(Number.NaN) }, labelsFor(of, 1));
  const { values } = valueBatch(of, 3);
  const labels = labelsFor(of, 3);
  const single: (SampleResults & { logits: Tensor<Float32Array> })[] = [];
  for (const [sample, label] of labels.entries()) {
    const batch = { values: values.subarray(sample * size, (sample + 1) * size) };
    single.push({ logits: await engine.predict(batch), ...(await engine.evaluate(batch, [label])) });
  }
  const logits = single.flatMap(({ logits: { data } }) => [...data]);
  const expected = await reference.predict({ values });
  expectClose("logits", { shape: expected.shape, data: Float32Array.from(logits) }, expected, OUTPUT_TOLERANCE);
  const losses = Float32Array.from(single, ({ losses: [loss] }) => loss);
  const predictions = Int32Array.from(single, ({ predictions: [prediction] }) => prediction);
  expectResultsClose({ losses, predictions }, await reference.evaluate({ values }, labels));
}

describe("convolution", () => {
  const shapes = [1, 2, 3, 5, 7, 15].flatMap((kernel) =>
    [1, 2, 3].flatMap((stride) => [0, 1, 2, 3].map((padding) => ({ kernel, stride, padding }))),
  );
  it.each(shapes)("kernel $kernel, stride $stride, padding $padding", async ({ kernel, stride, padding }) => {
    await hold(model(1, 15, 16, conv(3, 1, 1, 0, "before"), conv(7, kernel, stride, padding), flatten, linear(3)));
  });

  const channels = [1, 2, 5, 6, 7, 13].flatMap((from) => [1, 4, 6, 11, 13, 17].map((to) => ({ from, to })));
  it.each(channels)("$from to $to channels", async ({ from, to }) => {
    await hold(model(2, 6, 5, conv(from, 2, 1, 0, "before"), conv(to, 3, 1, 1), flatten, linear(3)), 7);
  });

  it("reads an image with several channels", async () => {
    await hold(model(3, 9, 7, conv(5, 3, 2, 1), flatten, linear(3)));
  });

  it("follows another convolution with more padding than its kernel needs", async () => {
    await hold(model(2, 5, 7, conv(3, 3, 1, 3, "a"), conv(5, 2, 1, 2, "b"), conv(4, 1, 2, 3, "c"), flatten, linear(3)));
  });
});

describe("activations", () => {
  const kinds = [sigmoid, relu, leakyRelu, tanh, scaledTanh];
  const places: [string, (kind: Layer) => Model][] = [
    [
      "between two padded convolutions",
      (kind) => model(1, 6, 7, conv(4, 3, 1, 1, "a"), kind, conv(3, 3, 1, 2, "b"), flatten, linear(3)),
    ],
    ["on the image itself", (kind) => model(2, 5, 6, kind, conv(3, 3), flatten, linear(3))],
    [
      "after linear layers, including the last",
      (kind) => model(1, 4, 3, flatten, linear(7, "a"), kind, linear(3, "b"), kind),
    ],
    ["twice", (kind) => model(1, 6, 6, conv(3, 3), kind, kind, flatten, linear(3))],
    [
      "before average pooling that covers its input",
      (kind) => model(1, 8, 10, conv(3, 3), kind, average(2), flatten, linear(3)),
    ],
    [
      "before average pooling that does not",
      (kind) => model(1, 9, 10, conv(3, 3), kind, average(2), flatten, linear(3)),
    ],
    [
      "before max pooling that covers its input",
      (kind) => model(1, 8, 10, conv(3, 3), kind, maximum(2), flatten, linear(3)),
    ],
    [
      "before max pooling that overlaps",
      (kind) => model(1, 8, 10, conv(3, 3), kind, maximum(3, 2), flatten, linear(3)),
    ],
    [
      "before pooling before a padded convolution",
      (kind) => model(1, 8, 10, conv(3, 3, 1, 0, "a"), kind, average(2), conv(2, 3, 1, 1, "b"), flatten, linear(3)),
    ],
  ];
  const cases = kinds.flatMap((kind) => places.map(([place, of]) => ({ type: kind.type, place, of: of(kind) })));
  it.each(cases)("$type $place", ({ of }) => hold(of));

  it.each(kinds)("$type is exact from −100 to 100, and near 0", async (kind) => {
    const of = model(1, 1, 801, kind, flatten, linear(1));
    const near = Array.from({ length: 401 }, (_, index) => (index - 200) / 200 / 2 ** (index % 20));
    const far = Array.from({ length: 400 }, (_, index) => (index - 200) / 2);
    const values = Float32Array.from([...near, ...far]);
    const options = optionsFor(of, 1);
    const [expected] = await (await referenceEngine(of, options)).activations({ values });
    for (const arithmetic of ["fused", "portable"] as const) {
      const engine = await compile(of, { ...options, arithmetic, keepActivations: true });
      const [actual] = await engine.activations({ values });
      actual.output.data.forEach((value, place) => {
        const right = Math.abs(expected.output.data[place]);
        // x · log2(e) is rounded once, an error in e^x proportional to |x|; and the exponential ends at 2^-126.
        const tolerance = (4e-7 + 1e-7 * Math.abs(values[place])) * right + 2 ** -126;
        expect(Math.abs(value - expected.output.data[place]), `f(${values[place]})`).toBeLessThanOrEqual(tolerance);
      });
    }
  });
});

describe("pooling", () => {
  const shapes = ["averagePool2d", "maxPool2d"].flatMap((type) =>
    [2, 3].flatMap((kernel) => [1, 2, 3].map((stride) => ({ type: type as "maxPool2d", kernel, stride }))),
  );
  it.each(shapes)("$type, kernel $kernel, stride $stride", async (pooling) => {
    await hold(model(1, 9, 8, conv(3, 2), pooling, flatten, linear(3)));
    await hold(model(1, 9, 8, conv(3, 2), relu, pooling, conv(2, 2, 1, 1, "padded"), flatten, linear(3)));
  });

  it.each([
    ["one place", model(1, 3, 3, conv(5, 3), globalAverage, flatten, linear(3))],
    ["many places", model(2, 20, 17, conv(5, 3), relu, globalAverage, flatten, linear(3))],
    ["an image before a padded convolution", model(3, 6, 7, globalAverage, conv(4, 3, 1, 1), flatten, linear(3))],
    ["after dropout", model(1, 7, 6, conv(4, 3), dropout(0.3), globalAverage, flatten, linear(3))],
  ])("averages each channel: %s", (_, of) => hold(of));

  it("passes the gradient to the first of several equal maxima", async () => {
    // ReLU makes many windows of zeros, and a constant image makes all values in a window equal.
    const of = model(1, 7, 7, conv(3, 2), maximum(3, 1), flatten, linear(3));
    const options = optionsFor(of, 2);
    const parameters = initializeParameters(of, 1);
    const values = Float32Array.from({ length: 98 }, (_, place) => (place < 49 ? 0.5 : (place % 3) / 2));
    const gradients = async (engine: BatchEngine) => {
      await engine.setParameters(parameters);
      return (await engine.differentiate({ values }, [0, 1])).gradients;
    };
    const expected = await gradients(await referenceEngine(of, options));
    expectGradientsClose(await gradients(await compile(of, options)), expected);
  });

  it.each([
    ["maximum", maximum(2)],
    ["average", average(2)],
  ])("can follow another pooling: %s", async (_, pooling) => {
    await hold(model(1, 13, 13, conv(3, 2), pooling, maximum(2, 1), average(2, 1), flatten, linear(3)));
  });
});

describe("trainable subsampling", () => {
  it.each([
    ["of 2 × 2", model(1, 9, 11, conv(3, 2), subsample(), flatten, linear(3))],
    ["of 3 × 3", model(1, 10, 7, conv(3, 2), relu, subsample(3), flatten, linear(3))],
    ["of an image with several channels", model(3, 8, 8, subsample(), conv(2, 2), flatten, linear(3))],
    ["before an activation", model(2, 13, 13, conv(5, 4), subsample(), scaledTanh, flatten, linear(3))],
    ["to few columns", model(1, 6, 6, subsample(), flatten, linear(3))],
    [
      "before a padded convolution",
      model(1, 11, 11, conv(3, 2, 1, 0, "a"), tanh, subsample(), sigmoid, conv(2, 3, 1, 1, "b"), flatten, linear(3)),
    ],
  ])("%s", async (_, of) => {
    await hold(of);
    await hold(of, 3);
  });
});

describe("a partial convolution", () => {
  const partial = (channels: number, padding: number): Layer => ({
    ...(conv(4, 3, 1, padding, "partial") as Extract<Layer, { type: "conv2d" }>),
    connections: [[0], [channels - 1], [0, 1], Array.from({ length: channels }, (_, channel) => channel)],
  });
  const of = model(1, 9, 10, conv(3, 2, 1, 0, "before"), tanh, partial(3, 1), flatten, linear(3));

  it.each([
    ["behind a convolution", of],
    ["of an image", model(2, 7, 8, partial(2, 0), relu, maximum(2), flatten, linear(3))],
  ])("%s", async (_, each) => {
    await hold(each);
    await hold(each, 3);
  });

  it("never changes what is not connected, whatever the optimizer", async () => {
    for (const optimizer of [
      SGD,
      { type: "adamw", beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 } as const,
    ]) {
      const engine = await compile(of, optionsFor(of, 9, optimizer));
      const parameters = initializeParameters(of, 1);
      await engine.setParameters(parameters);
      for (const [step, samples] of [9, 1, 3].entries()) {
        const loss = { labelSmoothing: 0, seed: 0 };
        await engine.train(valueBatch(of, samples), labelsFor(of, samples), loss, {
          step: step + 1,
          learningRate: 0.1,
        });
      }
      const { data } = (await engine.parameters()).get("partial.weight")!;
      const before = parameters.get("partial.weight")!.data;
      // The first output channel is connected to the first of three channels only.
      expect([...data.subarray(9, 27)]).toEqual(Array(18).fill(0));
      expect(data.filter((value, place) => value !== before[place])).toHaveLength(9 * (1 + 1 + 2 + 3));
    }
  });

  it("refuses weights between channels that are not connected", async () => {
    const engine = await compile(of, optionsFor(of, 1));
    const parameters = new Map(initializeParameters(of, 1));
    const { shape, data } = parameters.get("partial.weight")!;
    parameters.set("partial.weight", { shape, data: data.map((value, place) => (place === 9 ? 1e-9 : value)) });
    await expect(engine.setParameters(parameters)).rejects.toThrow(
      new ShapeError("partial.weight: the weights connect channels that the model does not connect"),
    );
  });
});

describe("radial basis functions", () => {
  const of = model(1, 4, 5, flatten, linear(84, "a"), scaledTanh, rbf);

  it.each([9, 3, 1])("for %s samples", (samples) => hold(of, samples));

  it("with a class of rubbish in the loss", async () => {
    for (const samples of [9, 1]) {
      for (const rubbishPenalty of [0, 0.5, 90]) {
        const options = { ...optionsFor(of, samples), rubbishPenalty };
        const [engine, reference] = [await compile(of, options), await referenceEngine(of, options)];
        for (const each of [engine, reference]) await each.setParameters(initializeParameters(of, 1, "lecun1998"));
        const batch = valueBatch(of, samples);
        const labels = labelsFor(of, samples);
        const [actual, expected] = [await answers(engine, batch, labels), await answers(reference, batch, labels)];
        expectAnswersClose(actual, expected);
      }
    }
  });
});

describe("linear layers", () => {
  const sizes = [1, 2, 3, 5, 83];
  const shapes = sizes.flatMap((from) => sizes.map((to) => ({ from, to })));
  it.each(shapes)("$from to $to", async ({ from, to }) => {
    await hold(model(1, 2, 2, flatten, linear(from, "a"), tanh, linear(to, "b"), tanh, linear(3, "c")));
    await hold(model(1, 1, from, flatten, linear(to)), 7);
  });
});

describe("batches and classes", () => {
  const shapes = [1, 7, 9, 33].flatMap((samples) => [1, 3, 10, 11].map((classes) => ({ samples, classes })));
  it.each(shapes)("$samples samples, $classes classes", async ({ samples, classes }) => {
    await hold(model(1, 8, 8, conv(2, 3), relu, maximum(2), flatten, linear(classes)), samples);
  });

  it.each([
    [1, 13, 12],
    [3, 15, 17],
    [2, 28, 12],
  ])("LeNet-5 for %i×%i×%i images", async (channels, height, width) => {
    const input = { channels, height, width };
    const common = { input, classes: 7 };
    await hold(lenet5({ ...common, activation: "sigmoid", pooling: "averagePool2d", dropout: 0 }), 5);
    await hold(lenet5({ ...common, activation: "relu", pooling: "maxPool2d", dropout: 0.3 }), 5);
  });
});

describe("layers in unusual places", () => {
  const models: [string, Model][] = [
    [
      "dropout before a padded convolution",
      model(1, 6, 6, conv(3, 3, 1, 0, "a"), relu, dropout(0.3), conv(2, 3, 1, 2, "b"), flatten, linear(3)),
    ],
    ["dropout on the image", model(1, 5, 5, dropout(0.4), conv(2, 3, 1, 1), flatten, linear(3))],
    ["dropout twice", model(1, 5, 5, conv(2, 3), dropout(0.4), dropout(0.2), flatten, linear(3))],
    ["dropout with probability 0", model(1, 5, 5, conv(2, 3), dropout(0), flatten, linear(3))],
    ["dropout before flatten", model(1, 5, 5, conv(2, 3), relu, dropout(0.5), flatten, linear(3))],
    [
      "dropout between activation and pooling",
      model(1, 6, 6, conv(3, 3), relu, dropout(0.5), maximum(2), flatten, linear(3)),
    ],
    [
      "dropout between convolution and activation",
      model(1, 6, 6, conv(3, 3), dropout(0.5), relu, average(2), flatten, linear(3)),
    ],
    ["dropout at the end", model(1, 5, 5, conv(2, 3), flatten, linear(3), dropout(0.5))],
    [
      "max pooling, ReLU, average pooling",
      model(1, 10, 10, conv(3, 3), maximum(2), relu, average(2), flatten, linear(3)),
    ],
    [
      "max pooling, sigmoid, average pooling",
      model(1, 10, 10, conv(3, 3), maximum(2), sigmoid, average(2), flatten, linear(3)),
    ],
    ["max pooling, ReLU, max pooling", model(1, 10, 10, conv(3, 3), maximum(2), relu, maximum(2), flatten, linear(3))],
    [
      "max pooling, dropout, tanh, average pooling",
      model(1, 10, 10, conv(3, 3), maximum(2), dropout(0.2), tanh, average(2), flatten, linear(3)),
    ],
    ["sigmoid, tanh, average pooling", model(1, 6, 6, conv(3, 3), sigmoid, tanh, average(2), flatten, linear(3))],
    [
      "average pooling, sigmoid, average pooling",
      model(1, 10, 10, conv(3, 3), average(2), sigmoid, average(2), flatten, linear(3)),
    ],
    [
      "activation and pooling on the image",
      model(2, 8, 8, relu, average(2), conv(2, 3), sigmoid, average(2), flatten, linear(3)),
    ],
    ["a convolution that outputs the logits", model(1, 4, 4, conv(3, 3), relu, conv(5, 2, 1, 0, "last"), flatten)],
    ["a pooling that outputs the logits", model(1, 4, 4, conv(5, 3), relu, average(2), flatten)],
    ["dropout before the last flatten", model(1, 4, 4, conv(5, 3), dropout(0.3), average(2), dropout(0.2), flatten)],
    ["only flatten", model(1, 1, 3, flatten)],
    ["no parameters", model(1, 4, 4, tanh, average(2), flatten)],
    ["flatten twice", model(1, 3, 3, conv(2, 2), flatten, flatten, linear(3))],
  ];
  it.each(models)("%s", (_, of) => hold(of));
});

describe("training", () => {
  const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.02 };
  const optimizers: [string, OptimizerSettings][] = [
    ["AdamW", { type: "adamw", ...adam }],
    ["Adam", { type: "adam", ...adam }],
    ["SGD", { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0.01 }],
    ["SGD with momentum", { type: "sgd", momentum: 0.9, nesterov: false, weightDecay: 0.01 }],
    ["SGD with Nesterov momentum", { type: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.01 }],
    ["SDLM", { type: "sdlm", damping: 0.02, samples: 1 }],
  ];
  const of = model(
    2,
    9,
    11,
    conv(3, 3, 1, 1, "a"),
    relu,
    maximum(2),
    dropout(0.25),
    conv(4, 2, 1, 1, "b"),
    tanh,
    flatten,
    linear(7, "c"),
    sigmoid,
    dropout(0.5),
    linear(3, "d"),
  );
  const pixels = Uint8Array.from({ length: 20 * inputSize(of) }, (_, place) => (place * place * 31 + place * 17) % 256);
  const steps = Array.from({ length: 8 }, (_, index) => {
    const indices = Array.from({ length: index % 3 === 0 ? 13 : 5 }, (_, sample) => (sample * 7 + index * 3) % 20);
    const placements = indices.flatMap((_, sample) => [
      ...placementFor(
        {
          cropDown: (sample % 5) - 2,
          cropRight: ((sample * 3 + index) % 5) - 2,
          flip: (sample + index) % 2 === 1,
          degrees: sample * 13 - 60,
        },
        of.input.height,
        of.input.width,
      ),
    ]);
    return {
      batch: { pixels, indices, placements: Int32Array.from(placements) },
      labels: labelsFor(of, indices.length),
      update: {
        step: index + 1,
        learningRate: 0.01 / (index + 1),
        momentum: index > 4 ? 0.85 + index / 100 : undefined,
      },
    };
  });

  it.each(optimizers)("matches the reference with %s, dropout and placements", async (_, optimizer) => {
    const parameters = initializeParameters(of, 3);
    const trained = async (engine: BatchEngine) => {
      await engine.setParameters(parameters);
      const results: SampleResults[] = [];
      for (const { batch, labels, update } of steps) {
        results.push(await engine.train(batch, labels, { labelSmoothing: 0.1, seed: 2 ** 40 + 9 }, update));
      }
      return { results, parameters: await engine.parameters(), state: await engine.optimizerState() };
    };
    const options = optionsFor(of, 13, optimizer);
    const expected = await trained(await referenceEngine(of, options));
    for (const arithmetic of ["fused", "portable"] as const) {
      const actual = await trained(await compile(of, { ...options, arithmetic }));
      actual.results.forEach((result, step) => {
        expectResultsClose(result, expected.results[step]);
      });
      for (const [name, tensor] of expected.parameters) {
        expectClose(name, actual.parameters.get(name)!, tensor, PARAMETER_TOLERANCE);
        const before = parameters.get(name)!.data;
        expect(relativeError(before, tensor.data), `${name} was trained`).toBeGreaterThan(1e-4);
      }
      expectGradientsClose(actual.state.first, expected.state.first);
      expectGradientsClose(actual.state.second, expected.state.second);
    }
  });

  it.each(optimizers)("averages the parameters over all steps with every optimizer: %s", async (_, optimizer) => {
    const options = optionsFor(of, 13, optimizer);
    const averaging = { decay: 0.3 };
    const loss = { labelSmoothing: 0.1, seed: 4 };
    const parameters = initializeParameters(of, 3);
    const plain = await compile(of, options);
    const averaged = await compile(of, { ...options, averaging });
    const reference = await referenceEngine(of, { ...options, averaging });
    for (const engine of [plain, averaged, reference]) await engine.setParameters(parameters);
    const expected = new Map([...parameters].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]));
    for (const { batch, labels, update } of steps) {
      for (const engine of [plain, averaged, reference]) await engine.train(batch, labels, loss, update);
      const share = Math.fround(update.step === 1 ? 1 : 1 - Math.min(0.3, update.step / (update.step + 9)));
      for (const [name, { data }] of await averaged.parameters()) {
        const mean = expected.get(name)!.data;
        data.forEach((weight, place) => {
          const before = update.step === 1 ? 0 : mean[place];
          mean[place] = before + Math.fround(share * Math.fround(weight - before));
        });
      }
      expect((await averaged.optimizerState()).average).toEqual(expected);
    }
    for (const [name, tensor] of (await reference.optimizerState()).average!) {
      expectClose(name, expected.get(name)!, tensor, PARAMETER_TOLERANCE);
    }
    // Averaging does not affect training.
    expect(await averaged.parameters()).toEqual(await plain.parameters());
    const { average, ...moments } = await averaged.optimizerState();
    expect(await plain.optimizerState()).toEqual(moments);
    expect(average).toEqual(expected);
  });

  it("allocates no memory without averaging, and refuses a state with an average", async () => {
    const options = optionsFor(of, 13);
    const [plain, off, averaged] = await Promise.all(
      [undefined, null, { decay: 0.9 }].map((averaging) => compile(of, { ...options, averaging })),
    );
    expect(off.engine.memoryBytes).toBe(plain.engine.memoryBytes);
    for (const engine of [plain, await referenceEngine(of, options)]) {
      await expect(engine.setOptimizerState(await averaged.optimizerState())).rejects.toThrow(
        new ShapeError("the state has an average of the parameters, but the engine keeps none"),
      );
    }
    for (const engine of [averaged, await referenceEngine(of, { ...options, averaging: { decay: 0.9 } })]) {
      await expect(engine.setOptimizerState(await plain.optimizerState())).rejects.toThrow(
        new ShapeError("the state has no average of the parameters, but the engine keeps one"),
      );
    }
  });

  it("resumes from another engine's parameters and optimiser state", async () => {
    const options = optionsFor(of, 13, { type: "adamw", ...adam });
    const [uninterrupted, first, second] = await Promise.all([1, 2, 3].map(() => compile(of, options)));
    const run = async (engine: BatchEngine, from: number, to: number) => {
      for (const { batch, labels, update } of steps.slice(from, to)) {
        await engine.train(batch, labels, { labelSmoothing: 0, seed: 4 }, update);
      }
    };
    for (const engine of [uninterrupted, first]) await engine.setParameters(initializeParameters(of, 3));
    await run(uninterrupted, 0, 8);
    await run(first, 0, 4);
    await second.setParameters(await first.parameters());
    await second.setOptimizerState(await first.optimizerState());
    await run(second, 4, 8);
    expect(await second.parameters()).toEqual(await uninterrupted.parameters());
    expect(await second.optimizerState()).toEqual(await uninterrupted.optimizerState());
  });

  it.each(optimizers)("keeps no denormal numbers when gradients vanish: %s", async (_, settings) => {
    const still = model(1, 3, 3, conv(2, 2), relu, flatten, linear(3, "a"), linear(2, "b"));
    const options = optionsFor(still, 4, { ...settings, weightDecay: 0 } as OptimizerSettings);
    const engine = await compile(still, options);
    const parameters = initializeParameters(still, 1);
    await engine.setParameters(parameters);
    const loss = { labelSmoothing: 0, seed: 0 };
    await engine.train(valueBatch(still, 4), [0, 1, 0, 1], loss, { step: 1, learningRate: 0 });
    // With zero images and biases, only the last bias has a gradient, and with balanced labels that is zero too.
    const silent = new Map(
      [...parameters].map(([name, { shape, data }]) => [
        name,
        { shape, data: name.endsWith(".bias") ? new Float32Array(data.length) : data },
      ]),
    );
    await engine.setParameters(silent);
    const zeros = { values: new Float32Array(4 * 9) };
    // A factor of 0.9 per step takes the first moments through the denormal range within 1,000 steps. β2 is too slow
    // for the second moments, so they start close to it.
    const { first, second } = await engine.optimizerState();
    const small = new Map([...second].map(([name, tensor]) => [name, shrunk(tensor)]));
    await engine.setOptimizerState({ first, second: small });
    for (let step = 2; step < 1000; step++) {
      await engine.train(zeros, [0, 1, 0, 1], loss, { step, learningRate: 0 });
      if (step % 10 === 0) expectNoDenormals(await engine.optimizerState());
    }
    const { first: last } = await engine.optimizerState();
    // A few units of the smallest step that the flush leaves, where a decay of 0.9 rounds to no change.
    for (const { data } of last.values()) expect(data.every((moment) => Math.abs(moment) < 1e-28)).toBe(true);
  });
});

/** Replaces all nonzero values by values near the bottom of float32's range. */
function shrunk({ shape, data }: Tensor<Float32Array>): Tensor<Float32Array> {
  return { shape, data: data.map((value, place) => (value === 0 ? 0 : 10 ** (-29 - (place % 9)))) };
}

function expectNoDenormals({ first, second }: OptimizerState): void {
  for (const { data } of [...first.values(), ...second.values()]) {
    expect(data.some((moment) => moment !== 0 && Math.abs(moment) < 2 ** -126)).toBe(false);
  }
}

describe("an engine's memory", () => {
  const of = model(
    1,
    7,
    6,
    conv(3, 3, 2, 1, "a"),
    relu,
    maximum(2, 1),
    conv(2, 2, 1, 1, "b"),
    tanh,
    flatten,
    linear(5, "c"),
    sigmoid,
    linear(3, "d"),
  );

  it("does not leak a batch into the next, smaller one", async () => {
    const options = optionsFor(of, 24);
    const parameters = initializeParameters(of, 1);
    for (const samples of [1, 7, 8, 9, 17]) {
      const [fresh, used] = [await compile(of, options), await compile(of, options)];
      const [batch, labels] = [valueBatch(of, samples), labelsFor(of, samples)];
      await used.setParameters(parameters);
      const moments = await used.optimizerState();
      await poison(used);
      await used.train(
        valueBatch(of, 24, 1),
        labelsFor(of, 24),
        { labelSmoothing: 0, seed: 0 },
        { step: 1, learningRate: 1 },
      );
      await used.setParameters(parameters);
      await used.setOptimizerState(moments);
      await fresh.setParameters(parameters);
      expect(bits(await answers(used, batch, labels))).toEqual(bits(await answers(fresh, batch, labels)));
    }
  });

  it("recovers from NaN weights when other weights are set", async () => {
    const options = optionsFor(of, 9);
    const parameters = initializeParameters(of, 1);
    const [fresh, used] = [await compile(of, options), await compile(of, options)];
    const moments = await used.optimizerState();
    await used.setParameters(parameters);
    const infinite = { values: new Float32Array(9 * inputSize(of)).fill(Number.POSITIVE_INFINITY) };
    const loss = { labelSmoothing: 0, seed: 0 };
    await used.train(infinite, labelsFor(of, 9), loss, { step: 1, learningRate: Number.NaN });
    expect((await used.parameters()).get("d.weight")!.data.every(Number.isNaN)).toBe(true);
    await used.setParameters(parameters);
    await used.setOptimizerState(moments);
    await fresh.setParameters(parameters);
    const [batch, labels] = [valueBatch(of, 9), labelsFor(of, 9)];
    expect(bits(await answers(used, batch, labels))).toEqual(bits(await answers(fresh, batch, labels)));
  });

  it("matches the reference's inputs for bytes, with and without transformations", async () => {
    const rgb = model(3, 7, 10, flatten, linear(2));
    const size = inputSize(rgb);
    const options = optionsFor(rgb, 40);
    const pixels = Uint8Array.from({ length: 5 * size }, (_, place) => (place * 89 + (place % 13) * 7) % 256);
    const indices = Array.from({ length: 8 }, (_, sample) => (sample * 3) % 5);
    const fast = await compile(rgb, { ...options, keepActivations: true });
    const reference = await referenceEngine(rgb, options);
    const inputsOf = async (engine: BatchEngine, batch: Batch) => (await engine.activations(batch))[0].output.data;
    expect(await inputsOf(fast, { pixels, indices })).toEqual(await inputsOf(reference, { pixels, indices }));
    for (let turn = 0; turn < 50; turn++) {
      const stream = new RandomStream(1, Purpose.augmentation, 0, turn);
      const draw = () =>
        placementFor(
          {
            cropDown: stream.below(21) - 10,
            cropRight: stream.below(25) - 12,
            flip: stream.below(2) === 1,
            degrees: stream.below(4) === 0 ? 45 * stream.below(9) : 720 * stream.uniform() - 360,
          },
          7,
          10,
        );
      const placements = Int32Array.from(indices.flatMap(() => [...draw()]));
      const batch = { pixels, indices, placements };
      expect(await inputsOf(fast, batch)).toEqual(await inputsOf(reference, batch));
    }
  });

  it("refuses images, labels and selections that do not fit", async () => {
    const engine = await compile(of, optionsFor(of, 4));
    const pixels = new Uint8Array(2 * inputSize(of));
    const refusals: [Batch, number[], string][] = [
      [{ values: new Float32Array(41) }, [0], "the images have 41 values, not a multiple of 1×7×6"],
      [{ values: new Float32Array(0) }, [], "there are no images"],
      [{ values: new Float32Array(42) }, [0, 1], "there are 1 images, but 2 labels"],
      [{ values: new Float32Array(42) }, [-1], "the label of image 0 is -1, expected 0 to 2"],
      [{ values: new Float32Array(42) }, [1.5], "the label of image 0 is 1.5, expected 0 to 2"],
      [{ pixels, indices: [0, 2] }, [0, 0], "sample 1 selects image 2, expected 0 to 1"],
      [{ pixels, indices: [] }, [], "no images are selected"],
      [
        { pixels, indices: [0, 1], placements: new Int32Array(15) },
        [0, 0],
        "the placements have 15 words, but 2 samples need 30",
      ],
    ];
    for (const [batch, labels, message] of refusals) {
      await expect(engine.evaluate(batch, labels)).rejects.toThrow(new RangeError(message));
    }
    const options = { ...optionsFor(of, 4), normalization: { mean: [0.5, 0.5, 0.5], std: [0.5] } };
    const message = "the normalization has 3 means and 1 standard deviations, but the model has 1 channels";
    for (const make of [compile, referenceEngine]) {
      await expect(make(of, options)).rejects.toThrow(new RangeError(message));
    }
  });
});

describe("one sample", () => {
  // Models with these input shapes use single-sample kernels throughout.
  const shapes = [
    { channels: 1, height: 28, width: 28 },
    { channels: 3, height: 32, width: 32 },
    { channels: 2, height: 29, width: 31 },
    { channels: 1, height: 24, width: 36 },
  ];
  const kinds = [
    { activation: "relu", pooling: "maxPool2d" },
    { activation: "sigmoid", pooling: "averagePool2d" },
    { activation: "tanh", pooling: "averagePool2d" },
  ] as const;
  const cases = shapes.flatMap((input) => kinds.map((kind) => ({ input, ...kind })));

  it.each(cases)(
    "$activation, $input.channels×$input.height×$input.width, from values, bytes and placements",
    async ({ input, ...kind }) => {
      const of = lenet5({ ...kind, dropout: 0.5, input, classes: 11 });
      const options = optionsFor(of, 3);
      const [fast, reference] = [await compile(of, options), await referenceEngine(of, options)];
      const parameters = initializeParameters(of, 3);
      for (const engine of [fast, reference]) await engine.setParameters(parameters);
      await expectSingleSamplesClose(fast, reference);
      const pixels = Uint8Array.from(
        { length: 3 * inputSize(of) },
        (_, place) => (place * 89 + (place % 13) * 7) % 256,
      );
      const turned = placementFor({ cropDown: 2, cropRight: -1, flip: true, degrees: 8 }, input.height, input.width);
      const strong = drawTransformation({ ...AUGMENTATIONS.strong, background: 255 }, input, 1, 1, 1);
      const mapped = placementFor(strong, input.height, input.width);
      for (const placements of [undefined, turned, mapped]) {
        const batch = { pixels, indices: [2], placements };
        expectClose("logits", await fast.predict(batch), await reference.predict(batch), OUTPUT_TOLERANCE);
        expectResultsClose(await fast.evaluate(batch, [4]), await reference.evaluate(batch, [4]));
      }
    },
  );

  it("has kernels for every LeNet-5 whose rows fill a vector, but not for strided convolutions", () => {
    const singleOf = (of: Model) => {
      const layers = inferShapes(of);
      const context = { module: new ModuleBuilder(), data: new StaticData(0), fused: false };
      return emitSinglePass(context, layers, layoutParameters(layers), TRAINING_CODE);
    };
    for (const { input, ...kind } of cases) {
      expect(singleOf(lenet5({ ...kind, dropout: 0, input, classes: 10 }))).toBeDefined();
    }
    expect(singleOf(model(1, 16, 16, conv(2, 5, 2), relu, flatten, linear(3)))).toBeUndefined();
    expect(singleOf(model(1, 16, 16, conv(2, 5), maximum(3), flatten, linear(3)))).toBeUndefined();
  });
});

describe("batch normalisation", () => {
  const places: [string, Model][] = [
    [
      "between a convolution and pooling",
      model(1, 10, 12, conv(5, 3), batchNorm(), relu, maximum(2), flatten, linear(3)),
    ],
    ["before a padded convolution", model(2, 7, 6, conv(3, 3), batchNorm(), conv(2, 3, 1, 1, "b"), flatten, linear(3))],
    [
      "before an activation and a padded convolution",
      model(2, 7, 6, conv(3, 3), batchNorm(), sigmoid, conv(2, 3, 1, 2, "b"), flatten, linear(3)),
    ],
    ["on the image itself", model(3, 5, 6, batchNorm(), conv(3, 3), flatten, linear(3))],
    ["of the logits", model(1, 4, 5, flatten, linear(6, "a"), tanh, linear(3), batchNorm())],
    ["of features", model(1, 4, 5, flatten, linear(7, "a"), batchNorm(), leakyRelu, linear(3))],
    ["twice", model(1, 6, 6, conv(4, 3), batchNorm("a", 0.3), tanh, batchNorm("b"), flatten, linear(3))],
    [
      "behind average pooling and dropout",
      model(1, 8, 9, conv(3, 2), average(2), dropout(0.4), batchNorm(), flatten, linear(3)),
    ],
    [
      "in all hidden layers",
      lenet5({
        input: { channels: 1, height: 16, width: 16 },
        classes: 4,
        activation: "relu",
        pooling: "maxPool2d",
        dropout: 0.3,
        batchNorm: true,
      }),
    ],
  ];
  const cases = places.flatMap(([place, of]) => [5, 8, 9, 21].map((samples) => ({ place, of, samples })));
  it.each(cases)("$place, of $samples samples", ({ of, samples }) => hold(of, samples));

  const of = model(2, 7, 6, conv(5, 3), batchNorm("a"), relu, flatten, linear(9), batchNorm("b"), tanh, linear(3, "c"));

  it("is precise although the mean is far from zero", async () => {
    const options = optionsFor(of, 32);
    const parameters = new Map(drawnParameters(of));
    const { shape } = parameters.get("conv.bias")!;
    parameters.set("conv.bias", { shape, data: new Float32Array(5).fill(300) });
    const [fast, reference] = [await compile(of, options), await referenceEngine(of, options)];
    const loss = { labelSmoothing: 0, seed: 0 };
    for (const engine of [fast, reference]) {
      await engine.setParameters(parameters);
      await engine.train(valueBatch(of, 32), labelsFor(of, 32), loss, { step: 1, learningRate: 0.1 });
    }
    const [actual, expected] = [await fast.parameters(), await reference.parameters()];
    expectClose("variance", actual.get("a.running_var")!, expected.get("a.running_var")!, 1e-4);
    expectClose("mean", actual.get("a.running_mean")!, expected.get("a.running_mean")!, 1e-6);
  });

  it("is measured anew as the mean over batches, with batches before and without", async () => {
    const options = optionsFor(of, 8);
    const batches = valueBatch(of, 21);
    const measured = async (engine: BatchEngine, cut: number) => {
      await engine.setParameters(drawnParameters(of));
      const images = await engine.engine.load(batches);
      const indices = Array.from({ length: 21 }, (_, index) => index);
      await engine.engine.measureStatistics(images, { indices: indices.slice(0, cut), seed: 1 });
      if (cut < 21) {
        const rest = { indices: indices.slice(cut), seed: 1, batchesBefore: cut / 8 };
        await engine.engine.measureStatistics(images, rest);
      }
      return engine.parameters();
    };
    const fast = await compile(of, options);
    const [atOnce, inParts] = [await measured(fast, 21), await measured(fast, 8)];
    expect(inParts).toEqual(atOnce);
    const expected = await measured(await referenceEngine(of, options), 21);
    for (const [name, tensor] of atOnce) {
      expectClose(name, tensor, expected.get(name)!, OUTPUT_TOLERANCE);
      if (!name.includes("running")) expect(tensor).toEqual(drawnParameters(of).get(name));
    }
  });

  it("refuses a batch that is a single value in a channel", async () => {
    const message =
      "9 images in batches of 8 leave a batch of one image, but BatchNorm1d-6 needs more than one value per channel in training: choose another batch size";
    for (const make of [compile, referenceEngine]) {
      const engine = (await make(of, optionsFor(of, 8))).engine;
      const images = await engine.load({ ...valueBatch(of, 9), labels: labelsFor(of, 9) });
      const updates = [1, 2].map((step) => ({ step, learningRate: 0.1 }));
      const training = engine.train(images, [{ labelSmoothing: 0, seed: 0, updates }]);
      await expect(training).rejects.toThrow(new RangeError(message));
      await expect(engine.measureStatistics(images, { seed: 0 })).rejects.toThrow(new RangeError(message));
    }
  });
});

describe("random models", () => {
  it.each(Array.from({ length: 60 }, (_, item) => item))("number %i agrees with the reference", async (item) => {
    const stream = new RandomStream(2024, Purpose.digits, 0, item);
    await hold(randomModel(stream), 1 + stream.below(18));
  });
});

/** A small model of random layers that fit: up to five for images, then up to four for features. */
function randomModel(stream: RandomStream): Model {
  const pick = <Choice>(...choices: Choice[]): Choice => choices[stream.below(choices.length)];
  const input = { channels: 1 + stream.below(3), height: 3 + stream.below(9), width: 3 + stream.below(9) };
  const layers: Layer[] = [];
  const elementwise = () => pick<Layer>(sigmoid, relu, leakyRelu, tanh, dropout(pick(0.1, 0.5)));
  const onImages = (): Layer => {
    const [kernel, stride] = [1 + stream.below(4), 1 + stream.below(3)];
    const type = pick<"averagePool2d" | "maxPool2d">("averagePool2d", "maxPool2d");
    const name = `layer${layers.length}`;
    return pick<Layer>(
      { type, kernel, stride },
      { type, kernel: 2, stride: 2 },
      conv(1 + stream.below(9), kernel, stride, stream.below(4), name),
      elementwise(),
    );
  };
  const fits = (layer: Layer): boolean => {
    try {
      inferShapes({ input, layers: [...layers, layer, flatten] });
      return true;
    } catch (error) {
      if (error instanceof ShapeError) return false;
      throw error;
    }
  };
  for (let count = stream.below(6); count > 0; count--) {
    const layer = onImages();
    if (fits(layer)) layers.push(layer);
  }
  layers.push(flatten);
  for (let count = stream.below(4); count > 0; count--) {
    layers.push(pick(linear(1 + stream.below(14), `layer${layers.length}`), elementwise()));
  }
  layers.push(linear(2 + stream.below(5), "last"));
  return { input, layers };
}
