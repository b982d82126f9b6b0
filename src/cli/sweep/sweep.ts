import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { DATA_NAMES, type DataSettings } from "../../node/openData.js";
import { enableFusedArithmetic } from "../../node/threads.js";
import { formatDuration } from "../../report/numbers.js";
import type { TrainingRequest } from "../../training/plan.js";
import { RECIPES } from "../../training/recipes/recipes.js";
import { VERSION } from "../../version.js";
import { type LoadedData, loadData, loadSameData, nameSkipped } from "../data.js";
import { InterruptedError, withInterrupt } from "../interrupt.js";
import { formatPercent } from "../terminal.js";
import { quoted } from "../text.js";
import type { RunOutput } from "../training/run.js";
import { freePath } from "../training/train.js";
import type { SweepConfig } from "./config.js";
import { type Axis, type PlannedRun, planRuns, withCombination } from "./grid.js";
import { forEachInParallel, shareData, trainInThread } from "./pool.js";
import { formatReport, type RunOutcome, reportSweep } from "./report.js";
import { countEpochs, createSweepFolder, readFinishedRun, readSweepConfig, writeReport } from "./sweepFolder.js";

/** What a sweep is started with. */
export interface SweepSettings {
  readonly recipe: string;
  readonly data: DataSettings;
  readonly grid: readonly Axis[];
  readonly seeds: readonly number[];
  /** The sweep's folder; named after the data and the recipe where left out. */
  readonly out?: string;
}

/** What does not change a bit of any result. */
export interface SweepOptions extends RunOutput {
  /** How many runs to train at a time. */
  readonly jobs: number;
}

/**
 * Trains all runs of a sweep into a new folder.
 *
 * @throws Error with one line once all are done, where some have failed
 * @throws InterruptedError where Ctrl-C ends it
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
        settings: wholePaths(settings.data),
      },
      grid: grid.map(({ key, values }) => ({ key, values: [...values] })),
      seeds: [...seeds],
    };
    const path = out ?? freePath("sweeps", `${data.name}-${recipe}`);
    await createSweepFolder(path, config);
    await new Sweep(path, config, data, options).toTheEnd(signal);
    nameSkipped(data, options.terminal);
  });
}

/** Goes on with a sweep: leaves the finished runs, resumes those that were begun, starts the others. */
export async function resumeSweep(
  path: string,
  { dataDir, strict }: Pick<DataSettings, "dataDir" | "strict">,
  options: SweepOptions,
): Promise<void> {
  await withInterrupt(async (signal) => {
    const config = await readSweepConfig(path);
    const asBefore = config.data.settings;
    const dataSettings = { ...asBefore, dataDir: dataDir ?? asBefore.dataDir, strict: strict ?? asBefore.strict };
    const progress = { terminal: options.terminal, signal };
    const data = await loadSameData(path, config.data.checksum, dataSettings, progress);
    await new Sweep(path, config, data, options).toTheEnd(signal);
    nameSkipped(data, options.terminal);
  });
}

/** The settings with paths that hold in any folder. */
function wholePaths(settings: DataSettings): DataSettings {
  const { data, dataDir } = settings;
  return {
    ...settings,
    data: DATA_NAMES.includes(data) ? data : resolve(data),
    dataDir: dataDir === undefined ? undefined : resolve(dataDir),
  };
}

/** How far a run is, in images of all its epochs. */
interface Progress {
  done: number;
  total: number;
}

/** A sweep on its way. */
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

  async toTheEnd(signal: AbortSignal): Promise<void> {
    const { terminal, jobs } = this.options;
    await this.takeStock();
    this.announce();
    // For the whole process, before there are threads.
    enableFusedArithmetic();
    const left = this.plan.filter((run) => !this.outcomes.has(run));
    // The runs that are too few to keep every core busy come last and share the cores: any number of threads has the same bits.
    const rest = left.length % jobs;
    const whole = left.slice(0, left.length - rest);
    await forEachInParallel(whole, jobs, signal, (run) => this.train(run, 1, signal));
    const threads = Math.floor(jobs / rest);
    await forEachInParallel(left.slice(whole.length), jobs, signal, (run) => this.train(run, threads, signal));
    terminal.clearBar();
    if (this.outcomes.size < this.plan.length) throw this.interrupted();
    await this.finish();
  }

  /** Finds out what has been done already. */
  private async takeStock(): Promise<void> {
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
    const before = this.outcomes.size > 0 ? `, ${this.outcomes.size} of them finished before` : "";
    terminal.detail(`${count(this.plan.length, "run")} of LeNet-5 on ${name}, ${jobs} at a time${before}`);
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
        { training: this.requestOf(run), threads, out, data: this.data },
        { signal, onProgress },
      );
      if (!isFinished) return;
      outcome = (await readFinishedRun(out))!;
    } catch (error) {
      // It is listed at the end; the others go on.
      outcome = { status: "failed", reason: (error as Error).message.split("\n", 1)[0] };
      // What it would still have done is nobody's to do.
      progress.total = progress.done;
    }
    this.outcomes.set(run, outcome);
    this.tellEnd(run, outcome);
  }

  private tellEnd({ name }: PlannedRun, outcome: RunOutcome): void {
    const place = `${String(this.outcomes.size).padStart(String(this.plan.length).length)}/${this.plan.length}`;
    const test = (accuracy?: number) => (accuracy === undefined ? "" : `  test acc ${formatPercent(accuracy)}`);
    this.options.terminal.detail(
      outcome.status === "failed"
        ? `${place}  ${name}  failed: ${outcome.reason}`
        : `${place}  ${name}  val acc ${formatPercent(outcome.validationAccuracy)}${test(outcome.testAccuracy)}  ${formatDuration(outcome.seconds)}`,
    );
  }

  private showProgress(): void {
    const all = [...this.progress.values()];
    const images = this.data.parts.train.labels.length;
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const epochs = (values: readonly number[]) => sum(values.map((value) => Math.floor(value / images)));
    const [done, total] = [all.map((one) => one.done), all.map((one) => one.total)];
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
    // In the order of the plan, whichever ended first.
    const outcomes = new Map(this.plan.map((run) => [run, this.outcomes.get(run)!]));
    const report = reportSweep(this.path, this.config, outcomes);
    await writeReport(this.path, report);
    terminal.line(formatReport(report));
    terminal.line(`sweep folder: ${this.path}`);
    if (json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
    const failed = report.runs.filter(({ status }) => status === "failed").length;
    if (failed > 0) throw new Error(`${failed} of ${count(this.plan.length, "run")} failed, for the reasons above`);
  }

  /** What Ctrl-C leaves behind, told in one line. */
  private interrupted(): InterruptedError {
    return new InterruptedError(
      `interrupted with ${this.outcomes.size} of ${count(this.plan.length, "run")} ended; go on with: npx lenet sweep --resume ${quoted(this.path)}`,
    );
  }
}

function count(number: number, what: string): string {
  return `${number.toLocaleString("en-US")} ${what}${number === 1 ? "" : "s"}`;
}
