// Our training step and epoch paired with PyTorch's: A B A B … in one run, so that both meet the same machine.
// Usage: node bench/pytorch.mjs [--python PATH] [--data-dir DIR] …, see README.md.

import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { timingOf } from "../dist/benchmark/index.js";
import { compile, fit, initializeParameters, lenet5, RECIPES, splitIndices } from "../dist/index.js";
import { enableFusedArithmetic, loadDataset, startThread } from "../dist/node/index.js";

const { values: options } = parseArgs({
  options: {
    python: { type: "string", default: process.env.PYTHON ?? "python3" },
    "data-dir": { type: "string" },
    threads: { type: "string", default: [...new Set([1, availableParallelism()])].join() },
    batches: { type: "string", default: "32" },
    recipes: { type: "string", default: "paper,improved" },
    rounds: { type: "string", default: "15" },
    "slice-seconds": { type: "string", default: "0.2" },
    "epoch-rounds": { type: "string", default: "3" },
    json: { type: "string" },
  },
});
const THREADS = options.threads.split(",").map(Number);
const BATCHES = options.batches.split(",").map(Number);
const RECIPE_NAMES = options.recipes.split(",");
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
const SEED = 0;

enableFusedArithmetic();

/** A Python process that answers requests one at a time; between them it sleeps. */
class Peer {
  constructor(threads) {
    const script = fileURLToPath(new URL("pytorch.py", import.meta.url));
    this.process = spawn(options.python, [script, String(threads)], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, OMP_NUM_THREADS: String(threads) },
    });
    this.process.on("error", (error) => fail(`cannot start ${options.python}: ${error.message}`));
    this.answers = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async ask(request) {
    this.process.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.answers.next();
    if (done) fail("the Python process ended");
    return JSON.parse(value);
  }

  end() {
    this.process.stdin.end();
  }
}

function fail(reason) {
  console.error(reason);
  process.exit(1);
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The share of the cores that others use while we do nothing. */
async function othersShare(milliseconds) {
  // Threads of the contestant before spin for a moment before they sleep.
  await sleep(50);
  const before = cpuTimes();
  await sleep(milliseconds);
  const after = cpuTimes();
  return (after.busy - before.busy) / Math.max(1, after.total - before.total);
}

function cpuTimes() {
  let [busy, total] = [0, 0];
  for (const { times } of cpus()) {
    const all = Object.values(times).reduce((sum, time) => sum + time, 0);
    total += all;
    busy += all - times.idle;
  }
  return { busy, total };
}

function compileRecipe(recipe, batchSize, threads) {
  const model = lenet5({ ...recipe, input: { channels: 1, height: 28, width: 28 }, classes: 10 });
  const { mean, deviation } = recipe.normalization;
  const normalization = { mean: [mean], deviation: [deviation] };
  const engine = compile(model, { batchSize, threads, startThread, normalization, optimizer: recipe.optimizer });
  engine.setParameters(initializeParameters(model, SEED));
  return engine;
}

/** Our side of the steps: normalised values in memory, as PyTorch has them. */
function ourSteps(recipe, batchSize, threads, kind) {
  const engine = compileRecipe(recipe, batchSize, threads);
  const batches = Array.from({ length: BATCHES_IN_MEMORY }, () => ({
    values: Float32Array.from({ length: batchSize * 28 * 28 }, () => Math.random() * 2 - 1),
    labels: Int32Array.from({ length: batchSize }, () => Math.floor(Math.random() * 10)),
  }));
  const loss = { labelSmoothing: recipe.labelSmoothing, seed: SEED };
  let step = 0;
  const one = () => {
    const { values, labels } = batches[step % BATCHES_IN_MEMORY];
    step++;
    if (kind === "train") engine.train({ values }, labels, loss, { step, learningRate: 1e-3 });
    else engine.evaluate({ values }, labels);
  };
  return {
    run: (runs) => {
      const start = performance.now();
      const startProcessor = process.cpuUsage();
      for (let count = 0; count < runs; count++) one();
      const { user, system } = process.cpuUsage(startProcessor);
      return {
        seconds: (performance.now() - start) / 1000 / runs,
        processorSeconds: (user + system) / 1e6 / runs,
      };
    },
    dispose: () => engine.dispose(),
  };
}

/** All contestants in turns; gives each one's seconds a run by round. */
async function compareSteps(peer, { recipe: name, batch, threads, kind }) {
  const ours = ourSteps(RECIPES[name], batch, threads, kind);
  const contestants = [{ name: "lenet", run: (runs) => ours.run(runs) }];
  const unavailable = [];
  for (const mode of MODES) {
    // The fused optimiser takes no part in a forward pass.
    if (kind === "forward" && mode === "fused") continue;
    const request = { do: "steps", mode, recipe: name, batch, kind };
    const { error } = await peer.ask({ ...request, runs: 1 });
    if (error) unavailable.push(`${MODE_NAMES[mode]}: ${error}`);
    else contestants.push({ name: MODE_NAMES[mode], run: (runs) => peer.ask({ ...request, runs }) });
  }
  const expected = [];
  for (const { run } of contestants) {
    await run(20);
    expected.push((await run(20)).seconds);
  }
  const times = contestants.map(() => []);
  const others = [];
  for (let round = 0; round < ROUNDS; round++) {
    others.push(await othersShare(150));
    for (const [index, { run }] of contestants.entries()) {
      await sleep(20);
      await run(2);
      times[index].push(await run(Math.max(1, Math.round(SLICE_SECONDS / expected[index]))));
    }
  }
  ours.dispose();
  const seconds = times.map((list) => list.map((time) => time.seconds));
  return {
    recipe: name,
    batch,
    threads,
    kind,
    ...load(others),
    unavailable,
    results: contestants.map((contestant, index) => ({
      ...figure(contestant.name, seconds[index], seconds[0]),
      processorSeconds: timingOf(times[index].map((time) => time.processorSeconds)),
    })),
  };
}

/** An epoch of training and validation, all pictures augmented, as the tutorial does. */
async function compareEpochs(peer, dataset, root, { recipe: name, threads }) {
  const recipe = { ...RECIPES[name], epochs: 1, batchSize: EPOCH_BATCH, augmentValidation: true };
  const split = splitIndices(dataset.labels.length, 0.2, SEED);
  const ours = async () => {
    const engine = compileRecipe(recipe, EPOCH_BATCH, threads);
    try {
      for await (const { record } of fit({ engine, dataset, split, recipe, seed: SEED })) {
        const { trainSeconds, validationSeconds, validationAccuracy: accuracy } = record;
        return { trainSeconds, validationSeconds, accuracy };
      }
    } finally {
      engine.dispose();
    }
  };
  const request = { do: "epoch", recipe: name, batch: EPOCH_BATCH, root };
  const theirs = (mode, workers) => () => peer.ask({ ...request, mode, workers });
  const contestants = [
    { name: "lenet", run: ours },
    { name: "PyTorch eager, as the tutorial", run: theirs("eager", 0) },
    { name: `torch.compile, fused AdamW, ${threads} loading`, run: theirs("compile", threads) },
  ];
  const epochs = contestants.map(() => []);
  const others = [];
  for (let round = 0; round < EPOCH_ROUNDS; round++) {
    for (const [index, { name: contestant, run }] of contestants.entries()) {
      others.push(await othersShare(500));
      const epoch = await run();
      if (epoch.error) fail(`${contestant}: ${epoch.error}`);
      epochs[index].push(epoch);
    }
  }
  const totals = epochs.map((list) => list.map((epoch) => epoch.trainSeconds + epoch.validationSeconds));
  return {
    recipe: name,
    batch: EPOCH_BATCH,
    threads,
    kind: "epoch",
    ...load(others),
    unavailable: [],
    results: contestants.map((contestant, index) => ({
      ...figure(contestant.name, totals[index], totals[0]),
      trainSeconds: timingOf(epochs[index].map((epoch) => epoch.trainSeconds)).median,
      validationSeconds: timingOf(epochs[index].map((epoch) => epoch.validationSeconds)).median,
      accuracy: timingOf(epochs[index].map((epoch) => epoch.accuracy)).median,
    })),
  };
}

/** Median and quartiles, and how many times our own time of the same round it is. */
function figure(name, seconds, ours) {
  return { name, seconds: timingOf(seconds), timesOurs: timingOf(seconds.map((time, round) => time / ours[round])) };
}

function load(others) {
  return { othersMedian: timingOf(others).median, othersMost: Math.max(...others) };
}

/** The data set's files as torchvision looks for them. */
async function writeForTorchvision(root, parts) {
  const folder = join(root, "FashionMNIST", "raw");
  await mkdir(folder, { recursive: true });
  for (const [prefix, { images, labels, height, width }] of Object.entries(parts)) {
    await writeFile(join(folder, `${prefix}-images-idx3-ubyte`), idx([labels.length, height, width], images));
    await writeFile(join(folder, `${prefix}-labels-idx1-ubyte`), idx([labels.length], labels));
  }
}

function idx(shape, bytes) {
  const header = Buffer.from([0, 0, 8, shape.length, ...shape.flatMap(() => [0, 0, 0, 0])]);
  shape.forEach((size, axis) => {
    header.writeUInt32BE(size, 4 + axis * 4);
  });
  return Buffer.concat([header, bytes]);
}

function formatComparison({ recipe, batch, threads, kind, othersMedian, othersMost, unavailable, results }) {
  const [unit, factor, digits] = kind === "epoch" ? ["s", 1, 2] : ["ms", 1e3, 3];
  const spread = ({ median, quartiles }, scale, places) =>
    `${(median * scale).toFixed(places)} (${quartiles.map((value) => (value * scale).toFixed(places)).join("–")})`;
  const percent = (share) => `${Math.round(share * 100)} %`;
  const title = kind === "epoch" ? "epoch" : kind === "train" ? "training step" : "forward pass";
  return [
    `### ${title}, ${recipe}, batch ${batch}, ${threads} ${threads === 1 ? "thread" : "threads"}`,
    "",
    `| | ${unit} | times ours |${kind === "epoch" ? " training s | validation s | validation accuracy |" : " processor ms |"}`,
    `|---|---:|---:|${kind === "epoch" ? "---:|---:|---:|" : "---:|"}`,
    ...results.map((result) => {
      const cells = [result.name, spread(result.seconds, factor, digits), spread(result.timesOurs, 1, 2)];
      if (kind === "epoch") {
        cells.push(result.trainSeconds.toFixed(2), result.validationSeconds.toFixed(2), percent(result.accuracy));
      } else {
        cells.push(spread(result.processorSeconds, factor, digits));
      }
      return `| ${cells.join(" | ")} |`;
    }),
    "",
    ...unavailable.map((line) => `Not available: ${line}\n`),
    `Others used ${percent(othersMedian)} of the cores between measurements (median; most ${percent(othersMost)}).`,
    "",
  ].join("\n");
}

const root = await mkdtemp(join(tmpdir(), "lenet-bench-"));
const comparisons = [];
const tell = (comparison) => {
  comparisons.push(comparison);
  console.log(formatComparison(comparison));
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
    const peer = new Peer(threads);
    if (!about) {
      about = {
        ...(await peer.ask({ do: "about" })),
        node: process.versions.node,
        processor: cpus()[0]?.model,
        cores: availableParallelism(),
        loadAverageBefore: loadavg()[0],
      };
      console.log(
        `${about.processor}, ${about.cores} cores; Node ${about.node}; PyTorch ${about.torch}, torchvision ${about.torchvision}, Python ${about.python}; load ${about.loadAverageBefore.toFixed(2)} before\n`,
      );
    }
    for (const recipe of RECIPE_NAMES) {
      for (const batch of BATCHES) {
        for (const kind of ["train", "forward"]) tell(await compareSteps(peer, { recipe, batch, threads, kind }));
      }
    }
    if (EPOCH_ROUNDS > 0) tell(await compareEpochs(peer, dataset, root, { recipe: RECIPE_NAMES[0], threads }));
    peer.end();
  }
  console.log(`Load ${loadavg()[0].toFixed(2)} after.`);
  if (options.json) await writeFile(options.json, `${JSON.stringify({ about, comparisons }, undefined, 2)}\n`);
} finally {
  await rm(root, { recursive: true });
}
