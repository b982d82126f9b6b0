import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ParsedAugmentation } from "../data/augmentationText.js";
import { augmentationFor } from "../data/characters.js";
import type { Dataset, DatasetParts } from "../data/dataset.js";
import { DIGITS_DATASET } from "../data/digits.js";
import { measureChannels } from "../data/normalization.js";
import { splitTraining } from "../data/split.js";
import type { Engine } from "../engine/index.js";
import { fingerprint, initializeParameters, lenet5, summarize } from "../model/index.js";
import { DatasetUnavailableError } from "../node/obtain.js";
import { DATA_NAMES, type DataSettings, type OpenedData } from "../node/openData.js";
import { type ReopenedRun, RunFolder } from "../node/runFolder.js";
import { judgedImages, writeReport } from "../node/runReport.js";
import { processorBackend } from "../node/threads.js";
import { formatDuration } from "../report/duration.js";
import type { RunConfig } from "../runs/config.js";
import { runTitles } from "../runs/settings.js";
import { type Best, type EpochProgress, type EpochRecord, runEpochs, type TrainingState } from "../training/epochs.js";
import { evaluateDataset } from "../training/evaluate.js";
import type { Evaluation } from "../training/metrics.js";
import { customizeRecipe, type Recipe, type RecipeChanges, TUTORIAL_NORMALIZATION } from "../training/recipes/index.js";
import { VERSION } from "../version.js";
import { dataOfRun, nameSkipped, openForCommand } from "./data.js";
import { InterruptedError, withInterrupt } from "./interrupt.js";
import { formatPercent, type Reporter } from "./terminal.js";

/** What the progress of a run's epochs is called. */
export const TRAINING_TASK = "train";

/** What a run is started with. */
export interface RunSettings {
  readonly recipe: Recipe;
  readonly data: DataSettings;
  /** Instead of the recipe's normalisation: the tutorial's, or what is measured on the training images. */
  readonly normalize?: "tutorial" | "dataset";
  /** Instead of the recipe's augmentation. */
  readonly augment?: ParsedAugmentation;
  readonly seed: number;
  readonly threads?: number;
  /** The run folder; named after the settings where left out. */
  readonly out?: string;
  readonly changes: RecipeChanges;
}

/** What a run is started with, where no data set need be named: it is Fashion-MNIST, or digits where that cannot be had. */
export interface StartSettings extends Omit<RunSettings, "data"> {
  readonly data: Omit<DataSettings, "data"> & Partial<Pick<DataSettings, "data">>;
}

/** Where a run reports to. */
export interface RunOutput {
  /** For people. */
  readonly terminal: Reporter;
  /** Whether to print a JSON object a line on standard output, too. */
  readonly json: boolean;
}

/** What a run trains and tests on, in the network's shape. */
export interface RunData {
  /** The data set's. */
  readonly name: string;
  readonly parts: DatasetParts;
  /** The files of a folder of pictures that are not among them. */
  readonly skipped: OpenedData["skipped"];
}

/** Trains from the start into a new run folder. */
export async function startRun(settings: StartSettings, output: RunOutput): Promise<void> {
  const on = (data: string): RunSettings => ({ ...settings, data: { ...settings.data, data } });
  try {
    await openAndTrain(on(settings.data.data ?? "fashion-mnist"), output);
  } catch (error) {
    if (settings.data.data !== undefined || !(error instanceof DatasetUnavailableError)) throw error;
    output.terminal.line(error.message);
    output.terminal.line("Training on GENERATED digits instead, drawn by this program.");
    await openAndTrain(on(DIGITS_DATASET.name), output);
  }
}

async function openAndTrain(settings: RunSettings, output: RunOutput): Promise<void> {
  const { out } = settings;
  // Found out before the data are loaded; what happens in between is noticed when the folder is made.
  if (out !== undefined && existsSync(out)) throw new Error(`cannot create the folder ${out}: it exists already`);
  await withInterrupt(async (signal) => {
    const opened = await openForCommand(settings.data, { terminal: output.terminal, signal });
    await trainNew(settings, await readRunData(opened, output.terminal, signal), output, signal);
  });
}

/** Reads all parts of a data set. @throws the signal's reason where it ends the work */
export async function readRunData(opened: OpenedData, terminal: Reporter, signal: AbortSignal): Promise<RunData> {
  const { train, validationCount } = await opened.train();
  const test = await opened.test();
  terminal.clearBar();
  signal.throwIfAborted();
  return { name: opened.name, parts: { train, validationCount, test }, skipped: opened.skipped };
}

/** Trains on data that are there, from the start into a new run folder. @throws InterruptedError once the signal is aborted */
export async function trainNew(
  settings: RunSettings,
  data: RunData,
  output: RunOutput,
  signal: AbortSignal,
): Promise<void> {
  const { seed, out } = settings;
  const { name, parts } = data;
  const { train } = parts;
  const recipe = recipeFor(settings, parts);
  const { channels, height, width } = train;
  const model = lenet5({ ...recipe, input: { channels, height, width }, classes: train.classes.length });
  const engine = await processorBackend(recipe.batchSize, settings.threads).compile([{ model, ...recipe }], recipe);
  await engine.setParameters(initializeParameters(model, seed));
  const config: RunConfig = {
    versions: { lenet: VERSION, node: process.versions.node, v8: process.versions.v8 },
    startedAt: new Date().toISOString(),
    recipe,
    scheduleRestarts: [],
    seed,
    model,
    parameterCount: summarize(model).totalParameters,
    data: {
      ...dataConfig(settings.data, name),
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
    await new Run(folder, engine, data, output).toTheEnd(signal);
  } finally {
    await folder.close();
  }
}

/** The recipe with what was asked for, and with what depends on the data. */
export function recipeFor(
  { recipe: base, data, normalize, augment, seed, changes }: StartSettings,
  parts: Pick<DatasetParts, "train" | "validationCount">,
): Recipe {
  const { augmentation } = base;
  const recipe = customizeRecipe(base, {
    ...changes,
    augmentation: augmentationFor(augment ?? { augmentation, flipGiven: false }, parts.train.classes, data.background),
  });
  if (normalize === undefined) return recipe;
  if (normalize === "tutorial") return customizeRecipe(recipe, { normalization: TUTORIAL_NORMALIZATION });
  const split = splitTraining(parts, recipe.validationShare, seed);
  return customizeRecipe(recipe, { normalization: measureChannels(parts.train, split.train) });
}

/** What a run's config says of the data, its paths whole, so that the run can be gone on with from any folder. */
function dataConfig({ data, dataDir, fit, background }: DataSettings, name: string) {
  return {
    name,
    path: DATA_NAMES.includes(data) ? undefined : resolve(data),
    directory: dataDir === undefined ? undefined : resolve(dataDir),
    fit,
    background,
  };
}

/** How a run is gone on with. */
export interface ResumeSettings {
  /** Extends a finished run to this number of epochs. Nothing else changes a bit of the result. */
  readonly epochs?: number;
  readonly dataDir?: string;
  readonly threads?: number;
  readonly strict?: boolean;
}

/**
 * Goes on with an interrupted run where its checkpoint is, to the bits that it would have come to without the break. Of
 * the folder, config.json alone suffices: a run without a checkpoint begins with its first epoch. A finished run is
 * extended where a number of epochs is given.
 */
export async function resumeRun(path: string, settings: ResumeSettings, output: RunOutput): Promise<void> {
  await withInterrupt(async (signal) => {
    const reopened = await RunFolder.reopen(path, settings.epochs);
    try {
      const { config } = reopened.folder;
      for (const line of reopened.repairs) output.terminal.line(line);
      const asBefore = dataOfRun(config);
      const { dataDir = asBefore.dataDir, strict } = settings;
      const opened = await openForCommand({ ...asBefore, dataDir, strict }, { terminal: output.terminal, signal });
      const data = await readRunData(opened, output.terminal, signal);
      await trainOn(reopened, data, { ...settings, threads: settings.threads ?? config.threads }, output, signal);
    } finally {
      await reopened.folder.close();
    }
  });
}

/** Goes on with a reopened run, on data that are there. @throws InterruptedError once the signal is aborted */
export async function trainOn(
  { folder, state }: ReopenedRun,
  data: RunData,
  { epochs, threads }: { readonly epochs?: number; readonly threads: number },
  output: RunOutput,
  signal: AbortSignal,
): Promise<void> {
  const { recipe, seed, model, arithmetic } = folder.config;
  if (data.parts.train.checksum !== folder.config.data.checksum) {
    throw new Error(`${folder.path} was begun with other images: the checksum of ${data.name} has changed since`);
  }
  const engine = await processorBackend(recipe.batchSize, threads).compile([{ model, ...recipe }], recipe);
  if (engine.arithmetic !== arithmetic) {
    throw new Error(
      `${folder.path} was begun with the arithmetic ${arithmetic}, this Node computes with ${engine.arithmetic}: use the same one`,
    );
  }
  // Only now: what was found out so far leaves the finished run as it is.
  if (epochs !== undefined) {
    const before = folder.epochs;
    await folder.extend(epochs);
    output.terminal.line(
      `extended from ${before} to ${epochs} epochs, the schedule begun anew over the added ones: this is not the same as ${epochs} epochs from the start`,
    );
  }
  await engine.setParameters(initializeParameters(model, seed));
  await new Run(folder, engine, data, output).toTheEnd(signal, state);
}

/** The first of parent/name, parent/name-2, parent/name-3 … that does not exist. */
export function freePath(parent: string, name: string): string {
  for (let number = 1; ; number++) {
    const path = join(parent, number === 1 ? name : `${name}-${number}`);
    if (!existsSync(path)) return path;
  }
}

/** A training on its way into its run folder. */
class Run {
  private readonly folder: RunFolder;
  private readonly engine: Engine;
  private readonly data: RunData;
  private readonly output: RunOutput;

  constructor(folder: RunFolder, engine: Engine, data: RunData, output: RunOutput) {
    this.folder = folder;
    this.engine = engine;
    this.data = data;
    this.output = output;
  }

  async toTheEnd(signal: AbortSignal, resumeFrom?: TrainingState): Promise<void> {
    const { terminal } = this.output;
    this.announce(resumeFrom);
    let best: Best;
    try {
      best = await this.epochs(signal, resumeFrom);
      this.reportEarlyStop();
      const { test } = this.data.parts;
      const evaluation = test && (await this.evaluate(test, signal));
      terminal.clearBar();
      await this.finish(best, evaluation);
    } catch (error) {
      if (error instanceof InterruptedError) throw await this.interrupted();
      throw error;
    } finally {
      this.engine.dispose();
    }
  }

  private evaluate(test: Dataset, signal: AbortSignal): Promise<Evaluation> {
    return evaluateDataset(this.engine, test, undefined, {
      signal,
      onProgress: (progress) => this.output.terminal.progress({ label: "testing", unit: "images", ...progress }),
    });
  }

  /** Runs all epochs that are left, keeping each in the run folder. */
  private async epochs(signal: AbortSignal, resumeFrom?: TrainingState): Promise<Best> {
    const { recipe, seed, scheduleRestarts } = this.folder.config;
    const split = splitTraining(this.data.parts, recipe.validationShare, seed);
    const { engine } = this;
    const dataset = this.data.parts.train;
    const imagesAnEpoch = split.train.length + split.validation.length;
    const onProgress = (progress: EpochProgress) => this.showProgress(progress, imagesAnEpoch, split.train.length);
    const epochs = runEpochs({
      engine,
      dataset,
      split,
      recipe,
      seed,
      scheduleRestarts,
      resumeFrom,
      onProgress,
      signal,
    });
    for (;;) {
      const next = await epochs.next();
      if (next.done) return next.value;
      const { record, state } = next.value;
      await this.folder.keepEpoch(record, state);
      this.report(record, state.best.epoch === record.epoch);
    }
  }

  private announce(resumeFrom?: TrainingState): void {
    const { terminal } = this.output;
    const { recipe, data, model, parameterCount, seed } = this.folder.config;
    const { channels, height, width } = model.input;
    terminal.line(`run folder: ${this.folder.path}`);
    if (data.generated)
      terminal.line(
        `the data set "${data.name}" is GENERATED by this program: its accuracies say nothing about real images`,
      );
    terminal.detail(
      `LeNet-5 ${recipe.name}: ${parameterCount.toLocaleString("en-US")} parameters, ${channels}x${height}x${width} pictures of ${data.name}, seed ${seed}, ${this.engine.threads} ${this.engine.threads === 1 ? "thread" : "threads"}`,
    );
    if (resumeFrom) terminal.detail(`going on after epoch ${resumeFrom.epoch} of ${recipe.epochs}`);
  }

  private showProgress(progress: EpochProgress, imagesAnEpoch: number, trainImages: number): void {
    const { epochs } = this.folder.config.recipe;
    const before = (progress.epoch - 1) * imagesAnEpoch + (progress.phase === "validation" ? trainImages : 0);
    const passed = `loss ${progress.loss.toFixed(4)}  acc ${formatPercent(progress.accuracy)}`;
    this.output.terminal.progress({
      task: TRAINING_TASK,
      label: `epoch ${progress.epoch}/${epochs} ${progress.phase === "train" ? "train" : "val  "}`,
      done: before + progress.done,
      total: imagesAnEpoch * epochs,
      unit: "images",
      details: passed,
    });
  }

  private report(record: EpochRecord, isBest: boolean): void {
    const { terminal, json } = this.output;
    const { epochs } = this.folder.config.recipe;
    const seconds = record.trainSeconds + record.validationSeconds;
    terminal.detail(
      [
        `epoch ${String(record.epoch).padStart(String(epochs).length)}/${epochs}`,
        `train loss ${record.trainLoss.toFixed(4)} acc ${formatPercent(record.trainAccuracy)}`,
        `val loss ${record.validationLoss.toFixed(4)} acc ${formatPercent(record.validationAccuracy)}`,
        `lr ${record.learningRate.toExponential(2)}`,
        `${seconds.toFixed(2)} s${isBest ? "  best" : ""}`,
      ].join("  "),
    );
    if (json) printJson({ event: "epoch", ...record, best: isBest });
  }

  private reportEarlyStop(): void {
    const { epochs, patience } = this.folder.config.recipe;
    if (this.folder.epochs === epochs) return;
    const { terminal } = this.output;
    terminal.clearBar();
    terminal.line(
      `stopped after epoch ${this.folder.epochs} of ${epochs}: no better validation accuracy for ${patience} ${patience === 1 ? "epoch" : "epochs"}`,
    );
  }

  private async finish(best: Best, evaluation: Evaluation | undefined): Promise<void> {
    const { terminal, json } = this.output;
    const { data, recipe, model } = this.folder.config;
    const result = {
      run: this.folder.path,
      recipe: recipe.name,
      data: data.name,
      generated: data.generated,
      epochs: this.folder.epochs,
      bestEpoch: best.epoch,
      bestValidationAccuracy: best.validationAccuracy,
      seconds: this.folder.seconds,
      fingerprint: await fingerprint(model, best.parameters),
      test: evaluation,
    };
    await this.drawCurves();
    await this.folder.writeResult(result);
    await writeReport(this.folder.path, this.engine, judgedImages(this.folder.config, this.data.parts));
    const images = data.generated ? "GENERATED test images" : "test images";
    terminal.line(
      `best validation accuracy ${formatPercent(best.validationAccuracy)} in epoch ${best.epoch}, total time ${formatDuration(this.folder.seconds)}`,
    );
    terminal.line(
      evaluation
        ? `test accuracy ${formatPercent(evaluation.accuracy)} (${evaluation.correct.toLocaleString("en-US")} of ${evaluation.total.toLocaleString("en-US")} ${images}), loss ${evaluation.loss.toFixed(4)}`
        : `${data.name} holds no images back for a test: there is the validation accuracy alone`,
    );
    terminal.line(`fingerprint of the best weights: ${result.fingerprint}`);
    nameSkipped(this.data, terminal);
    terminal.line(`run folder: ${this.folder.path}`);
    if (json) printJson({ event: "done", ...result });
  }

  /** What Ctrl-C leaves behind, told in one line. */
  private async interrupted(): Promise<InterruptedError> {
    this.output.terminal.clearBar();
    await this.drawCurves();
    const { epochs } = this.folder.config.recipe;
    const done = this.folder.epochs;
    const when = done === 0 ? "before the first epoch was finished" : `after epoch ${done} of ${epochs}`;
    return new InterruptedError(
      `interrupted ${when}; go on with: npx lenet train --resume ${quoted(this.folder.path)}`,
    );
  }

  private async drawCurves(): Promise<void> {
    await this.folder.drawCurves(runTitles(this.folder.config));
  }
}

/** A path as a shell takes it. */
export function quoted(path: string): string {
  return /^[\w./:@%+=,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
