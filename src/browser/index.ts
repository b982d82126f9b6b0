/**
 * Browser support: threads as web workers, decoding of image files.
 *
 * @example
 * ```ts
 * import { LeNet5, predict } from "lenet";
 * import { decodeImage, threads } from "lenet/browser";
 * import { readWeights } from "lenet/formats";
 *
 * const response = await fetch("/digits.safetensors");
 * const network = LeNet5.from(readWeights(new Uint8Array(await response.arrayBuffer())));
 *
 * export async function read(file: File): Promise<string> {
 *   return (await predict(network, await decodeImage(file))).label;
 * }
 * // In a worker of a cross-origin-isolated page one per core, elsewhere 1.
 * console.log(threads().count);
 * ```
 *
 * @module lenet/browser
 */

import type { StartThread, ThreadStart, Threads } from "../engine/wasm/threads.js";

/**
 * Whether workers can share memory here. The page must be cross-origin isolated (`crossOriginIsolated`); even then, WebKitGTK
 * has no shared memory.
 */
export function canShareMemory(): boolean {
  return globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer !== "undefined";
}

/**
 * The number of threads that an engine can use here: one per core if workers can share memory, otherwise only the calling
 * thread.
 */
export function availableThreads(): number {
  return canShareMemory() ? navigator.hardwareConcurrency : 1;
}

/** What `threadWorker.ts` does, as text. */
const PROGRAM = `addEventListener("message", ({ data: { module, memory, thread, failedWord } }) => {
  try {
    const { exports } = new WebAssembly.Instance(module, { environment: { memory } });
    postMessage("running");
    exports.thread(thread);
  } catch (error) {
    Atomics.compareExchange(new Int32Array(memory.buffer), failedWord, 0, 1);
    throw error;
  }
});`;

/**
 * Starts engine threads as web workers. They share memory, which browsers allow only in cross-origin-isolated pages:
 * those served with `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`.
 *
 * Run the engine in a worker, because a page's window must not block while waiting for threads. A worker starts once
 * its creator returns to the event loop, so `ready` must resolve before computing.
 *
 * @throws Error in a window, or if workers cannot share memory
 */
export const startThread: StartThread = (start) => {
  if ("document" in globalThis) throw new Error("a window cannot wait for threads: compile the engine in a worker");
  if (globalThis.crossOriginIsolated !== true) throw new Error("threads need a cross-origin-isolated page");
  if (!canShareMemory()) throw new Error("threads need shared memory, which this browser does not have");
  // Bundlers recognise exactly this expression.
  let worker = new Worker(new URL("./threadWorker.js", import.meta.url), { type: "module" });
  const ready = running(worker, start).catch((cause) => {
    // esbuild and the development servers of Vite 6 and 7 do not, and lose the file: there, the text works. It is not the
    // only way, because a strict content security policy forbids blob: URLs.
    worker.terminate();
    const url = URL.createObjectURL(new Blob([PROGRAM], { type: "text/javascript" }));
    worker = new Worker(url);
    return running(worker, start)
      .catch(() => Promise.reject(cause))
      .finally(() => URL.revokeObjectURL(url));
  });
  return { ready, terminate: () => worker.terminate() };
};

/** Starts an engine's program in a worker; fulfilled once it runs, rejected if it does not. */
function running(worker: Worker, start: ThreadStart): Promise<void> {
  return new Promise((resolve, reject) => {
    let isRunning = false;
    worker.addEventListener("message", () => {
      isRunning = true;
      resolve();
    });
    worker.addEventListener("error", ({ message }) => {
      // The engine that waits for it sees only the shared memory.
      if (isRunning) Atomics.compareExchange(new Int32Array(start.memory.buffer), start.failedWord, 0, 1);
      const reason = message ? `: ${message}` : ", because its file does not load";
      reject(new Error(`a thread of the engine did not start${reason}`));
    });
    worker.postMessage(start);
  });
}

/**
 * Threads to train with. Default: one per core in a worker of a cross-origin-isolated page; elsewhere only the calling
 * thread.
 */
export function threads(count = "document" in globalThis ? 1 : availableThreads()): Threads {
  return { count, start: startThread };
}

/**
 * Decodes an image in the browser: a chosen or fetched file (`Blob`), an image element, a video frame, an
 * `ImageBitmap`. EXIF orientation is applied; colour profiles are ignored, as in Node.
 *
 * @throws DOMException if the image cannot be decoded
 */
export async function decodeImage(source: ImageBitmapSource): Promise<ImageData> {
  const bitmap = await createImageBitmap(source, { colorSpaceConversion: "none" });
  try {
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext("2d")!;
    context.drawImage(bitmap, 0, 0);
    return context.getImageData(0, 0, width, height);
  } finally {
    bitmap.close();
  }
}
