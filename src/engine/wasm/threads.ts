import { MOST_SINGLE_SAMPLES, TILE_SAMPLES } from "./kernels/index.js";

// Node's types have no WebAssembly: without this, programs that take neither the DOM's could not be checked with ours.
declare global {
  namespace WebAssembly {
    interface Module {}
    interface Memory {}
  }
}

/** A thread that runs an engine's program: it instantiates the module on the memory and calls `thread(index)`. */
export interface EngineThread {
  /** Fulfilled once it runs, rejected if it cannot. Omitted if the thread can start while its creator is busy. */
  readonly ready?: Promise<void>;
  /** Ends it at once, whatever it does. */
  terminate(): void;
}

/** What a thread of an engine is started with. */
export interface ThreadStart {
  /** To be instantiated with `{ environment: { memory } }`. */
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** The argument of the module's `thread` function, which does not return. */
  readonly thread: number;
  /**
   * The index of the int32 of the memory that a thread that fails sets to 1, if it is 0, so that the others do not wait
   * for it.
   */
  readonly failedWord: number;
}

/** Starts a thread. */
export type StartThread = (start: ThreadStart) => EngineThread;

/** How many threads to compute with, the caller's included, and how to start the others. */
export interface Threads {
  readonly count: number;
  readonly start: StartThread;
  /** Take fewer threads if a short measurement at the start shows that they are as fast. Default: exactly `count`. */
  readonly atMost?: boolean;
}

/** How many threads have something to do in a batch: two for each tile, or one for each sample that is computed alone. */
export function mostUsefulThreads(batchSize: number): number {
  return batchSize <= MOST_SINGLE_SAMPLES ? batchSize : 2 * Math.ceil(batchSize / TILE_SAMPLES);
}

/** The most threads of an engine. */
export const MOST_THREADS = 64;

/** @throws RangeError if these are no threads, or an engine cannot have their number */
export function requireThreads(threads: Threads | undefined): void {
  if (threads === undefined) return;
  if (typeof threads.start !== "function") {
    throw new RangeError(
      `threads must be what threads() of lenet/node or lenet/browser returns, not ${JSON.stringify(threads)}`,
    );
  }
  requireThreadCount(threads.count);
}

/** @throws RangeError if an engine cannot have this number of threads */
export function requireThreadCount(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= MOST_THREADS) return;
  throw new RangeError(`the number of threads must be an integer from 1 to ${MOST_THREADS}, not ${count}`);
}
