import { Worker } from "node:worker_threads";
import type { Dataset } from "../../data/dataset.js";
import type { LoadedData } from "../data.js";
import { language } from "../messages/index.js";
import type { FileContents } from "./folderContents.js";
import type { WorkerMessage, WorkerStart } from "./worker.js";

/** How a worker ended. */
type ThreadEnd = Extract<WorkerMessage, { end: string }>;

const PROGRAM = new URL("./worker.js", import.meta.url);

/** Calls the body for each item, at most `concurrency` at once. Starts no more once the signal is aborted. */
export async function forEachInParallel<Item>(
  items: readonly Item[],
  concurrency: number,
  signal: AbortSignal,
  body: (item: Item) => Promise<void>,
): Promise<void> {
  // All share one iterator, so each item is taken once.
  const left = items.values();
  const takeTurns = async () => {
    for (const item of left) {
      if (signal.aborted) return;
      await body(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, takeTurns));
}

/** How to stop a thread, and what it reports. */
interface TrainInThreadOptions {
  readonly signal: AbortSignal;
  /** @param images that are done, counted from the first epoch */
  readonly onProgress: (images: number) => void;
  /** Called after each epoch with what the run needs to be resumed, if the thread is to send it. */
  readonly onSaved?: (epoch: number, files: FileContents) => void;
}

/**
 * Trains one run in a worker thread. Aborting stops it and keeps its checkpoint.
 *
 * @returns whether the run finished
 * @throws Error if the run or its thread fails
 */
export function trainInThread(
  start: WorkerStart,
  { signal, onProgress, onSaved }: TrainInThreadOptions,
): Promise<boolean> {
  const worker = new Worker(PROGRAM, { workerData: start, argv: ["--lang", language] });
  const stop = () => worker.postMessage("stop");
  signal.addEventListener("abort", stop);
  let end: ThreadEnd = { end: "failed", reason: "its thread ended" };
  return new Promise<boolean>((resolve, reject) => {
    worker.on("message", (message: WorkerMessage) => {
      if ("done" in message) onProgress(message.done);
      else if ("saved" in message) onSaved?.(message.epoch, message.saved);
      else end = message;
    });
    // "exit" follows "error".
    worker.on("error", (error) => {
      end = { end: "failed", reason: error instanceof Error ? error.message : String(error) };
    });
    worker.on("exit", () => {
      if (end.end === "failed") reject(new Error(end.reason));
      else resolve(end.end === "finished");
    });
  }).finally(() => signal.removeEventListener("abort", stop));
}

/** Copies the images into shared memory, unless they are there already, so that threads need no copies of their own. */
export function shareData({ parts, ...data }: LoadedData): LoadedData {
  return { ...data, parts: { ...parts, train: share(parts.train), test: parts.test && share(parts.test) } };
}

function share(dataset: Dataset): Dataset {
  if (dataset.images.buffer instanceof SharedArrayBuffer) return dataset;
  const images = new Uint8Array(new SharedArrayBuffer(dataset.images.length));
  images.set(dataset.images);
  return { ...dataset, images };
}
