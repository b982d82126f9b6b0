// Compares the engine in Node and in Chromium, with and without cross-origin isolation. They take turns, so the state of the
// machine affects all of them. Exits with 1 if they do not train to the same bits.
// Usage: node bench/browser.mjs [--chromium PATH] [--rounds N] [--seconds X] [--json FILE]
// --seconds: approximate time for each of the three in every round; 0 compares only the bits.

import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { runBenchmark, timingOf } from "../dist/benchmark/index.js";
import { supportsFusedArithmetic } from "../dist/engine.js";
import { enableFusedArithmetic, startThread } from "../dist/node/index.js";
import { findChromium, startChromium } from "./browser/chromium.mjs";
import { trainingFingerprints } from "./browser/fingerprint.mjs";
import { markdownTable } from "./report.mjs";

const { values: options } = parseArgs({
  options: {
    chromium: { type: "string", default: findChromium() },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "6" },
    json: { type: "string" },
  },
});
const ROUNDS = Number(options.rounds);
const SECONDS = Number(options.seconds);
const THREADS = availableParallelism();
const INPUT = "1x28x28";
const BATCH = 32;
/** Kernels that take fewer microseconds than this in Node are not in the table. */
const WORTH_A_LINE = 1;
const NAMES = { node: "Node", isolated: "Chromium, isolated", plain: "Chromium, not isolated" };

async function measureNode() {
  const fingerprints = await trainingFingerprints(startThread, THREADS);
  const benchmark = { startThread, threads: THREADS, seconds: SECONDS };
  return {
    fused: supportsFusedArithmetic(),
    fingerprints,
    report: SECONDS > 0 ? await runBenchmark(benchmark) : undefined,
  };
}

/** The training steps and forward passes of both recipes by threads: a name, and `of` to find the microseconds in a report. */
function stepFigures({ steps }) {
  return steps
    .filter(({ input, batch }) => input === INPUT && batch === BATCH)
    .flatMap(({ recipe, threads }) => {
      const find = (report) =>
        report.steps.find(
          (step) => step.recipe === recipe && step.input === INPUT && step.batch === BATCH && step.threads === threads,
        );
      const variant = `${recipe}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
      return [
        { name: `training step, ${variant}`, digits: 0, of: (report) => find(report)?.trainMicroseconds },
        { name: `forward pass, ${variant}`, digits: 0, of: (report) => find(report)?.forwardMicroseconds },
      ];
    });
}

function kernelFigures(report) {
  return ["kernels", "otherKernels"].flatMap((list) =>
    [...report[list].entries()]
      .filter(([, { microseconds }]) => microseconds >= WORTH_A_LINE)
      .map(([index, { name, recipe }]) => ({
        name: recipe ? `${name}, ${recipe}` : name,
        digits: 1,
        of: (other) => other[list][index].microseconds,
      })),
  );
}

/** Medians and quartiles over the rounds; a ratio is the median of the ratios within each round. */
function comparisonTable(title, figures, rounds, others) {
  const head = [title, `${NAMES.node} µs`, ...others.flatMap((other) => [`${NAMES[other]} µs`, "times Node"])];
  const rows = figures.map(({ name, digits, of }) => {
    const times = (contestant) => rounds.map((round) => of(round[contestant].report));
    const node = times("node");
    const cells = others.flatMap((other) => {
      const otherTimes = times(other);
      if (otherTimes.includes(undefined)) return ["", ""];
      return [
        spread(otherTimes, digits),
        spread(
          otherTimes.map((time, round) => time / node[round]),
          2,
        ),
      ];
    });
    return [name, spread(node, digits), ...cells];
  });
  return markdownTable(head, rows);
}

function spread(values, digits) {
  const { median, quartiles } = timingOf(values);
  return `${median.toFixed(digits)} (${quartiles.map((value) => value.toFixed(digits)).join("–")})`;
}

if (!options.chromium) {
  console.error("Chromium not found: install it, or pass --chromium PATH");
  process.exit(1);
}
enableFusedArithmetic();
const loadAverageBefore = loadavg()[0];
const chromium = await startChromium(options.chromium);
const rounds = [];
try {
  for (let round = 0; round < ROUNDS; round++) {
    console.error(`round ${round + 1} of ${ROUNDS}`);
    rounds.push({
      node: await measureNode(),
      isolated: await chromium.measure({ isolated: true, seconds: SECONDS, threads: THREADS }),
      plain: await chromium.measure({ isolated: false, seconds: SECONDS, threads: 1 }),
    });
  }
} finally {
  await chromium.close();
}

const about = {
  processor: cpus()[0]?.model.trim(),
  cores: availableParallelism(),
  loadAverageBefore,
  node: process.versions.node,
  chromium: chromium.version,
};
console.log(
  `${about.processor}, ${about.cores} cores, load ${loadAverageBefore.toFixed(2)} before; Node ${about.node}, Chromium ${about.chromium}\n`,
);
if (SECONDS > 0) {
  const { report } = rounds[0].node;
  console.log(comparisonTable(`batch ${BATCH}, ${INPUT}`, stepFigures(report), rounds, ["isolated", "plain"]));
  // The clock of a page that is not isolated is too coarse for short kernels.
  console.log(comparisonTable("kernel of a step, one thread", kernelFigures(report), rounds, ["isolated"]));
}
const fingerprints = Object.keys(NAMES).flatMap((contestant) => {
  const { fused, fingerprints } = rounds[0][contestant];
  return fingerprints.map(({ threads, sha256 }) => [NAMES[contestant], threads, fused ? "yes" : "no", sha256]);
});
console.log(markdownTable(["a short training", "threads", "fused", "SHA-256 of the parameters"], fingerprints));
const different = new Set(
  rounds.flatMap((round) =>
    Object.values(round).flatMap(({ fingerprints }) => fingerprints.map(({ sha256 }) => sha256)),
  ),
);
const same = different.size === 1;
console.log(same ? "All trained to the same bits." : `Not the same bits: ${different.size} different results.`);
if (options.json) await writeFile(options.json, `${JSON.stringify({ about, same, rounds }, undefined, 2)}\n`);
if (!same) process.exitCode = 1;
