import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { formatJson, parseJson } from "../formats/json.js";
import { writeWeights } from "../formats/weightFiles.js";
import type { PageLanguage } from "../report/page/messages/index.js";
import { bestWeights } from "../runs/bestWeights.js";
import { parseRunConfig, type RunConfig, type RunDevice, withDevice } from "../runs/config.js";
import { formatHistory, parseHistory, secondsOf } from "../runs/history.js";
import { identityOf } from "../runs/identity.js";
import { RUN_FILES } from "../runs/runFolderFiles.js";
import { runTitles } from "../runs/settings.js";
import type { Best, EpochRecord, TrainingState } from "../training/epochs.js";
import * as z from "../vendor/zod.js";
import { loadCheckpoint, saveCheckpoint } from "./checkpointFiles.js";
import { createFolderExclusive, removeTemporaries, writeFileAtomic } from "./disk/files.js";
import { languageOfPng, svgToPng } from "./png.js";
import { named, readIfThere, readRunFile, requireFolder } from "./runFiles.js";
import { RunLock } from "./runLock.js";

/** Where the data of a run are. */
export type DataLocation = Pick<RunConfig["data"], "name" | "path" | "directory">;

/** A reopened run folder. */
export interface ReopenedRun {
  readonly folder: RunFolder;
  /** Where to resume; undefined if no epoch was finished. */
  readonly state: TrainingState | undefined;
  /** What was repaired after an interruption, one line each. */
  readonly repairs: readonly string[];
}

/**
 * The folder of one run. Only one process at a time writes to it, and a crash at any moment leaves every file complete.
 * The checkpoint is written last in an epoch; when the run resumes, whatever the other files hold beyond it is undone.
 */
export class RunFolder {
  readonly path: string;
  private readonly lock: RunLock;
  private readonly history: EpochRecord[];
  private currentConfig: RunConfig;
  private savedBestEpoch = 0;

  private constructor(path: string, lock: RunLock, config: RunConfig, history: EpochRecord[]) {
    this.path = path;
    this.lock = lock;
    this.currentConfig = config;
    this.history = history;
  }

  /**
   * Creates a new run folder.
   *
   * @throws Error if it exists or cannot be written
   */
  static async create(path: string, config: RunConfig): Promise<RunFolder> {
    const lock = new RunLock(path);
    await createFolderExclusive(path, async (temporary) => {
      await lock.putInto(temporary);
      await writeFileAtomic(join(temporary, RUN_FILES.config), formatJson(config));
      await writeFileAtomic(join(temporary, RUN_FILES.history), formatHistory([]));
    });
    return new RunFolder(path, lock, config, []);
  }

  /**
   * Opens a run folder to resume from its checkpoint.
   *
   * @param epochs to extend a finished run, its new number of epochs: see {@link extend}
   * @throws Error if the run is finished but `epochs` is not given, or the reverse; if another process writes to it; if
   *   a file is missing or damaged
   */
  static async reopen(path: string, epochs?: number): Promise<ReopenedRun> {
    await requireFolder(path);
    const lock = new RunLock(path);
    const repairs = await lock.acquire();
    try {
      const config = await readRunConfig(path);
      const temporaries = await removeTemporaries(path);
      if (temporaries > 0) repairs.push(`removed ${countOf(temporaries, "temporary file")} from an interrupted write`);
      await requireEpochsLeft(path, config, epochs);
      const { state, line } = await loadCheckpoint(path, config);
      if (line !== undefined) repairs.push(line);
      const folder = new RunFolder(path, lock, config, await historyUpTo(path, state?.epoch ?? 0));
      await folder.settle(state);
      return { folder, state, repairs };
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Everything needed to repeat the run. */
  get config(): RunConfig {
    return this.currentConfig;
  }

  /** The finished epochs. */
  get records(): readonly EpochRecord[] {
    return this.history;
  }

  /** The number of finished epochs. */
  get epochs(): number {
    return this.history.length;
  }

  /** The total time of all finished epochs, in seconds. */
  get seconds(): number {
    return secondsOf(this.history);
  }

  /**
   * Extends a finished run to more epochs. Training continues from the last weights and the optimizer's moments, and
   * the schedule restarts over the added epochs.
   */
  async extend(epochs: number): Promise<void> {
    const { recipe, scheduleRestarts, epochsBefore = [] } = this.config;
    this.currentConfig = {
      ...this.config,
      recipe: { ...recipe, epochs },
      scheduleRestarts: [...scheduleRestarts, this.epochs],
      // Extensions by early versions are not in the list; there, a restart stands for the epochs before it.
      epochsBefore: [...scheduleRestarts.map((restart, index) => epochsBefore[index] ?? restart), recipe.epochs],
    };
    await this.write(RUN_FILES.config, formatJson(this.config));
  }

  /** Notes where its images are now, if that is elsewhere. The name stays: weights and pages have it. */
  async noteData({ path, directory }: DataLocation): Promise<void> {
    const { data } = this.config;
    if (data.path === path && data.directory === directory) return;
    this.currentConfig = { ...this.config, data: { ...data, path, directory } };
    await this.write(RUN_FILES.config, formatJson(this.config));
  }

  /** Notes that the next epochs are computed on another device. */
  async moveTo(device: RunDevice): Promise<void> {
    this.currentConfig = withDevice(this.config, this.epochs, device);
    await this.write(RUN_FILES.config, formatJson(this.config));
  }

  /** Saves an epoch: its row, the weights if they are the best so far, then the checkpoint. */
  async keepEpoch(record: EpochRecord, state: TrainingState): Promise<void> {
    this.history.push(record);
    await this.write(RUN_FILES.history, formatHistory(this.history));
    if (state.best.epoch !== this.savedBestEpoch) {
      for (const [name, bytes] of await this.weightFiles(state.best)) await this.write(name, bytes);
      this.savedBestEpoch = state.best.epoch;
    }
    await this.lock.requireHeld();
    await saveCheckpoint(this.path, { ...state, identity: await identityOf(this.config, state.epoch) });
  }

  /** Saves weights that replace those of the best epoch. */
  async keepWeights(best: Best): Promise<void> {
    for (const [name, bytes] of await this.weightFiles(best)) await this.writeIfOther(name, bytes);
  }

  /** Draws the curves of the epochs so far, if there are any. */
  async drawCurves(language: PageLanguage = "en"): Promise<void> {
    if (this.history.length === 0) return;
    // Imported here so that commands that draw nothing start without the charting code.
    const [{ curvesSvg }, { PAGE_MESSAGES }] = await Promise.all([
      import("../report/curves.js"),
      import("../report/page/messages/index.js"),
    ]);
    const draw = (spoken: PageLanguage) => {
      const { titles, curves } = PAGE_MESSAGES[spoken];
      return curvesSvg(this.history, runTitles(this.config, titles), curves);
    };
    await this.write(RUN_FILES.curvesSvg, draw(language));
    await this.write(RUN_FILES.curvesPng, await svgToPng(draw(await languageOfPng(language))));
  }

  /** Writes the result of the finished run. */
  async writeResult(result: RunResult): Promise<void> {
    await this.write(RUN_FILES.result, formatJson(result));
  }

  /** Releases the lock, so that other processes may write to the folder. */
  async close(): Promise<void> {
    await this.lock.release();
  }

  /** Restores the history and the best weights to the checkpoint's epoch. */
  private async settle(state: TrainingState | undefined): Promise<void> {
    await this.writeIfOther(RUN_FILES.history, new TextEncoder().encode(formatHistory(this.history)));
    if (!state) return;
    for (const [name, bytes] of await this.weightFiles(state.best)) await this.writeIfOther(name, bytes);
    this.savedBestEpoch = state.best.epoch;
  }

  private async weightFiles(best: Best): Promise<[name: string, bytes: Uint8Array][]> {
    const weights = await bestWeights(this.config, best);
    return [
      [RUN_FILES.pth, writeWeights(weights, "pth")],
      [RUN_FILES.safetensors, writeWeights(weights, "safetensors")],
    ];
  }

  private async writeIfOther(name: string, content: Uint8Array): Promise<void> {
    const bytes = await readIfThere(this.path, name);
    if (bytes === undefined || Buffer.compare(bytes, content) !== 0) await this.write(name, content);
  }

  private async write(name: string, content: string | Uint8Array): Promise<void> {
    await this.lock.requireHeld();
    await writeFileAtomic(join(this.path, name), content);
  }
}

/** Reads a run's config.json. @throws Error if it is missing or invalid */
export async function readRunConfig(path: string): Promise<RunConfig> {
  const text = new TextDecoder().decode(await readRunFile(path, RUN_FILES.config));
  return named(path, () => parseRunConfig(text));
}

/** A run's history; empty if it has none. @throws Error if it is invalid */
export async function readHistory(path: string): Promise<EpochRecord[]> {
  const bytes = await readIfThere(path, RUN_FILES.history);
  return bytes === undefined ? [] : named(path, () => parseHistory(new TextDecoder().decode(bytes)));
}

/** The rows of a run's history up to its checkpoint's epoch. */
async function historyUpTo(path: string, epochs: number): Promise<EpochRecord[]> {
  const rows = await readHistory(path);
  if (rows.length < epochs) {
    throw new Error(
      `${path}: the checkpoint is from epoch ${epochs}, but ${RUN_FILES.history} ends at epoch ${rows.length}`,
    );
  }
  // An interrupted first epoch leaves one row. More rows mean that the checkpoint was deleted.
  if (epochs === 0 && rows.length > 1) {
    throw new Error(
      `${path}: ${RUN_FILES.history} holds ${rows.length} epochs, but there is no ${RUN_FILES.checkpoint}`,
    );
  }
  return rows.slice(0, epochs);
}

/** @throws Error if a finished run is not to be extended, or an unfinished one is */
async function requireEpochsLeft(
  path: string,
  { recipe, scheduleRestarts }: RunConfig,
  extendTo: number | undefined,
): Promise<void> {
  const done = (await readResult(path))?.epochs;
  // A result from the epoch at which the run was extended is out of date.
  const finished = done !== undefined && done !== scheduleRestarts.at(-1);
  if (extendTo === undefined && finished && (await hasReport(path))) {
    throw new Error(
      `${path} is complete (${countOf(recipe.epochs, "epoch")}, result in ${RUN_FILES.result}); extend it with --epochs N, N above ${recipe.epochs}`,
    );
  }
  if (extendTo !== undefined && !finished) {
    throw new Error(
      `${path} is not finished, and only a finished run can be extended: first resume it without --epochs to complete its ${countOf(recipe.epochs, "epoch")}`,
    );
  }
  if (extendTo !== undefined && extendTo <= recipe.epochs) {
    throw new Error(`${path} already has ${countOf(recipe.epochs, "epoch")}: --epochs must be higher`);
  }
}

/** Whether a finished run has its report. Early versions wrote it after the result, so a crash could prevent it. */
export async function hasReport(path: string): Promise<boolean> {
  const names = await readdir(path);
  return [RUN_FILES.report, RUN_FILES.confusion].every((name) => names.includes(name));
}

const resultSchema = z.looseObject({ epochs: z.number().int() });

/** The result of a run. This class only needs its number of epochs. */
export type RunResult = z.infer<typeof resultSchema>;

/** A run's result; undefined if there is none, or a damaged one, which will be overwritten when the run finishes. */
async function readResult(path: string): Promise<RunResult | undefined> {
  const bytes = await readIfThere(path, RUN_FILES.result);
  try {
    return parseJson(new TextDecoder().decode(bytes), resultSchema, RUN_FILES.result);
  } catch {
    return undefined;
  }
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
