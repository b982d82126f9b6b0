import { join } from "node:path";
import { readHistory } from "../../node/runFolder.js";
import type { LoadedTeacher } from "../../node/teachers.js";
import { formatDuration } from "../../report/numbers.js";
import { bestAccuracy, secondsOf } from "../../runs/history.js";
import type { LoadedData } from "../data.js";
import { describeCard } from "../device.js";
import { InterruptedError } from "../interrupt.js";
import { counted } from "../messages/counted.js";
import { messages } from "../messages/index.js";
import { tellHowToResume } from "../supervisor.js";
import { formatPercent } from "../terminal.js";
import { quoted } from "../text.js";
import type { RunOutput } from "../training/run.js";
import type { RunDeviceOptions } from "../training/train.js";
import { requestOf, type SweepConfig } from "./config.js";
import { trainInFleets } from "./fleets.js";
import { type PlannedRun, planRuns } from "./grid.js";
import { bestCombinations, epochOf, type Rung, rungsOf } from "./halving.js";
import { shareData } from "./pool.js";
import { trainOnProcessor } from "./processor.js";
import type { RunOutcome } from "./report.js";
import { reportOutcomes } from "./results.js";
import { countEpochs, forgetFailure, noteFailure, readFinishedRun } from "./sweepFolder.js";
import type { RemoteTrainer, SweptRun, SweptRunsOptions } from "./sweptRun.js";

/** A sweep with its data. */
export interface OpenSweep {
  /** Its folder. */
  readonly path: string;
  readonly config: SweepConfig;
  readonly data: LoadedData;
  /** Where it is trained. */
  readonly place: Pick<RunDeviceOptions, "device" | "moves">;
  /** What all runs learn from besides the labels. */
  readonly teacher?: LoadedTeacher;
}

/** Where a sweep reports, and how much is trained at once. */
export interface SweepOutput extends RunOutput {
  /** The number of runs to train in parallel on the processor. */
  readonly jobs: number;
  /** Trains the runs elsewhere instead. */
  readonly remote?: RemoteTrainer;
}

/** A run of the plan, to be trained. */
interface PlannedSweptRun extends SweptRun {
  readonly run: PlannedRun;
}

/** How a run has ended by itself. */
type EndedRun = Exclude<RunOutcome, { status: "stopped" }>;

/** The progress of a run, in images over all epochs. */
interface Progress {
  done: number;
  total: number;
}

/** A sweep in progress. */
export class Sweep {
  private readonly path: string;
  private readonly config: SweepConfig;
  private readonly data: LoadedData;
  private readonly place: OpenSweep["place"];
  private readonly teacher: OpenSweep["teacher"];
  private readonly options: SweepOutput;
  /** All its runs. */
  private readonly plan: readonly PlannedRun[];
  private readonly outcomes = new Map<PlannedRun, RunOutcome>();
  private readonly progress = new Map<PlannedRun, Progress>();

  constructor({ path, config, data, place, teacher }: OpenSweep, options: SweepOutput) {
    this.path = path;
    this.config = config;
    this.data = place.device.card ? data : shareData(data);
    this.place = place;
    this.teacher = teacher;
    this.options = options;
    this.plan = planRuns(config);
  }

  /** Trains all runs that are not finished, and writes the report. @throws Error if runs have failed */
  async complete(signal: AbortSignal): Promise<void> {
    await this.readFinished(this.plan);
    this.announce();
    const left = await this.climb(signal);
    if (!left || !(await this.train(left, signal))) throw new InterruptedError(`interrupted ${this.howFar}`);
    await this.options.remote?.finish(
      this.config,
      this.plan.map(({ name }) => name),
    );
    // In the order of the plan, not in that of finishing.
    const outcomes = new Map(this.plan.map((run) => [run, this.outcomes.get(run)!]));
    await reportOutcomes(this.path, this.config, outcomes, this.options);
  }

  /**
   * Trains the rungs of successive halving, if there are any. All decisions follow from the run folders, so a resumed
   * sweep makes the same decisions.
   *
   * @returns the runs that go on to their ends; undefined if the signal is aborted before
   */
  private async climb(signal: AbortSignal): Promise<readonly PlannedRun[] | undefined> {
    const { halving } = this.config;
    let combinations = [...new Set(this.plan.map(({ combination }) => combination))];
    let runs = this.plan;
    for (const rung of halving === undefined ? [] : rungsOf(combinations.length, halving)) {
      if (!(await this.train(runs, signal, rung))) return undefined;
      const accuracies = new Map<PlannedRun, number | undefined>();
      for (const run of runs) accuracies.set(run, await this.accuracyAt(run, epochOf(rung, this.epochsOf(run))));
      const before = combinations.length;
      combinations = bestCombinations(combinations, runs, (run) => accuracies.get(run), rung.keep);
      const kept = new Set(combinations);
      for (const run of runs) if (!kept.has(run.combination)) await this.stop(run);
      runs = runs.filter(({ combination }) => kept.has(combination));
      this.options.terminal.detail(messages.goOn(rung.keep, before));
    }
    return runs;
  }

  /** A run's best validation accuracy up to an epoch; undefined if it has failed. */
  private async accuracyAt(run: PlannedRun, epoch: number): Promise<number | undefined> {
    if (this.outcomes.get(run)?.status === "failed") return undefined;
    return bestAccuracy((await readHistory(join(this.path, run.name))).slice(0, epoch));
  }

  /** Leaves a run as it is, for good. */
  private async stop(run: PlannedRun): Promise<void> {
    const progress = this.progress.get(run)!;
    progress.total = progress.done;
    if (this.outcomes.has(run)) return;
    const history = await readHistory(join(this.path, run.name));
    const validationAccuracy = bestAccuracy(history)!;
    this.outcomes.set(run, {
      status: "stopped",
      epochs: history.length,
      bestEpoch: history.find((record) => record.validationAccuracy === validationAccuracy)!.epoch,
      validationAccuracy,
      seconds: secondsOf(history),
    });
  }

  /**
   * Trains one run, if it is not finished. If it fails, its reason is kept in the sweep folder.
   *
   * @throws Error if there is no run with this index, or it fails
   */
  async completeOne(index: number, signal: AbortSignal): Promise<void> {
    const run = this.plan[index];
    if (!run) throw new Error(`--index must be from 0 to ${this.plan.length - 1}: there are ${this.runs}`);
    await this.readFinished([run]);
    const { terminal } = this.options;
    terminal.line(messages.runOf(index, this.plan.length, join(this.path, run.name)));
    if (this.outcomes.has(run)) return terminal.line(messages.alreadyFinished);
    if (!(await this.train([run], signal))) {
      throw new InterruptedError("interrupted; to resume the run, enter the same command again");
    }
    const outcome = this.outcomes.get(run)!;
    if (outcome.status !== "failed") return forgetFailure(this.path, run.name);
    await noteFailure(this.path, run.name, outcome.reason);
    throw new Error(`${run.name} failed: ${outcome.reason}`);
  }

  /** Reads what was finished before. */
  private async readFinished(runs: readonly PlannedRun[]): Promise<void> {
    const images = this.data.parts.train.labels.length;
    for (const run of runs) {
      const path = join(this.path, run.name);
      const epochs = this.epochsOf(run);
      const finished = await readFinishedRun(path);
      if (finished) this.outcomes.set(run, finished);
      this.progress.set(run, { done: (await countEpochs(path)) * images, total: epochs * images });
    }
  }

  private epochsOf(run: PlannedRun): number {
    const { recipe, changes } = requestOf(this.config, run);
    return changes.epochs ?? recipe.epochs;
  }

  /**
   * Trains those of the runs that have not ended, to their ends or up to a rung.
   *
   * @returns false if the signal is aborted before all are there
   */
  private async train(runs: readonly PlannedRun[], signal: AbortSignal, rung?: Rung): Promise<boolean> {
    const left: PlannedSweptRun[] = [];
    for (const run of runs) {
      const path = join(this.path, run.name);
      const pauseAfter = rung && epochOf(rung, this.epochsOf(run));
      const isThere = pauseAfter !== undefined && (await countEpochs(path)) >= pauseAfter;
      if (this.outcomes.has(run) || isThere) continue;
      const training = requestOf(this.config, run);
      left.push({ run, name: run.name, training, teacher: this.teacher, path, pauseAfter });
    }
    const arrived = new Set<PlannedRun>();
    const options: SweptRunsOptions<PlannedSweptRun> = {
      data: this.data,
      signal,
      log: this.options.log,
      onProgress: (done) => {
        for (const [{ run }, images] of done) this.progress.get(run)!.done = images;
        this.showProgress();
      },
      onEnd: async ({ run, path }, error) => {
        arrived.add(run);
        await this.end(run, path, error);
      },
    };
    const { remote } = this.options;
    if (remote) await remote.train(this.config, left, options);
    else await (this.place.device.card ? this.trainOnCard(left, options) : this.trainOnProcessor(left, options));
    this.options.terminal.clearBar();
    return left.every(({ run }) => arrived.has(run));
  }

  private async trainOnProcessor(
    runs: readonly PlannedSweptRun[],
    options: SweptRunsOptions<PlannedSweptRun>,
  ): Promise<void> {
    const { arithmetic } = this.config;
    const { moves = false } = this.place;
    await trainOnProcessor(runs, { ...options, jobs: this.options.jobs, arithmetic, moves });
  }

  private async trainOnCard(
    runs: readonly PlannedSweptRun[],
    options: SweptRunsOptions<PlannedSweptRun>,
  ): Promise<void> {
    const { terminal } = this.options;
    try {
      await trainInFleets(runs, {
        ...options,
        ...this.place,
        onFleet: (networks) => terminal.detail(messages.sideBySide(networks)),
        onTooMany: (networks) => terminal.detail(messages.tooMany(networks)),
      });
    } catch (error) {
      terminal.clearBar();
      if (error instanceof InterruptedError) return;
      const [message] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
      throw new Error(`${message}; the sweep stopped ${this.howFar}`, { cause: error });
    }
  }

  /** Keeps how a run ended. If it failed, the others continue, and it is listed at the end. */
  private async end(run: PlannedRun, path: string, error: Error | undefined): Promise<void> {
    const outcome = await outcomeOf(path, error);
    if (!outcome) return;
    const progress = this.progress.get(run)!;
    // The remaining images of a failed run no longer count towards the total.
    if (outcome.status === "failed") progress.total = progress.done;
    this.outcomes.set(run, outcome);
    this.reportEnd(run, outcome);
  }

  private announce(): void {
    const { terminal, jobs, remote } = this.options;
    const { card } = this.place.device;
    const { name, generated } = this.config.data;
    terminal.line(messages.sweepFolder(this.path));
    tellHowToResume(this.resumeCommand);
    if (generated) {
      terminal.line(messages.generatedData(name));
    }
    const here = card ? describeCard(card) : messages.inParallel(jobs);
    const where = remote ? messages.byWorkers(remote.where) : here;
    terminal.detail(messages.sweepStarts(this.plan.length, name, where, this.outcomes.size));
  }

  private reportEnd({ name }: PlannedRun, outcome: EndedRun): void {
    const position = `${String(this.outcomes.size).padStart(String(this.plan.length).length)}/${this.plan.length}`;
    const test = (accuracy?: number) => (accuracy === undefined ? undefined : formatPercent(accuracy));
    const end =
      outcome.status === "failed"
        ? messages.runFailed(outcome.reason)
        : messages.runEnded(
            formatPercent(outcome.validationAccuracy),
            test(outcome.testAccuracy),
            formatDuration(outcome.seconds),
          );
    this.options.terminal.detail(`${position}  ${name}  ${end}`);
  }

  private showProgress(): void {
    const all = [...this.progress.values()];
    const images = this.data.parts.train.labels.length;
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const epochs = (values: readonly number[]) => sum(values.map((value) => Math.floor(value / images)));
    const [done, total] = [all.map((run) => run.done), all.map((run) => run.total)];
    this.options.terminal.progress({
      task: "sweep",
      label: messages.sweepProgress(this.outcomes.size, all.length, String(epochs(done)), String(epochs(total))),
      done: sum(done),
      total: sum(total),
      unit: "images",
    });
  }

  /** How many runs have ended, and how to resume. */
  private get howFar(): string {
    return `after ${this.outcomes.size} of ${this.runs}; resume with: ${this.resumeCommand}`;
  }

  private get runs(): string {
    return counted(this.plan.length, "run");
  }

  /** What the user enters to resume it. */
  private get resumeCommand(): string {
    const { remote } = this.options;
    return `npx lenet sweep --resume ${quoted(this.path)}${remote ? ` ${remote.resumeOptions}` : ""}`;
  }
}

/** How a run ended; undefined if it has only paused. */
async function outcomeOf(path: string, error: Error | undefined): Promise<EndedRun | undefined> {
  try {
    if (error) throw error;
    return await readFinishedRun(path);
  } catch (failure) {
    const text = failure instanceof Error ? failure.message : String(failure);
    return { status: "failed", reason: text.split("\n", 1)[0] };
  }
}
