// Compares training on a graphics card with PyTorch on the same card: A B A B … in one run.
// Usage: node bench/gpu.mjs [--python PATH] [--quick] …, see README.md.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { timingOf } from "../dist/benchmark/index.js";
import { splitIndices } from "../dist/data/index.js";
import { initializeParameters, lenet5, runEpochs, webgpuBackend } from "../dist/engine.js";
import { RECIPES } from "../dist/index.js";
import { loadDataset } from "../dist/node/datasets.js";
import { trainRuns } from "./gpuRuns.mjs";
import { CLASSES, INPUT, numbers, SEED } from "./lenet.mjs";
import { fail, Peer, writeForTorchvision } from "./peer.mjs";
import { describeMachine, finishReport, percent, printComparison } from "./report.mjs";
import { compareRuns, figure, takeTurns, timed } from "./rounds.mjs";

const { values: options } = parseArgs({
  options: {
    python: { type: "string", default: process.env.PYTHON ?? "python3" },
    "data-dir": { type: "string" },
    recipe: { type: "string", default: "improved" },
    fleets: { type: "string" },
    "large-batch": { type: "string" },
    rounds: { type: "string" },
    "slice-seconds": { type: "string" },
    "epoch-rounds": { type: "string" },
    runs: { type: "string", default: "0" },
    epochs: { type: "string", default: "100" },
    quick: { type: "boolean", default: false },
    json: { type: "string" },
  },
});
/** A short try, which a software card survives: it shows that everything runs, not how fast. */
const DEFAULTS = options.quick
  ? { batch: 4, fleets: "1,2", large: "8", rounds: "2", slice: "0.1", epochRounds: "1", images: 100, workers: [0] }
  : {
      batch: 32,
      fleets: "1,4,16,64,256",
      large: "1024",
      rounds: "5",
      slice: "0.5",
      epochRounds: "2",
      images: 60_000,
      workers: [0, 8],
    };
const FLEETS = numbers(options.fleets ?? DEFAULTS.fleets);
const LARGE_BATCH = Number(options["large-batch"] ?? DEFAULTS.large);
const ROUNDS = Number(options.rounds ?? DEFAULTS.rounds);
const SLICE_SECONDS = Number(options["slice-seconds"] ?? DEFAULTS.slice);
const EPOCH_ROUNDS = Number(options["epoch-rounds"] ?? DEFAULTS.epochRounds);
const RUNS = Number(options.runs);
/** PyTorch's threads; only its loading processes and the CPU's stand-in need any. */
const THREADS = 2;

const { create } = await import("webgpu").catch(() => fail("the package webgpu is missing: npm ci --prefix bench"));
const backend = webgpuBackend({ gpu: create([]) });
const recipe = RECIPES[options.recipe] ?? fail(`there is no recipe ${options.recipe}`);
const peer = new Peer(options.python, "gpu.py", THREADS);
const versions = await peer.ask({ do: "versions" });
const hasCuda = "CUDA" in versions;

/** Compiles networks, each with its own seed. */
async function compileFleet(recipe, networks, batchSize) {
  const model = lenet5({ ...recipe, input: INPUT, classes: CLASSES });
  const settings = Array.from({ length: networks }, () => ({ ...recipe, model }));
  const engine = await backend.compile(settings, { batchSize });
  for (let network = 0; network < networks; network++) {
    await engine.setParameters(initializeParameters(model, SEED + network), network);
  }
  return engine;
}

/** Compares a training step of networks side by side. lenet's includes reading and augmenting the images. */
async function compareSteps(dataset, networks, batch) {
  const engine = await compileFleet(recipe, networks, batch);
  const images = await engine.load({ pixels: dataset.images, labels: dataset.labels });
  let step = 0;
  const train = async (runs) => {
    const updates = Array.from({ length: runs }, () => ({ step: ++step, learningRate: 1e-3 }));
    const indices = Uint32Array.from({ length: runs * batch }, (_, place) => (place * 7919 + step) % images.count);
    const slices = Array.from({ length: networks }, (_, network) => {
      const seed = SEED + network;
      const placements = { augmentation: recipe.augmentation, seed, epoch: 1 };
      return { indices, placements, labelSmoothing: recipe.labelSmoothing, seed, updates };
    });
    await engine.train(images, slices);
  };
  const run = async (runs) => {
    const { seconds, processorSeconds } = await timed(() => train(runs))(1);
    return { seconds: seconds / runs, processorSeconds: processorSeconds / runs };
  };
  const contestants = [{ name: "lenet, augmentation included", run }];
  const unavailable = [];
  for (const [mode, name] of modesFor(networks)) {
    const request = { do: "steps", mode, recipe: recipe.name, batch, networks };
    const { error } = await peer.ask({ ...request, runs: 1 });
    if (error) unavailable.push(`${name}: ${error}`);
    else contestants.push({ name, run: async (runs) => orFail(await peer.ask({ ...request, runs }), name) });
  }
  const compared = await compareRuns(contestants, { rounds: ROUNDS, sliceSeconds: SLICE_SECONDS });
  engine.dispose();
  await peer.ask({ do: "drop" });
  const side = networks === 1 ? "1 network" : `${networks} networks`;
  const title = `training step, ${recipe.name}, batch ${batch}, ${side}, ${ROUNDS} rounds`;
  return { title, recipe: recipe.name, batch, networks, unavailable, ...compared };
}

/** PyTorch's modes, in order, with what the tables call them. */
function modesFor(networks) {
  const where = hasCuda ? "PyTorch" : "PyTorch on the CPU";
  if (networks === 1) {
    return [
      ["eager", `${where}, eager`],
      ["graph", `${where}, CUDA graph`],
    ];
  }
  // Without CUDA, vmap stands in for its graph.
  return hasCuda ? [["vmap graph", `${where}, vmap in a CUDA graph`]] : [["vmap", `${where}, vmap`]];
}

/** Compares an epoch of training and validation of the tutorial, all images augmented, with its script on the card. */
async function compareEpochs(dataset, root, images) {
  const tutorial = { ...RECIPES.paper, epochs: 1, batchSize: DEFAULTS.batch, augmentValidation: true };
  const part = firstImages(dataset, images);
  const split = splitIndices(images, 0.2, SEED);
  const engine = await compileFleet(tutorial, 1, DEFAULTS.batch);
  const [parameters, optimizer] = [await engine.parameters(), await engine.optimizerState()];
  const lenetEpoch = async () => {
    await engine.setParameters(parameters);
    await engine.setOptimizerState(optimizer);
    for await (const { record } of runEpochs({ engine, dataset: part, split, recipe: tutorial, seed: SEED })) {
      const { trainSeconds, validationSeconds, validationAccuracy: accuracy } = record;
      return { trainSeconds, validationSeconds, accuracy };
    }
  };
  // The first compiles the shaders.
  await lenetEpoch();
  const request = { do: "epoch", recipe: "paper", batch: DEFAULTS.batch, root, images };
  const contestants = [
    { name: "lenet", run: lenetEpoch },
    ...DEFAULTS.workers.map((workers) => ({
      name: `the tutorial's script, ${workers === 0 ? "as it is" : `${workers} loading processes`}${hasCuda ? "" : ", on the CPU"}`,
      run: async () => orFail(await peer.ask({ ...request, workers }), "the tutorial's script"),
    })),
  ];
  const { times: epochs, load } = await takeTurns(
    contestants.map(({ run }) => run),
    { rounds: EPOCH_ROUNDS },
  );
  engine.dispose();
  const totals = epochs.map((list) => list.map((epoch) => epoch.trainSeconds + epoch.validationSeconds));
  const median = (list, field) => timingOf(list.map((epoch) => epoch[field])).median;
  const results = contestants.map(({ name }, index) => ({
    ...figure(name, totals[index], totals[0]),
    trainSeconds: median(epochs[index], "trainSeconds"),
    validationSeconds: median(epochs[index], "validationSeconds"),
    accuracy: median(epochs[index], "accuracy"),
  }));
  return {
    title: `epoch, paper, batch ${DEFAULTS.batch}, ${images} images, ${EPOCH_ROUNDS} rounds`,
    kind: "epoch",
    results,
    load,
  };
}

function firstImages(dataset, count) {
  const { images, labels } = dataset;
  return {
    ...dataset,
    labels: labels.subarray(0, count),
    images: images.subarray(0, count * INPUT.height * INPUT.width),
  };
}

function orFail(answer, name) {
  if (answer.error) fail(`${name}: ${answer.error}`);
  return answer;
}

const perNetwork = (networks) => ["µs and network", ({ seconds }) => ((seconds.median * 1e6) / networks).toFixed(2)];
const EPOCH_COLUMNS = [
  ["training s", ({ trainSeconds }) => trainSeconds.toFixed(3)],
  ["validation s", ({ validationSeconds }) => validationSeconds.toFixed(3)],
  ["validation accuracy", ({ accuracy }) => percent(accuracy)],
];

const root = await mkdtemp(join(tmpdir(), "lenet-bench-"));
const comparisons = [];
const report = (comparison, ...layout) => {
  comparisons.push(comparison);
  printComparison(comparison, ...layout);
};
try {
  const probe = await compileFleet(recipe, 1, 1);
  const about = describeMachine({ ...versions, "lenet's arithmetic": probe.arithmetic });
  probe.dispose();
  const dataset = await loadDataset("fashion-mnist", "train", { dataDir: options["data-dir"] });
  const test = await loadDataset("fashion-mnist", "test", { dataDir: options["data-dir"] });
  for (const networks of FLEETS) {
    report(await compareSteps(dataset, networks, DEFAULTS.batch), "µs", [perNetwork(networks)]);
  }
  report(await compareSteps(dataset, 1, LARGE_BATCH), "µs", [perNetwork(1)]);
  if (EPOCH_ROUNDS > 0) {
    await writeForTorchvision(root, { train: dataset, t10k: test });
    report(await compareEpochs(dataset, root, DEFAULTS.images), "s", EPOCH_COLUMNS);
  }
  if (RUNS > 0) {
    const data = { dataset: firstImages(dataset, DEFAULTS.images), test: firstImages(test, DEFAULTS.images) };
    const trained = { ...recipe, epochs: Number(options.epochs) };
    comparisons.push(await trainRuns({ ...data, runs: RUNS, recipe: trained, compileFleet }));
  }
  await finishReport(about, comparisons, options.json);
} finally {
  peer.end();
  await rm(root, { recursive: true });
}
// The package webgpu keeps Node alive.
process.exit(0);
