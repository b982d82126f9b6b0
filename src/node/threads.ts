import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Backend } from "../engine/backend.js";
import { mostUsefulThreads, type StartThread, type Threads } from "../engine/wasm/threads.js";
import { wasmBackend } from "../engine/wasm/wasmBackend.js";
import { enableFusedArithmetic } from "./fusedArithmetic.js";

// All that a thread does is in the module, so its program is short; as text it needs no file of its own, which bundlers
// would lose. A thread that fails says so in the memory: the thread that waits for it cannot hear anything else.
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
  // Without this process's own options: --input-type=module would make the program another language.
  const worker = new Worker(PROGRAM, { eval: true, execArgv: [], workerData: start });
  // The engine's call that meets the failure throws; nobody waits for this event.
  worker.on("error", () => {});
  worker.unref();
  return { terminate: () => void worker.terminate() };
};

/**
 * Threads to train with, by default one a core. With them goes fused arithmetic, also on Node 20, see
 * {@link enableFusedArithmetic}.
 */
export function threads(count = availableParallelism()): Threads {
  enableFusedArithmetic();
  return { count, start: startThread };
}

/**
 * The processor as a backend: with fused arithmetic where it has it, on as many threads as asked for.
 *
 * @param threads default: one per core, but no more than a batch keeps busy
 */
export function processorBackend(
  batchSize: number,
  threads = Math.min(availableParallelism(), mostUsefulThreads(batchSize)),
): Backend {
  enableFusedArithmetic();
  return wasmBackend({ threads: { count: threads, start: startThread } });
}
