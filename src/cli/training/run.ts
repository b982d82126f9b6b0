import { join } from "node:path";
import type { Dataset } from "../../data/dataset.js";
import type { Engine } from "../../engine/backend.js";
import { networkOf } from "../../engine/networkOf.js";
import { fingerprint, hasBatchNorm, type Weights } from "../../model/index.js";
import type { RunFolder } from "../../node/runFolder.js";
import { judgedImages, writeReport } from "../../node/runReport.js";
import type { TensorboardLog } from "../../node/tensorboard.js";
import { formatDuration } from "../../report/numbers.js";
import { bestWeights } from "../../runs/bestWeights.js";
import { RUN_FILES } from "../../runs/runFolderFiles.js";
import {
  type Best,
  type EpochProgress,
  type EpochRecord,
  type FinishedEpoch,
  type FleetMember,
  type FleetOptions,
  runFleet,
  type TrainingState,
} from "../../training/epochs.js";
import { evaluateDataset } from "../../training/evaluate.js";
import { type Evaluation, trainingFailure } from "../../training/metrics.js";
import type { TrainingPlan } from "../../training/plan.js";
import type { Teacher } from "../../training/teacher.js";
import { type LoadedData, listSkipped } from "../data.js";
import { InterruptedError } from "../interrupt.js";
import { language, messages } from "../messages/index.js";
import { tellHowToResume } from "../supervisor.js";
import { formatPercent, type Reporter } from "../terminal.js";
import { quoted, toJson } from "../text.js";

/** The task name of a run's progress through its epochs. */
export const TRAINING_TASK = "train";

/** Where a run reports. */
export interface RunOutput {
  /** Output for people. */
  readonly terminal: Reporter;
  /** Also print one JSON object per line to standard output. */
  readonly json: boolean;
  /** Also write an event file into the run folder. A resumed run continues one that is there in any case. */
  readonly log?: "tensorboard";
  /** Called after an epoch is saved, before the next one is. */
  readonly onSaved?: (epoch: number) => Promise<void>;
}

/** What a run is made of. */
export interface RunParts {
  readonly folder: RunFolder;
  readonly plan: TrainingPlan;
  /** What it learns from besides the labels. */
  readonly teacher?: Teacher;
  /** Where to resume. */
  readonly state?: TrainingState;
  /** Its event file, if it has one. */
  readonly events?: TensorboardLog;
  /** The epoch after which it pauses. */
  readonly pauseAfter?: number;
  /** An engine with weights, for evaluation. */
  readonly compile: (weights: Weights) => Promise<Engine>;
}

/** A training run: its run folder, and what it reports. */
export class Run {
  readonly member: FleetMember;
  private readonly folder: RunFolder;
  private readonly data: LoadedData;
  private readonly output: RunOutput;
  private readonly events: TensorboardLog | undefined;
  private readonly compile: RunParts["compile"];
  private readonly controller = new AbortController();
  private readonly imagesPerEpoch: number;
  private failure: Error | undefined;
  /** The last write, which the next one waits for. */
  private written: Promise<void> = Promise.resolve();

  constructor(
    { folder, plan, teacher, state, events, pauseAfter, compile }: RunParts,
    data: LoadedData,
    output: RunOutput,
  ) {
    this.folder = folder;
    this.compile = compile;
    this.data = data;
    this.output = output;
    this.events = events;
    this.member = { ...plan, teacher, resumeFrom: state, signal: this.controller.signal, pauseAfter };
    this.imagesPerEpoch = plan.split.train.length + plan.split.validation.length;
  }

  get path(): string {
    return this.folder.path;
  }

  /** Why it failed; undefined if it has not. */
  get error(): Error | undefined {
    return this.failure;
  }

  /** Ends the run; others in its fleet go on. */
  fail(error: Error): void {
    this.failure ??= error;
    this.controller.abort(error);
  }

  /** Saves an epoch, after the one before. Never rejects: if it cannot be saved, the run fails. */
  keep({ record, state }: FinishedEpoch): Promise<void> {
    this.written = this.written
      .then(async () => {
        if (this.failure) return;
        // Before the checkpoint: a resumed run cuts off what is beyond it.
        await this.events?.keepEpoch(record, state.parameters);
        await this.folder.keepEpoch(record, state);
        await this.output.onSaved?.(record.epoch);
        this.report(record, state.best.epoch === record.epoch);
      })
      .catch((error) => this.fail(error));
    return this.written;
  }

  /**
   * Evaluates the best weights as they are saved, and writes the result. If that is impossible, the run fails.
   *
   * @param engine with the best parameters
   */
  async finish(engine: Engine, best: Best, signal: AbortSignal): Promise<void> {
    await this.written;
    if (this.failure) return;
    try {
      this.reportEarlyStop();
      await this.folder.keepWeights(best);
      const weights = await bestWeights(this.folder.config, best);
      const isTrained = hasBatchNorm(weights.model) === hasBatchNorm(this.folder.config.model);
      const evaluated = isTrained ? engine : await this.compile(weights);
      try {
        await this.writeResult(evaluated, best, weights, signal);
      } finally {
        if (!isTrained) evaluated.dispose();
      }
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      this.fail(error as Error);
    }
  }

  /** Waits for what is being written, and draws the curves so far. */
  async pause(): Promise<void> {
    await this.written;
    await this.folder.drawCurves(language);
  }

  /** What the user enters to resume it. */
  get resumeCommand(): string {
    return `npx lenet train --resume ${quoted(this.path)}`;
  }

  /** Lets other processes write to the folder. */
  async close(): Promise<void> {
    await this.events?.close();
    await this.folder.close();
  }

  /** How far the run is. */
  get progress(): string {
    const { epochs } = this.folder.config.recipe;
    const done = this.folder.epochs;
    return messages.progress(done, epochs);
  }

  private evaluate(engine: Engine, test: Dataset, signal: AbortSignal): Promise<Evaluation> {
    return evaluateDataset(engine, test, undefined, {
      signal,
      onProgress: (progress) => this.output.terminal.progress({ label: messages.testing, unit: "images", ...progress }),
    });
  }

  /** Says what is trained, on which device. */
  announce({ threads }: Pick<Engine, "threads">): void {
    const { terminal } = this.output;
    const { resumeFrom } = this.member;
    const { recipe, data, model, parameterCount, seed, card } = this.folder.config;
    const { channels, height, width } = model.input;
    const device = card ? card.name : messages.threads(threads);
    terminal.line(messages.runFolder(this.folder.path));
    tellHowToResume(this.resumeCommand);
    if (data.generated) terminal.line(messages.generatedData(data.name));
    terminal.detail(
      messages.announce(
        recipe.name,
        parameterCount.toLocaleString("en-US"),
        `${channels}x${height}x${width}`,
        data.name,
        seed,
        device,
      ),
    );
    const { train, validation } = this.member.split;
    if (train === validation) terminal.line(messages.nothingHeldOut);
    if (resumeFrom) terminal.detail(messages.resuming(resumeFrom.epoch, recipe.epochs));
  }

  /** The images done, counted from the first epoch. */
  imagesDone({ epoch, phase, done }: EpochProgress): number {
    const trained = phase === "validation" ? this.member.split.train.length : 0;
    return (epoch - 1) * this.imagesPerEpoch + trained + done;
  }

  showProgress(progress: EpochProgress): void {
    const { epochs } = this.folder.config.recipe;
    const details = messages.lossAndAccuracy(progress.loss.toFixed(4), formatPercent(progress.accuracy));
    this.output.terminal.progress({
      task: TRAINING_TASK,
      label: messages.epochProgress(progress.epoch, epochs, progress.phase),
      done: this.imagesDone(progress),
      total: this.imagesPerEpoch * epochs,
      unit: "images",
      details,
    });
  }

  private report(record: EpochRecord, isBest: boolean): void {
    const { terminal, json } = this.output;
    const { epochs } = this.folder.config.recipe;
    const seconds = record.trainSeconds + record.validationSeconds;
    terminal.detail(
      [
        messages.epoch(String(record.epoch).padStart(String(epochs).length), epochs),
        messages.trainFigures(record.trainLoss.toFixed(4), formatPercent(record.trainAccuracy)),
        messages.validationFigures(record.validationLoss.toFixed(4), formatPercent(record.validationAccuracy)),
        messages.learningRate(record.learningRate.toExponential(2)),
        messages.epochTime(seconds.toFixed(2), isBest),
      ].join("  "),
      isBest ? "good" : undefined,
    );
    if (json) printJson({ event: "epoch", ...record, best: isBest });
  }

  private reportEarlyStop(): void {
    const { epochs, patience } = this.folder.config.recipe;
    if (this.folder.epochs === epochs) return;
    const { terminal } = this.output;
    terminal.clearBar();
    terminal.line(messages.stoppedEarly(this.folder.epochs, epochs, patience));
  }

  private async writeResult(engine: Engine, best: Best, weights: Weights, signal: AbortSignal): Promise<void> {
    const { terminal, json } = this.output;
    const { test } = this.data.parts;
    const evaluation = test && (await this.evaluate(engine, test, signal));
    terminal.clearBar();
    const { data, recipe } = this.folder.config;
    const result = {
      run: this.folder.path,
      recipe: recipe.name,
      data: data.name,
      generated: data.generated,
      epochs: this.folder.epochs,
      bestEpoch: best.epoch,
      bestValidationAccuracy: best.validationAccuracy,
      seconds: this.folder.seconds,
      fingerprint: await fingerprint(weights.model, weights.parameters),
      test: evaluation,
    };
    await this.folder.drawCurves(language);
    await this.events?.finish(this.folder.epochs, evaluation);
    // The result comes last: a run that has it is complete.
    const images = judgedImages(this.folder.config, this.data.parts);
    const failure = trainingFailure(await writeReport(this.folder.path, engine, images, language));
    await this.folder.writeResult(result);
    terminal.line(
      messages.bestValidation(formatPercent(best.validationAccuracy), best.epoch, formatDuration(this.folder.seconds)),
    );
    terminal.line(
      evaluation
        ? messages.testAccuracy(
            formatPercent(evaluation.accuracy),
            evaluation.correct.toLocaleString("en-US"),
            evaluation.total.toLocaleString("en-US"),
            data.generated,
            evaluation.loss.toFixed(4),
          )
        : messages.noTest(data.name),
      "strong",
    );
    terminal.line(messages.fingerprintOfBest(result.fingerprint));
    if (failure) terminal.warn(messages.tryLowerRate(failure));
    listSkipped(this.data, terminal);
    terminal.line(messages.report(join(this.folder.path, RUN_FILES.report)));
    if (json) printJson({ event: "done", ...result });
  }
}

/** Writes of epochs that are under way at once. */
const MOST_WRITES = 8;

/**
 * Trains runs side by side, each as the network of its place in the engine. A run that fails keeps its error, and the
 * others go on. However it ends, everything is written.
 *
 * @throws the signal's reason if it is aborted; Error if the engine fails
 */
export async function trainRuns(
  runs: readonly Run[],
  engine: Engine,
  {
    dataset,
    signal,
    onProgress,
    onEnd,
  }: Pick<FleetOptions, "dataset" | "onProgress"> & {
    readonly signal: AbortSignal;
    /** Called for each run that is done, has paused or has failed. */
    readonly onEnd?: (run: Run) => Promise<void>;
  },
): Promise<void> {
  const members = runs.map(({ member }) => member);
  const open = new Set(runs);
  const writes = new Set<Promise<void>>();
  const end = async (run: Run) => {
    open.delete(run);
    await onEnd?.(run);
  };
  try {
    for await (const event of runFleet({ engine, dataset, members, signal, onProgress })) {
      const run = runs[event.network];
      if (event.type === "epoch") {
        const write = run.keep(event).finally(() => writes.delete(write));
        writes.add(write);
        while (writes.size >= Math.min(MOST_WRITES, runs.length)) await Promise.race(writes);
      } else if (event.type === "done") {
        await run.finish(networkOf(engine, event.network), event.best, signal);
        await end(run);
      } else {
        run.fail(event.error);
        await end(run);
      }
    }
    // Those that are left have paused.
    await Promise.all(writes);
    for (const run of open) {
      if (!run.error) await run.pause();
      await end(run);
    }
  } finally {
    await Promise.all(writes);
    for (const run of open) await (run.error ? end(run) : run.pause());
  }
}

function printJson(value: object): void {
  process.stdout.write(`${toJson(value)}\n`);
}
