import { constants, type FileHandle, open, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { CatalogEntry, CatalogFile } from "../../data/catalog.js";
import type { SourceFile } from "../../data/dataset.js";
import { readChecked, storedLimit } from "./checkedFile.js";
import { createFolders, DamagedFileError, describeFileError, errorCode, renameDurably } from "./files.js";

/** The progress of one file's download. */
export interface DownloadProgress {
  readonly url: string;
  /** Bytes received, including those of an earlier, interrupted download. */
  readonly receivedBytes: number;
  /** Undefined if the server does not say. */
  readonly totalBytes: number | undefined;
}

/** How long a server may be silent, in milliseconds. */
export interface DownloadTimeouts {
  /** From the request until the next mirror is asked, too, if this one has not begun. */
  readonly next: number;
  /** From the request to the first byte of the content. */
  readonly response: number;
  /** For {@link LEAST_BYTES} of content, or its end. */
  readonly stall: number;
}

/** How a file is downloaded. */
export interface DownloadOptions {
  /** URLs that end with a slash, asked in order instead of the data set's own mirrors. */
  readonly mirrors?: readonly string[];
  readonly timeouts?: DownloadTimeouts;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Aborts the download. What was received is kept for the next time. */
  readonly signal?: AbortSignal;
}

/** Why a file could not be downloaded. */
export class DownloadError extends Error {}

/** A mirror does not serve the file; another one may. */
class MirrorError extends DownloadError {}

/** A mirror does not serve the requested range. */
class WrongRangeError extends MirrorError {}

/** A mirror is silent, or nearly so: another connection would not be faster. */
class SlowMirrorError extends MirrorError {}

const DEFAULT_TIMEOUTS: DownloadTimeouts = { next: 3000, response: 15_000, stall: 30_000 };

/**
 * The bytes that a server must send before its time to stall starts anew, so that it cannot trickle for hours. With the
 * default, the slowest server that is waited for sends two kilobytes a second.
 */
const LEAST_BYTES = 65_536;

/** Broken connections are resumed, but not endlessly if a server sends a few bytes each time. */
const MAXIMUM_CONNECTIONS = 50;

/** Where downloads are cached: $XDG_CACHE_HOME/lenet or ~/.cache/lenet. */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), ".cache"), "lenet");
}

/** The options of the download from one of several mirrors. */
interface AttemptOptions extends DownloadOptions {
  readonly signal: AbortSignal;
  /** Called before any byte of a connection is kept. Throws if another mirror has begun. */
  readonly onBegin: () => void;
}

/**
 * Downloads a file into the cache from the first mirror that begins to deliver it. They are asked in order, the next one as
 * soon as one fails or has not begun in time; the file is taken from whichever begins first, and the others are left.
 *
 * @throws DownloadError with the reason for each mirror, or why the cache cannot be written
 */
export async function download(entry: CatalogEntry, file: CatalogFile, options: DownloadOptions): Promise<SourceFile> {
  // Its `fetch` would end the process.
  if (typeof WebAssembly === "undefined") {
    throw new DownloadError(
      "Node cannot download without WebAssembly, which is switched off here (node --jitless does that)",
    );
  }
  const folder = join(cacheFolder(), entry.name);
  await inCache(`create the folder ${folder}`, createFolders(folder));
  const target = join(folder, file.name);
  const urls = (options.mirrors ?? entry.mirrors).map((mirror) => `${mirror}${file.name}`);
  if (urls.length === 0) throw new DownloadError("there is no mirror");
  return { bytes: await new Race(urls, target, file, options).run(), what: target };
}

/** The download of a file from the mirror that begins first. */
class Race {
  private readonly waiting: string[];
  private readonly running = new Map<string, AbortController>();
  private readonly failures: string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private resolve: (bytes: Uint8Array) => void = () => {};
  private reject: (error: unknown) => void = () => {};
  private readonly target: string;
  private readonly file: CatalogFile;
  private readonly options: DownloadOptions;

  constructor(urls: readonly string[], target: string, file: CatalogFile, options: DownloadOptions) {
    this.waiting = [...urls];
    this.target = target;
    this.file = file;
    this.options = options;
  }

  async run(): Promise<Uint8Array> {
    try {
      return await new Promise<Uint8Array>((resolve, reject) => {
        this.resolve = resolve;
        this.reject = reject;
        this.askNext();
      });
    } finally {
      clearTimeout(this.timer);
      for (const controller of this.running.values()) controller.abort();
    }
  }

  private askNext(): void {
    clearTimeout(this.timer);
    const url = this.waiting.shift();
    if (url === undefined) return;
    const controller = new AbortController();
    this.running.set(url, controller);
    const signals = [controller.signal, this.options.signal].filter((signal) => signal !== undefined);
    const attempt = { ...this.options, signal: AbortSignal.any(signals), onBegin: () => this.begin(url) };
    this.timer = setTimeout(() => this.askNext(), (this.options.timeouts ?? DEFAULT_TIMEOUTS).next);
    downloadFrom(url, this.target, this.file, attempt).then(
      (bytes) => this.resolve(bytes),
      (error) => this.fail(url, error),
    );
  }

  /** A mirror delivers: the others are left, and asked again only if it fails. */
  private begin(url: string): void {
    if (!this.running.has(url)) throw new MirrorError("another mirror has begun");
    clearTimeout(this.timer);
    for (const [other, controller] of [...this.running].reverse()) {
      if (other === url) continue;
      this.running.delete(other);
      this.waiting.unshift(other);
      controller.abort();
    }
  }

  private fail(url: string, error: unknown): void {
    // It was left.
    if (!this.running.delete(url)) return;
    if (this.options.signal?.aborted || !(error instanceof MirrorError)) {
      this.reject(error);
      return;
    }
    this.failures.push(`${url}: ${error.message}`);
    if (this.waiting.length > 0) this.askNext();
    else if (this.running.size === 0) this.reject(new DownloadError(this.failures.join(", ")));
  }
}

/** Downloads a file from one mirror, checks it, gives it its final name and returns its known bytes. */
async function downloadFrom(
  url: string,
  target: string,
  file: CatalogFile,
  options: AttemptOptions,
): Promise<Uint8Array> {
  const partial = `${target}.part`;
  for (let afresh = false; ; afresh = true) {
    let resumed = true;
    try {
      resumed = await receiveAll(url, partial, storedLimit(file), options);
      return await acceptDownload(partial, target, file);
    } catch (error) {
      if (!(error instanceof DamagedFileError || error instanceof WrongRangeError)) throw error;
      await inCache(`delete ${partial}`, rm(partial, { force: true }));
      // The partial file may have come from another mirror that packs the file differently, and some servers send the
      // wrong range. Start again from the beginning, once.
      if (resumed && !afresh) continue;
      throw error instanceof MirrorError ? error : new MirrorError(`the download is damaged: ${error.message}`);
    }
  }
}

async function acceptDownload(partial: string, target: string, file: CatalogFile): Promise<Uint8Array> {
  const bytes = await readChecked(partial, file);
  if (bytes !== undefined) {
    try {
      await renameDurably(partial, target);
    } catch (error) {
      const doneByAnotherProcess = errorCode(error) === "ENOENT";
      if (!doneByAnotherProcess) throw new DownloadError(describeFileError(error, `write ${target}`));
    }
    return bytes;
  }
  // Another process downloaded the same file at the same time and finished first.
  const others = await readChecked(target, file);
  if (others === undefined) throw new MirrorError(`${partial} has been deleted`);
  return others;
}

/**
 * Receives a file. Resumes broken connections as long as each brings something. Returns whether it resumed an earlier
 * download.
 *
 * @throws WrongRangeError if it cannot be resumed
 */
async function receiveAll(url: string, partial: string, limit: number, options: AttemptOptions): Promise<boolean> {
  for (let connection = 1; ; connection++) {
    const before = await sizeOf(partial);
    try {
      await receive(url, partial, before, limit, options);
      return before > 0;
    } catch (error) {
      options.signal.throwIfAborted();
      const isSlow = error instanceof SlowMirrorError;
      const stuck = isSlow || (await sizeOf(partial)) <= before || connection === MAXIMUM_CONNECTIONS;
      if (stuck || !(error instanceof MirrorError)) throw error;
    }
  }
}

/**
 * Appends one connection's bytes to the partial file. They are written at their offsets, and the file is truncated only
 * at the end, so two processes that download the same file write the same bytes to the same places.
 */
async function receive(
  url: string,
  partial: string,
  offset: number,
  limit: number,
  options: AttemptOptions,
): Promise<void> {
  const timeouts = options.timeouts ?? DEFAULT_TIMEOUTS;
  const watchdog = new Watchdog(timeouts.response);
  const signal = AbortSignal.any([options.signal, watchdog.signal]);
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (offset > 0) headers.range = `bytes=${offset}-`;
  try {
    const response = await overNetwork(fetch(url, { headers, signal }));
    // Nothing is left to send: the file is complete, or not this mirror's, which the checksum will show.
    if (response.status === 416) {
      options.onBegin();
      return;
    }
    if (!response.ok || response.body === null) throw new MirrorError(`HTTP ${response.status}`);
    const start = response.status === 206 ? rangeStart(response, offset) : 0;
    const totalBytes = announcedTotal(response, start);
    requireWithin(limit, start, totalBytes ?? 0);
    const body = response.body.getReader();
    let piece = await overNetwork(body.read());
    options.onBegin();
    options.onProgress?.({ url, receivedBytes: start, totalBytes });
    const file = await inCache(`write ${partial}`, open(partial, constants.O_WRONLY | constants.O_CREAT));
    try {
      watchdog.restart(timeouts.stall);
      let position = start;
      let lively = start;
      for (; !piece.done; piece = await overNetwork(body.read())) {
        await inCache(`write ${partial}`, writeAt(file, piece.value, position));
        position += piece.value.length;
        requireWithin(limit, start, position);
        options.onProgress?.({ url, receivedBytes: position, totalBytes });
        if (position - lively >= LEAST_BYTES) {
          lively = position;
          watchdog.restart(timeouts.stall);
        }
      }
      if (totalBytes !== undefined && position !== totalBytes) {
        throw new MirrorError(`the connection broke after ${position} of ${totalBytes} bytes`);
      }
      await inCache(`write ${partial}`, file.truncate(position));
    } finally {
      await file.close();
    }
  } finally {
    watchdog.endRequest();
  }
}

/** @throws MirrorError if a file that is received from a start on has, or will have, more bytes than it may */
function requireWithin(limit: number, start: number, bytes: number): void {
  if (Math.max(start, bytes) <= limit) return;
  const fault = `the file is too large: expected at most ${limit} bytes`;
  throw start > 0 ? new WrongRangeError(fault) : new MirrorError(fault);
}

/** Aborts a request if the server has been silent for too long. */
class Watchdog {
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout;

  constructor(milliseconds: number) {
    this.timer = this.start(milliseconds);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  restart(milliseconds: number): void {
    clearTimeout(this.timer);
    this.timer = this.start(milliseconds);
  }

  /** Closes the connection if the request is not finished. */
  endRequest(): void {
    clearTimeout(this.timer);
    this.controller.abort();
  }

  private start(milliseconds: number): NodeJS.Timeout {
    const reason = new SlowMirrorError(`no response for ${milliseconds / 1000} seconds`);
    return setTimeout(() => this.controller.abort(reason), milliseconds);
  }
}

/** The offset at which a partial response starts. It must not leave a gap. */
function rangeStart(response: Response, offset: number): number {
  const range = response.headers.get("content-range");
  const start = Number(/^bytes (\d+)-/.exec(range ?? "")?.[1]);
  if (!(start <= offset))
    throw new WrongRangeError(`requested the bytes from ${offset} on, but the response holds "${range}"`);
  return start;
}

function announcedTotal(response: Response, position: number): number | undefined {
  // The length of an encoded response is not that of the content.
  const encoding = response.headers.get("content-encoding") ?? "identity";
  const length = response.headers.get("content-length");
  return length !== null && encoding === "identity" ? position + Number(length) : undefined;
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

async function overNetwork<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof MirrorError ? error : new MirrorError(describeNetworkError(error));
  }
}

/** Work on the cache's files. If it fails, it would fail for every mirror. */
async function inCache<Value>(doing: string, work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    throw new DownloadError(describeFileError(error, doing));
  }
}

function describeNetworkError(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  switch (errorCode(cause)) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the host is not found";
    case "ECONNREFUSED":
      return "the connection is refused";
    case "ENETUNREACH":
    case "EHOSTUNREACH":
      return "the host is not reachable";
    case "ECONNRESET":
    case "UND_ERR_SOCKET":
      return "the connection broke off";
    case "UND_ERR_CONNECT_TIMEOUT":
      return "no answer";
  }
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.split("\n", 1)[0];
}
