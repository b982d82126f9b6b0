import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Queue } from "bullmq";
import { KERNELS_REVISION } from "../../../engine/wasm/evaluator.js";
import { FolderExistsError } from "../../../node/disk/files.js";
import { readHistory } from "../../../node/runFolder.js";
import { packTeacher } from "../../../node/teachers.js";
import { RUN_FILES } from "../../../runs/runFolderFiles.js";
import { settleRecipe } from "../../../training/plan.js";
import type { LoadedData } from "../../data.js";
import { counted } from "../../messages/counted.js";
import type { Reporter } from "../../terminal.js";
import type { SweepConfig } from "../config.js";
import { digestOf, readResumable, replaceRunFolder, withPath, writeRunFolder } from "../folderContents.js";
import type { RemoteTrainer, SweptRun, SweptRunsOptions } from "../sweptRun.js";
import type { QueueClient } from "./client.js";
import { jobName, type RunJob, type SweepNeeds, sweepId } from "./job.js";
import { type Delivery, SweepStore } from "./store.js";

const POLL_MILLISECONDS = 300;
/** Every so many polls, the jobs are looked at that no worker could do. */
const POLLS_PER_CHECK = 20;
/** Jobs are added so many at a time. */
const CHUNK = 200;

/** Has the runs of sweeps trained by the workers of a queue. */
export class QueueTrainer implements RemoteTrainer {
  private readonly client: QueueClient;
  private readonly terminal: Reporter;
  /** Whether the server may have lost jobs, as one without persistence does when it restarts. */
  private mayHaveLost = false;
  /** What was said of workers that lack something. */
  private readonly said = new Map<string, string>();

  constructor(client: QueueClient, terminal: Reporter) {
    this.client = client;
    this.terminal = terminal;
    client.redis.on("ready", () => {
      this.mayHaveLost = true;
    });
  }

  get where(): string {
    return this.client.where;
  }

  get resumeOptions(): string {
    return this.client.commandOptions;
  }

  async train<Swept extends SweptRun>(
    config: SweepConfig,
    runs: readonly Swept[],
    options: SweptRunsOptions<Swept>,
  ): Promise<void> {
    const { signal, onEnd } = options;
    const store = this.storeOf(config);
    const queue = this.queueOf(config);
    const left = new Map(runs.map((run) => [jobName(nameOf(run)), run]));
    const end = async (job: string, error?: Error) => {
      const run = left.get(job)!;
      left.delete(job);
      await onEnd(run, error);
    };
    await this.submit(store, queue, config, left, options);
    try {
      for (let poll = 1; left.size > 0 && !signal.aborted; poll++) {
        for (const job of await store.ready()) {
          const run = left.get(job);
          const delivery = run ? await store.delivery(job) : undefined;
          if (run && delivery) await end(job, await accept(run, delivery).catch((error: Error) => error));
          // Also what was taken just before the server lost the news.
          await store.taken(job, delivery);
        }
        this.showProgress(await store.progress(), runs, options);
        this.sayLacks(await store.lacks());
        if (poll % POLLS_PER_CHECK === 0) {
          for (const [job, reason] of await failedJobs(queue)) {
            if (left.has(job)) await end(job, new Error(reason));
          }
        }
        if (this.mayHaveLost) {
          this.mayHaveLost = false;
          await this.submit(store, queue, config, left, options);
        }
        if (left.size > 0) await delay(POLL_MILLISECONDS, undefined, { signal }).catch(() => {});
      }
    } finally {
      await queue.close();
    }
  }

  async finish(config: SweepConfig, runs: readonly string[]): Promise<void> {
    const store = this.storeOf(config);
    const faults = Object.entries(await store.faults());
    await store.end(runs);
    const queue = this.queueOf(config);
    await queue.obliterate({ force: true });
    await queue.close();
    if (faults.length === 0) return;
    for (const [job, worker] of faults) this.terminal.warn(`${worker} got other bits for ${job} than another worker`);
    throw new Error(
      `${counted(faults.length, "run")} gave two results that differ: a machine computes wrongly; compare with: npx lenet prove RUN`,
    );
  }

  /** Closes the connection. The jobs stay in the queue. */
  close(): void {
    this.client.close();
  }

  private storeOf(config: SweepConfig): SweepStore {
    return new SweepStore(this.client.redis, this.client.options.prefix, sweepId(config));
  }

  /** The jobs of a sweep: a queue of its own, so that only workers that can do them look there. */
  private queueOf(config: SweepConfig): Queue {
    const queue = new this.client.bullmq.Queue(sweepId(config), this.client.options);
    // The client reports what happens to its connection.
    queue.on("error", () => {});
    return queue;
  }

  /** Adds the jobs that are not in the queue, with the checkpoints that are here. */
  private async submit<Swept extends SweptRun>(
    store: SweepStore,
    queue: Queue,
    config: SweepConfig,
    runs: ReadonlyMap<string, Swept>,
    { data, log }: SweptRunsOptions<Swept>,
  ): Promise<void> {
    const [{ teacher } = {} as Partial<Swept>] = runs.values();
    if (teacher) await store.keepTeacher(await packTeacher(teacher));
    await store.begin({
      ...(config.teachers && { teachers: config.teachers }),
      arithmetic: config.arithmetic ?? "portable",
      kernels: KERNELS_REVISION,
      data: dataOf(config),
    });
    const jobs = [];
    for (const [job, run] of runs) {
      if (await store.isDelivered(job)) continue;
      await this.keepCheckpoint(store, run);
      const asked: RunJob = {
        ...nameOf(run),
        recipe: recipeOf(run, data),
        seed: run.training.seed,
        ...(log && { log }),
      };
      // The same id is never added twice, and what a worker delivers is not kept in the job.
      jobs.push({ name: run.name, data: asked, opts: { jobId: job, removeOnComplete: true } });
    }
    for (let start = 0; start < jobs.length; start += CHUNK) {
      // Not as a transaction, which is not sent again if the connection is lost.
      await Promise.all(jobs.slice(start, start + CHUNK).map(({ name, data, opts }) => queue.add(name, data, opts)));
    }
  }

  private async keepCheckpoint(store: SweepStore, { name, path }: SweptRun): Promise<void> {
    if (!existsSync(path)) return;
    const files = await readResumable(path);
    if (files.has(RUN_FILES.checkpoint)) await store.keepCheckpoint(name, (await readHistory(path)).length, files);
  }

  private showProgress<Swept extends SweptRun>(
    progress: Record<string, string>,
    runs: readonly Swept[],
    { onProgress }: SweptRunsOptions<Swept>,
  ): void {
    onProgress(new Map(runs.map((run) => [run, Number(progress[run.name] ?? 0)])));
  }

  private sayLacks(lacks: Record<string, string>): void {
    for (const [worker, what] of Object.entries(lacks)) {
      if (this.said.get(worker) === what) continue;
      this.said.set(worker, what);
      this.terminal.warn(`${worker} cannot help: ${what}`);
    }
  }
}

/** The jobs that no worker could do, with the reasons. They are removed, so that they can be added again. */
async function failedJobs(queue: Queue): Promise<[job: string, reason: string][]> {
  const failed = await queue.getFailed();
  for (const job of failed) await job.remove();
  return failed.map(({ id, failedReason }) => [id!, failedReason]);
}

function nameOf({ name, pauseAfter }: SweptRun): Pick<RunJob, "run" | "pauseAfter"> {
  return { run: name, ...(pauseAfter !== undefined && { pauseAfter }) };
}

/** The recipe with all that depends on the data. */
function recipeOf({ training }: SweptRun, { parts, settings }: LoadedData): RunJob["recipe"] {
  return settleRecipe(training, { ...parts, background: settings.background });
}

function dataOf({ data }: SweepConfig): SweepNeeds["data"] {
  const { name, checksum, validationCount, testChecksum, settings } = data;
  return JSON.parse(JSON.stringify({ name, checksum, validationCount, testChecksum, settings }));
}

/** Puts a delivered run into place. @returns why it failed, if it has */
async function accept({ path }: SweptRun, delivery: Delivery): Promise<Error | undefined> {
  if (delivery.failure !== undefined) return new Error(delivery.failure);
  const files = withPath(delivery.files, path);
  if (digestOf(files) !== delivery.digest) throw new Error("its files are damaged on the way through the queue");
  if (existsSync(path)) await replaceRunFolder(path, files);
  else
    await writeRunFolder(path, files).catch((error) => {
      // Another submitter of the same sweep was faster.
      if (!(error instanceof FolderExistsError)) throw error;
    });
  return undefined;
}
