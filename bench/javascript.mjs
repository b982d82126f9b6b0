// Compares lenet's training step with that of TensorFlow.js and jax-js: the same parameters and batches, in turns, in one
// process.
// Usage: node bench/javascript.mjs [--rounds N] …, see README.md.

import { parseArgs } from "node:util";
import { init, jit, lax, nn, numpy, tree, valueAndGrad } from "@jax-js/jax";
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { RECIPES } from "../dist/index.js";
import {
  CLASSES,
  compileRecipe,
  cycle,
  DEFAULT_THREADS,
  INPUT,
  loadBatches,
  numbers,
  randomBatches,
  SEED,
} from "./lenet.mjs";
import {
  describeMachine,
  finishReport,
  installedVersions,
  printComparison,
  processorColumn,
  threadCount,
} from "./report.mjs";
import { compareRuns, timed } from "./rounds.mjs";

const { values: options } = parseArgs({
  options: {
    threads: { type: "string", default: DEFAULT_THREADS },
    batches: { type: "string", default: "32" },
    recipes: { type: "string", default: "paper,improved" },
    rounds: { type: "string", default: "7" },
    "slice-seconds": { type: "string", default: "0.5" },
    json: { type: "string" },
  },
});
const BATCHES_IN_MEMORY = 50;
const LEARNING_RATE = 1e-3;
/** How many losses must agree: the first checks the forward pass, the next ones gradients and optimizer. */
const CHECKED_STEPS = 3;
const LOSS_TOLERANCE = 1e-3;
const TENSORFLOW_BACKENDS = ["cpu", "wasm"];

// Both libraries at their fastest: TensorFlow.js without its checks, jax-js on WebAssembly.
tf.enableProdMode();
await init("wasm");

/** lenet's step; like the others, it trains on the next batch and returns the loss as a number. */
async function lenetStep(engine, recipe, batches) {
  const nextBatch = cycle(await loadBatches(engine, batches));
  const settings = { labelSmoothing: recipe.labelSmoothing, seed: SEED };
  let step = 0;
  return async () => {
    step++;
    const updates = [{ step, learningRate: LEARNING_RATE }];
    const [{ losses }] = await engine.train(nextBatch(), [{ ...settings, updates }]);
    return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  };
}

/** In TensorFlow.js, the channels come last. */
const TENSORFLOW_LAYERS = {
  conv2d: (x, { stride, padding }, weight, bias) => tf.conv2d(x, weight, stride, padding).add(bias),
  linear: (x, _, weight, bias) => tf.matMul(x, weight, false, true).add(bias),
  averagePool2d: (x, { kernel, stride }) => tf.avgPool(x, kernel, stride, "valid"),
  maxPool2d: (x, { kernel, stride }) => tf.maxPool(x, kernel, stride, "valid"),
  // In PyTorch's order, which the parameters of the next layer expect.
  flatten: (x) => tf.transpose(x, [0, 3, 1, 2]).reshape([x.shape[0], -1]),
  relu: (x) => tf.relu(x),
  sigmoid: (x) => tf.sigmoid(x),
};

/** The step of TensorFlow.js, with Adam: it has no AdamW. */
async function tensorflowStep(backend, { model, parameters, recipe, batches }) {
  await tf.setBackend(backend);
  const variables = new Map();
  for (const [name, { shape, data }] of parameters) {
    const tensor = tf.tensor(data, shape);
    // Convolutions take [height, width, in, out].
    variables.set(name, tf.variable(shape.length === 4 ? tf.transpose(tensor, [2, 3, 1, 0]) : tensor));
  }
  const logitsOf = (images) =>
    model.layers.reduce((x, layer) => {
      const [weight, bias] = [variables.get(`${layer.name}.weight`), variables.get(`${layer.name}.bias`)];
      return TENSORFLOW_LAYERS[layer.type](x, layer, weight, bias);
    }, images);
  const { beta1, beta2, epsilon } = recipe.optimizer;
  const optimizer = tf.train.adam(LEARNING_RATE, beta1, beta2, epsilon);
  const nextBatch = cycle(batches);
  return async () => {
    // The backend is global, and the other one may have had the previous turn.
    if (tf.getBackend() !== backend) await tf.setBackend(backend);
    const { values, targets } = nextBatch();
    const count = targets.length / CLASSES;
    const images = tf.tensor(values, [count, INPUT.height, INPUT.width, INPUT.channels]);
    const expected = tf.tensor(targets, [count, CLASSES]);
    const mean = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(expected, logitsOf(images)), true);
    const [loss] = await mean.data();
    tf.dispose([images, expected, mean]);
    return loss;
  };
}

const JAX_LAYERS = {
  conv2d: (x, { stride, padding, outChannels }, weight, bias) => {
    const borders = [padding, padding];
    return lax.conv(x, weight, [stride, stride], [borders, borders]).add(bias.reshape([1, outChannels, 1, 1]));
  },
  linear: (x, _, weight, bias) => numpy.matmul(x, numpy.transpose(weight)).add(bias),
  averagePool2d: (x, layer) => jaxPool(x, layer, numpy.mean),
  maxPool2d: (x, layer) => jaxPool(x, layer, numpy.max),
  flatten: (x) => x.reshape([x.shape[0], -1]),
  relu: (x) => nn.relu(x),
  sigmoid: (x) => nn.sigmoid(x),
};

function jaxPool(x, { kernel, stride }, reduce) {
  return lax.reduceWindow(x, reduce, [1, 1, kernel, kernel], [1, 1, stride, stride]);
}

/** The step of jax-js: one compiled function, with AdamW written in its operations. */
function jaxStep({ model, parameters, recipe, batches }) {
  const logitsOf = (weights, images) =>
    model.layers.reduce((x, layer) => {
      const [weight, bias] = [weights[`${layer.name}.weight`], weights[`${layer.name}.bias`]];
      return JAX_LAYERS[layer.type](x, layer, weight, bias);
    }, images);
  const lossOf = (weights, images, targets) =>
    numpy.mean(numpy.sum(nn.logSoftmax(logitsOf(weights, images)).mul(targets), -1).mul(-1));
  const { beta1, beta2, epsilon, weightDecay } = recipe.optimizer;
  // Using an array consumes it; `.ref` and `tree.ref` keep it for another use.
  const update = jit((weights, first, second, images, targets, corrections) => {
    const [loss, gradients] = valueAndGrad(lossOf)(tree.ref(weights), images, targets);
    const next = { weights: {}, first: {}, second: {} };
    for (const [name, gradient] of Object.entries(gradients)) {
      const mean = first[name].mul(beta1).add(gradient.ref.mul(1 - beta1));
      const square = second[name].mul(beta2).add(numpy.square(gradient).mul(1 - beta2));
      const denominator = numpy.sqrt(square.ref.div(corrections.second.ref)).add(epsilon);
      const change = mean.ref.div(corrections.first.ref).div(denominator).mul(LEARNING_RATE);
      next.weights[name] = weights[name].mul(1 - LEARNING_RATE * weightDecay).sub(change);
      next.first[name] = mean;
      next.second[name] = square;
    }
    tree.dispose(corrections);
    return [loss, next];
  });
  const each = (make) => Object.fromEntries([...parameters].map(([name, tensor]) => [name, make(tensor)]));
  let state = {
    weights: each(({ shape, data }) => numpy.array(data).reshape(shape)),
    first: each(({ shape }) => numpy.zeros(shape)),
    second: each(({ shape }) => numpy.zeros(shape)),
  };
  const nextBatch = cycle(batches);
  let step = 0;
  return async () => {
    const { values, targets } = nextBatch();
    step++;
    const images = numpy.array(values).reshape([-1, INPUT.channels, INPUT.height, INPUT.width]);
    const corrections = { first: numpy.array(1 - beta1 ** step), second: numpy.array(1 - beta2 ** step) };
    const expected = numpy.array(targets).reshape([-1, CLASSES]);
    const [mean, next] = update(state.weights, state.first, state.second, images, expected, corrections);
    state = next;
    const [loss] = await mean.data();
    return loss;
  };
}

/** Compares the training steps of all contestants; a library that cannot train is listed with the reason. */
async function compareTraining({ recipe: name, batch }) {
  const recipe = { ...RECIPES[name], dropout: 0 };
  const engines = await Promise.all(numbers(options.threads).map((threads) => compileRecipe(recipe, batch, threads)));
  const batches = randomBatches(BATCHES_IN_MEMORY, batch).map(({ values, labels }) => ({
    values,
    labels,
    targets: smoothedTargets(labels, recipe.labelSmoothing),
  }));
  const [model] = engines[0].models;
  const start = { model, parameters: await engines[0].parameters(), recipe, batches };
  const makers = [
    ...engines.map((engine) => [`lenet, ${threadCount(engine.threads)}`, () => lenetStep(engine, recipe, batches)]),
    ["jax-js, wasm", () => jaxStep(start)],
    ...TENSORFLOW_BACKENDS.map((backend) => [`TensorFlow.js, ${backend}`, () => tensorflowStep(backend, start)]),
  ];

  const contestants = [];
  const unavailable = [];
  let expected;
  for (const [contestant, make] of makers) {
    let step;
    const losses = [];
    try {
      step = await make();
      while (losses.length < CHECKED_STEPS) losses.push(await step());
    } catch (error) {
      if (!expected) throw error;
      unavailable.push(`${contestant}: ${error.message}`);
      continue;
    }
    expected ??= losses;
    requireLosses(contestant, losses, expected);
    contestants.push({ name: contestant, run: timed(step) });
  }
  const compared = await compareRuns(contestants, {
    rounds: Number(options.rounds),
    sliceSeconds: Number(options["slice-seconds"]),
  });
  for (const engine of engines) engine.dispose();
  return {
    title: `training step, ${name} without dropout, batch ${batch}`,
    recipe: name,
    batch,
    kind: "train",
    unavailable,
    ...compared,
  };
}

/** @throws Error if the losses differ from lenet's: timing different computations would compare nothing */
function requireLosses(name, losses, expected) {
  // NaN fails, too.
  const agree = losses.every((loss, step) => Math.abs(loss - expected[step]) <= LOSS_TOLERANCE);
  if (!agree) throw new Error(`${name}: the first losses are ${losses.join(", ")}, lenet's are ${expected.join(", ")}`);
}

/** The target probabilities of the loss, smoothed as in PyTorch: float32 [count][classes]. */
function smoothedTargets(labels, smoothing) {
  const targets = new Float32Array(labels.length * CLASSES).fill(smoothing / CLASSES);
  labels.forEach((label, sample) => {
    targets[sample * CLASSES + label] += 1 - smoothing;
  });
  return targets;
}

const about = describeMachine(installedVersions(["@jax-js/jax", "@tensorflow/tfjs"]));
const comparisons = [];
for (const recipe of options.recipes.split(",")) {
  for (const batch of numbers(options.batches)) {
    const comparison = await compareTraining({ recipe, batch });
    comparisons.push(comparison);
    printComparison(comparison, "ms", [processorColumn("ms")]);
  }
}
await finishReport(about, comparisons, options.json);
