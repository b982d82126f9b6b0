import { basename } from "node:path/posix";
import type { DatasetParts } from "../data/dataset.js";
import { DIGITS_DATASET } from "../data/digits.js";
import type { DownloadProgress } from "../node/disk/download.js";
import { DatasetUnavailableError } from "../node/obtain.js";
import { type DataSettings, type OpenedData, openData } from "../node/openData.js";
import type { RunConfig } from "../runs/config.js";
import type { Reporter } from "./terminal.js";
import { counted } from "./text.js";

/** The data set of a command that is told none. */
export const DEFAULT_DATA = "fashion-mnist";

/** More names than this only push the result off the screen. */
const MOST_NAMES = 50;

/** The data of a run, as they were. */
export function dataOfRun({ data, model }: RunConfig): DataSettings {
  const { name, path, directory, resize, background } = data;
  return { data: path ?? name, dataDir: directory, input: model.input, resize, background };
}

/** Where a command shows what it does, and what ends it. */
export interface Progress {
  readonly terminal: Reporter;
  readonly signal?: AbortSignal;
}

/** A data set with all its parts, in the network's shape. */
export interface LoadedData {
  readonly settings: DataSettings;
  readonly name: string;
  readonly parts: DatasetParts;
  /** The files of a folder of images that could not be used. */
  readonly skipped: OpenedData["skipped"];
}

/** Opens a data set for a command, with what takes time as progress and warnings as lines. */
export async function openForCommand(settings: DataSettings, { terminal, signal }: Progress): Promise<OpenedData> {
  const opened = await openData(settings, {
    signal,
    onDownload: (progress) => showDownload(terminal, progress),
    onProgress: ({ doing, ...progress }) => terminal.progress({ label: doing, unit: "images", ...progress }),
    onWarning: (line) => terminal.warn(line),
  });
  terminal.clearBar();
  const { length } = opened.skipped;
  if (length > 0) {
    terminal.warn(`${settings.data}: ${counted(length, "file")} cannot be used and ${isOrAre(length)} skipped`);
  }
  return opened;
}

/** Opens a data set and reads all its parts. @throws the signal's reason if it ends the work */
export async function loadData(settings: DataSettings, progress: Progress): Promise<LoadedData> {
  const opened = await openForCommand(settings, progress);
  const { train, validationCount } = await opened.train();
  const test = await opened.test();
  progress.terminal.clearBar();
  progress.signal?.throwIfAborted();
  return { settings, name: opened.name, parts: { train, validationCount, test }, skipped: opened.skipped };
}

/** Loads Fashion-MNIST or, if it cannot be obtained, digits that this program draws. */
export async function loadDefaultData(settings: Omit<DataSettings, "data">, progress: Progress): Promise<LoadedData> {
  try {
    return await loadData({ ...settings, data: DEFAULT_DATA }, progress);
  } catch (error) {
    if (!(error instanceof DatasetUnavailableError)) throw error;
    progress.terminal.line(error.message);
    progress.terminal.line("Training on GENERATED digits instead, drawn by this program.");
    return loadData({ ...settings, data: DIGITS_DATASET.name }, progress);
  }
}

/** Loads the data of a run or a sweep again. @throws Error with one line if its training images have changed since */
export async function loadSameData(
  path: string,
  checksum: string,
  settings: DataSettings,
  progress: Progress,
): Promise<LoadedData> {
  const data = await loadData(settings, progress);
  if (data.parts.train.checksum !== checksum) {
    throw new Error(`${path} was begun with other images: the checksum of ${data.name} has changed since`);
  }
  return data;
}

/** Names the files that could not be used; nothing where there are none. */
export function nameSkipped({ skipped }: Pick<OpenedData, "skipped">, terminal: Reporter): void {
  if (skipped.length === 0) return;
  terminal.line(`skipped ${counted(skipped.length, "file")}:`);
  for (const { path, reason } of skipped.slice(0, MOST_NAMES)) terminal.line(`  ${path}: ${reason}`);
  if (skipped.length > MOST_NAMES) terminal.line(`  and ${skipped.length - MOST_NAMES} more`);
}

/** Shows how far a download is. */
export function showDownload(terminal: Reporter, { url, receivedBytes, totalBytes }: DownloadProgress): void {
  const { host, pathname } = new URL(url);
  terminal.progress({
    label: `downloading ${basename(pathname)}`,
    done: receivedBytes / 1e6,
    total: (totalBytes ?? receivedBytes) / 1e6,
    unit: "MB",
    details: `from ${host}`,
  });
}

function isOrAre(count: number): string {
  return count === 1 ? "is" : "are";
}
