import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ParsedAugmentation } from "../data/augmentationText.js";
import { augmentationFor } from "../data/characters.js";
import type { Dataset, DatasetParts } from "../data/dataset.js";
import { measureChannels } from "../data/normalization.js";
import { splitTraining } from "../data/split.js";
import type { WasmEngine } from "../engine/index.js";
import { initializeParameters, lenet5, summarize } from "../model/index.js";
import { DATA_NAMES, type DataSettings } from "../node/openData.js";
import { type ReopenedRun, type RunConfig, RunFolder } from "../node/runFolder.js";
import { evaluateDataset } from "../training/evaluate.js";
import { type Best, type EpochRecord, type FitProgress, fit, type TrainingState } from "../training/fit.js";
import type { Evaluation } from "../training/metrics.js";
import { customizeRecipe, RECIPES, type Recipe, type RecipeChanges } from "../training/recipes.js";
import { dataOfRun, nameSkipped, openForCommand } from "./data.js";
import { compileForNode } from "./engine.js";
import { InterruptedError, withInterrupt } from "./interrupt.js";
import { formatDuration, formatPercent, type Terminal } from "./terminal.js";
import { VERSION } from "./version.js";

/** What a run is started with. */
export interface RunSettings {
  readonly recipe: string;
  readonly data: DataSettings;
  /** Whether the recipe's normalisation is kept, or measured on the training images. */
  readonly normalize: "tutorial" | "dataset";
  /** Instead of the recipe's augmentation. */
  readonly augment?: ParsedAugmentation;
  readonly seed: number;
  readonly threads?: number;
  /** The run folder; named after the settings where left out. */
  readonly out?: string;
  readonly changes: RecipeChanges;
}

/** Where a run reports to. */
export interface RunOutput {
  /** For people. */
  readonly terminal: Terminal;
  /** Whether to print a JSON object a line on standard output, too. */
  readonly json: boolean;
}

/** Trains from the start into a new run folder. */
export async function startRun(settings: RunSettings, output: RunOutput): Promise<void> {
  const { seed, out } = settings;
  // Found out before the data are loaded; what happens in between is noticed when the folder is made.
  if (out !== undefined && existsSync(out)) throw new Error(`cannot create the folder ${out}: it exists already`);
  await withInterrupt(async (signal) => {
    const data = await openForCommand(settings.data, { terminal: output.terminal, signal });
    const { train, validationCount } = await data.train();
    const test = await data.test();
    output.terminal.clearBar();
    signal.throwIfAborted();
    const recipe = recipeFor(settings, { train, validationCount });
    const { channels, height, width } = train;
    const model = lenet5({ ...recipe, input: { channels, height, width }, classes: train.classes.length });
    const engine = compileForNode(model, { ...recipe, threads: settings.threads });
    engine.setParameters(initializeParameters(model, seed));
    const config: RunConfig = {
      versions: { lenet: VERSION, node: process.versions.node, v8: process.versions.v8 },
      startedAt: new Date().toISOString(),
      recipe,
      scheduleRestarts: [],
      seed,
      model,
      parameterCount: summarize(model).totalParameters,
      data: {
        ...dataConfig(settings.data, data.name),
        checksum: train.checksum,
        images: train.labels.length,
        classes: [...train.classes],
        generated: train.generated,
      },
      threads: engine.threads,
      fusedArithmetic: engine.fused,
    };
    const folder = await RunFolder.create(out ?? freeRunPath(`${data.name}-${recipe.name}-seed${seed}`), config);
    try {
      await new Run(folder, engine, { train, validationCount, test }, output).toTheEnd(signal);
    } finally {
      await folder.close();
    }
    nameSkipped(data, output.terminal);
  });
}

/** The recipe with what was asked for, and with what depends on the data. */
function recipeFor(
  { recipe: name, data, normalize, augment, seed, changes }: RunSettings,
  parts: Pick<DatasetParts, "train" | "validationCount">,
): Recipe {
  const { augmentation } = RECIPES[name];
  const recipe = customizeRecipe(RECIPES[name], {
    ...changes,
    augmentation: augmentationFor(augment ?? { augmentation, flipGiven: false }, parts.train.classes, data.background),
  });
  if (normalize === "tutorial") return recipe;
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
      await goOn(reopened, settings, output, signal);
    } finally {
      await reopened.folder.close();
    }
  });
}

async function goOn(
  { folder, state, repairs }: ReopenedRun,
  { epochs, threads, strict, ...settings }: ResumeSettings,
  output: RunOutput,
  signal: AbortSignal,
): Promise<void> {
  const { terminal } = output;
  for (const line of repairs) terminal.line(line);
  const { path, config } = folder;
  const { recipe, seed, model, fusedArithmetic } = config;
  const asBefore = dataOfRun(config);
  const { dataDir = asBefore.dataDir } = settings;
  const data = await openForCommand({ ...asBefore, dataDir, strict }, { terminal, signal });
  const { train, validationCount } = await data.train();
  const test = await data.test();
  terminal.clearBar();
  if (train.checksum !== config.data.checksum) {
    throw new Error(`${path} was begun with other images: the checksum of ${data.name} has changed since`);
  }
  signal.throwIfAborted();
  const engine = compileForNode(model, { ...recipe, threads: threads ?? config.threads });
  if (engine.fused !== fusedArithmetic) {
    const was = fusedArithmetic ? "with" : "without";
    throw new Error(`${path} was begun ${was} fused arithmetic, which is not what this Node does: use the same one`);
  }
  // Only now: what was found out so far leaves the finished run as it is.
  if (epochs !== undefined) {
    await folder.extend(epochs);
    terminal.line(
      `extended from ${recipe.epochs} to ${epochs} epochs, the schedule begun anew over the added ones: this is not the same as ${epochs} epochs from the start`,
    );
  }
  engine.setParameters(initializeParameters(model, seed));
  await new Run(folder, engine, { train, validationCount, test }, output).toTheEnd(signal, state);
  nameSkipped(data, terminal);
}

/** The first of runs/name, runs/name-2, runs/name-3 … that does not exist. */
function freeRunPath(name: string): string {
  for (let number = 1; ; number++) {
    const path = join("runs", number === 1 ? name : `${name}-${number}`);
    if (!existsSync(path)) return path;
  }
}

/** A training on its way into its run folder. */
class Run {
  private readonly folder: RunFolder;
  private readonly engine: WasmEngine;
  private readonly parts: DatasetParts;
  private readonly output: RunOutput;

  constructor(folder: RunFolder, engine: WasmEngine, parts: DatasetParts, output: RunOutput) {
    this.folder = folder;
    this.engine = engine;
    this.parts = parts;
    this.output = output;
  }

  async toTheEnd(signal: AbortSignal, resumeFrom?: TrainingState): Promise<void> {
    const { terminal } = this.output;
    this.announce(resumeFrom);
    let best: Best;
    try {
      best = await this.epochs(signal, resumeFrom);
      const { test } = this.parts;
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
    const split = splitTraining(this.parts, recipe.validationShare, seed);
    const { engine } = this;
    const dataset = this.parts.train;
    const imagesAnEpoch = split.train.length + split.validation.length;
    const onProgress = (progress: FitProgress) => this.showProgress(progress, imagesAnEpoch, split.train.length);
    const epochs = fit({ engine, dataset, split, recipe, seed, scheduleRestarts, resumeFrom, onProgress, signal });
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

  private showProgress(progress: FitProgress, imagesAnEpoch: number, trainImages: number): void {
    const { epochs } = this.folder.config.recipe;
    const before = (progress.epoch - 1) * imagesAnEpoch + (progress.phase === "validation" ? trainImages : 0);
    const passed = `loss ${progress.loss.toFixed(4)}  acc ${formatPercent(progress.accuracy)}`;
    this.output.terminal.progress({
      task: "train",
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

  private async finish(best: Best, evaluation: Evaluation | undefined): Promise<void> {
    const { terminal, json } = this.output;
    const { data, recipe } = this.folder.config;
    const result = {
      run: this.folder.path,
      recipe: recipe.name,
      data: data.name,
      generated: data.generated,
      epochs: recipe.epochs,
      bestEpoch: best.epoch,
      bestValidationAccuracy: best.validationAccuracy,
      seconds: this.folder.seconds,
      test: evaluation,
    };
    await this.drawCurves();
    await this.folder.writeResult(result);
    const images = data.generated ? "GENERATED test images" : "test images";
    terminal.line(
      `best validation accuracy ${formatPercent(best.validationAccuracy)} in epoch ${best.epoch}, total time ${formatDuration(this.folder.seconds)}`,
    );
    terminal.line(
      evaluation
        ? `test accuracy ${formatPercent(evaluation.accuracy)} (${evaluation.correct.toLocaleString("en-US")} of ${evaluation.total.toLocaleString("en-US")} ${images}), loss ${evaluation.loss.toFixed(4)}`
        : `${data.name} holds no images back for a test: there is the validation accuracy alone`,
    );
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
    const { recipe, data, seed } = this.folder.config;
    await this.folder.drawCurves({
      title: `LeNet-5 ${recipe.name} on ${data.name}${data.generated ? " (generated data)" : ""}`,
      subtitle: `seed ${seed}, batch ${recipe.batchSize}, ${recipe.optimizer.type}`,
    });
  }
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./:@%+=,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
