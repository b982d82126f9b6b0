import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Job } from "bullmq";
import { supportsFusedArithmetic } from "../../../engine/wasm/features.js";
import { KERNELS_REVISION } from "../../../engine/wasm/wasmBackend.js";
import { availableArithmetic, enableFusedArithmetic } from "../../../node/threads.js";
import type { LoadedData } from "../../data.js";
import type { Reporter } from "../../terminal.js";
import { digestOf, type FileContents, readRunFolder, writeRunFolder } from "../folderContents.js";
import { trainInThread } from "../pool.js";
import { JOBS, type QueueClient } from "./client.js";
import { type JobLimits, jobName, parseJob, type RunJob } from "./job.js";
import { type Delivery, SweepStore } from "./store.js";
import { LackError, type WorkerData } from "./workerData.js";

/** How a worker takes jobs. */
export interface WorkerOptions {
  /** The number of runs to train at once. */
  readonly jobs: number;
  readonly limits: JobLimits;
  readonly data: WorkerData;
  readonly terminal: Reporter;
}

/** A job whose worker has not renewed its lock for so long is handed out again. Threads train, so this one is free. */
const LOCK_MILLISECONDS = 10_000;
const STALLED_CHECK_MILLISECONDS = 5000;
/** Workers come and go, so a job may be handed out often. One that takes its worker down each time ends here. */
const MOST_STALLED = 100;
/** How long a job is left to others that this worker cannot do. */
const PASS_ON_MILLISECONDS = 5000;
/** How soon this worker notices new jobs if the server's notice is lost. */
const POLL_SECONDS = 2;
const PROGRESS_MILLISECONDS = 500;

/** Trains the runs of a queue until the signal is aborted; what is not finished then goes back to the queue. */
export async function work(client: QueueClient, options: WorkerOptions, signal: AbortSignal): Promise<void> {
  // Applies to the entire process, so before any thread starts.
  enableFusedArithmetic();
  const { bullmq } = client;
  const trainer = new JobTrainer(client, options);
  const worker = new bullmq.Worker(
    JOBS,
    async (job: Job, token?: string, cancelled?: AbortSignal) => {
      const end = await trainer.train(job, AbortSignal.any([signal, ...(cancelled ? [cancelled] : [])]));
      if (end === "done") return;
      if (end === "passed on") {
        await job.moveToDelayed(Date.now() + PASS_ON_MILLISECONDS, token);
        throw new bullmq.DelayedError();
      }
      // A job whose lock is lost is somebody else's.
      if (signal.aborted) await job.moveToWait(token);
      throw new bullmq.WaitingError();
    },
    {
      ...client.options,
      connection: client.redis,
      concurrency: options.jobs,
      lockDuration: LOCK_MILLISECONDS,
      stalledInterval: STALLED_CHECK_MILLISECONDS,
      maxStalledCount: MOST_STALLED,
      drainDelay: POLL_SECONDS,
    },
  );
  // The client reports what happens to its connection, and a job reports how it ends.
  worker.on("error", () => {});
  worker.on("lockRenewalFailed", (ids) => {
    for (const id of ids) worker.cancelJob(id);
  });
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
  await worker.close();
}

/** Trains jobs, each in a thread and a folder of its own. */
class JobTrainer {
  private readonly client: QueueClient;
  private readonly options: WorkerOptions;
  /** This worker in messages. */
  private readonly name = `${hostname()}/${process.pid}`;
  private readonly isFused = supportsFusedArithmetic();

  constructor(client: QueueClient, options: WorkerOptions) {
    this.client = client;
    this.options = options;
  }

  async train({ data }: Job, signal: AbortSignal): Promise<"done" | "passed on" | "interrupted"> {
    const { terminal, limits } = this.options;
    const { UnrecoverableError } = this.client.bullmq;
    let job: RunJob;
    try {
      job = parseJob(data, limits);
    } catch (error) {
      terminal.warn((error as Error).message);
      throw new UnrecoverableError((error as Error).message);
    }
    const store = new SweepStore(this.client.redis, this.client.options.prefix, job.sweep);
    // Its worker died after it had delivered it.
    if (await store.isDelivered(jobName(job))) return "done";
    const loaded = await this.prepare(store, job, signal);
    if (!loaded) return signal.aborted ? "interrupted" : "passed on";
    const scratch = await mkdtemp(join(tmpdir(), "lenet-worker-"));
    try {
      const delivery = await this.trainIn(join(scratch, "run"), store, job, loaded, signal);
      if (!delivery) return "interrupted";
      terminal.detail(`${delivery.failure === undefined ? "done" : `failed: ${delivery.failure}`}: ${jobName(job)}`);
      if (await store.deliver(job.run, jobName(job), delivery, this.name)) {
        terminal.warn(`another worker got other bits for ${jobName(job)}: one of the machines computes wrongly`);
      }
      return "done";
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** The data of a job; undefined if this worker cannot do it. */
  private async prepare(store: SweepStore, job: RunJob, signal: AbortSignal): Promise<LoadedData | undefined> {
    try {
      if (job.arithmetic === "fused" && !this.isFused) throw new LackError("it has no fused arithmetic");
      if (job.kernels !== KERNELS_REVISION) throw new LackError("it has another version of lenet, with other bits");
      const loaded = await this.options.data.load(job.data);
      await store.setLack(this.name, undefined);
      return loaded;
    } catch (error) {
      if (signal.aborted) return undefined;
      const { message } = error as Error;
      this.options.terminal.warn(`cannot train ${job.run}: ${message}`);
      await store.setLack(this.name, message);
      return undefined;
    }
  }

  /** Trains a run in a folder. @returns undefined if it was interrupted */
  private async trainIn(
    out: string,
    store: SweepStore,
    job: RunJob,
    data: LoadedData,
    signal: AbortSignal,
  ): Promise<Delivery | undefined> {
    const checkpoint = await store.checkpoint(job.run);
    if (checkpoint) await writeRunFolder(out, checkpoint);
    const { recipe, seed, arithmetic, pauseAfter, log } = job;
    const { augmentation } = recipe;
    this.options.terminal.detail(`${checkpoint ? "going on with" : "training"} ${jobName(job)}`);
    const uploads = new Latest<{ epoch: number; files: FileContents }>(({ epoch, files }) =>
      store.keepCheckpoint(job.run, epoch, files),
    );
    const progress = new Latest<number>((images) => store.setProgress(job.run, images), PROGRESS_MILLISECONDS);
    try {
      const finished = await trainInThread(
        {
          training: { recipe, seed, changes: {}, augment: { augmentation, flipGiven: true } },
          threads: 1,
          arithmetic: availableArithmetic(arithmetic),
          out,
          moves: false,
          log,
          data,
          pauseAfter,
          sendsCheckpoints: true,
        },
        {
          signal,
          onProgress: (images) => progress.set(images),
          onSaved: (epoch, files) => uploads.set({ epoch, files }),
        },
      );
      await uploads.settle();
      if (!finished) return undefined;
      const files = await readRunFolder(out);
      return { digest: digestOf(files), files };
    } catch (error) {
      const [failure] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
      return { failure };
    }
  }
}

/** Sends values one after the other. While one is under way, only the latest of the others is kept. */
class Latest<Value> {
  private readonly send: (value: Value) => Promise<void>;
  private readonly pause: number;
  private next: { readonly value: Value } | undefined;
  private sending: Promise<void> | undefined;

  /** @param pause milliseconds between two values */
  constructor(send: (value: Value) => Promise<void>, pause = 0) {
    this.send = send;
    this.pause = pause;
  }

  set(value: Value): void {
    this.next = { value };
    this.sending ??= this.sendAll();
  }

  /** Waits until all is sent. */
  async settle(): Promise<void> {
    await this.sending;
  }

  private async sendAll(): Promise<void> {
    while (this.next) {
      const { value } = this.next;
      this.next = undefined;
      // What cannot be sent is only lost work: a later value follows.
      await this.send(value).catch(() => {});
      if (this.pause > 0) await new Promise((resolve) => setTimeout(resolve, this.pause).unref());
    }
    this.sending = undefined;
  }
}
