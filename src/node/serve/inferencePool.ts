import { Worker } from "node:worker_threads";
import type { Weights } from "../../model/index.js";
import type { BatchReply, FromThread, ItemKind, ToThread } from "./inferenceMessages.js";
import { busy, RequestError } from "./requestError.js";

/** How an {@link InferencePool} works. */
export interface PoolOptions {
  readonly threads: number;
  /** How long an image may wait for others to be computed with it, in milliseconds. 0: only while all threads compute. */
  readonly maximumDelay: number;
  /** The images after which a batch is not extended. */
  readonly maximumBatch: number;
  /** How many images may wait; further requests are refused. */
  readonly maximumWaiting: number;
  /** Told of each batch: the number of its images. */
  readonly onBatch?: (images: number) => void;
}

/** A request's images. */
export interface Item {
  readonly kind: ItemKind;
  readonly bytes: Uint8Array;
  readonly images: number;
}

interface Waiting extends Item {
  /** When it arrived, see `performance.now`. */
  readonly since: number;
  readonly resolve: (logits: Float32Array) => void;
  readonly reject: (reason: Error) => void;
}

/** A network's waiting requests. */
interface Queue {
  readonly weights: Weights;
  readonly classes: number;
  readonly waiting: Waiting[];
  images: number;
}

interface Batch {
  readonly items: readonly Waiting[];
  readonly classes: number;
}

interface Thread {
  readonly worker: Worker;
  batch?: Batch;
  /** Answered when it has loaded a network. */
  readonly loading: Map<number, { resolve: () => void; reject: (reason: Error) => void }>;
}

/** Tests run from the sources, which Node cannot execute as a worker; they use the built program. */
const PROGRAM = new URL(
  import.meta.url.endsWith(".ts") ? "../../../dist/node/serve/inferenceThread.js" : "./inferenceThread.js",
  import.meta.url,
);

/**
 * Computes networks in worker threads. Requests to the same network that arrive together, or while all threads are busy,
 * are computed in one batch.
 */
export class InferencePool {
  private readonly options: PoolOptions;
  private readonly threads = new Set<Thread>();
  private readonly queues = new Map<number, Queue>();
  private nextNetwork = 0;
  private waitingImages = 0;
  private flushIsPlanned = false;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(options: PoolOptions) {
    this.options = options;
    for (let index = 0; index < options.threads; index++) this.addThread();
  }

  /** The number of images that wait for a thread. */
  get waiting(): number {
    return this.waitingImages;
  }

  /** Loads a network into all threads. @returns its number @throws Error if it cannot be compiled */
  async load(weights: Weights, classes: number): Promise<number> {
    const network = this.nextNetwork++;
    this.queues.set(network, { weights, classes, waiting: [], images: 0 });
    try {
      await Promise.all([...this.threads].map((thread) => this.loadInto(thread, network, weights)));
    } catch (error) {
      this.unload(network);
      throw error;
    }
    return network;
  }

  /** Frees a network's memory. There must be no requests to it any more. */
  unload(network: number): void {
    this.queues.delete(network);
    for (const thread of this.threads) post(thread, { unload: network });
  }

  /**
   * Computes the logits of a request's images: [image][class].
   *
   * @throws RequestError 400 if a PNG is damaged, 503 if too many images are waiting
   */
  infer(network: number, item: Item): Promise<Float32Array> {
    const queue = this.queues.get(network)!;
    // A request that is larger than the queue is still taken by an idle server.
    if (this.waitingImages > 0 && this.waitingImages + item.images > this.options.maximumWaiting) {
      return Promise.reject(busy());
    }
    return new Promise((resolve, reject) => {
      queue.waiting.push({ ...item, since: performance.now(), resolve, reject });
      queue.images += item.images;
      this.waitingImages += item.images;
      this.planFlush();
    });
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const { worker } of this.threads) void worker.terminate();
  }

  /** After all requests that have already arrived. */
  private planFlush(): void {
    if (this.flushIsPlanned) return;
    this.flushIsPlanned = true;
    setImmediate(() => {
      this.flushIsPlanned = false;
      this.flush();
    });
  }

  /** Sends batches to idle threads: the longest waiting first, and none that may still wait for more images. */
  private flush(): void {
    const { maximumDelay, maximumBatch } = this.options;
    for (const thread of this.threads) {
      if (thread.batch) continue;
      const [first] = [...this.queues]
        .filter(([, { waiting }]) => waiting.length > 0)
        .sort(([, a], [, b]) => a.waiting[0].since - b.waiting[0].since);
      if (!first) return;
      const [network, queue] = first;
      const due = queue.waiting[0].since + maximumDelay - performance.now();
      if (queue.images < maximumBatch && due > 0) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.flush(), due);
        return;
      }
      this.send(thread, network, queue);
    }
  }

  private send(thread: Thread, network: number, queue: Queue): void {
    let images = 0;
    let count = 0;
    while (count < queue.waiting.length && (count === 0 || images < this.options.maximumBatch)) {
      images += queue.waiting[count++].images;
    }
    const items = queue.waiting.splice(0, count);
    queue.images -= images;
    this.waitingImages -= images;
    thread.batch = { items, classes: queue.classes };
    this.options.onBatch?.(images);
    post(thread, { network, ...packed(items) });
  }

  private addThread(): Thread {
    const worker = new Worker(PROGRAM, { execArgv: [] });
    const thread: Thread = { worker, loading: new Map() };
    this.threads.add(thread);
    worker.on("message", (message: FromThread) => this.receive(thread, message));
    worker.on("error", (error) => this.handleCrash(thread, error as Error));
    worker.on("exit", () => this.handleCrash(thread, new Error("a thread ended")));
    return thread;
  }

  private loadInto(thread: Thread, network: number, weights: Weights): Promise<void> {
    return new Promise((resolve, reject) => {
      thread.loading.set(network, { resolve, reject });
      post(thread, { load: network, weights });
    });
  }

  private receive(thread: Thread, message: FromThread): void {
    if ("loaded" in message) {
      const answer = thread.loading.get(message.loaded);
      thread.loading.delete(message.loaded);
      if (message.error === undefined) answer?.resolve();
      else answer?.reject(new Error(message.error));
      return;
    }
    const batch = thread.batch!;
    thread.batch = undefined;
    if ("failed" in message) refuse(batch, new Error(message.failed));
    else settle(batch, message);
    this.flush();
  }

  /** Refuses the requests of a thread that crashed and replaces it. */
  private handleCrash(thread: Thread, error: Error): void {
    if (this.closed || !this.threads.delete(thread)) return;
    if (thread.batch) refuse(thread.batch, error);
    for (const { reject } of thread.loading.values()) reject(error);
    const next = this.addThread();
    for (const [network, { weights }] of this.queues) this.loadInto(next, network, weights).catch(() => {});
    this.flush();
  }
}

function post({ worker }: Thread, message: ToThread): void {
  worker.postMessage(message, "items" in message ? [message.items.buffer, message.bytes.buffer] : []);
}

/** All bytes in one buffer, so that one message moves them. */
function packed(items: readonly Item[]): { bytes: Uint8Array<ArrayBuffer>; items: Int32Array<ArrayBuffer> } {
  const aligned = (length: number) => (length + 3) & ~3;
  const bytes = new Uint8Array(items.reduce((sum, item) => sum + aligned(item.bytes.length), 0));
  const list = new Int32Array(3 * items.length);
  let offset = 0;
  items.forEach((item, index) => {
    bytes.set(item.bytes, offset);
    list.set([item.kind, offset, item.bytes.length], 3 * index);
    offset += aligned(item.bytes.length);
  });
  return { bytes, items: list };
}

function settle({ items, classes }: Batch, { logits, faults }: BatchReply): void {
  let start = 0;
  items.forEach(({ images, resolve, reject }, index) => {
    const reason = faults.get(index);
    if (reason !== undefined) {
      reject(new RequestError(400, reason));
      return;
    }
    const end = start + images * classes;
    resolve(logits.subarray(start, end));
    start = end;
  });
}

function refuse({ items }: Batch, error: Error): void {
  for (const { reject } of items) reject(error);
}
