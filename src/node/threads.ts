import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import type { Backend } from "../engine/backend.js";
import { supportsFusedArithmetic } from "../engine/wasm/features.js";
import { mostUsefulThreads, type StartThread, type Threads } from "../engine/wasm/threads.js";
import { wasmBackend } from "../engine/wasm/wasmBackend.js";

/**
 * Enables fused multiply-add if V8 has it behind a flag (Node 20). Call it before compiling an engine. Does nothing if
 * it is available without a flag.
 */
export function enableFusedArithmetic(): void {
  if (!supportsFusedArithmetic()) setFlagsFromString("--experimental-wasm-relaxed-simd");
}

// A thread's work is all in the module, so its program is short. As a string it needs no file, which bundlers would
// lose. A thread that fails says so in shared memory: the thread that waits for it cannot receive messages.
const PROGRAM = `
const { workerData: { module, memory, thread, failedWord } } = require("node:worker_threads");
try {
  new WebAssembly.Instance(module, { environment: { memory } }).exports.thread(thread);
} catch (error) {
  Atomics.store(new Int32Array(memory.buffer), failedWord, 1);
  throw error;
}
`;

/** Starts engine threads as Node worker threads. They end with the process. */
export const startThread: StartThread = (start) => {
  // Without this process's options: --input-type=module would break the program.
  const worker = new Worker(PROGRAM, { eval: true, execArgv: [], workerData: start });
  // The engine's call throws; this event needs no further handling.
  worker.on("error", () => {});
  worker.unref();
  return { terminate: () => void worker.terminate() };
};

/**
 * Threads for training, one per core by default. Also enables fused arithmetic on Node 20, see {@link
 * enableFusedArithmetic}.
 */
export function threads(count = availableParallelism()): Threads {
  enableFusedArithmetic();
  return { count, start: startThread };
}

/**
 * The processor as a backend, with fused arithmetic if available.
 *
 * @param threads default: one per core, at most as many as a batch keeps busy
 */
export function processorBackend(
  batchSize: number,
  threads = Math.min(availableParallelism(), mostUsefulThreads(batchSize)),
): Backend {
  enableFusedArithmetic();
  return wasmBackend({ threads: { count: threads, start: startThread } });
}
