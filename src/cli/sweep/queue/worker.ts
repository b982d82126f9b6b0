import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Job, Worker } from "bullmq";
import { KERNELS_REVISION } from "../../../engine/wasm/evaluator.js";
import { supportsFusedArithmetic } from "../../../engine/wasm/features.js";
import { type LoadedTeacher, unpackTeacher } from "../../../node/teachers.js";
import { availableArithmetic, enableFusedArithmetic } from "../../../node/threads.js";
import type { LoadedData } from "../../data.js";
import type { Reporter } from "../../terminal.js";
import { digestOf, type FileContents, readRunFolder, writeRunFolder } from "../folderContents.js";
import { trainInThread } from "../pool.js";
import type { QueueClient } from "./client.js";
import { type JobLimits, jobName, parseJob, parseNeeds, type RunJob, type SweepNeeds } from "./job.js";
import { type Delivery, openSweeps, SweepStore } from "./store.js";
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
const RENEW_MILLISECONDS = 3000;
const STALLED_CHECK_MILLISECONDS = 5000;
/** Workers come and go, so a job may be handed out often. One that takes its worker down each time ends here. */
const MOST_STALLED = 100;
/** How soon a worker with nothing to do notices new sweeps and jobs. */
const POLL_MILLISECONDS = 500;
const PROGRESS_MILLISECONDS = 500;

/** Trains the runs of a queue until the signal is aborted; what is not finished then goes back to the queue. */
export async function work(client: QueueClient, options: WorkerOptions, signal: AbortSignal): Promise<void> {
  // Applies to the entire process, so before any thread starts.
  enableFusedArithmetic();
  const trainer = new JobTrainer(client, options, signal);
  const sweeps = new Sweeps(client, trainer);
  const running = new Set<Promise<void>>();
  let problem = "";
  while (!signal.aborted) {
    const hasRoom = running.size < options.jobs;
    const taken = await unlessAborted(hasRoom ? sweeps.take() : undefined, signal).catch(({ message }: Error) => {
      if (message !== problem) options.terminal.warn(message);
      problem = message;
    });
    if (taken) {
      const run = perform(taken, sweeps, trainer, signal).finally(() => running.delete(run));
      running.add(run);
    } else await Promise.race([...running, delay(POLL_MILLISECONDS, undefined, { signal }).catch(() => {})]);
  }
  await Promise.all(running);
  await sweeps.close();
}

/** A job that this worker holds the lock of. */
interface TakenJob {
  readonly sweep: OpenSweep;
  readonly job: Job;
  readonly token: string;
}

/** Does a job, and tells the queue how it ended. */
async function perform(
  { sweep, job, token }: TakenJob,
  sweeps: Sweeps,
  trainer: JobTrainer,
  signal: AbortSignal,
): Promise<void> {
  const lost = new AbortController();
  const renewal = setInterval(async () => {
    const isRenewed = await job.extendLock(token, LOCK_MILLISECONDS).catch(() => 0);
    if (isRenewed !== 1) lost.abort();
  }, RENEW_MILLISECONDS);
  let settle: () => Promise<unknown>;
  try {
    if (job.deferredFailure !== undefined) throw new Error(job.deferredFailure);
    const isDone = await trainer.train(job, sweep, AbortSignal.any([signal, lost.signal]));
    settle = () => (isDone ? job.moveToCompleted(undefined, token, false) : job.moveToWait(token));
  } catch (error) {
    if (error instanceof LackError) await sweeps.forget(sweep);
    settle = () =>
      error instanceof LackError ? job.moveToWait(token) : job.moveToFailed(error as Error, token, false);
  } finally {
    clearInterval(renewal);
  }
  // A job that this fails for is lost, and somebody else's.
  await settle().catch(() => {});
}

/** A sweep whose jobs this worker can do. */
interface OpenSweep {
  readonly id: string;
  readonly needs: SweepNeeds;
  readonly teacher: LoadedTeacher | undefined;
  /** Takes jobs, and puts those back whose worker is dead. */
  readonly worker: Worker;
}

/**
 * The sweeps of a queue. A worker first looks at what a sweep needs and whether it has that, and takes jobs only then: a job
 * is never in the hands of a worker that cannot do it.
 */
class Sweeps {
  private readonly client: QueueClient;
  private readonly trainer: JobTrainer;
  private readonly usable = new Map<string, OpenSweep>();
  /** Those of which it is being found out whether this worker can do them. */
  private readonly examined = new Set<string>();
  private isClosed = false;

  constructor(client: QueueClient, trainer: JobTrainer) {
    this.client = client;
    this.trainer = trainer;
  }

  /** Takes a job of the sweeps that this worker can do, of each in turn. */
  async take(): Promise<TakenJob | undefined> {
    await this.look();
    for (const [id, sweep] of this.usable) {
      const token = randomUUID();
      const job = await sweep.worker.getNextJob(token, { block: false });
      if (!job) continue;
      this.usable.delete(id);
      this.usable.set(id, sweep);
      return { sweep, job, token };
    }
    return undefined;
  }

  /** Has it found out again whether this worker can do the jobs of a sweep. */
  async forget({ id, worker }: OpenSweep): Promise<void> {
    if (this.usable.delete(id)) await worker.close(true);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.usable.values()].map((sweep) => this.forget(sweep)));
  }

  /** Finds out which sweeps there are. */
  private async look(): Promise<void> {
    const open = await openSweeps(this.client.redis, this.client.options.prefix);
    for (const sweep of this.usable.values()) if (!(sweep.id in open)) await this.forget(sweep);
    for (const [id, needs] of Object.entries(open)) {
      if (this.usable.has(id) || this.examined.has(id)) continue;
      this.examined.add(id);
      // Loading the data may take long, and must not hold up other sweeps.
      void this.examine(id, needs)
        .catch(() => {})
        .finally(() => this.examined.delete(id));
    }
  }

  private async examine(id: string, text: string): Promise<void> {
    const prepared = await this.trainer.prepare(id, text);
    if (!prepared || this.isClosed) return;
    const worker = new this.client.bullmq.Worker(id, null, {
      ...this.client.options,
      lockDuration: LOCK_MILLISECONDS,
      stalledInterval: STALLED_CHECK_MILLISECONDS,
      maxStalledCount: MOST_STALLED,
    });
    // The client reports what happens to its connection.
    worker.on("error", () => {});
    this.usable.set(id, { id, ...prepared, worker });
    await worker.startStalledCheckTimer();
  }
}

/** Trains jobs, each in a thread and a folder of its own. */
class JobTrainer {
  private readonly client: QueueClient;
  private readonly options: WorkerOptions;
  private readonly signal: AbortSignal;
  /** This worker in messages. */
  private readonly name = `${hostname()}/${process.pid}`;
  private readonly isFused = supportsFusedArithmetic();
  /** What this worker said that it lacks, by sweep. */
  private readonly lacks = new Map<string, string>();

  constructor(client: QueueClient, options: WorkerOptions, signal: AbortSignal) {
    this.client = client;
    this.options = options;
    this.signal = signal;
  }

  /** Finds out whether this worker has what a sweep needs. @returns undefined if it has not */
  async prepare(id: string, text: string): Promise<Pick<OpenSweep, "needs" | "teacher"> | undefined> {
    const store = this.storeOf(id);
    try {
      const needs = parseNeeds(text);
      if (needs.arithmetic === "fused" && !this.isFused) throw new LackError("it has no fused arithmetic");
      if (needs.kernels !== KERNELS_REVISION) throw new LackError("it has another version of lenet, with other bits");
      await this.options.data.load(needs.data);
      const teacher = needs.teachers && (await this.teacherOf(store, needs.teachers));
      if (this.lacks.delete(id)) await store.setLack(this.name, undefined);
      return { needs, teacher };
    } catch (error) {
      const { message } = error as Error;
      if (this.signal.aborted || this.lacks.get(id) === message) return undefined;
      this.lacks.set(id, message);
      this.options.terminal.warn(`cannot help with the sweep ${id.slice(0, 8)}…: ${message}`);
      await store.setLack(this.name, message);
      return undefined;
    }
  }

  /** @returns whether the job is done @throws Error if it is refused */
  async train({ data }: Job, sweep: OpenSweep, signal: AbortSignal): Promise<boolean> {
    const { terminal, limits } = this.options;
    const { id, needs } = sweep;
    let job: RunJob;
    try {
      job = parseJob(data, limits);
    } catch (error) {
      terminal.warn((error as Error).message);
      throw error;
    }
    const store = this.storeOf(id);
    // Its worker died after it had delivered it.
    if (await store.isDelivered(jobName(job))) return true;
    const loaded = await this.options.data.load(needs.data);
    const scratch = await mkdtemp(join(tmpdir(), "lenet-worker-"));
    try {
      const delivery = await this.trainIn(join(scratch, "run"), store, job, sweep, loaded, signal);
      if (!delivery) return false;
      terminal.detail(`${delivery.failure === undefined ? "done" : `failed: ${delivery.failure}`}: ${jobName(job)}`);
      if (await store.deliver(job.run, jobName(job), delivery, this.name)) {
        terminal.warn(`another worker got other bits for ${jobName(job)}: one of the machines computes wrongly`);
      }
      return true;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  private async teacherOf(store: SweepStore, recorded: NonNullable<SweepNeeds["teachers"]>): Promise<LoadedTeacher> {
    try {
      return await unpackTeacher(recorded, await store.teacher(recorded.map(({ checksum }) => checksum)));
    } catch (error) {
      throw new LackError(`it could not get the teacher from the queue: ${(error as Error).message}`);
    }
  }

  private storeOf(sweep: string): SweepStore {
    return new SweepStore(this.client.redis, this.client.options.prefix, sweep);
  }

  /** Trains a run in a folder. @returns undefined if it was interrupted */
  private async trainIn(
    out: string,
    store: SweepStore,
    job: RunJob,
    { needs: { arithmetic }, teacher }: OpenSweep,
    data: LoadedData,
    signal: AbortSignal,
  ): Promise<Delivery | undefined> {
    const checkpoint = await store.checkpoint(job.run);
    if (checkpoint) await writeRunFolder(out, checkpoint);
    const { recipe, seed, pauseAfter, log } = job;
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
          teacher,
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

/** Waits for a promise, but no longer than until the signal is aborted. */
async function unlessAborted<Value>(
  promise: Promise<Value> | undefined,
  signal: AbortSignal,
): Promise<Value | undefined> {
  let stop = () => {};
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
