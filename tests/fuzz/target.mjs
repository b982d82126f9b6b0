import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { Coverage } from "./coverage.mjs";
import { mutate, Random } from "./mutate.mjs";

// Fuzzes one target: a thread runs the cases, the main thread watches time and memory.
// node target.mjs '{"targets": …, "name": …, "corpus": …, "findings": …, "seconds": …, "cases": …, "seed": …, "keep": …}'

const LONGEST = 65_536;
/** What a case may take of the processor: by the clock, a busy machine can stop for seconds. */
const MOST_SECONDS = 2;
/** The promise for weights. Decoding pictures has its own. */
const MOST_MEGABYTES = { image: 600 };
const MOST_MEGABYTES_OF_FILES = 256;
const CASES_PER_TURN = 100;
const HEAP = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 16 };

function inputsIn(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)));
}

function keepInput(folder, bytes) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, createHash("sha256").update(bytes).digest("hex").slice(0, 16));
  writeFileSync(path, bytes);
  return path;
}

/** The processor's time that all threads have taken. */
function processorSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** In the thread: runs cases until time or their number is up. */
async function runCases({ targets, name, corpus: folder, seconds, cases, seed, keep, current, progress }) {
  const target = (await import(targets))[name];
  const coverage = new Coverage();
  const random = new Random(seed);
  const corpus = [];
  let slowest = 0;
  const run = async (bytes) => {
    current.set(bytes.subarray(0, LONGEST));
    Atomics.store(progress, 1, bytes.length);
    Atomics.add(progress, 0, 1);
    coverage.reset();
    const start = processorSeconds();
    await target(new Uint8Array(bytes));
    const seconds = processorSeconds() - start;
    if (seconds > MOST_SECONDS) throw new Error(`it took ${seconds} seconds`);
    slowest = Math.max(slowest, seconds);
    if (!coverage.isNew()) return false;
    corpus.push(bytes);
    return true;
  };
  for (const bytes of inputsIn(folder)) await run(bytes);
  if (corpus.length === 0) throw new Error(`${folder} has no inputs`);
  const given = corpus.length;
  const end = performance.now() + 1000 * seconds;
  for (let done = 0; done < cases && performance.now() < end; done++) {
    if (done % CASES_PER_TURN === 0) await setImmediate();
    // New inputs lead further than old ones.
    const index =
      random.below(2) === 0
        ? random.below(corpus.length)
        : corpus.length - 1 - random.below(Math.min(corpus.length, 32));
    const bytes = mutate(corpus[index], corpus, random);
    if ((await run(bytes)) && keep) keepInput(folder, bytes);
  }
  parentPort.postMessage({ features: coverage.features, given, found: corpus.length - given, slowest });
}

/** In the main thread: starts the thread and watches it. Ends with 1 if there is a finding, which is saved. */
function watch(options) {
  const current = new Uint8Array(new SharedArrayBuffer(LONGEST));
  const progress = new Int32Array(new SharedArrayBuffer(8));
  const started = performance.now();
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { ...options, current, progress },
    resourceLimits: HEAP,
  });
  let megabytes = 0;
  let cases = 0;
  let since = 0;
  const fail = (what) => {
    const path = keepInput(options.findings, current.slice(0, Atomics.load(progress, 1)));
    process.stdout.write(`${options.name}: ${what}\n  input: ${path}\n`);
    process.exit(1);
  };
  worker.on("error", (error) => fail(error.stack ?? String(error)));
  worker.on("message", ({ features, given, found, slowest }) => {
    const seconds = (performance.now() - started) / 1000;
    const count = Atomics.load(progress, 0);
    const rate = Math.round(count / seconds);
    process.stdout.write(
      `${options.name}: ${count} cases, ${rate}/s, ${features} features, corpus ${given} + ${found}, ` +
        `slowest ${Math.round(1000 * slowest)} ms, ${Math.round(megabytes)} MB\n`,
    );
    process.exit(0);
  });
  worker.on("exit", () => fail("it never answers"));
  setInterval(() => {
    megabytes = Math.max(megabytes, process.memoryUsage.rss() / 1e6);
    const most = MOST_MEGABYTES[options.name] ?? MOST_MEGABYTES_OF_FILES;
    if (megabytes > most) fail(`the process takes ${Math.round(megabytes)} MB`);
    const now = processorSeconds();
    if (Atomics.load(progress, 0) !== cases) since = now;
    else if (now - since > MOST_SECONDS && cases > 0) fail(`it takes longer than ${MOST_SECONDS} seconds`);
    cases = Atomics.load(progress, 0);
  }, 50);
}

if (parentPort) await runCases(workerData);
else watch(JSON.parse(process.argv[2]));
