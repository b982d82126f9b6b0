import type { StartThread, Threads } from "../engine/wasm/threads.js";

/**
 * How many threads an engine can have here: one a core where the page is cross-origin isolated (`crossOriginIsolated`),
 * else only the caller's own.
 */
export function availableThreads(): number {
  return crossOriginIsolated ? navigator.hardwareConcurrency : 1;
}

/**
 * Starts engine threads as web workers. They share memory, which browsers allow only in cross-origin isolated pages: those
 * served with `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`.
 *
 * The engine belongs in a worker, since a page's window must not wait for threads. A worker starts once its creator
 * returns to its event loop, so wait for the engine's `ready` before computing.
 *
 * @throws Error in a window, or where the page is not cross-origin isolated
 */
export const startThread: StartThread = (start) => {
  if ("document" in globalThis) throw new Error("a window cannot wait for threads: compile the engine in a worker");
  if (!crossOriginIsolated) throw new Error("threads need a cross-origin isolated page");
  // Bundlers look for this very expression.
  const worker = new Worker(new URL("./threadWorker.js", import.meta.url), { type: "module" });
  const ready = new Promise<void>((resolve, reject) => {
    worker.addEventListener("message", () => resolve());
    worker.addEventListener("error", ({ message }) => {
      // A worker whose program could not be loaded has not said so in the memory.
      Atomics.store(new Int32Array(start.memory.buffer), start.failedWord, 1);
      reject(new Error("a thread of the engine failed", { cause: message }));
    });
  });
  worker.postMessage(start);
  return { ready, terminate: () => worker.terminate() };
};

/**
 * Threads to train with, by default one a core: in a worker of a cross-origin isolated page. Elsewhere there can only be
 * the caller's own, and `count` is 1.
 */
export function threads(count = "document" in globalThis ? 1 : availableThreads()): Threads {
  return { count, start: startThread };
}
