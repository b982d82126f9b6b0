import { basename } from "node:path/posix";
import type { Dataset, DatasetPart } from "../data/dataset.js";
import { generateDigits } from "../data/digits.js";
import { loadDataset } from "../node/datasets.js";
import { DIGITS } from "./options.js";
import type { Terminal } from "./terminal.js";

/** As many as MNIST has. */
const DIGIT_COUNTS: Record<DatasetPart, number> = { train: 60_000, test: 10_000 };
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
    onProgress: ({ url, receivedBytes, totalBytes }) => {
      const { host, pathname } = new URL(url);
      terminal.progress({
        label: `downloading ${basename(pathname)}`,
        done: receivedBytes / 1e6,
        total: (totalBytes ?? receivedBytes) / 1e6,
        unit: "MB",
        details: `from ${host}`,
      });
    },
  });
  terminal.clearBar();
  return dataset;
}

function drawDigits(part: DatasetPart, terminal: Terminal): Dataset {
  const total = DIGIT_COUNTS[part];
  const onProgress = (done: number) =>
    terminal.progress({ label: `drawing digits (${part})`, done, total, unit: "images" });
  const dataset = generateDigits({ seed: DIGITS_SEED, count: total, part, onProgress });
  terminal.clearBar();
  return dataset;
}
