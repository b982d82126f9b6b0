import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import type { Backend } from "../engine/backend.js";
import { type Arithmetic, hasRelaxedSimd, isFused } from "../engine/wasm/features.js";
import {
  MOST_THREADS,
  mostUsefulThreads,
  requireThreadCount,
  type StartThread,
  type Threads,
} from "../engine/wasm/threads.js";
import { wasmBackend } from "../engine/wasm/wasmBackend.js";

export { type Arithmetic, MOST_THREADS };

/**
 * Enables fused multiply-add if V8 has it behind a flag (Node 20). Call it before compiling an engine. Does nothing if
 * the instruction is known without a flag.
 */
export function enableFusedArithmetic(): void {
  if (!hasRelaxedSimd()) setFlagsFromString("--experimental-wasm-relaxed-simd");
}

// A thread's work is all in the module, so its program is short. As a string it needs no file, which bundlers would
// lose. `module` would be declared twice: engines run such a string in a function that has a parameter of that name. A
// thread that fails says so in shared memory: the thread that waits for it cannot receive messages.
const PROGRAM = `
const { parentPort, workerData: start } = require("node:worker_threads");
const instance = new WebAssembly.Instance(start.module, { environment: { memory: start.memory } });
parentPort.postMessage("running");
try {
  instance.exports.thread(start.thread);
} catch (error) {
  Atomics.compareExchange(new Int32Array(start.memory.buffer), start.failedWord, 0, 1);
  throw error;
}
`;

/** Starts engine threads as worker threads of Node, Deno or Bun. They end with the process. */
export const startThread: StartThread = (start) => {
  // Without this process's options: --input-type=module would break the program.
  const worker = new Worker(PROGRAM, { eval: true, execArgv: [], workerData: start });
  const ready = new Promise<void>((resolve, reject) => {
    worker.once("message", () => {
      worker.unref();
      resolve();
    });
    // Once it runs, the engine's call throws, and these need no further handling.
    worker.on("error", (cause) =>
      reject(new Error(`a thread of the engine did not start: ${cause.message}`, { cause })),
    );
    worker.on("exit", () => {
      // It may have died without running its last lines, for example out of memory.
      Atomics.compareExchange(new Int32Array(start.memory.buffer), start.failedWord, 0, 1);
      reject(new Error("a thread of the engine did not start"));
    });
  });
  const terminate = () => {
    // Deno says that it has ended while it still runs: told of a failure, it would print one.
    worker.removeAllListeners("exit");
    void worker.terminate();
  };
  return { ready, terminate };
};

/**
 * Threads for training, one per core by default. Also enables fused arithmetic on Node 20, see {@link
 * enableFusedArithmetic}.
 */
export function threads(count = Math.min(availableParallelism(), MOST_THREADS)): Threads {
  requireThreadCount(count);
  enableFusedArithmetic();
  return { count, start: startThread };
}

/**
 * The arithmetic to compute with. Default: fused where that is real.
 *
 * @throws Error if fused arithmetic is required but not real here
 */
export function availableArithmetic(required?: Arithmetic): Arithmetic {
  enableFusedArithmetic();
  return isFused(required) ? "fused" : "portable";
}

/**
 * The processor as a backend.
 *
 * @param threads default: as many as a short measurement at the start shows to be the fastest, one per core at most
 * @param arithmetic default: fused where that is real
 */
export function processorBackend(batchSize: number, threads?: number, arithmetic?: Arithmetic): Backend {
  enableFusedArithmetic();
  const most = Math.min(availableParallelism(), mostUsefulThreads(batchSize), MOST_THREADS);
  const chosen = { count: threads ?? most, start: startThread, atMost: threads === undefined };
  return wasmBackend({ threads: chosen, arithmetic });
}
