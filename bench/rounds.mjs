// Times contestants in turns, A B C A B C …, so the state of the machine affects all of them.
//
// A contestant is { name, run }: `run(runs)` repeats the same work that many times and returns, per run, the seconds and the
// processor seconds of all threads.

import { cpus } from "node:os";
import { timingOf } from "../dist/benchmark/index.js";

const LOAD_CHECK_MILLISECONDS = 150;
/** The threads of the previous contestant spin for a moment before they sleep. */
const REST_MILLISECONDS = { beforeLoadCheck: 50, beforeTurn: 20 };
/** The first runs of a turn find threads asleep and caches cold. */
const UNCOUNTED_RUNS = 2;
/** V8 compiles hot code again, with more optimizations, while it runs. */
const WARM_UP = { leastRuns: 40, leastSeconds: 0.5, mostSeconds: 3, partSeconds: 0.1 };

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Makes a contestant's `run` of a call in this process, which may be asynchronous. */
export function timed(call) {
  return (runs) =>
    withProcessorTime(runs, async () => {
      const start = performance.now();
      for (let count = 0; count < runs; count++) await call();
      return (performance.now() - start) / runs;
    });
}

/** Like `timed`, but times each call separately: the seconds are those of the median call, the latency of a single call. */
export function timedSingly(call) {
  return (runs) =>
    withProcessorTime(runs, async () => {
      const times = new Array(runs);
      for (let count = 0; count < runs; count++) {
        const start = performance.now();
        await call();
        times[count] = performance.now() - start;
      }
      return timingOf(times).median;
    });
}

async function withProcessorTime(runs, measure) {
  const start = process.cpuUsage();
  const milliseconds = await measure();
  const { user, system } = process.cpuUsage(start);
  return { seconds: milliseconds / 1000, processorSeconds: (user + system) / 1e6 / runs };
}

/** Warms up the contestants, then fills a slice of every round with runs of each and times them. */
export async function compareRuns(contestants, { rounds, sliceSeconds }) {
  const turns = [];
  for (const contestant of contestants) {
    const expected = await warmUp(contestant);
    const uncounted = expected < sliceSeconds ? UNCOUNTED_RUNS : 0;
    const counted = Math.max(1, Math.round(sliceSeconds / expected));
    turns.push(async () => {
      if (uncounted > 0) await contestant.run(uncounted);
      return contestant.run(counted);
    });
  }
  const { times, load } = await takeTurns(turns, { rounds });
  const seconds = times.map((list) => list.map((time) => time.seconds));
  const results = contestants.map(({ name }, index) => ({
    ...figure(name, seconds[index], seconds[0]),
    processorSeconds: timingOf(times[index].map((time) => time.processorSeconds)),
  }));
  return { results, load };
}

/** Runs until hot code has been compiled; returns the seconds of one of the last runs. */
async function warmUp({ run }) {
  const start = performance.now();
  const passed = () => (performance.now() - start) / 1000;
  let { seconds } = await run(1);
  let runs = 1;
  while (passed() < WARM_UP.leastSeconds || (runs < WARM_UP.leastRuns && passed() < WARM_UP.mostSeconds)) {
    const part = Math.max(1, Math.round(WARM_UP.partSeconds / seconds));
    ({ seconds } = await run(part));
    runs += part;
  }
  return seconds;
}

/** Takes turns; returns the result of every turn, by contestant and round, and the load from other programs in between. */
export async function takeTurns(turns, { rounds, loadCheckMilliseconds = LOAD_CHECK_MILLISECONDS }) {
  const times = turns.map(() => []);
  const others = [];
  for (let round = 0; round < rounds; round++) {
    others.push(await othersShare(loadCheckMilliseconds));
    for (const [index, turn] of turns.entries()) {
      await sleep(REST_MILLISECONDS.beforeTurn);
      times[index].push(await turn());
    }
  }
  return { times, load: { median: timingOf(others).median, most: Math.max(...others) } };
}

/** Median and quartiles of the seconds, and of their ratio to lenet's in the same round. */
export function figure(name, seconds, ours) {
  return { name, seconds: timingOf(seconds), timesOurs: timingOf(seconds.map((time, round) => time / ours[round])) };
}

/** The share of the cores that other programs use while the contestants rest. */
async function othersShare(milliseconds) {
  await sleep(REST_MILLISECONDS.beforeLoadCheck);
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
