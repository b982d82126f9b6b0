import { createHash } from "node:crypto";
import { constants, type FileHandle, mkdir, open, readFile, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { CATALOG, type CatalogEntry, type CatalogFile, catalogEntry, type DatasetPart } from "../data/catalog.js";
import type { Dataset } from "../data/dataset.js";
import { datasetFromIdx, type IdxSource } from "../data/idx.js";
import { describeFileError, errorCode, renameDurably } from "./files.js";

/** How far the download of one file is. */
export interface DownloadProgress {
  readonly url: string;
  /** The bytes that are here, those of an earlier, broken download included. */
  readonly receivedBytes: number;
  /** Undefined where the server does not say. */
  readonly totalBytes: number | undefined;
}

/** How long a server may be silent, in milliseconds. */
export interface DownloadTimeouts {
  /** From the request to the reply's header. */
  readonly response: number;
  /** Between two pieces of the content. */
  readonly stall: number;
}

/** Where a data set is looked for and how it is downloaded. */
export interface LoadDatasetOptions {
  /** The only folder to look in; nothing is downloaded then. */
  readonly dataDir?: string;
  /** Addresses that end with a slash, tried in turn instead of the data set's own. */
  readonly mirrors?: readonly string[];
  readonly timeouts?: DownloadTimeouts;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Ends a download; what has come is kept for the next time. */
  readonly signal?: AbortSignal;
}

/** The data set is nowhere on this machine and cannot be downloaded; the one-line message says what to do. */
export class DatasetUnavailableError extends Error {
  override readonly name = "DatasetUnavailableError";
}

/** A file that is there but is not what it should be. */
class DamagedFileError extends Error {}

/** Why a file could not be downloaded. */
class DownloadError extends Error {}

/** A mirror that does not give the file; another one may. */
class MirrorError extends DownloadError {}

interface Place {
  readonly folder: string;
  /** The user named it, so that a damaged file in it is told, not passed over. */
  readonly named: boolean;
}

const DEFAULT_TIMEOUTS: DownloadTimeouts = { response: 15_000, stall: 30_000 };

/** A connection that breaks is resumed, but a server that gives a few bytes each time is given up. */
const MAXIMUM_CONNECTIONS = 50;

/** Where downloads are kept: $XDG_CACHE_HOME/lenet, else ~/.cache/lenet. */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), ".cache"), "lenet");
}

/**
 * Reads one part of a known data set, downloading it into the cache where it is missing. Looked for in
 * options.dataDir alone where it is given; else in $LENET_DATA, the cache and the folder of the system's package.
 * In each folder DIR both DIR/<name>/<file> and DIR/<file> are understood, packed with gzip or not.
 *
 * @param data a name of the catalog, or an entry of the same kind
 * @throws DatasetUnavailableError where it is not here and cannot be downloaded
 * @throws Error with one line where the name is unknown, or where dataDir (or $LENET_DATA) holds a damaged file, or
 *   dataDir none at all
 * @throws the signal's reason where it ends the download
 */
export async function loadDataset(
  data: string | CatalogEntry,
  part: DatasetPart,
  options: LoadDatasetOptions = {},
): Promise<Dataset> {
  const entry = typeof data === "string" ? catalogEntry(data) : data;
  const files = entry.parts[part];
  const images = await obtain(entry, files.images, options);
  const labels = await obtain(entry, files.labels, options);
  const checksum = sha256(images.bytes, labels.bytes);
  return datasetFromIdx({ name: entry.name, classes: entry.classes, images, labels, checksum });
}

/** One file's content, from the first place that has it whole, else downloaded. */
async function obtain(entry: CatalogEntry, file: CatalogFile, options: LoadDatasetOptions): Promise<IdxSource> {
  const places = searchPlaces(entry, options.dataDir);
  const faults: string[] = [];
  for (const place of places) {
    try {
      const found = await findIn(place.folder, entry, file);
      if (found !== undefined) return found;
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      if (place.named) throw new Error(`${error.message}; replace the file or name another folder`);
      faults.push(error.message);
    }
  }
  if (options.dataDir !== undefined) {
    const folders = `${join(options.dataDir, entry.name)} or ${options.dataDir}`;
    throw new Error(`${entry.title} is not there: found neither ${file.name}.gz nor ${file.name} in ${folders}`);
  }
  try {
    return await download(entry, file, options);
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    const looked = places.map((place) => place.folder).join(", ");
    const damaged = faults.map((fault) => ` (${fault})`).join("");
    throw new DatasetUnavailableError(
      `${entry.title} is not here: looked in ${looked}${damaged}; the download failed: ${error.message}; ` +
        remedies(entry),
    );
  }
}

function searchPlaces(entry: CatalogEntry, dataDir: string | undefined): Place[] {
  if (dataDir !== undefined) return [{ folder: dataDir, named: true }];
  const places: Place[] = [];
  if (process.env.LENET_DATA) places.push({ folder: process.env.LENET_DATA, named: true });
  places.push({ folder: cacheFolder(), named: false });
  if (entry.systemPackage) places.push({ folder: entry.systemPackage.folder, named: false });
  return places;
}

function remedies(entry: CatalogEntry): string {
  const folder = "name a folder that holds its files with --data-dir DIR";
  return entry.systemPackage ? `run "apt-get install ${entry.systemPackage.debianName}" or ${folder}` : folder;
}

/** A file's content from DIR/<name>/ or DIR/, packed or not; undefined where it is not there. */
async function findIn(folder: string, entry: CatalogEntry, file: CatalogFile): Promise<IdxSource | undefined> {
  for (const base of [join(folder, entry.name), folder]) {
    for (const name of [`${file.name}.gz`, file.name]) {
      const path = join(base, name);
      const bytes = await readChecked(path, file);
      if (bytes !== undefined) return { bytes, what: path };
    }
  }
  return undefined;
}

/**
 * A file's unpacked content; undefined where the file does not exist.
 *
 * @throws DamagedFileError where it cannot be read, is damaged or is another file
 */
async function readChecked(path: string, file: CatalogFile): Promise<Uint8Array | undefined> {
  const stored = await readStored(path, packedLimit(file));
  if (stored === undefined) return undefined;
  // Some programs unpack a file and leave its name as it was, so the content decides.
  const packed = stored[0] === 0x1f && stored[1] === 0x8b;
  const bytes = packed ? await unpack(stored, path, file.bytes) : stored;
  const found = sha256(bytes);
  if (found !== file.sha256) {
    const expected = `${file.bytes} bytes with sha256 ${file.sha256}`;
    throw new DamagedFileError(
      `${path} is not the right file: expected ${expected}, found ${bytes.length} bytes with sha256 ${found}` +
        knownAs(found),
    );
  }
  return bytes;
}

/** More than gzip can make of content that it cannot pack. */
function packedLimit(file: CatalogFile): number {
  return file.bytes + Math.ceil(file.bytes / 1000) + 1024;
}

async function readStored(path: string, limit: number): Promise<Uint8Array | undefined> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new DamagedFileError(`${path} is not a file`);
    if (found.size > limit) {
      throw new DamagedFileError(
        `${path} is not the right file: expected at most ${limit} bytes, found ${found.size} bytes`,
      );
    }
    return await readFile(path);
  } catch (error) {
    if (error instanceof DamagedFileError) throw error;
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new DamagedFileError(describeFileError(error, `read ${path}`));
  }
}

async function unpack(packed: Uint8Array, path: string, expectedBytes: number): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(packed, { maxOutputLength: expectedBytes });
  } catch (error) {
    const code = errorCode(error);
    const reason = error instanceof Error ? error.message : String(error);
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw new DamagedFileError(`${path} is not the right file: it unpacks to more than ${expectedBytes} bytes`);
    }
    if (code === "Z_BUF_ERROR") {
      throw new DamagedFileError(`${path} is truncated: the packed file ends after ${packed.length} bytes`);
    }
    throw new DamagedFileError(`${path} is damaged: it cannot be unpacked (${reason})`);
  }
}

function sha256(...pieces: Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

/** Names a file of the catalog that was taken for another: the usual mistake is a folder of another data set. */
function knownAs(checksum: string): string {
  for (const entry of CATALOG) {
    for (const { images, labels } of Object.values(entry.parts)) {
      for (const file of [images, labels]) {
        if (file.sha256 === checksum) return `, which is ${file.name} of ${entry.title}`;
      }
    }
  }
  return "";
}

/**
 * Downloads a file into the cache from the first mirror that gives it.
 *
 * @throws DownloadError with the reason of each mirror, or why the cache cannot be written
 */
async function download(entry: CatalogEntry, file: CatalogFile, options: LoadDatasetOptions): Promise<IdxSource> {
  const folder = join(cacheFolder(), entry.name);
  await inCache(`create the folder ${folder}`, mkdir(folder, { recursive: true }));
  const target = join(folder, `${file.name}.gz`);
  const failures: string[] = [];
  for (const mirror of options.mirrors ?? entry.mirrors) {
    const url = `${mirror}${file.name}.gz`;
    try {
      return { bytes: await downloadFrom(url, target, file, options), what: target };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof MirrorError)) throw error;
      failures.push(`${url}: ${error.message}`);
    }
  }
  throw new DownloadError(failures.length > 0 ? failures.join(", ") : "there is no mirror");
}

/** Downloads a file from one mirror, checks it and gives it its name; returns the unpacked content. */
async function downloadFrom(
  url: string,
  target: string,
  file: CatalogFile,
  options: LoadDatasetOptions,
): Promise<Uint8Array> {
  const partial = `${target}.part`;
  for (;;) {
    const resumed = (await sizeOf(partial)) > 0;
    await receiveAll(url, partial, packedLimit(file), options);
    try {
      return await acceptDownload(partial, target, file);
    } catch (error) {
      if (!(error instanceof DamagedFileError)) throw error;
      await inCache(`delete ${partial}`, rm(partial, { force: true }));
      // What was resumed may have come from another mirror, whose file is packed differently: once more, afresh.
      if (!resumed) throw new MirrorError(`what came is damaged: ${error.message}`);
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
  // Another process downloaded the same file at the same time and was done first.
  const others = await readChecked(target, file);
  if (others === undefined) throw new MirrorError(`${partial} has been deleted`);
  return others;
}

/** Receives a file, again from where it broke off as long as every connection brings something. */
async function receiveAll(url: string, partial: string, limit: number, options: LoadDatasetOptions): Promise<void> {
  for (let connection = 1; ; connection++) {
    const before = await sizeOf(partial);
    try {
      return await receive(url, partial, before, limit, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      const stuck = (await sizeOf(partial)) <= before || connection === MAXIMUM_CONNECTIONS;
      if (stuck || !(error instanceof MirrorError)) throw error;
    }
  }
}

/**
 * Appends one connection's bytes to the partial file. They are written at their position, and nothing is cut off
 * before the end: two processes that download the same file write the same bytes at the same places.
 */
async function receive(
  url: string,
  partial: string,
  offset: number,
  limit: number,
  options: LoadDatasetOptions,
): Promise<void> {
  const timeouts = options.timeouts ?? DEFAULT_TIMEOUTS;
  const watchdog = new Watchdog(timeouts.response);
  const signal = options.signal ? AbortSignal.any([options.signal, watchdog.signal]) : watchdog.signal;
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (offset > 0) headers.range = `bytes=${offset}-`;
  try {
    const response = await overNetwork(fetch(url, { headers, signal }));
    // Nothing is left to send: the file is whole, or it is none of this mirror's, which its checksum shows.
    if (response.status === 416) return;
    if (!response.ok || response.body === null) throw new MirrorError(`HTTP ${response.status}`);
    const start = response.status === 206 ? rangeStart(response, offset) : 0;
    const file = await inCache(`write ${partial}`, open(partial, constants.O_WRONLY | constants.O_CREAT));
    try {
      const totalBytes = announcedTotal(response, start);
      const body = response.body.getReader();
      let position = start;
      for (;;) {
        if (Math.max(position, totalBytes ?? 0) > limit) {
          throw new MirrorError(`the file is too large: expected at most ${limit} bytes`);
        }
        options.onProgress?.({ url, receivedBytes: position, totalBytes });
        watchdog.restart(timeouts.stall);
        const piece = await overNetwork(body.read());
        if (piece.done) break;
        await inCache(`write ${partial}`, writeAt(file, piece.value, position));
        position += piece.value.length;
      }
      if (totalBytes !== undefined && position !== totalBytes) {
        throw new MirrorError(`it broke off after ${position} of ${totalBytes} bytes`);
      }
      await inCache(`write ${partial}`, file.truncate(position));
    } finally {
      await file.close();
    }
  } finally {
    watchdog.endRequest();
  }
}

/** Ends a request whose server has been silent for too long. */
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

  /** Lets go of the connection where the request is not done; nothing happens where it is. */
  endRequest(): void {
    clearTimeout(this.timer);
    this.controller.abort();
  }

  private start(milliseconds: number): NodeJS.Timeout {
    const reason = new MirrorError(`no answer for ${milliseconds / 1000} seconds`);
    return setTimeout(() => this.controller.abort(reason), milliseconds);
  }
}

/** Where a partial reply starts: it may not leave a gap after what is here. */
function rangeStart(response: Response, offset: number): number {
  const range = response.headers.get("content-range");
  const start = Number(/^bytes (\d+)-/.exec(range ?? "")?.[1]);
  if (!(start <= offset)) throw new MirrorError(`asked for the bytes from ${offset} on, the reply holds "${range}"`);
  return start;
}

function announcedTotal(response: Response, position: number): number | undefined {
  // The length of an encoded reply is not that of the content.
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

/** Work on the cache's files: where it fails, it would fail for every mirror alike. */
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
