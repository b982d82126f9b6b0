import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type DecoderJob, type DecoderOutcome, type DecoderReply, PROCEED } from "./decoderMessages.js";
import { takePixels } from "./pixelAllowance.js";

/** An image to decode, and where the outcome goes. */
export interface DecoderRequest {
  readonly job: DecoderJob;
  readonly resolve: (outcome: DecoderOutcome) => void;
  /** Called with an error that says nothing about the image. */
  readonly reject: (error: Error) => void;
}

/** How to decode. */
export interface DecoderThreadsOptions {
  /** The maximum number of threads. */
  readonly threads: number;
  /** Gives up on an image that takes longer, and ends its thread. */
  readonly secondsPerImage: number;
  /** How many images a thread is given at a time, so that it need not wait for the next one. Default: 1. */
  readonly imagesPerThread?: number;
}

/** A thread, and the images that it has; it decodes the first one. */
interface Member {
  readonly worker: Worker;
  isReady: boolean;
  readonly requests: DecoderRequest[];
  /** Runs while it decodes. */
  timer?: NodeJS.Timeout;
  /** Gives the pixels back that its image was granted, or waits for. */
  giveBack?: () => void;
}

/** The default number of threads. */
export const DEFAULT_THREADS = Math.min(8, availableParallelism());

/** Tests run from the sources, which Node cannot execute as a worker; they use the built program. */
const PROGRAM = new URL(
  import.meta.url.endsWith(".ts") ? "../../../dist/node/images/decoderThread.js" : "./decoderThread.js",
  import.meta.url,
);

/**
 * Threads that decode images in turn. They start when they are needed, and are replaced if an image takes too long,
 * crashes them or makes their memory grow. Together with all other such threads of the process, they decode only as
 * many pixels at a time as the largest image may have. They do not keep the process alive without a request.
 */
export class DecoderThreads {
  private readonly options: Required<DecoderThreadsOptions>;
  private readonly members = new Set<Member>();
  private readonly queue = new Set<DecoderRequest>();

  constructor(options: DecoderThreadsOptions) {
    this.options = { imagesPerThread: 1, ...options };
  }

  /** Starts all threads, so that the first images need not wait for it. @throws Error if one does not start */
  async start(): Promise<void> {
    while (this.members.size < this.options.threads) this.addMember();
    // Its first message is that it is ready.
    await Promise.all([...this.members].map(({ worker, isReady }) => isReady || once(worker, "message")));
  }

  /** Adds an image to those that wait. */
  add(request: DecoderRequest): void {
    this.queue.add(request);
    this.assign();
  }

  /** The number of images for which there is no thread yet, not even one that is starting. */
  get waitingCount(): number {
    const starting = [...this.members].filter(({ isReady }) => !isReady).length;
    return Math.max(0, this.queue.size - starting);
  }

  /** Whether a thread is decoding an image now. */
  isDecoding(request: DecoderRequest): boolean {
    return this.holderOf(request)?.timer !== undefined;
  }

  /** Takes an image back unless a thread is decoding it. Its request is not answered. */
  withdraw(request: DecoderRequest): void {
    this.queue.delete(request);
    const member = this.holderOf(request);
    if (!member || member.timer !== undefined) return;
    member.requests.shift();
    this.remove(member);
    this.assign();
  }

  /** Gives up on an image that a thread is decoding, and ends the thread. */
  giveUp(request: DecoderRequest, reason: string): void {
    const member = this.holderOf(request);
    if (member) this.end(member, reason);
  }

  /** Ends the threads, and refuses all images that are not decoded yet. */
  close(error: Error): void {
    const requests = [...this.queue, ...[...this.members].flatMap((member) => member.requests)];
    this.queue.clear();
    for (const member of this.members) this.remove(member);
    for (const { reject } of requests) reject(error);
  }

  private holderOf(request: DecoderRequest): Member | undefined {
    return [...this.members].find(({ requests }) => requests[0] === request);
  }

  /** Gives waiting images to threads, starting more up to the limit. */
  private assign(): void {
    const { threads, imagesPerThread } = this.options;
    for (let images = 0; images < imagesPerThread; images++) {
      for (const member of this.members) if (member.isReady && member.requests.length === images) this.give(member);
    }
    for (let left = this.waitingCount; left > 0 && this.members.size < threads; left--) this.addMember();
  }

  /** Gives the image that has waited for longest to a thread. */
  private give(member: Member): void {
    const [request] = this.queue;
    if (!request) return;
    this.queue.delete(request);
    member.requests.push(request);
    member.worker.postMessage(request.job);
    if (member.requests.length === 1) this.begin(member);
  }

  /** Gives up on a thread's first image in some time. */
  private begin(member: Member): void {
    member.worker.ref();
    const seconds = this.options.secondsPerImage;
    member.timer = setTimeout(() => this.end(member, tooSlow(seconds)), 1000 * seconds);
  }

  private addMember(): void {
    const worker = new Worker(PROGRAM, { execArgv: [] });
    const member: Member = { worker, isReady: false, requests: [] };
    this.members.add(member);
    worker.on("message", (reply: DecoderReply) => this.receive(member, reply));
    worker.on("error", (error) => this.crash(member, error));
    worker.on("exit", () => {
      this.crash(member, new Error("its thread ended"));
      // Only now is its memory free.
      member.giveBack?.();
    });
  }

  private receive(member: Member, reply: DecoderReply): void {
    if (!this.members.has(member)) return;
    if (reply.kind === "asking") this.grant(member, reply.pixels);
    else if (reply.kind === "done") this.settle(member, reply);
    else {
      member.isReady = true;
      member.worker.unref();
      this.assign();
    }
  }

  /** Lets a thread decode an image once there is memory for it. The time until then is not its own. */
  private grant(member: Member, pixels: number): void {
    stopTimer(member);
    member.giveBack = takePixels(pixels, () => {
      if (!this.members.has(member)) return;
      this.begin(member);
      member.worker.postMessage(PROCEED);
    });
  }

  private settle(member: Member, { outcome, isWorn }: DecoderReply & { kind: "done" }): void {
    stopTimer(member);
    const request = member.requests.shift();
    if (isWorn) this.remove(member);
    else {
      member.giveBack?.();
      member.giveBack = undefined;
      if (member.requests.length > 0) this.begin(member);
      else member.worker.unref();
    }
    request?.resolve(outcome);
    this.assign();
  }

  private crash(member: Member, { message }: Error): void {
    const reason = message.split("\n", 1)[0];
    if (member.isReady) {
      this.end(member, `the decoder failed: ${reason}`);
      return;
    }
    // A thread that does not even start says nothing about an image, but the next one may not start either.
    if (!this.members.delete(member)) return;
    const [request] = this.queue;
    if (request) this.queue.delete(request);
    request?.reject(new Error(`the image decoder does not start: ${reason}`));
    this.assign();
  }

  /** Ends a thread and refuses its first image. */
  private end(member: Member, reason: string): void {
    if (!this.members.has(member)) return;
    const request = member.requests.shift();
    this.remove(member);
    request?.resolve({ reason, lasting: true });
    this.assign();
  }

  /** Ends a thread; its images wait again. Does not wait for it: reading from a dead network folder never ends. */
  private remove(member: Member): void {
    stopTimer(member);
    this.members.delete(member);
    for (const request of member.requests.splice(0)) this.queue.add(request);
    void member.worker.terminate();
  }
}

function stopTimer(member: Member): void {
  clearTimeout(member.timer);
  member.timer = undefined;
}

/** Why an image that takes too long is refused. */
export function tooSlow(seconds: number): string {
  return `it takes longer than ${seconds} seconds to decode`;
}
