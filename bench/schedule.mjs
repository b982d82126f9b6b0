// How long a training step takes on more threads than this machine has cores for: the kernels' times on one thread, put
// together as the engine divides them. Usage: node bench/schedule.mjs [--batch N] [--threads LIST] [--milliseconds N]

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { measure } from "../dist/benchmark/measure.js";
import { BARRIERS, barrierWorkload, kernelWorkloads } from "../dist/engine/wasm/workloads/index.js";
import { lenet5 } from "../dist/engine.js";
import { RECIPES } from "../dist/index.js";
import { enableFusedArithmetic, startThread } from "../dist/node/threads.js";
import { CLASSES, INPUT, numbers } from "./lenet.mjs";
import { describeMachine, markdownTable } from "./report.mjs";

const TILE_SAMPLES = 8;
/** After the tiles, after the update; the announcement of the job costs about one more. */
const BARRIERS_IN_A_STEP = 3;

const { values: options } = parseArgs({
  options: {
    batch: { type: "string", default: "32" },
    threads: { type: "string", default: "1,2,4,8,16" },
    milliseconds: { type: "string", default: "6000" },
  },
});
const batch = Number(options.batch);
const tiles = Math.ceil(batch / TILE_SAMPLES);

/** The microseconds of a tile on one thread, shared by two, and of what is done once for the batch. */
function timesOf(kernels) {
  const of = (stage, part) => kernels.filter(({ turn }) => turn?.stage === stage && turn.part === part);
  const perTile = (list) => list.reduce((sum, { microseconds }) => sum + microseconds, 0) / tiles;
  const stages = [...new Set(kernels.flatMap(({ turn }) => turn?.stage ?? []))].sort((a, b) => a - b);
  const first = stages.find((stage) => of(stage, "parameterGradients").length > 0);
  const around = kernels.filter(({ name }) => name === "assemble.placed" || name === "crossEntropy");
  const forward = perTile([...around, ...stages.flatMap((stage) => of(stage, "forward"))]);
  let alone = forward;
  let leader = forward;
  let partner = 0;
  for (const stage of stages.toReversed()) {
    if (stage < first) break;
    const gradients = of(stage, "parameterGradients");
    // The partner takes over what the leader would do between two input gradients.
    const ofLeader = stage === first ? gradients.slice(0, 1) : [];
    partner = Math.max(partner, leader) + perTile(gradients.filter((kernel) => !ofLeader.includes(kernel)));
    leader += perTile(ofLeader) + perTile(of(stage, "inputGradient"));
    alone += perTile(gradients) + perTile(of(stage, "inputGradient"));
  }
  const once = kernels.filter(({ name, turn }) => turn?.part === "batch" || name.endsWith(".update"));
  return { alone, shared: Math.max(leader, partner), once: perTile(once) * tiles };
}

function stepTime({ alone, shared, once }, threads, barrier) {
  const ofTiles = threads >= 2 * tiles ? shared : alone * Math.ceil(tiles / threads);
  return ofTiles + once / threads + (threads > 1 ? BARRIERS_IN_A_STEP * barrier : 0);
}

enableFusedArithmetic();
describeMachine({});
const cores = availableParallelism();
const meeting = barrierWorkload(Math.max(2, cores), startThread);
await meeting.ready;
const [{ median }] = await measure([meeting], 500);
meeting.dispose();
const barrier = median / BARRIERS;
console.log(`A barrier of ${Math.max(2, cores)} threads takes ${barrier.toFixed(2)} µs.\n`);

const rows = [];
for (const name of ["paper", "improved"]) {
  const recipe = RECIPES[name];
  const workloads = kernelWorkloads(lenet5({ ...recipe, input: INPUT, classes: CLASSES }), {
    batchSize: tiles * TILE_SAMPLES,
    fused: true,
    optimizer: recipe.optimizer,
  });
  const timings = await measure(workloads, Number(options.milliseconds));
  const times = timesOf(
    workloads.map((workload, index) => ({
      name: workload.name,
      turn: workload.turn,
      microseconds: timings[index].median,
    })),
  );
  const two = stepTime(times, 2, barrier);
  for (const threads of numbers(options.threads)) {
    const step = stepTime(times, threads, barrier);
    rows.push([name, threads, step.toFixed(0), (two / step).toFixed(2)]);
  }
}
console.log(markdownTable(["recipe", "threads", `µs for a step of ${batch}`, "times two threads"], rows));
process.exit(0);
