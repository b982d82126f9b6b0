import type { Redis } from "ioredis";
import { RUN_FILES } from "../../../runs/runFolderFiles.js";
import type { FileContents } from "../folderContents.js";
import type { SweepNeeds } from "./job.js";

/** What a worker delivers for a job: the files of its run folder, or why the run failed. */
export type Delivery =
  | { readonly digest: string; readonly files: FileContents; readonly failure?: undefined }
  | { readonly failure: string; readonly digest?: undefined; readonly files?: undefined };

/** Far more than a run's files have. */
const MOST_FILE_BYTES = 64e6;
const MOST_TEACHER_BYTES = 100e6;
const MOST_FAILURE_BYTES = 10_000;
/** How long it is remembered what a finished sweep's runs were, so that a late second result can be compared. */
const REMEMBERED_SECONDS = 24 * 3600;
/** Stands for a failure where the digest of a result could be. */
const FAILED = "failed";

/**
 * The first delivery of a job counts; every other one only learns its digest. Nobody waits for a sweep that is gone.
 * KEYS: digests, result, ready, checkpoint, sweeps. ARGV: sweep, job, digest, fields and values of the result.
 */
const DELIVER = `
local first = redis.call('HGET', KEYS[1], ARGV[2])
if first then return first end
if redis.call('HEXISTS', KEYS[5], ARGV[1]) == 0 then return false end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('HSET', KEYS[2], unpack(ARGV, 4))
redis.call('SADD', KEYS[3], ARGV[2])
redis.call('DEL', KEYS[4])
return ARGV[3]
`;

/**
 * Keeps a checkpoint unless there is one of a later epoch, such as that of a worker which took over the job.
 * KEYS: checkpoint, sweeps. ARGV: sweep, epoch, fields and values.
 */
const KEEP_CHECKPOINT = `
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return end
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if epoch and tonumber(epoch) >= tonumber(ARGV[2]) then return end
redis.call('HSET', KEYS[1], 'epoch', unpack(ARGV, 2))
`;

/** The sweeps of a name space that have a submitter or wait for one, each with what it needs of workers, unchecked. */
export async function openSweeps(redis: Redis, prefix: string): Promise<Record<string, string>> {
  return redis.hgetall(sweepsKey(prefix));
}

function sweepsKey(prefix: string): string {
  return `${prefix}:sweeps`;
}

/**
 * What the queue's server holds of a sweep besides its jobs: the checkpoints of runs in training, and the results that
 * wait for the submitter. Jobs are named by {@link jobName}, runs by their names.
 */
export class SweepStore {
  private readonly redis: Redis;
  private readonly prefix: string;
  private readonly sweeps: string;
  private readonly sweep: string;

  constructor(redis: Redis, prefix: string, sweep: string) {
    this.redis = redis;
    this.prefix = `${prefix}:sweep:${sweep}`;
    this.sweeps = sweepsKey(prefix);
    this.sweep = sweep;
  }

  private key(...names: string[]): string {
    return [this.prefix, ...names].join(":");
  }

  /** Makes the sweep known to workers, with what it needs of them. */
  async begin(needs: SweepNeeds): Promise<void> {
    await this.redis.hset(this.sweeps, this.sweep, JSON.stringify(needs));
  }

  /** Keeps what the runs learn from besides the labels, by checksum. */
  async keepTeacher(contents: ReadonlyMap<string, Uint8Array>): Promise<void> {
    for (const [checksum, bytes] of contents) {
      await this.redis.hset(this.key("teachers"), checksum, bufferOf(bytes));
    }
  }

  /** What was kept of a teacher, unchecked. */
  async teacher(checksums: readonly string[]): Promise<Map<string, Uint8Array>> {
    const key = this.key("teachers");
    const contents = new Map<string, Uint8Array>();
    for (const checksum of checksums) {
      const size = await this.redis.hstrlen(key, checksum);
      if (size > MOST_TEACHER_BYTES) throw new Error(`the queue holds a teacher of ${size} bytes`);
      const bytes = await this.redis.hgetBuffer(key, checksum);
      if (bytes) contents.set(checksum, new Uint8Array(bytes));
    }
    return contents;
  }

  /** Forgets the sweep, but for a while not the digests of its results. */
  async end(runs: readonly string[]): Promise<void> {
    const keys = ["ready", "progress", "lacks", "faults", "teachers"].map((name) => this.key(name));
    const checkpoints = runs.map((run) => this.key("checkpoint", run));
    await this.redis.hdel(this.sweeps, this.sweep);
    await this.redis.del(...keys, ...checkpoints);
    await this.redis.expire(this.key("digests"), REMEMBERED_SECONDS);
  }

  /** Keeps a run's checkpoint for whoever trains it next. */
  async keepCheckpoint(run: string, epoch: number, files: FileContents): Promise<void> {
    const keys = [this.key("checkpoint", run), this.sweeps];
    await this.redis.eval(KEEP_CHECKPOINT, keys.length, ...keys, this.sweep, epoch, ...fieldsOf(files));
  }

  /** A run's checkpoint, if there is one. */
  async checkpoint(run: string): Promise<FileContents | undefined> {
    const files = await this.files(this.key("checkpoint", run));
    return files.size > 0 ? files : undefined;
  }

  /** Whether a job has been delivered. */
  async isDelivered(job: string): Promise<boolean> {
    return (await this.redis.hexists(this.key("digests"), job)) === 1;
  }

  /**
   * Delivers a job, if it is the first time. A second result must have the same bits; otherwise it is noted as a fault.
   *
   * @returns whether there is an earlier delivery that differs
   */
  async deliver(run: string, job: string, delivery: Delivery, who: string): Promise<boolean> {
    const digest = delivery.digest ?? FAILED;
    const fields = delivery.files ? fieldsOf(delivery.files) : ["failure", delivery.failure];
    const keys = [
      ...[this.key("digests"), this.key("result", job), this.key("ready")],
      ...[this.key("checkpoint", run), this.sweeps],
    ];
    const args = [this.sweep, job, digest, "from", who, ...fields];
    const first = await this.redis.eval(DELIVER, keys.length, ...keys, ...args);
    // A failure, such as a full disk, says nothing about the bits.
    const differs = first !== null && first !== digest && first !== FAILED && digest !== FAILED;
    if (differs) await this.redis.hset(this.key("faults"), job, who);
    return differs;
  }

  /** The jobs whose deliveries wait for the submitter. */
  async ready(): Promise<string[]> {
    return this.redis.smembers(this.key("ready"));
  }

  /** What was delivered for a job; undefined if another submitter has taken it. */
  async delivery(job: string): Promise<(Delivery & { readonly from: string }) | undefined> {
    const key = this.key("result", job);
    const [from, failure, digest] = await Promise.all([
      this.redis.hget(key, "from"),
      this.redis.hget(key, "failure"),
      this.redis.hget(this.key("digests"), job),
    ]);
    if (from === null || digest === null) return undefined;
    if (failure !== null) return { from, failure: failure.slice(0, MOST_FAILURE_BYTES) };
    return { from, digest, files: await this.files(key) };
  }

  /**
   * Forgets what was delivered once it is in the sweep folder. A failed run may be tried again. One command after the
   * other: each is sent again if the connection is lost, which a transaction is not.
   */
  async taken(job: string, delivery: Delivery | undefined): Promise<void> {
    if (delivery?.failure !== undefined) await this.redis.hdel(this.key("digests"), job);
    await this.redis.del(this.key("result", job));
    await this.redis.srem(this.key("ready"), job);
  }

  /** Notes how many images of a run are done. */
  async setProgress(run: string, images: number): Promise<void> {
    await this.redis.hset(this.key("progress"), run, images);
  }

  /** The images that runs have done, as far as is known. */
  async progress(): Promise<Record<string, string>> {
    return this.redis.hgetall(this.key("progress"));
  }

  /** Notes what a worker lacks to do a job; undefined: nothing any more. */
  async setLack(who: string, what: string | undefined): Promise<void> {
    if (what === undefined) await this.redis.hdel(this.key("lacks"), who);
    else await this.redis.hset(this.key("lacks"), who, what);
  }

  /** What workers lack, by worker. */
  async lacks(): Promise<Record<string, string>> {
    return this.redis.hgetall(this.key("lacks"));
  }

  /** The workers whose result for a job differs from the first one, by job. */
  async faults(): Promise<Record<string, string>> {
    return this.redis.hgetall(this.key("faults"));
  }

  private async files(key: string): Promise<FileContents> {
    for (const name of Object.values(RUN_FILES)) {
      const size = await this.redis.hstrlen(key, fieldOf(name));
      if (size > MOST_FILE_BYTES) throw new Error(`the queue holds a ${name} of ${size} bytes`);
    }
    // All at once, so that they are of one epoch.
    const fields = await this.redis.hgetallBuffer(key);
    const files = Object.values(RUN_FILES).flatMap((name) => {
      const bytes = fields[fieldOf(name)];
      return bytes ? [[name, new Uint8Array(bytes)] as const] : [];
    });
    return new Map(files);
  }
}

function fieldOf(name: string): string {
  return `file:${name}`;
}

function fieldsOf(files: FileContents): (string | Buffer)[] {
  return [...files].flatMap(([name, bytes]) => [fieldOf(name), bufferOf(bytes)]);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
