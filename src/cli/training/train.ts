import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { summarize } from "../../model/index.js";
import { DATA_NAMES, type DataSettings } from "../../node/openData.js";
import { type ReopenedRun, RunFolder } from "../../node/runFolder.js";
import { TensorboardLog } from "../../node/tensorboard.js";
import { processorBackend } from "../../node/threads.js";
import type { RunConfig } from "../../runs/config.js";
import { compilePlan, planTraining, planWith, type TrainingRequest } from "../../training/plan.js";
import { VERSION } from "../../version.js";
import { dataOfRun, type LoadedData, loadData, loadDefaultData, loadSameData } from "../data.js";
import { withInterrupt } from "../interrupt.js";
import { Run, type RunOutput } from "./run.js";

/** The settings of a new run. */
export interface RunRequest {
  readonly training: TrainingRequest;
  /** Without `data`: Fashion-MNIST, or digits if it cannot be obtained. */
  readonly data: Omit<DataSettings, "data"> & Partial<Pick<DataSettings, "data">>;
  readonly threads?: number;
  /** The run folder. Default: named after the data set, the recipe and the seed. */
  readonly out?: string;
  /** Also write an event file into the run folder. */
  readonly log?: "tensorboard";
}

/** Trains a new run into a new run folder. */
export async function startRun(request: RunRequest, output: RunOutput): Promise<void> {
  const { out, data: settings } = request;
  // Checked before loading the data; creating the folder checks again.
  if (out !== undefined && existsSync(out)) throw new Error(`cannot create the folder ${out}: it exists already`);
  await withInterrupt(async (signal) => {
    const { data: name } = settings;
    const progress = { terminal: output.terminal, signal };
    const data = await (name === undefined
      ? loadDefaultData(settings, progress)
      : loadData({ ...settings, data: name }, progress));
    await trainNew(request, data, output, signal);
  });
}

/** Trains a new run on loaded data. @throws InterruptedError if the signal is aborted */
export async function trainNew(
  { training, threads, out, log }: Omit<RunRequest, "data">,
  data: LoadedData,
  output: RunOutput,
  signal: AbortSignal,
): Promise<void> {
  const { name, parts, settings } = data;
  const { train } = parts;
  const plan = planTraining(training, { ...parts, background: settings.background });
  const { recipe, model, seed } = plan;
  const engine = await compilePlan(plan, processorBackend(recipe.batchSize, threads));
  const config: RunConfig = {
    versions: { lenet: VERSION, node: process.versions.node, v8: process.versions.v8 },
    startedAt: new Date().toISOString(),
    recipe,
    scheduleRestarts: [],
    seed,
    model,
    parameterCount: summarize(model).totalParameters,
    data: {
      ...dataConfig(settings, name),
      checksum: train.checksum,
      images: train.labels.length,
      classes: [...train.classes],
      generated: train.generated,
    },
    threads: engine.threads,
    arithmetic: engine.arithmetic,
  };
  const path = out ?? freePath("runs", `${name}-${recipe.name}-seed${seed}`);
  const folder = await RunFolder.create(path, config);
  try {
    const events = log && (await TensorboardLog.open(path, config, []));
    await new Run(folder, plan, engine, data, output, events).complete(signal);
  } finally {
    await folder.close();
  }
}

/** The data section of a run's config. Paths are absolute, so the run can be resumed from any folder. */
function dataConfig({ data, dataDir, resize, background }: DataSettings, name: string) {
  return {
    name,
    path: DATA_NAMES.includes(data) ? undefined : resolve(data),
    directory: dataDir === undefined ? undefined : resolve(dataDir),
    resize,
    background,
  };
}

/** Options for resuming a run. */
export interface ResumeSettings {
  /** Extends a finished run to this number of epochs. No other option affects the result. */
  readonly epochs?: number;
  readonly dataDir?: string;
  readonly threads?: number;
  readonly strict?: boolean;
  /** Also write an event file. One that is there is continued in any case. */
  readonly log?: "tensorboard";
}

/**
 * Resumes a run from its checkpoint, bit-identical to an uninterrupted run. The folder needs only config.json: without a
 * checkpoint, the run starts from its first epoch. A finished run is extended if a number of epochs is given.
 */
export async function resumeRun(path: string, settings: ResumeSettings, output: RunOutput): Promise<void> {
  await withInterrupt(async (signal) => {
    const reopened = await RunFolder.reopen(path, settings.epochs);
    try {
      const { config } = reopened.folder;
      for (const line of reopened.repairs) output.terminal.line(line);
      const dataSettings = dataOfRun(config);
      const { dataDir = dataSettings.dataDir, strict, epochs, threads = config.threads, log } = settings;
      const progress = { terminal: output.terminal, signal };
      const data = await loadSameData(path, config.data.checksum, { ...dataSettings, dataDir, strict }, progress);
      await trainOn(reopened, data, { epochs, threads, log }, output, signal);
    } finally {
      await reopened.folder.close();
    }
  });
}

/** Continues a reopened run on its data. @throws InterruptedError if the signal is aborted */
export async function trainOn(
  { folder, state }: ReopenedRun,
  data: LoadedData,
  { epochs, threads, log }: Pick<ResumeSettings, "epochs" | "log"> & { readonly threads: number },
  output: RunOutput,
  signal: AbortSignal,
): Promise<void> {
  const { arithmetic, recipe } = folder.config;
  const backend = processorBackend(recipe.batchSize, threads);
  const engine = await compilePlan(planWith(folder.config, data.parts), backend);
  if (engine.arithmetic !== arithmetic) {
    throw new Error(
      `${folder.path} was trained with ${arithmetic} arithmetic, but this Node computes with ${engine.arithmetic}: resume it where ${arithmetic} is available`,
    );
  }
  // Only after all checks, so that a refusal leaves the finished run unchanged.
  if (epochs !== undefined) {
    const before = folder.epochs;
    await folder.extend(epochs);
    output.terminal.line(
      `extended from ${before} to ${epochs} epochs; the schedule restarts for the added ones, so the result differs from ${epochs} epochs from the start`,
    );
  }
  const logged = log !== undefined || (await TensorboardLog.isIn(folder.path));
  const events = logged ? await TensorboardLog.open(folder.path, folder.config, folder.records) : undefined;
  await new Run(folder, planWith(folder.config, data.parts), engine, data, output, events).complete(signal, state);
}

/** The first of parent/name, parent/name-2, parent/name-3, … that does not exist. */
export function freePath(parent: string, name: string): string {
  for (let number = 1; ; number++) {
    const path = join(parent, number === 1 ? name : `${name}-${number}`);
    if (!existsSync(path)) return path;
  }
}
