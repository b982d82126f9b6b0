import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { DATA_NAMES, type DataSettings } from "../../node/openData.js";
import { enableFusedArithmetic } from "../../node/threads.js";
import { formatDuration } from "../../report/numbers.js";
import type { TrainingRequest } from "../../training/plan.js";
import { RECIPES } from "../../training/recipes/recipes.js";
import { VERSION } from "../../version.js";
import { type LoadedData, listSkipped, loadData, loadSameData } from "../data.js";
import { InterruptedError, withInterrupt } from "../interrupt.js";
import { formatPercent } from "../terminal.js";
import { counted, quoted } from "../text.js";
import type { RunOutput } from "../training/run.js";
import { freePath } from "../training/train.js";
import type { SweepConfig } from "./config.js";
import { type Axis, type PlannedRun, planRuns, withCombination } from "./grid.js";
import { forEachInParallel, shareData, trainInThread } from "./pool.js";
import { formatReport, type RunOutcome, reportSweep } from "./report.js";
import { countEpochs, createSweepFolder, readFinishedRun, readSweepConfig, writeReport } from "./sweepFolder.js";

/** The settings of a new sweep. */
export interface SweepSettings {
  readonly recipe: string;
  readonly data: DataSettings;
  readonly grid: readonly Axis[];
  readonly seeds: readonly number[];
  /** The sweep folder. Default: named after the data set and the recipe. */
  readonly out?: string;
}

/** Options that do not affect the results. */
export interface SweepOptions extends RunOutput {
  /** The number of runs to train in parallel. */
  readonly jobs: number;
  /** Also write an event file for each run. */
  readonly log?: "tensorboard";
}

/**
 * Trains all runs of a sweep into a new folder.
 *
 * @throws Error after all runs have ended, if some have failed
 * @throws InterruptedError on Ctrl-C
 */
export async function startSweep(settings: SweepSettings, options: SweepOptions): Promise<void> {
  const { recipe, grid, seeds, out } = settings;
  if (out !== undefined && existsSync(out)) throw new Error(`cannot create the folder ${out}: it exists already`);
  await withInterrupt(async (signal) => {
    const data = await loadData(settings.data, { terminal: options.terminal, signal });
    const config: SweepConfig = {
      versions: { lenet: VERSION, node: process.versions.node, v8: process.versions.v8 },
      startedAt: new Date().toISOString(),
      recipe,
      data: {
        name: data.name,
        checksum: data.parts.train.checksum,
        generated: data.parts.train.generated,
        settings: withAbsolutePaths(settings.data),
      },
      grid: grid.map(({ key, values }) => ({ key, values: [...values] })),
      seeds: [...seeds],
    };
    const path = out ?? freePath("sweeps", `${data.name}-${recipe}`);
    await createSweepFolder(path, config);
    await new Sweep(path, config, data, options).complete(signal);
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
    const data = await loadSameData(path, config.data.checksum, dataSettings, progress);
    await new Sweep(path, config, data, options).complete(signal);
    listSkipped(data, options.terminal);
  });
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
  private readonly options: SweepOptions;
  private readonly plan: readonly PlannedRun[];
  private readonly outcomes = new Map<PlannedRun, RunOutcome>();
  private readonly progress = new Map<PlannedRun, Progress>();

  constructor(path: string, config: SweepConfig, data: LoadedData, options: SweepOptions) {
    this.path = path;
    this.config = config;
    this.data = shareData(data);
    this.options = options;
    this.plan = planRuns(config.grid, config.seeds);
  }

  async complete(signal: AbortSignal): Promise<void> {
    const { terminal, jobs } = this.options;
    await this.readFinished();
    this.announce();
    // Applies to the entire process, so before any thread starts.
    enableFusedArithmetic();
    const left = this.plan.filter((run) => !this.outcomes.has(run));
    // The last runs may be too few for all cores, so they share them: the number of threads does not change the bits.
    const rest = left.length % jobs;
    const singleThreaded = left.slice(0, left.length - rest);
    await forEachInParallel(singleThreaded, jobs, signal, (run) => this.train(run, 1, signal));
    const threads = Math.floor(jobs / rest);
    await forEachInParallel(left.slice(singleThreaded.length), jobs, signal, (run) => this.train(run, threads, signal));
    terminal.clearBar();
    if (this.outcomes.size < this.plan.length) throw this.interrupted();
    await this.finish();
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
    const { name, generated } = this.config.data;
    terminal.line(`sweep folder: ${this.path}`);
    if (generated) {
      terminal.line(
        `the data set "${name}" is GENERATED by this program: its accuracies say nothing about real images`,
      );
    }
    const before = this.outcomes.size > 0 ? `, ${this.outcomes.size} already finished` : "";
    terminal.detail(`${counted(this.plan.length, "run")} of LeNet-5 on ${name}, ${jobs} in parallel${before}`);
  }

  private async train(run: PlannedRun, threads: number, signal: AbortSignal): Promise<void> {
    const out = join(this.path, run.name);
    const progress = this.progress.get(run)!;
    const onProgress = (images: number) => {
      progress.done = images;
      this.showProgress();
    };
    let outcome: RunOutcome;
    try {
      const isFinished = await trainInThread(
        { training: this.requestOf(run), threads, out, log: this.options.log, data: this.data },
        { signal, onProgress },
      );
      if (!isFinished) return;
      outcome = (await readFinishedRun(out))!;
    } catch (error) {
      // The other runs continue; this one is listed at the end.
      outcome = { status: "failed", reason: (error as Error).message.split("\n", 1)[0] };
      // Its remaining images no longer count towards the total.
      progress.total = progress.done;
    }
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

  /** Says how many runs have ended and how to resume. */
  private interrupted(): InterruptedError {
    return new InterruptedError(
      `interrupted after ${this.outcomes.size} of ${counted(this.plan.length, "run")}; resume with: npx lenet sweep --resume ${quoted(this.path)}`,
    );
  }
}
