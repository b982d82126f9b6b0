import { existsSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { RunFolder } from "../../node/runFolder.js";
import type { LoadedData } from "../data.js";
import { InterruptedError } from "../interrupt.js";
import type { Reporter } from "../terminal.js";
import { TRAINING_TASK } from "../training/run.js";
import { type RunRequest, trainNew, trainOn } from "../training/train.js";

// Trains one run in a worker thread.

/** What the worker is started with. */
export interface WorkerStart extends Required<Omit<RunRequest, "data" | "log">>, Pick<RunRequest, "log"> {
  /** The images are in shared memory. */
  readonly data: LoadedData;
}

/** The worker's messages: how many images are done, counted from the first epoch, and finally how the run ended. */
export type WorkerMessage =
  | { readonly done: number }
  | { readonly end: "finished" | "interrupted" }
  | { readonly end: "failed"; readonly reason: string };

const port = parentPort!;
const controller = new AbortController();
const post = (message: WorkerMessage) => port.postMessage(message);

const terminal: Reporter = {
  line: () => {},
  warn: () => {},
  detail: () => {},
  clearBar: () => {},
  progress: ({ task, done }) => {
    if (task === TRAINING_TASK) post({ done });
  },
};

port.once("message", () => controller.abort(new InterruptedError("interrupted")));
try {
  await run(workerData);
  post({ end: "finished" });
} catch (error) {
  if (error instanceof InterruptedError) post({ end: "interrupted" });
  else post({ end: "failed", reason: error instanceof Error ? error.message : String(error) });
}
port.close();

async function run({ data, ...request }: WorkerStart): Promise<void> {
  const output = { terminal, json: false };
  const { out, threads, log } = request;
  if (!existsSync(out)) return trainNew(request, data, output, controller.signal);
  const reopened = await RunFolder.reopen(out);
  try {
    await trainOn(reopened, data, { threads, log }, output, controller.signal);
  } finally {
    await reopened.folder.close();
  }
}
