import { basename } from "node:path/posix";
import type { Dataset, DatasetPart } from "../data/dataset.js";
import { DIGIT_CLASSES, generateDigits } from "../data/digits.js";
import { loadDataset } from "../node/datasets.js";
import type { DownloadProgress } from "../node/download.js";
import { DIGITS } from "./options.js";
import type { Terminal } from "./terminal.js";

/** The generated data set, described as the catalog's are; as many pictures as MNIST has. */
export const DIGITS_DATASET = {
  name: DIGITS,
  title: "Generated digits",
  classes: DIGIT_CLASSES,
  shape: { channels: 1, height: 28, width: 28 },
  counts: { train: 60_000, test: 10_000 },
};
/** The generated data set is one data set, whatever a run's seed. */
const DIGITS_SEED = 0;

export interface DataOptions {
  readonly dataDir?: string;
  readonly terminal: Terminal;
  readonly signal?: AbortSignal;
}

/** Loads (or generates) a part of a data set, with its download as progress. */
export async function openDataset(name: string, part: DatasetPart, options: DataOptions): Promise<Dataset> {
  const { dataDir, terminal, signal } = options;
  if (name === DIGITS) return drawDigits(part, terminal);
  const dataset = await loadDataset(name, part, {
    dataDir,
    signal,
    onProgress: (progress) => showDownload(terminal, progress),
    onWarning: (line) => terminal.line(`warning: ${line}`),
  });
  terminal.clearBar();
  return dataset;
}

/** Shows how far a download is. */
export function showDownload(terminal: Terminal, { url, receivedBytes, totalBytes }: DownloadProgress): void {
  const { host, pathname } = new URL(url);
  terminal.progress({
    label: `downloading ${basename(pathname)}`,
    done: receivedBytes / 1e6,
    total: (totalBytes ?? receivedBytes) / 1e6,
    unit: "MB",
    details: `from ${host}`,
  });
}

function drawDigits(part: DatasetPart, terminal: Terminal): Dataset {
  const { shape, counts } = DIGITS_DATASET;
  const total = counts[part];
  const onProgress = (done: number) =>
    terminal.progress({ label: `drawing digits (${part})`, done, total, unit: "images" });
  const dataset = generateDigits({ seed: DIGITS_SEED, ...shape, count: total, part, onProgress });
  terminal.clearBar();
  return dataset;
}
