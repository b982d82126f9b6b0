// Compares lenet's training step and epoch with PyTorch's: A B A B … in one run, so the state of the machine affects both.
// Usage: node bench/pytorch.mjs [--python PATH] [--data-dir DIR] …, see README.md.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { timingOf } from "../dist/benchmark/index.js";
import { splitIndices } from "../dist/data/index.js";
import { runEpochs } from "../dist/engine.js";
import { RECIPES as BUILT_IN } from "../dist/index.js";
import { loadDataset } from "../dist/node/datasets.js";
import {
  compileRecipe,
  cycle,
  DEFAULT_THREADS,
  inputSizes,
  loadBatches,
  numbers,
  randomBatches,
  SEED,
  sizeText,
} from "./lenet.mjs";
import { fail, Peer, writeForTorchvision } from "./peer.mjs";
import { describeMachine, finishReport, percent, printComparison, processorColumn, threadCount } from "./report.mjs";
import { compareRuns, figure, takeTurns, timed } from "./rounds.mjs";

const { values: options } = parseArgs({
  options: {
    python: { type: "string", default: process.env.PYTHON ?? "python3" },
    "data-dir": { type: "string" },
    threads: { type: "string", default: DEFAULT_THREADS },
    batches: { type: "string", default: "32" },
    recipes: { type: "string", default: "paper,improved" },
    inputs: { type: "string", default: "1x28x28" },
    rounds: { type: "string", default: "15" },
    "slice-seconds": { type: "string", default: "0.2" },
    "epoch-rounds": { type: "string", default: "3" },
    json: { type: "string" },
  },
});
const THREADS = numbers(options.threads);
const BATCHES = numbers(options.batches);
const RECIPES = { ...BUILT_IN, "improved-batchnorm": { ...BUILT_IN.improved, batchNorm: true } };
const RECIPE_NAMES = options.recipes.split(",");
const INPUTS = inputSizes(options.inputs);
const ROUNDS = Number(options.rounds);
const SLICE_SECONDS = Number(options["slice-seconds"]);
const EPOCH_ROUNDS = Number(options["epoch-rounds"]);
const MODES = ["eager", "fused", "compile"];
const MODE_NAMES = {
  eager: "PyTorch eager",
  fused: "PyTorch eager, fused AdamW",
  compile: "torch.compile, fused AdamW",
};
const BATCHES_IN_MEMORY = 50;
const EPOCH_BATCH = 32;
const EPOCH_LOAD_CHECK_MILLISECONDS = 500;

/** Compares the training steps or forward passes of all contestants; both sides have normalised values in memory. */
async function compareSteps(peer, { recipe: name, input, batch, threads, kind }) {
  const recipe = RECIPES[name];
  const engine = await compileRecipe(recipe, batch, threads, input);
  const contestants = [{ name: "lenet", run: timed(await lenetStep(engine, recipe, input, kind)) }];
  const unavailable = [];
  for (const mode of MODES) {
    // A forward pass does not involve the optimizer.
    if (kind === "forward" && mode === "fused") continue;
    const request = { do: "steps", mode, recipe: name, input: Object.values(input), batch, kind };
    const { error } = await peer.ask({ ...request, runs: 1 });
    if (error) unavailable.push(`${MODE_NAMES[mode]}: ${error}`);
    else contestants.push({ name: MODE_NAMES[mode], run: (runs) => peer.ask({ ...request, runs }) });
  }
  const compared = await compareRuns(contestants, { rounds: ROUNDS, sliceSeconds: SLICE_SECONDS });
  engine.dispose();
  const what = kind === "train" ? "training step" : "forward pass";
  const title = `${what}, ${name}, ${sizeText(input)}, batch ${batch}, ${threadCount(threads)}`;
  return { title, recipe: name, input: sizeText(input), batch, threads, kind, unavailable, ...compared };
}

async function lenetStep(engine, recipe, input, kind) {
  const nextBatch = cycle(await loadBatches(engine, randomBatches(BATCHES_IN_MEMORY, engine.batchSize, input)));
  const loss = { labelSmoothing: recipe.labelSmoothing, seed: SEED };
  let step = 0;
  return () => {
    if (kind === "forward") return engine.evaluate(nextBatch(), [{}]);
    step++;
    return engine.train(nextBatch(), [{ ...loss, updates: [{ step, learningRate: 1e-3 }] }]);
  };
}

/** Compares an epoch of training and validation with all images augmented, as in the tutorial. */
async function compareEpochs(peer, dataset, root, { recipe: name, threads }) {
  const recipe = { ...RECIPES[name], epochs: 1, batchSize: EPOCH_BATCH, augmentValidation: true };
  const split = splitIndices(dataset.labels.length, 0.2, SEED);
  const lenetEpoch = async () => {
    const engine = await compileRecipe(recipe, EPOCH_BATCH, threads);
    try {
      for await (const { record } of runEpochs({ engine, dataset, split, recipe, seed: SEED })) {
        const { trainSeconds, validationSeconds, validationAccuracy: accuracy } = record;
        return { trainSeconds, validationSeconds, accuracy };
      }
    } finally {
      engine.dispose();
    }
  };
  const request = { do: "epoch", recipe: name, batch: EPOCH_BATCH, root };
  const pytorchEpoch = (mode, workers) => () => peer.ask({ ...request, mode, workers });
  const processes = `${threads} loading ${threads === 1 ? "process" : "processes"}`;
  const contestants = [
    { name: "lenet", run: lenetEpoch },
    { name: "PyTorch eager, as in the tutorial", run: pytorchEpoch("eager", 0) },
    { name: `torch.compile, fused AdamW, ${processes}`, run: pytorchEpoch("compile", threads) },
  ];
  const turns = contestants.map(({ name: contestant, run }) => async () => {
    const epoch = await run();
    if (epoch.error) fail(`${contestant}: ${epoch.error}`);
    return epoch;
  });
  const { times: epochs, load } = await takeTurns(turns, {
    rounds: EPOCH_ROUNDS,
    loadCheckMilliseconds: EPOCH_LOAD_CHECK_MILLISECONDS,
  });
  const totals = epochs.map((list) => list.map((epoch) => epoch.trainSeconds + epoch.validationSeconds));
  const title = `epoch, ${name}, batch ${EPOCH_BATCH}, ${threadCount(threads)}`;
  const results = contestants.map((contestant, index) => ({
    ...figure(contestant.name, totals[index], totals[0]),
    trainSeconds: timingOf(epochs[index].map((epoch) => epoch.trainSeconds)).median,
    validationSeconds: timingOf(epochs[index].map((epoch) => epoch.validationSeconds)).median,
    accuracy: timingOf(epochs[index].map((epoch) => epoch.accuracy)).median,
  }));
  return { title, recipe: name, batch: EPOCH_BATCH, threads, kind: "epoch", results, load };
}

const EPOCH_COLUMNS = [
  ["training s", ({ trainSeconds }) => trainSeconds.toFixed(2)],
  ["validation s", ({ validationSeconds }) => validationSeconds.toFixed(2)],
  ["validation accuracy", ({ accuracy }) => percent(accuracy)],
];

const root = await mkdtemp(join(tmpdir(), "lenet-bench-"));
const comparisons = [];
const report = (comparison, ...layout) => {
  comparisons.push(comparison);
  printComparison(comparison, ...layout);
};
try {
  let about;
  let dataset;
  if (EPOCH_ROUNDS > 0) {
    dataset = await loadDataset("fashion-mnist", "train", { dataDir: options["data-dir"] });
    const test = await loadDataset("fashion-mnist", "test", { dataDir: options["data-dir"] });
    await writeForTorchvision(root, { train: dataset, t10k: test });
  }
  for (const threads of THREADS) {
    const peer = new Peer(options.python, "pytorch.py", threads);
    about ??= describeMachine(await peer.ask({ do: "versions" }));
    for (const recipe of RECIPE_NAMES) {
      for (const input of INPUTS) {
        for (const batch of BATCHES) {
          for (const kind of ["train", "forward"]) {
            report(await compareSteps(peer, { recipe, input, batch, threads, kind }), "ms", [processorColumn("ms")]);
          }
        }
      }
    }
    if (EPOCH_ROUNDS > 0) {
      report(await compareEpochs(peer, dataset, root, { recipe: RECIPE_NAMES[0], threads }), "s", EPOCH_COLUMNS);
    }
    peer.end();
  }
  await finishReport(about, comparisons, options.json);
} finally {
  await rm(root, { recursive: true });
}
