// Compares lenet's forward pass with ONNX Runtime's, native and in WebAssembly: the same weights, in turns, in one process.
// Usage: node bench/inference.mjs [--weights FILE] …, see README.md.

import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web";
import { writeOnnx } from "../dist/formats/onnx/index.js";
import { RECIPES } from "../dist/index.js";
import { loadWeights } from "../dist/node/index.js";
import {
  compileRecipe,
  cycle,
  DEFAULT_THREADS,
  inputSizes,
  loadBatches,
  numbers,
  randomBatches,
  sizeText,
} from "./lenet.mjs";
import {
  describeMachine,
  finishReport,
  installedVersions,
  printComparison,
  processorColumn,
  threadCount,
} from "./report.mjs";
import { compareRuns, timed, timedSingly } from "./rounds.mjs";

const { values: options } = parseArgs({
  options: {
    weights: { type: "string" },
    threads: { type: "string", default: DEFAULT_THREADS },
    batches: { type: "string", default: "1,32,1000" },
    recipes: { type: "string", default: "paper,improved" },
    inputs: { type: "string", default: "1x28x28" },
    rounds: { type: "string", default: "15" },
    "slice-seconds": { type: "string", default: "0.2" },
    json: { type: "string" },
  },
});
const BATCHES_IN_MEMORY = 8;
const LOGIT_TOLERANCE = 1e-4;
const RUNTIMES = [
  { name: "onnxruntime-node", runtime: native, provider: "cpu" },
  { name: "onnxruntime-web", runtime: web, provider: "wasm" },
];

/** Runs one comparison: all contestants compute logits for the same batches of normalised values in memory. */
async function compareForward({ recipe: name, input, batch, threads }) {
  const recipe = RECIPES[name];
  const engine = await compileRecipe(recipe, batch, threads, input);
  if (options.weights) await engine.setParameters((await loadWeights(options.weights, recipe)).parameters);
  const batches = randomBatches(BATCHES_IN_MEMORY, batch, input);
  const loaded = await loadBatches(engine, batches);
  const { data: expected } = await engine.predict(loaded[0]);

  const nextBatch = cycle(loaded);
  const calls = [{ name: "lenet", call: () => engine.predict(nextBatch()) }];
  const unavailable = [];
  const sessions = [];
  const [model] = engine.models;
  const file = writeOnnx({ model, parameters: await engine.parameters(), normalization: recipe.normalization });
  let difference = 0;
  for (const { name: contestant, runtime, provider } of RUNTIMES) {
    const session = await runtime.InferenceSession.create(file, {
      executionProviders: [provider],
      graphOptimizationLevel: "all",
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
    });
    sessions.push(session);
    if (runtime === web && web.env.wasm.numThreads !== threads) {
      unavailable.push(`${contestant}: runs with ${threadCount(web.env.wasm.numThreads)} here, not ${threads}`);
      continue;
    }
    const shape = [batch, input.channels, input.height, input.width];
    const inputs = batches.map(({ values }) => ({ input: new runtime.Tensor("float32", values, shape) }));
    const { logits } = await session.run(inputs[0]);
    difference = Math.max(difference, largestDifference(contestant, logits.data, expected));
    const nextInput = cycle(inputs);
    calls.push({ name: contestant, call: () => session.run(nextInput()) });
  }

  const timer = batch === 1 ? timedSingly : timed;
  const compared = await compareRuns(
    calls.map(({ name: contestant, call }) => ({ name: contestant, run: timer(call) })),
    { rounds: Number(options.rounds), sliceSeconds: Number(options["slice-seconds"]) },
  );
  engine.dispose();
  for (const session of sessions) await session.release();
  const what = `forward pass${batch === 1 ? ", latency" : ""}`;
  const title = `${what}, ${name}, ${sizeText(input)}, batch ${batch}, ${threadCount(threads)}`;
  const notes = [`Logits differ from lenet's by at most ${difference.toExponential(1)}.`];
  return {
    title,
    recipe: name,
    input: sizeText(input),
    batch,
    threads,
    kind: "predict",
    unavailable,
    notes,
    ...compared,
  };
}

/** @throws Error if the logits differ from lenet's: timing different networks would compare nothing */
function largestDifference(name, logits, expected) {
  if (logits.length !== expected.length)
    throw new Error(`${name} returns ${logits.length} logits, expected ${expected.length}`);
  const difference = expected.reduce((most, value, index) => Math.max(most, Math.abs(value - logits[index])), 0);
  // Negated so that NaN fails too.
  if (!(difference <= LOGIT_TOLERANCE)) throw new Error(`${name}: logits differ from lenet's by ${difference}`);
  return difference;
}

/** Runs and prints all comparisons for one number of threads, and sends each to the parent process. */
async function compareAll(threads) {
  web.env.wasm.numThreads = threads;
  for (const recipe of options.recipes.split(",")) {
    for (const input of inputSizes(options.inputs)) {
      for (const batch of numbers(options.batches)) {
        const comparison = await compareForward({ recipe, input, batch, threads });
        const imagesPerSecond = ({ seconds }) => Math.round(batch / seconds.median).toLocaleString("en");
        printComparison(comparison, "µs", [["images/s", imagesPerSecond], processorColumn("µs")]);
        process.send(comparison);
      }
    }
  }
}

/** Starts one process per number of threads: onnxruntime-web cannot change its number. */
async function main() {
  const about = describeMachine(installedVersions(RUNTIMES.map(({ name }) => name)));
  const comparisons = [];
  for (const threads of numbers(options.threads)) {
    const child = fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), "--threads", String(threads)]);
    child.on("message", (comparison) => comparisons.push(comparison));
    const [code] = await once(child, "close");
    if (code !== 0) process.exit(1);
  }
  await finishReport(about, comparisons, options.json);
}

if (process.send) {
  await compareAll(Number(options.threads));
} else {
  await main();
}
