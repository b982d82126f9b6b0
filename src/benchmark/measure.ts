/** Something to time. Every run does the same work. */
export interface Task {
  /** If it returns a promise, the promise is awaited. */
  run(): unknown;
  /** How many times a run does the work. Default: once. */
  readonly repeats?: number;
}

/** The time to do a task's work once, over all rounds, in microseconds. */
export interface Timing {
  readonly median: number;
  /** First and third quartile. */
  readonly quartiles: readonly [number, number];
}

const ROUNDS = 7;
/** The fraction of the time in which tasks run unmeasured, while V8 optimises their hot functions. */
const WARM_UP_SHARE = 0.4;

/**
 * Times tasks alternately, A B C A B C …, so a busy moment of the machine affects one round of each task instead of all
 * rounds of one.
 *
 * @param milliseconds the approximate time for all tasks together; every task runs at least once per round
 */
export async function measure(tasks: readonly Task[], milliseconds: number): Promise<Timing[]> {
  const share = milliseconds / tasks.length;
  const expected: number[] = [];
  for (const task of tasks) {
    expected.push(await warmUp(task, share * WARM_UP_SHARE));
    await breathe();
  }
  const rounds: number[][] = tasks.map(() => []);
  const slice = (share * (1 - WARM_UP_SHARE)) / ROUNDS;
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, task] of tasks.entries()) {
      const runs = Math.ceil(Math.max(slice, SHORTEST_MILLISECONDS) / expected[index]);
      // The first run after another task finds cold caches and sleeping threads.
      await task.run();
      rounds[index].push(((await timeRuns(task, runs)) * 1000) / (runs * (task.repeats ?? 1)));
      await breathe();
    }
  }
  return rounds.map(timingOf);
}

/** Shorter times are too close to the clock's resolution, 0.1 ms in some browsers. */
const SHORTEST_MILLISECONDS = 1;

/** Runs a task for the given time and returns the milliseconds that a run takes at the end. */
async function warmUp(task: Task, milliseconds: number): Promise<number> {
  const end = performance.now() + milliseconds;
  let runs = 1;
  let last = await timeRuns(task, runs);
  while (performance.now() < end || last < SHORTEST_MILLISECONDS) {
    if (last < SHORTEST_MILLISECONDS) runs *= 2;
    last = await timeRuns(task, runs);
  }
  return last / runs;
}

async function timeRuns(task: Task, runs: number): Promise<number> {
  const start = performance.now();
  for (let run = 0; run < runs; run++) {
    const running = task.run();
    if (running instanceof Promise) await running;
  }
  return performance.now() - start;
}

/** Yields to the event loop: signals, drawing, V8's optimised code. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Median and quartiles, linearly interpolated between neighbours. */
export function timingOf(times: readonly number[]): Timing {
  const sorted = times.toSorted((a, b) => a - b);
  const quantile = (share: number) => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const above = Math.ceil(place);
    return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
  };
  return { median: quantile(0.5), quartiles: [quantile(0.25), quantile(0.75)] };
}
