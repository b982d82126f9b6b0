/** Something whose time is taken: run again and again, every time the same work. */
export interface Task {
  /** A promise is waited for. */
  run(): unknown;
  /** How many times the work is done in a run. Default: once. */
  readonly repeats?: number;
}

/** Times of doing the work of a task once, over the rounds, in microseconds. */
export interface Timing {
  readonly median: number;
  /** First and third quartile. */
  readonly quartiles: readonly [number, number];
}

const ROUNDS = 7;
/** Share of the time in which tasks run unmeasured: V8 compiles hot functions a second time, better, while they run. */
const WARM_UP_SHARE = 0.4;

/**
 * Times tasks in turns, A B C A B C …, so that a busy moment of the machine is one round of each rather than all of one.
 *
 * @param milliseconds to spend on all of them together, about; every task runs at least once a round
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
      // The first run after another task's finds caches cold and threads asleep.
      await task.run();
      rounds[index].push(((await timeRuns(task, runs)) * 1000) / (runs * (task.repeats ?? 1)));
      await breathe();
    }
  }
  return rounds.map(timingOf);
}

/** Times shorter than this are left to the grain of the clock, 0.1 ms in some browsers. */
const SHORTEST_MILLISECONDS = 1;

/** Runs a task for some time; gives the milliseconds that one of the later runs takes. */
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

/** Lets the rest of the program run: signals, drawing, V8's finished code. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Median and quartiles, between neighbours where they fall between them. */
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
