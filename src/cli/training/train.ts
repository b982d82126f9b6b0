import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { type Engine, OutOfMemoryError } from "../../engine/backend.js";
import { type Arithmetic, supportsFusedArithmetic } from "../../engine/wasm/features.js";
import { summarize, type Weights } from "../../model/index.js";
import { FolderExistsError } from "../../node/disk/files.js";
import { DATA_NAMES, type DataSettings } from "../../node/openData.js";
import { requireSmallCheckpoints } from "../../node/runFiles.js";
import { type DataLocation, type ReopenedRun, RunFolder } from "../../node/runFolder.js";
import { type LoadedTeacher, loadRecordedTeacher } from "../../node/teachers.js";
import { TensorboardLog } from "../../node/tensorboard.js";
import { enableFusedArithmetic } from "../../node/threads.js";
import type { GraphicsCard } from "../../node/webgpu.js";
import { describeDevice, isOnCard, isSameDevice, type RunConfig, type RunDevice } from "../../runs/config.js";
import { compileFleet, planModel, planWith, type TrainingPlan, type TrainingRequest } from "../../training/plan.js";
import type { Teacher } from "../../training/teacher.js";
import { VERSION } from "../../version.js";
import { dataOfRun, type LoadedData, loadSameData, requireSameData } from "../data.js";
import { type Device, type DeviceChoice, openDevice, type ProcessorOptions } from "../device.js";
import { InterruptedError, withInterrupt } from "../interrupt.js";
import { messages } from "../messages/index.js";
import { engineFor } from "../weights.js";
import { Run, type RunOutput, trainRuns } from "./run.js";
import { type OpenedTeacher, openTeacherOf, type TeacherFiles } from "./teacher.js";

/** The settings of a new run. */
export interface RunRequest {
  readonly training: TrainingRequest;
  /** Without `data`: Fashion-MNIST, or digits if it cannot be obtained. */
  readonly data: Omit<DataSettings, "data"> & Partial<Pick<DataSettings, "data">>;
  /** What to learn from besides the labels. */
  readonly teacher?: TeacherFiles;
  /** Default: auto. */
  readonly device?: DeviceChoice;
  readonly threads?: number;
  /** Of the processor. Default: fused where that is real. */
  readonly arithmetic?: Arithmetic;
  /** Save the weights with batch normalisation, instead of folding it into their layers. */
  readonly keepBatchNorm?: boolean;
  /** The run folder. Default: named after the data set, the recipe and the seed. */
  readonly out?: string;
}

/** A run to be trained: a new one into a folder that does not exist yet, or one that is resumed. */
export type PreparedRun = {
  /** What it learns from besides the labels. */
  readonly teacher?: LoadedTeacher;
} & (
  | {
      readonly plan: TrainingPlan;
      readonly path: string;
      /** Whether the path gets a number if it exists. */
      readonly isNumbered?: boolean;
      /** Save the weights with batch normalisation. */
      readonly keepBatchNorm?: boolean;
      readonly reopened?: undefined;
    }
  | { readonly plan: TrainingPlan; readonly reopened: ReopenedRun }
);

/** Where runs are computed. */
export interface RunDeviceOptions extends ProcessorOptions {
  readonly device: Device;
  /** Whether runs may be resumed on this device although they were trained on another. */
  readonly moves?: boolean;
  /** The epoch after which runs pause, before their last one. */
  readonly pauseAfter?: number;
}

/** Plans a new run on loaded data. @throws RangeError if its checkpoints would be larger than those that are read */
export function planRun(training: TrainingRequest, { parts, settings }: LoadedData): TrainingPlan {
  const data = { ...parts, background: settings.background };
  const settled = planModel(training, data);
  requireSmallCheckpoints(settled.model);
  return planWith({ ...settled, seed: training.seed }, data);
}

/** Trains a run by itself. @throws InterruptedError if the signal is aborted; Error if it fails */
export async function trainAlone(
  prepared: PreparedRun,
  data: LoadedData,
  options: RunDeviceOptions & Pick<ResumeSettings, "epochs">,
  output: RunOutput,
  signal: AbortSignal,
): Promise<void> {
  const engine = await compileRuns([prepared], options).catch((error) => {
    if (!(error instanceof OutOfMemoryError)) throw error;
    throw new Error(`${error.message}: choose a smaller --batch, or --device cpu`, { cause: error });
  });
  let teacher: OpenedTeacher | undefined;
  try {
    teacher = await openTeacherOf(prepared, engine, options);
    const run = await openRun(prepared, engine, data, { ...options, teacher }, output);
    run.announce(engine);
    const { dataset } = prepared.plan;
    try {
      await trainRuns([run], engine, {
        dataset,
        signal,
        onProgress: ([progress]) => progress && run.showProgress(progress),
      });
    } catch (error) {
      output.terminal.clearBar();
      throw withHowToResume(error, run);
    } finally {
      await run.close();
    }
    if (run.error) throw run.error;
  } finally {
    await teacher?.close();
    engine.dispose();
  }
}

/** Compiles the networks of runs with the same layers and batch size. @throws OutOfMemoryError if they need too much */
export function compileRuns(runs: readonly PreparedRun[], { device, ...processor }: RunDeviceOptions): Promise<Engine> {
  const plans = runs.map(({ plan }) => plan);
  return compileFleet(plans, device.backend(plans[0].recipe.batchSize, processor));
}

/** What a run keeps of its engine. */
type RunningEngine = Pick<Engine, "arithmetic" | "kernels" | "threads">;

/** What a run that is opened learns from besides the labels. */
interface OpenOptions {
  readonly teacher?: Teacher;
}

/**
 * Opens the folder of a run that an engine is compiled for.
 *
 * @param epochs extends a finished run
 * @throws Error if it was trained on another device, and may not move
 */
export async function openRun(
  prepared: PreparedRun,
  engine: RunningEngine,
  data: LoadedData,
  {
    device,
    moves = false,
    epochs,
    pauseAfter,
    teacher,
    ...processor
  }: RunDeviceOptions & Pick<ResumeSettings, "epochs"> & OpenOptions,
  output: RunOutput,
): Promise<Run> {
  const { plan, reopened } = prepared;
  const compile = (weights: Weights) => engineFor(weights, processor, device);
  const { arithmetic, kernels } = engine;
  const on: RunDevice = { arithmetic, kernels, ...(device.card && { card: nameAndDriver(device.card) }) };
  if (!reopened) {
    const config = { ...newConfig(prepared, data, engine, on), ...(prepared.keepBatchNorm && { keepBatchNorm: true }) };
    const create = (path: string) => RunFolder.create(path, config);
    const folder = await (prepared.isNumbered ? inFreeFolder(prepared.path, create) : create(prepared.path));
    const events = output.log && (await TensorboardLog.open(folder.path, folder.config, []));
    return new Run({ folder, plan, teacher, events, pauseAfter, compile }, data, output);
  }
  const { folder, state } = reopened;
  requireSameData(folder.path, folder.config.data, data.parts);
  await folder.noteData(locationOf(data));
  await settleDevice(folder, on, moves, output);
  // Only after all checks, so that a refusal leaves the finished run unchanged.
  if (epochs !== undefined) await extendRun(folder, epochs, output);
  const isLogged = output.log !== undefined || (await TensorboardLog.isIn(folder.path));
  const events = isLogged ? await TensorboardLog.open(folder.path, folder.config, folder.records) : undefined;
  const taught = { folder, plan: planWith(folder.config, data.parts), teacher };
  return new Run({ ...taught, state, events, pauseAfter, compile }, data, output);
}

function nameAndDriver({ name, driver }: GraphicsCard): RunDevice["card"] {
  return { name, ...(driver !== undefined && { driver }) };
}

/** The config of a new run. */
function newConfig(
  { plan, teacher }: PreparedRun,
  { name, parts, settings }: LoadedData,
  engine: RunningEngine,
  on: RunDevice,
): RunConfig {
  const { recipe, model, seed } = plan;
  const { train } = parts;
  return {
    versions: { lenet: VERSION, node: process.versions.node, v8: process.versions.v8 },
    startedAt: new Date().toISOString(),
    recipe,
    scheduleRestarts: [],
    seed,
    model,
    parameterCount: summarize(model).totalParameters,
    data: {
      ...locationOf({ name, settings }),
      resize: settings.resize,
      background: settings.background,
      checksum: train.checksum,
      validationCount: parts.validationCount,
      testChecksum: parts.test?.checksum,
      images: train.labels.length,
      classes: [...train.classes],
      generated: train.generated,
    },
    ...(teacher && { teachers: [...teacher.recorded] }),
    threads: engine.threads,
    ...on,
  };
}

/** Where the data of a run are. Paths are absolute, so the run can be resumed from any folder. */
function locationOf({ name, settings: { data, dataDir } }: Pick<LoadedData, "name" | "settings">): DataLocation {
  return {
    name,
    path: DATA_NAMES.includes(data) ? undefined : resolve(data),
    directory: dataDir === undefined ? undefined : resolve(dataDir),
  };
}

/** An engine's failure, such as a lost graphics card, with how to resume; an interruption with how far the run is. */
function withHowToResume(error: unknown, run: Run): Error {
  if (error instanceof InterruptedError)
    return new InterruptedError(messages.interrupted(run.progress, run.resumeCommand));
  const [message] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
  return new Error(messages.stopped(message.trimEnd(), run.progress, run.resumeCommand), { cause: error });
}

/** Options for resuming a run. */
export interface ResumeSettings {
  /** Extends a finished run to this number of epochs. Besides the device, no other option affects the result. */
  readonly epochs?: number;
  /** Where the same images are now. Default: where the run found them. */
  readonly data?: string;
  readonly dataDir?: string;
  /** Default, and `auto`: where the run was trained before. */
  readonly device?: DeviceChoice;
  readonly threads?: number;
  readonly strict?: boolean;
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
      const { strict, epochs, threads = config.threads } = settings;
      const progress = { terminal: output.terminal, signal };
      const data = await loadSameData(path, config.data, { ...dataOfRun(config, settings), strict }, progress);
      const { choice, moves } = resumeOn(settings.device, config);
      const device = await openDevice({ device: choice }, undefined, output.terminal);
      const arithmetic = device.card ? undefined : arithmeticOfRun(path, config, moves);
      const teacher = config.teachers && (await loadRecordedTeacher(config.teachers));
      const prepared = { reopened, teacher, plan: planWith(config, data.parts) };
      await trainAlone(prepared, data, { device, threads, arithmetic, moves, epochs }, output, signal);
    } finally {
      await reopened.folder.close();
    }
  });
}

/** Where to resume a run, and whether it may be another device than before: only if the user names one. */
export function resumeOn(
  choice: DeviceChoice | undefined,
  config: Pick<RunDevice, "arithmetic">,
): { readonly choice: DeviceChoice; readonly moves: boolean } {
  if (choice !== undefined && choice !== "auto") return { choice, moves: true };
  return { choice: isOnCard(config) ? "gpu" : "cpu", moves: false };
}

/**
 * The processor's arithmetic for a run that is resumed: its own.
 *
 * @returns undefined if the run moves here from another device
 * @throws Error if it is not available here, and the run may not move
 */
export function arithmeticOfRun(path: string, config: RunDevice, moves: boolean): Arithmetic | undefined {
  enableFusedArithmetic();
  if (config.arithmetic === "wasm-portable") return "portable";
  if (config.arithmetic === "wasm-fused" && supportsFusedArithmetic()) return "fused";
  if (moves) return undefined;
  throw new Error(
    `${path} was trained with ${describeDevice(config)}, which is not available here: resume it where it is, or accept other bits with --device cpu`,
  );
}

/** Checks that a run stays on its device, or notes that it moves. @throws Error if it may not move */
async function settleDevice(folder: RunFolder, on: RunDevice, moves: boolean, { terminal }: RunOutput): Promise<void> {
  const { config, path } = folder;
  if (isSameDevice(config, on)) return;
  const [before, now] = [describeDevice(config), describeDevice(on)];
  if (!moves) {
    const option = `--device ${isOnCard(on) ? "gpu" : "cpu"}`;
    throw new Error(
      `${path} was trained with ${before}, but this computes with ${now}: resume it where ${before} is available, or accept other bits with ${option}`,
    );
  }
  await folder.moveTo(on);
  terminal.line(
    `moving from ${before} to ${now} after epoch ${folder.epochs}: the result differs from that of one device`,
  );
}

async function extendRun(folder: RunFolder, epochs: number, { terminal }: RunOutput): Promise<void> {
  const before = folder.epochs;
  await folder.extend(epochs);
  terminal.line(messages.extended(before, epochs));
}

/**
 * Creates the first of path, path-2, path-3, … that does not exist, also if other processes do so at the same time.
 *
 * @param create creates a folder that must not exist, as `createFolderExclusive` does
 */
export async function inFreeFolder<Result>(path: string, create: (path: string) => Promise<Result>): Promise<Result> {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? path : `${path}-${number}`;
    if (existsSync(candidate)) continue;
    try {
      return await create(candidate);
    } catch (error) {
      if (!(error instanceof FolderExistsError)) throw error;
    }
  }
}
