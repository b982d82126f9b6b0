import { Worker } from "node:worker_threads";
import type { StartThread } from "../engine/index.js";

// All that a thread does is in the module, so its program fits on one line; as text it needs no file of its own, which
// bundlers would lose.
const PROGRAM = `
const { workerData: { module, memory, thread } } = require("node:worker_threads");
new WebAssembly.Instance(module, { environment: { memory } }).exports.thread(thread);
`;

/** Starts engine threads as Node worker threads. They end with the process. */
export const startThread: StartThread = (start, onFailure) => {
  const worker = new Worker(PROGRAM, { eval: true, workerData: start });
  worker.on("error", (error) => onFailure(error.message));
  worker.unref();
  return { terminate: () => void worker.terminate() };
};
