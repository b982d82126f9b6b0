import { existsSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import type { Arithmetic } from "../../engine/wasm/features.js";
import { RunFolder } from "../../node/runFolder.js";
import type { LoadedTeacher } from "../../node/teachers.js";
import { planWith } from "../../training/plan.js";
import type { LoadedData } from "../data.js";
import { PROCESSOR } from "../device.js";
import { InterruptedError } from "../interrupt.js";
import { type Reporter, SILENT } from "../terminal.js";
import { type RunOutput, TRAINING_TASK } from "../training/run.js";
import { arithmeticOfRun, planRun, type RunRequest, trainAlone } from "../training/train.js";
import { type FileContents, readResumable } from "./folderContents.js";

// Trains one run in a worker thread.

/** What the worker is started with. */
export interface WorkerStart extends Required<Pick<RunRequest, "training" | "threads" | "out">> {
  readonly arithmetic?: Arithmetic;
  /** Whether a run may be resumed here although it was trained on another device. */
  readonly moves: boolean;
  readonly log?: RunOutput["log"];
  /** What the run learns from besides the labels. */
  readonly teacher?: LoadedTeacher;
  /** The images are in shared memory. */
  readonly data: LoadedData;
  /** Whether to send what the run needs to be resumed elsewhere, after each epoch. */
  readonly sendsCheckpoints?: boolean;
  /** The epoch after which to pause. */
  readonly pauseAfter?: number;
}

/**
 * The worker's messages: how many images are done, counted from the first epoch, what is needed to resume after an epoch,
 * and finally how the run ended.
 */
export type WorkerMessage =
  | { readonly done: number }
  | { readonly saved: FileContents; readonly epoch: number }
  | { readonly end: "finished" | "interrupted" }
  | { readonly end: "failed"; readonly reason: string };

const port = parentPort!;
const controller = new AbortController();
const post = (message: WorkerMessage) => port.postMessage(message);

const terminal: Reporter = {
  ...SILENT,
  progress: ({ task, done }) => {
    if (task === TRAINING_TASK) post({ done });
  },
};

const stop = () => controller.abort(new InterruptedError("interrupted"));
port.once("message", stop);
try {
  await run(workerData);
  post({ end: "finished" });
} catch (error) {
  if (error instanceof InterruptedError) post({ end: "interrupted" });
  else post({ end: "failed", reason: error instanceof Error ? error.message : String(error) });
}
// Without a listener, the thread ends. Deno's port cannot be closed.
port.off("message", stop);

async function run({
  data,
  out: path,
  training,
  teacher,
  threads,
  arithmetic,
  moves,
  log,
  ...start
}: WorkerStart): Promise<void> {
  const onSaved = async (epoch: number) => post({ saved: await readResumable(path), epoch });
  const output = { terminal, json: false, log, ...(start.sendsCheckpoints && { onSaved }) };
  const options = { device: PROCESSOR, threads, arithmetic, moves, pauseAfter: start.pauseAfter };
  const { signal } = controller;
  if (!existsSync(path)) {
    return trainAlone({ plan: planRun(training, data), teacher, path }, data, options, output, signal);
  }
  const reopened = await RunFolder.reopen(path);
  try {
    const { config } = reopened.folder;
    const plan = planWith(config, data.parts);
    const kept = arithmeticOfRun(path, config, moves);
    await trainAlone({ reopened, plan, teacher }, data, { ...options, arithmetic: kept ?? arithmetic }, output, signal);
  } finally {
    await reopened.folder.close();
  }
}
