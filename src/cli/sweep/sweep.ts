import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { DATA_NAMES, type DataSettings } from "../../node/openData.js";
import { type Arithmetic, availableArithmetic, enableFusedArithmetic } from "../../node/threads.js";
import { formatDuration } from "../../report/numbers.js";
import type { TrainingRequest } from "../../training/plan.js";
import { customizeRecipe, RECIPES } from "../../training/recipes/recipes.js";
import { VERSION } from "../../version.js";
import { type LoadedData, listSkipped, loadData, loadSameData } from "../data.js";
import { type DeviceChoice, describeCard, openDevice, type Work } from "../device.js";
import { InterruptedError, withInterrupt } from "../interrupt.js";
import { tellHowToResume } from "../supervisor.js";
import { formatPercent } from "../terminal.js";
import { counted, quoted } from "../text.js";
import type { RunOutput } from "../training/run.js";
import { inFreeFolder, type RunDeviceOptions } from "../training/train.js";
import type { SweepConfig } from "./config.js";
import { trainInFleets } from "./fleets.js";
import { type Axis, combinationsOf, type PlannedRun, planRuns, withCombination } from "./grid.js";
import { forEachInParallel, shareData, trainInThread } from "./pool.js";
import { formatReport, type RunOutcome, reportSweep } from "./report.js";
import {
  countEpochs,
  createSweepFolder,
  readFinishedRun,
  readSweepConfig,
  writeReport,
  writeSweepConfig,
} from "./sweepFolder.js";

/** The settings of a new sweep. */
export interface SweepSettings {
  readonly recipe: string;
  readonly data: DataSettings;
  readonly grid: readonly Axis[];
  readonly seeds: readonly number[];
  /** Default: fused where that is real. */
  readonly arithmetic?: Arithmetic;
  /** The sweep folder. Default: named after the data set and the recipe. */
  readonly out?: string;
}

/** How the runs are trained. */
export interface SweepOptions extends RunOutput {
  /** Default: auto; when a sweep is resumed, this and `auto` mean the device that it was trained on. */
  readonly device?: DeviceChoice;
  /** The number of runs to train in parallel on the processor. */
  readonly jobs: number;
}

/** Where a sweep is trained. */
type Place = Pick<RunDeviceOptions, "device" | "moves">;

/**
 * Trains all runs of a sweep into a new folder.
 *
 * @throws Error after all runs have ended, if some have failed
 * @throws InterruptedError on Ctrl-C
 */
export async function startSweep(settings: SweepSettings, options: SweepOptions): Promise<void> {
  const { recipe, grid, seeds, out } = settings;
  if (out !== undefined && existsSync(out)) throw new Error(`cannot create the folder ${out}: it exists already`);
  const arithmetic = availableArithmetic(settings.arithmetic);
  await withInterrupt(async (signal) => {
    const data = await loadData(settings.data, { terminal: options.terminal, signal });
    const config: SweepConfig = {
      versions: { lenet: VERSION, node: process.versions.node, v8: process.versions.v8 },
      startedAt: new Date().toISOString(),
      recipe,
      data: {
        name: data.name,
        checksum: data.parts.train.checksum,
        validationCount: data.parts.validationCount,
        testChecksum: data.parts.test?.checksum,
        generated: data.parts.train.generated,
        settings: withAbsolutePaths(settings.data),
      },
      grid: grid.map(({ key, values }) => ({ key, values: [...values] })),
      seeds: [...seeds],
      arithmetic,
    };
    const device = await openDevice(
      { device: options.device, arithmetic: settings.arithmetic },
      workOf(config, data),
      options.terminal,
    );
    const placed: SweepConfig = { ...config, device: device.card ? "gpu" : "cpu" };
    const create = (path: string) => createSweepFolder(path, placed).then(() => path);
    const path = await (out === undefined
      ? inFreeFolder(join("sweeps", `${data.name}-${recipe}`), create)
      : create(out));
    await new Sweep(path, placed, data, { device }, options).complete(signal);
    listSkipped(data, options.terminal);
  });
}

/** Resumes a sweep: keeps finished runs, resumes interrupted ones and starts the others. */
export async function resumeSweep(
  path: string,
  { dataDir, strict }: Pick<DataSettings, "dataDir" | "strict">,
  options: SweepOptions,
): Promise<void> {
  await withInterrupt(async (signal) => {
    const config = await readSweepConfig(path);
    const { settings } = config.data;
    const dataSettings = { ...settings, dataDir: dataDir ?? settings.dataDir, strict: strict ?? settings.strict };
    const progress = { terminal: options.terminal, signal };
    const data = await loadSameData(path, config.data, dataSettings, progress);
    const { device: before = "cpu" } = config;
    const moves = options.device !== undefined && options.device !== "auto";
    const device = await openDevice({ device: moves ? options.device : before }, undefined, options.terminal);
    const now = device.card ? "gpu" : "cpu";
    if (now !== before) await writeSweepConfig(path, { ...config, device: now });
    await new Sweep(path, config, data, { device, moves }, options).complete(signal);
    listSkipped(data, options.terminal);
  });
}

/** What all runs of a sweep compute. */
function workOf({ recipe, grid, seeds }: SweepConfig, { parts }: LoadedData): Work {
  const recipes = combinationsOf(grid).map((combination) => {
    const { recipe: base, changes } = withCombination({ recipe: RECIPES[recipe], seed: 0, changes: {} }, combination);
    return customizeRecipe(base, changes);
  });
  const epochs = recipes.reduce((sum, each) => sum + each.epochs, 0) / recipes.length;
  return {
    images: epochs * parts.train.labels.length,
    batchSize: Math.min(...recipes.map(({ batchSize }) => batchSize)),
    networks: recipes.length * seeds.length,
  };
}

/** The settings with absolute paths, which are valid in any working directory. */
function withAbsolutePaths(settings: DataSettings): DataSettings {
  const { data, dataDir } = settings;
  return {
    ...settings,
    data: DATA_NAMES.includes(data) ? data : resolve(data),
    dataDir: dataDir === undefined ? undefined : resolve(dataDir),
  };
}

/** The progress of a run, in images over all epochs. */
interface Progress {
  done: number;
  total: number;
}

/** A sweep in progress. */
class Sweep {
  private readonly path: string;
  private readonly config: SweepConfig;
  private readonly data: LoadedData;
  private readonly place: Place;
  private readonly options: SweepOptions;
  private readonly plan: readonly PlannedRun[];
  private readonly outcomes = new Map<PlannedRun, RunOutcome>();
  private readonly progress = new Map<PlannedRun, Progress>();

  constructor(path: string, config: SweepConfig, data: LoadedData, place: Place, options: SweepOptions) {
    this.path = path;
    this.config = config;
    this.data = place.device.card ? data : shareData(data);
    this.place = place;
    this.options = options;
    this.plan = planRuns(config.grid, config.seeds);
  }

  async complete(signal: AbortSignal): Promise<void> {
    await this.readFinished();
    this.announce();
    const left = this.plan.filter((run) => !this.outcomes.has(run));
    await (this.place.device.card ? this.trainOnCard(left, signal) : this.trainOnProcessor(left, signal));
    this.options.terminal.clearBar();
    if (this.outcomes.size < this.plan.length) throw this.interrupted();
    await this.finish();
  }

  private async trainOnProcessor(left: readonly PlannedRun[], signal: AbortSignal): Promise<void> {
    const { jobs } = this.options;
    // Applies to the entire process, so before any thread starts.
    enableFusedArithmetic();
    // The last runs may be too few for all cores, so they share them: the number of threads does not change the bits.
    const rest = left.length % jobs;
    const singleThreaded = left.slice(0, left.length - rest);
    await forEachInParallel(singleThreaded, jobs, signal, (run) => this.train(run, 1, signal));
    const threads = Math.floor(jobs / rest);
    await forEachInParallel(left.slice(singleThreaded.length), jobs, signal, (run) => this.train(run, threads, signal));
  }

  private async trainOnCard(left: readonly PlannedRun[], signal: AbortSignal): Promise<void> {
    const { terminal } = this.options;
    const runs = left.map((run) => ({ run, training: this.requestOf(run), path: join(this.path, run.name) }));
    try {
      await trainInFleets(runs, {
        ...this.place,
        data: this.data,
        signal,
        log: this.options.log,
        onFleet: (networks) => terminal.detail(`training ${counted(networks, "network")} side by side`),
        onTooMany: (networks) =>
          terminal.detail(`the graphics card does not have the memory for ${networks} networks: trying half of them`),
        onProgress: (done) => {
          for (const [{ run }, images] of done) this.progress.get(run)!.done = images;
          this.showProgress();
        },
        onEnd: async ({ run, path }, error) => this.end(run, error ? failed(error) : (await readFinishedRun(path))!),
      });
    } catch (error) {
      terminal.clearBar();
      if (error instanceof InterruptedError) throw this.interrupted();
      const [message] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
      throw new Error(`${message}; the sweep stopped ${this.howFar}`, { cause: error });
    }
  }

  /** Reads what an earlier, interrupted sweep has finished. */
  private async readFinished(): Promise<void> {
    const images = this.data.parts.train.labels.length;
    for (const run of this.plan) {
      const path = join(this.path, run.name);
      const { recipe, changes } = this.requestOf(run);
      const epochs = changes.epochs ?? recipe.epochs;
      const finished = await readFinishedRun(path);
      if (finished) this.outcomes.set(run, finished);
      this.progress.set(run, { done: (await countEpochs(path)) * images, total: epochs * images });
    }
  }

  private requestOf({ combination, seed }: PlannedRun): TrainingRequest {
    return withCombination({ recipe: RECIPES[this.config.recipe], seed, changes: {} }, combination);
  }

  private announce(): void {
    const { terminal, jobs } = this.options;
    const { card } = this.place.device;
    const { name, generated } = this.config.data;
    terminal.line(`sweep folder: ${this.path}`);
    tellHowToResume(this.resumeCommand);
    if (generated) {
      terminal.line(
        `the data set "${name}" is GENERATED by this program: its accuracies say nothing about real images`,
      );
    }
    const before = this.outcomes.size > 0 ? `, ${this.outcomes.size} already finished` : "";
    const where = card ? describeCard(card) : `${jobs} in parallel`;
    terminal.detail(`${counted(this.plan.length, "run")} of LeNet-5 on ${name}, ${where}${before}`);
  }

  private async train(run: PlannedRun, threads: number, signal: AbortSignal): Promise<void> {
    const out = join(this.path, run.name);
    const progress = this.progress.get(run)!;
    const onProgress = (images: number) => {
      progress.done = images;
      this.showProgress();
    };
    const { moves = false } = this.place;
    const start = {
      training: this.requestOf(run),
      threads,
      arithmetic: this.config.arithmetic,
      out,
      moves,
      log: this.options.log,
      data: this.data,
    };
    let outcome: RunOutcome;
    try {
      if (!(await trainInThread(start, { signal, onProgress }))) return;
      outcome = (await readFinishedRun(out))!;
    } catch (error) {
      outcome = failed(error);
    }
    this.end(run, outcome);
  }

  /** Keeps how a run ended. If it failed, the others continue, and it is listed at the end. */
  private end(run: PlannedRun, outcome: RunOutcome): void {
    const progress = this.progress.get(run)!;
    // The remaining images of a failed run no longer count towards the total.
    if (outcome.status === "failed") progress.total = progress.done;
    this.outcomes.set(run, outcome);
    this.reportEnd(run, outcome);
  }

  private reportEnd({ name }: PlannedRun, outcome: RunOutcome): void {
    const position = `${String(this.outcomes.size).padStart(String(this.plan.length).length)}/${this.plan.length}`;
    const test = (accuracy?: number) => (accuracy === undefined ? "" : `  test acc ${formatPercent(accuracy)}`);
    this.options.terminal.detail(
      outcome.status === "failed"
        ? `${position}  ${name}  failed: ${outcome.reason}`
        : `${position}  ${name}  val acc ${formatPercent(outcome.validationAccuracy)}${test(outcome.testAccuracy)}  ${formatDuration(outcome.seconds)}`,
    );
  }

  private showProgress(): void {
    const all = [...this.progress.values()];
    const images = this.data.parts.train.labels.length;
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const epochs = (values: readonly number[]) => sum(values.map((value) => Math.floor(value / images)));
    const [done, total] = [all.map((run) => run.done), all.map((run) => run.total)];
    this.options.terminal.progress({
      task: "sweep",
      label: `runs ${this.outcomes.size}/${this.plan.length}, epochs ${epochs(done)}/${epochs(total)}`,
      done: sum(done),
      total: sum(total),
      unit: "images",
    });
  }

  private async finish(): Promise<void> {
    const { terminal, json } = this.options;
    // In the order of the plan, not in that of finishing.
    const outcomes = new Map(this.plan.map((run) => [run, this.outcomes.get(run)!]));
    const report = reportSweep(this.path, this.config, outcomes);
    await writeReport(this.path, report);
    terminal.line(formatReport(report));
    terminal.line(`sweep folder: ${this.path}`);
    if (json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
    const failed = report.runs.filter(({ status }) => status === "failed").length;
    if (failed > 0) throw new Error(`${failed} of ${counted(this.plan.length, "run")} failed, see the reasons above`);
  }

  private interrupted(): InterruptedError {
    return new InterruptedError(`interrupted ${this.howFar}`);
  }

  /** How many runs have ended, and how to resume. */
  private get howFar(): string {
    return `after ${this.outcomes.size} of ${counted(this.plan.length, "run")}; resume with: ${this.resumeCommand}`;
  }

  /** What the user enters to resume it. */
  private get resumeCommand(): string {
    return `npx lenet sweep --resume ${quoted(this.path)}`;
  }
}

function failed(error: unknown): RunOutcome {
  const text = error instanceof Error ? error.message : String(error);
  return { status: "failed", reason: text.split("\n", 1)[0] };
}
