import { existsSync } from "node:fs";
import { basename } from "node:path/posix";
import type { DatasetParts } from "../data/dataset.js";
import { DIGITS_DATASET } from "../data/digits.js";
import type { DownloadProgress } from "../node/disk/download.js";
import { DatasetUnavailableError } from "../node/obtain.js";
import { type DataSettings, type OpenedData, openData } from "../node/openData.js";
import type { RunConfig } from "../runs/config.js";
import { messages } from "./messages/index.js";
import type { Reporter } from "./terminal.js";
import { printable } from "./text.js";

/** The data set used without `--data`. */
export const DEFAULT_DATA = "fashion-mnist";

/** More names would push the result off the screen. */
const MOST_NAMES = 50;

/**
 * The data settings of an earlier run.
 *
 * @param now where its images are now, if they have moved
 * @throws Error if they were in a folder that does not exist, and no other is named
 */
export function dataOfRun(
  { data: { name, path, directory, resize, background }, model }: RunConfig,
  {
    data,
    dataDir = data === undefined || data === name ? directory : undefined,
  }: Pick<Partial<DataSettings>, "data" | "dataDir"> = {},
): DataSettings {
  if (data === undefined && path !== undefined) requireThere(path, "run");
  return { data: data ?? path ?? name, dataDir, input: model.input, resize, background };
}

/** @throws Error if the folder of a run's or sweep's images is not where it was */
export function requireThere(path: string, ofWhat: "run" | "sweep"): void {
  if (existsSync(path)) return;
  throw new Error(
    `${path}, the data of this ${ofWhat}, does not exist: if it has moved, name its folder with --data DIR`,
  );
}

/** Where a command reports progress, and the signal that aborts it. */
export interface Progress {
  readonly terminal: Reporter;
  readonly signal?: AbortSignal;
}

/** A data set with all its parts, resized to the network's input. */
export interface LoadedData {
  readonly settings: DataSettings;
  readonly name: string;
  readonly parts: DatasetParts;
  /** Files of an image folder that could not be used. */
  readonly skipped: OpenedData["skipped"];
}

/** Opens a data set, reporting progress and warnings on the terminal. */
export async function openForCommand(settings: DataSettings, { terminal, signal }: Progress): Promise<OpenedData> {
  const opened = await openData(settings, {
    signal,
    onDownload: (progress) => showDownload(terminal, progress),
    onProgress: ({ doing, ...progress }) =>
      terminal.progress({ label: messages.doing(doing), unit: "images", ...progress }),
    onWarning: (line) => terminal.warn(line),
  });
  terminal.clearBar();
  if (opened.title !== undefined) terminal.detail(messages.recognised(settings.data, opened.title));
  const { length } = opened.skipped;
  if (length > 0) {
    terminal.warn(messages.skipping(settings.data, length));
  }
  return opened;
}

/** Opens a data set and reads all its parts. @throws the signal's reason if it is aborted */
export async function loadData(settings: DataSettings, progress: Progress): Promise<LoadedData> {
  const opened = await openForCommand(settings, progress);
  const { train, validationCount } = await opened.train();
  const test = await opened.test();
  progress.terminal.clearBar();
  progress.signal?.throwIfAborted();
  return { settings, name: opened.name, parts: { train, validationCount, test }, skipped: opened.skipped };
}

/** Loads Fashion-MNIST or, if it cannot be obtained and $LENET_DATA names no place for it, generated digits. */
export async function loadDefaultData(settings: Omit<DataSettings, "data">, progress: Progress): Promise<LoadedData> {
  try {
    return await loadData({ ...settings, data: DEFAULT_DATA }, progress);
  } catch (error) {
    if (!(error instanceof DatasetUnavailableError) || process.env.LENET_DATA) throw error;
    progress.terminal.line(messages.error(error.message));
    progress.terminal.line(messages.fallingBack);
    return loadData({ ...settings, data: DIGITS_DATASET.name }, progress);
  }
}

/** What a run or sweep records of its data. */
type RecordedData = Pick<RunConfig["data"], "name" | "checksum" | "validationCount" | "testChecksum">;

/** Loads the data of an earlier run or sweep. @throws Error if its images have changed */
export async function loadSameData(
  path: string,
  recorded: RecordedData,
  settings: DataSettings,
  progress: Progress,
): Promise<LoadedData> {
  const data = await loadData(settings, progress);
  requireSameData(path, recorded, data.parts);
  return data;
}

/** @throws Error naming the part of the data that is not as recorded */
export function requireSameData(path: string, recorded: RecordedData, { train, validationCount, test }: DatasetParts) {
  const { name, checksum, testChecksum } = recorded;
  if (train.checksum !== checksum) {
    throw new Error(`${path} was trained on other images: the checksum of ${name} has changed`);
  }
  // Early versions recorded nothing of the other parts.
  if (testChecksum !== undefined && testChecksum !== test?.checksum) {
    throw new Error(`${path} was started with other test images: the checksum of those of ${name} has changed`);
  }
  if (recorded.validationCount !== undefined && recorded.validationCount !== validationCount) {
    throw new Error(
      `${path} was started with ${recorded.validationCount} validation images, but ${name} has ${validationCount ?? "none"} now`,
    );
  }
}

/** Lists the files that could not be used, if there are any. */
export function listSkipped({ skipped }: Pick<OpenedData, "skipped">, terminal: Reporter): void {
  if (skipped.length === 0) return;
  terminal.line(messages.skipped(skipped.length));
  for (const { path, reason } of skipped.slice(0, MOST_NAMES))
    terminal.line(`  ${printable(`${path}: ${messages.imageReason(reason)}`)}`);
  if (skipped.length > MOST_NAMES) terminal.line(`  ${messages.andMore(skipped.length - MOST_NAMES)}`);
}

/** Shows the progress of a download. */
export function showDownload(terminal: Reporter, { url, receivedBytes, totalBytes }: DownloadProgress): void {
  const { host, pathname } = new URL(url);
  terminal.progress({
    label: messages.downloading(basename(pathname)),
    done: receivedBytes / 1e6,
    total: (totalBytes ?? receivedBytes) / 1e6,
    unit: "MB",
    details: messages.from(host),
  });
}
