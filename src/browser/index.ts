/**
 * Browser support: threads as web workers, decoding of image files.
 *
 * @module lenet/browser
 */

import type { StartThread, Threads } from "../engine/wasm/threads.js";

/**
 * Whether workers can share memory here. The page must be cross-origin isolated (`crossOriginIsolated`); even then, WebKitGTK
 * has no shared memory.
 */
export function canShareMemory(): boolean {
  return crossOriginIsolated && typeof SharedArrayBuffer !== "undefined";
}

/**
 * The number of threads that an engine can use here: one per core if workers can share memory, otherwise only the calling
 * thread.
 */
export function availableThreads(): number {
  return canShareMemory() ? navigator.hardwareConcurrency : 1;
}

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
  if (!crossOriginIsolated) throw new Error("threads need a cross-origin-isolated page");
  if (!canShareMemory()) throw new Error("threads need shared memory, which this browser does not have");
  // Bundlers recognise exactly this expression.
  const worker = new Worker(new URL("./threadWorker.js", import.meta.url), { type: "module" });
  const ready = new Promise<void>((resolve, reject) => {
    worker.addEventListener("message", () => resolve());
    worker.addEventListener("error", ({ message }) => {
      // A worker whose program failed to load could not set this itself.
      Atomics.compareExchange(new Int32Array(start.memory.buffer), start.failedWord, 0, 1);
      reject(new Error("a thread of the engine failed", { cause: message }));
    });
  });
  worker.postMessage(start);
  return { ready, terminate: () => worker.terminate() };
};

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
