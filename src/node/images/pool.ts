import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { ImageSettings } from "../../data/images/resize.js";
import { compileDecoder } from "./codec.js";
import {
  createAllowance,
  type EncodedImage,
  type Job,
  NO_SLOT,
  type Outcome,
  type Reply,
  returnPixels,
  type WorkerStart,
} from "./protocol.js";

/** The progress of decoding, in files. */
export interface DecodingProgress {
  readonly done: number;
  readonly total: number;
}

/** How to decode files. */
export interface DecodingOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DecodingProgress) => void;
  /** Whether to invert images before they are fitted. */
  readonly invert?: boolean;
  /** The maximum number of decoding threads. Default: one per core. */
  readonly threads?: number;
  /** Gives up on a file that takes longer. Default: 20. */
  readonly secondsPerFile?: number;
}

/** Decoded files, by slot. */
export interface DecodedFiles {
  /** [slot][channels][height][width]. The content is undefined if a file has no image. */
  readonly pixels: Uint8Array;
  /** One per file, in order. */
  readonly outcomes: readonly Outcome[];
}

const MAXIMUM_WORKERS = 8;
/** Small files decode so fast that one message per file would take as long. */
const MAXIMUM_BATCH = 64;
/** At least this many messages per worker, so that the last one is not long. */
const LEAST_BATCHES = 8;
const SECONDS_PER_FILE = 20;
const WATCH_MILLISECONDS = 100;

/** Tests run from the sources, which Node cannot execute as a worker; they use the built program. */
const PROGRAM = new URL(
  import.meta.url.endsWith(".ts") ? "../../../dist/node/images/worker.js" : "./worker.js",
  import.meta.url,
);

/** One thread, its jobs, and when it was first seen working on the current one. */
interface Member {
  readonly worker: Worker;
  readonly current: Int32Array;
  jobs: Job[];
  seen: number;
  since: number;
}

/**
 * Decodes images, usually files, and fits them to one size, on all cores. A file that crashes the decoder or takes too
 * long gets a reason, like any damaged file.
 *
 * @throws the signal's reason if it is aborted
 */
export async function decodeFiles(
  images: readonly EncodedImage[],
  settings: ImageSettings,
  options: DecodingOptions = {},
): Promise<DecodedFiles> {
  options.signal?.throwIfAborted();
  const { channels, height, width } = settings.shape;
  const pixels = new Uint8Array(new SharedArrayBuffer(images.length * channels * height * width));
  if (images.length === 0) return { pixels, outcomes: [] };
  const module = await compileDecoder();
  const start = { module, settings, invert: options.invert ?? false, pixels, allowance: createAllowance() };
  const outcomes = await new Pool(images, start, options).run();
  return { pixels, outcomes };
}

class Pool {
  private readonly total: number;
  private readonly start: Omit<WorkerStart, "current">;
  private readonly options: DecodingOptions;
  private readonly jobs: Job[];
  private readonly outcomes: Outcome[] = [];
  private readonly members = new Set<Member>();
  private readonly size: number;
  private readonly batch: number;
  private done = 0;
  private resolve: () => void = () => {};
  private reject: (reason: unknown) => void = () => {};

  constructor(images: readonly EncodedImage[], start: Omit<WorkerStart, "current">, options: DecodingOptions) {
    this.total = images.length;
    this.start = start;
    this.options = options;
    // Reversed: the next job is taken from the end.
    this.jobs = images.map((image, slot) => ({ slot, image })).reverse();
    const most = Math.min(MAXIMUM_WORKERS, options.threads ?? availableParallelism());
    this.batch = Math.min(MAXIMUM_BATCH, Math.ceil(images.length / (most * LEAST_BATCHES)));
    this.size = Math.min(most, Math.ceil(images.length / this.batch));
  }

  async run(): Promise<Outcome[]> {
    const { signal } = this.options;
    const finished = new Promise<void>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    const abort = () => this.reject(signal?.reason);
    signal?.addEventListener("abort", abort);
    const watch = setInterval(() => this.watch(), WATCH_MILLISECONDS);
    try {
      if (signal?.aborted) abort();
      else for (let index = 0; index < this.size; index++) this.addMember();
      await finished;
      return this.outcomes;
    } finally {
      clearInterval(watch);
      signal?.removeEventListener("abort", abort);
      for (const member of this.members) this.remove(member);
    }
  }

  /** Adds a thread if there is work left. */
  private addMember(): void {
    if (this.jobs.length === 0) return;
    const current = new Int32Array(new SharedArrayBuffer(8));
    current[0] = NO_SLOT;
    const workerData: WorkerStart = { ...this.start, current };
    const worker = new Worker(PROGRAM, { execArgv: [], workerData });
    const member: Member = { worker, current, jobs: [], seen: NO_SLOT, since: 0 };
    this.members.add(member);
    worker.on("message", (reply: Reply) => this.receive(member, reply));
    worker.on("error", (error) => this.handleCrash(member, error));
    worker.on("exit", () => this.handleCrash(member, new Error("its thread ended")));
    this.send(member);
  }

  private send(member: Member): void {
    member.jobs = this.jobs.splice(-this.batch).reverse();
    if (member.jobs.length > 0) member.worker.postMessage(member.jobs);
  }

  private receive(member: Member, { outcomes, isWorn }: Reply): void {
    if (!this.members.has(member)) return;
    const done = new Set(outcomes.map(({ slot }) => slot));
    const left = member.jobs.filter(({ slot }) => !done.has(slot));
    for (const outcome of outcomes) this.settle(outcome);
    if (isWorn) this.replace(member, left);
    else this.send(member);
    this.tell();
  }

  /** Gives up on files that keep a thread busy for too long. */
  private watch(): void {
    const limit = this.options.secondsPerFile ?? SECONDS_PER_FILE;
    const now = performance.now();
    for (const member of this.members) {
      const slot = Atomics.load(member.current, 0);
      if (slot !== member.seen) {
        member.seen = slot;
        member.since = now;
      } else if (slot !== NO_SLOT && now - member.since > 1000 * limit) {
        this.giveUp(member, slot, `it takes longer than ${limit} seconds to decode`);
      }
    }
  }

  private handleCrash(member: Member, error: unknown): void {
    if (!this.members.has(member)) return;
    const slot = Atomics.load(member.current, 0);
    const what = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    // A thread that does not even start will not start the next time either.
    if (slot === NO_SLOT) this.reject(new Error(`the image decoder does not start: ${what}`));
    else this.giveUp(member, slot, `the decoder failed: ${what}`);
  }

  private giveUp(member: Member, slot: number, reason: string): void {
    this.settle({ slot, reason, lasting: true });
    this.replace(
      member,
      member.jobs.filter((job) => job.slot !== slot),
    );
    this.tell();
  }

  /** Replaces a thread; its remaining jobs go back to the queue. */
  private replace(member: Member, left: readonly Job[]): void {
    this.jobs.push(...left.toReversed());
    this.remove(member);
    this.addMember();
  }

  /** Does not wait for the thread to end: it may never end if it reads from a dead network folder. */
  private remove(member: Member): void {
    this.members.delete(member);
    void member.worker.terminate();
    returnPixels(this.start.allowance, Atomics.exchange(member.current, 1, 0));
  }

  private settle(outcome: Outcome): void {
    if (this.outcomes[outcome.slot] !== undefined) return;
    this.outcomes[outcome.slot] = outcome;
    this.done++;
  }

  private tell(): void {
    const { done, total } = this;
    this.options.onProgress?.({ done, total });
    if (done === total) this.resolve();
  }
}
