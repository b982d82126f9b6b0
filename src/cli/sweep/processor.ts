import { type Arithmetic, enableFusedArithmetic } from "../../node/threads.js";
import { forEachInParallel, trainInThread } from "./pool.js";
import type { SweptRun, SweptRunsOptions } from "./sweptRun.js";

/** How the processor trains the runs of a sweep. */
interface ProcessorOptions<Swept extends SweptRun> extends SweptRunsOptions<Swept> {
  /** The number of runs to train in parallel. */
  readonly jobs: number;
  readonly arithmetic?: Arithmetic;
  /** Whether runs may be resumed here although they were trained on another device. */
  readonly moves: boolean;
}

/** Trains runs on the processor, each in a thread. A run that is interrupted does not end. */
export async function trainOnProcessor<Swept extends SweptRun>(
  runs: readonly Swept[],
  options: ProcessorOptions<Swept>,
): Promise<void> {
  const { jobs, signal } = options;
  // Applies to the entire process, so before any thread starts.
  enableFusedArithmetic();
  // The last runs may be too few for all cores, so they share them: the number of threads does not change the bits.
  const rest = runs.length % jobs;
  const singleThreaded = runs.slice(0, runs.length - rest);
  await forEachInParallel(singleThreaded, jobs, signal, (run) => train(run, 1, options));
  const threads = Math.floor(jobs / rest);
  await forEachInParallel(runs.slice(singleThreaded.length), jobs, signal, (run) => train(run, threads, options));
}

async function train<Swept extends SweptRun>(
  run: Swept,
  threads: number,
  { data, signal, log, arithmetic, moves, onProgress, onEnd }: ProcessorOptions<Swept>,
): Promise<void> {
  const { training, teacher, path: out, pauseAfter } = run;
  try {
    const finished = await trainInThread(
      { training, teacher, threads, arithmetic, out, moves, log, data, pauseAfter },
      { signal, onProgress: (images) => onProgress(new Map([[run, images]])) },
    );
    if (!finished) return;
  } catch (error) {
    await onEnd(run, error as Error);
    return;
  }
  await onEnd(run);
}
