import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { DecodedImage } from "../../data/images/color.js";
import type { ImageSettings } from "../../data/images/resize.js";
import { compileDecoder } from "./codec.js";
import { type DecoderJob, type DecoderReply, READY } from "./decoderMessages.js";
import { ImageError, MAXIMUM_PIXELS, readImageHeader } from "./header.js";
import { isPngCutOff } from "./plainPng.js";

/** The limits of an {@link ImageDecoder}. */
export interface ImageDecoderOptions {
  /** The maximum number of threads. Default: one per core, at most 8. */
  readonly threads?: number;
  /** Refuses larger images by their header. Default: `MAXIMUM_PIXELS`. */
  readonly maximumPixels?: number;
  /** Gives up on an image that takes longer to decode, and ends its thread. Default: 20. */
  readonly secondsPerImage?: number;
  /** Gives up on an image that is not decoded so long after it came, even if it only waited. Default: no limit. */
  readonly secondsInAll?: number;
  /** How many images may wait for a thread. Default: 1000. */
  readonly maximumWaiting?: number;
}

/** How to decode one image. */
export interface DecodeOptions {
  /** Aborting gives up on the image; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Invert the image first, for ink on paper. */
  readonly invert?: boolean;
}

/** Too many images are waiting for an {@link ImageDecoder}. Try again later. */
export class DecoderBusyError extends Error {
  override readonly name = "DecoderBusyError";
  readonly code = "ERR_DECODER_BUSY";
}

/** A job, and how to answer it. */
interface Request {
  readonly job: DecoderJob;
  readonly resolve: (reply: DecoderReply) => void;
  readonly reject: (reason: unknown) => void;
}

/** One thread and the image that it has. */
interface Member {
  readonly worker: Worker;
  isReady: boolean;
  request?: Request;
  timer?: NodeJS.Timeout;
}

const MOST_THREADS = 8;

/** Tests run from the sources, which Node cannot execute as a worker; they use the built program. */
const PROGRAM = new URL(
  import.meta.url.endsWith(".ts") ? "../../../dist/node/images/decoderThread.js" : "./decoderThread.js",
  import.meta.url,
);

/**
 * Decodes images in worker threads, one after another as they come, with limits for images of strangers. Its threads
 * start when they are needed, and are replaced if an image takes too long, crashes them or makes their memory grow.
 */
export class ImageDecoder {
  private readonly options: Required<ImageDecoderOptions>;
  private readonly members = new Set<Member>();
  private readonly waiting = new Set<Request>();
  private closed = false;

  constructor(options: ImageDecoderOptions = {}) {
    this.options = {
      threads: Math.min(MOST_THREADS, availableParallelism()),
      maximumPixels: MAXIMUM_PIXELS,
      secondsPerImage: 20,
      secondsInAll: Number.POSITIVE_INFINITY,
      maximumWaiting: 1000,
      ...options,
    };
  }

  /** Starts all threads, so that the first images need not wait for it. @throws Error if one does not start */
  async start(): Promise<void> {
    const module = await compileDecoder();
    while (this.members.size < this.options.threads) this.addMember(module);
    // Its first message is that it is ready.
    await Promise.all([...this.members].map(({ worker, isReady }) => isReady || once(worker, "message")));
  }

  /**
   * Decodes an image of any supported format, as `decodeImage` does.
   *
   * @throws ImageError if it is not an image, damaged, too large or takes too long
   * @throws DecoderBusyError if too many images are waiting
   */
  async decode(bytes: Uint8Array, options: DecodeOptions = {}): Promise<DecodedImage> {
    return (await this.perform({ bytes, invert: options.invert }, options.signal)).image!;
  }

  /**
   * Decodes an image and fits it to a network's input.
   *
   * @returns [channels][height][width]
   * @throws as {@link ImageDecoder.decode}
   */
  async fit(bytes: Uint8Array, settings: ImageSettings, options: DecodeOptions = {}): Promise<Uint8Array> {
    return (await this.perform({ bytes, settings, invert: options.invert }, options.signal)).pixels!;
  }

  /** The number of images that wait for a thread. */
  get waitingCount(): number {
    return this.waiting.size;
  }

  /** Ends the threads. Images that are not decoded yet are refused. */
  close(): void {
    this.closed = true;
    const requests = [...this.waiting, ...[...this.members].flatMap(({ request }) => request ?? [])];
    this.waiting.clear();
    for (const member of this.members) this.remove(member);
    for (const { reject } of requests) reject(new Error("the decoder was closed"));
  }

  private async perform(job: DecoderJob, signal?: AbortSignal): Promise<DecoderReply> {
    signal?.throwIfAborted();
    const { maximumPixels, maximumWaiting } = this.options;
    const { width, height } = readImageHeader(job.bytes);
    if (width * height > maximumPixels) {
      throw new ImageError(`too large: ${width}x${height} pixels, the limit is ${maximumPixels / 1e6} million`);
    }
    if (isPngCutOff(job.bytes)) throw new ImageError("damaged: it is cut off");
    const module = await compileDecoder();
    if (this.closed) throw new Error("the decoder was closed");
    if (this.waiting.size >= maximumWaiting) throw new DecoderBusyError("too many images are waiting to be decoded");
    const reply = await this.enqueue(job, module, signal);
    if (reply.reason !== undefined) throw new ImageError(reply.reason);
    return reply;
  }

  private async enqueue(job: DecoderJob, module: WebAssembly.Module, signal?: AbortSignal): Promise<DecoderReply> {
    const { secondsInAll } = this.options;
    let abort = () => {};
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<DecoderReply>((resolve, reject) => {
        const request = { job, resolve, reject };
        abort = () => {
          this.waiting.delete(request);
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", abort);
        if (Number.isFinite(secondsInAll)) timer = setTimeout(() => this.expire(request, module), 1000 * secondsInAll);
        this.waiting.add(request);
        this.assign(module);
      });
    } finally {
      signal?.removeEventListener("abort", abort);
      clearTimeout(timer);
    }
  }

  /** Refuses an image that has taken too long in all. */
  private expire(request: Request, module: WebAssembly.Module): void {
    const member = [...this.members].find((one) => one.request === request);
    if (member?.isReady) {
      this.giveUp(member, tooSlow(this.options.secondsInAll), module);
      return;
    }
    this.waiting.delete(request);
    if (member) member.request = undefined;
    request.reject(new DecoderBusyError("too many images are waiting to be decoded"));
  }

  /** Gives waiting images to idle threads, starting more up to the limit. */
  private assign(module: WebAssembly.Module): void {
    for (const request of this.waiting) {
      const idle = [...this.members].find((member) => !member.request);
      const member = idle ?? (this.members.size < this.options.threads ? this.addMember(module) : undefined);
      if (!member) return;
      this.waiting.delete(request);
      member.request = request;
      if (member.isReady) this.begin(member, module);
    }
  }

  private begin(member: Member, module: WebAssembly.Module): void {
    const { secondsPerImage } = this.options;
    member.timer = setTimeout(() => this.giveUp(member, tooSlow(secondsPerImage), module), 1000 * secondsPerImage);
    member.worker.postMessage(member.request?.job);
  }

  private addMember(module: WebAssembly.Module): Member {
    const worker = new Worker(PROGRAM, { execArgv: [], workerData: module });
    const member: Member = { worker, isReady: false };
    this.members.add(member);
    worker.unref();
    worker.on("message", (message: DecoderReply | typeof READY) => {
      if (message === READY) {
        member.isReady = true;
        if (member.request) this.begin(member, module);
        else this.assign(module);
        return;
      }
      const { request } = member;
      this.free(member);
      if (message.isWorn) this.remove(member);
      request?.resolve(message);
      this.assign(module);
    });
    const crashed = ({ message }: Error) => {
      // A thread that does not even start says nothing about its image.
      const error = member.isReady
        ? new ImageError(`the decoder failed: ${message}`)
        : new Error(`the image decoder does not start: ${message}`);
      this.giveUp(member, error, module);
    };
    worker.on("error", crashed);
    worker.on("exit", () => crashed(new Error("its thread ended")));
    return member;
  }

  /** Refuses the image of a thread and replaces the thread. */
  private giveUp(member: Member, error: Error, module: WebAssembly.Module): void {
    if (!this.members.has(member)) return;
    const { request } = member;
    this.remove(member);
    request?.reject(error);
    this.assign(module);
  }

  private free(member: Member): void {
    clearTimeout(member.timer);
    member.request = undefined;
  }

  private remove(member: Member): void {
    this.free(member);
    this.members.delete(member);
    void member.worker.terminate();
  }
}

function tooSlow(seconds: number): ImageError {
  return new ImageError(`it takes longer than ${seconds} seconds to decode`);
}
