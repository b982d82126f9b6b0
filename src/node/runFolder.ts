import { join } from "node:path";
import { z } from "zod";
import { formatJson, parseJson } from "../formats/json.js";
import { writeWeights } from "../formats/weights.js";
import { bestWeights, parseRunConfig, type RunConfig } from "../runs/config.js";
import { RUN_FILES } from "../runs/files.js";
import { formatHistory, parseHistory, secondsOf } from "../runs/history.js";
import type { Best, EpochRecord, TrainingState } from "../training/epochs.js";
import { loadCheckpoint, saveCheckpoint } from "./checkpointFiles.js";
import { createFolderExclusive, isFolder, removeTemporaries, writeFileAtomic } from "./disk/files.js";
import { svgToPng } from "./png.js";
import { named, readIfThere, readRunFile } from "./runFiles.js";
import { RunLock } from "./runLock.js";

/** A run folder as it is opened again. */
export interface ReopenedRun {
  readonly folder: RunFolder;
  /** Where to go on; undefined where no epoch was finished. */
  readonly state: TrainingState | undefined;
  /** What an interruption had left and was put in order: a line each. */
  readonly repairs: readonly string[];
}

/**
 * A folder with all that belongs to one run. One process at a time writes into it, and a crash at any moment leaves every
 * file whole. The checkpoint is written last in an epoch: what the other files hold beyond it is undone when the run is
 * gone on with.
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
   * Makes a new run folder.
   *
   * @throws Error with one line where it exists or cannot be written
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
   * Opens a run folder to go on where its checkpoint is.
   *
   * @param epochs where a finished run is to be extended, the number of epochs that it is to have: see {@link extend}
   * @throws Error with one line where the run is finished and not to be extended, or the other way round; where another
   *   process writes into it; where a file is missing or damaged
   */
  static async reopen(path: string, epochs?: number): Promise<ReopenedRun> {
    if (!(await isFolder(path))) throw new Error(`${path} is not there`);
    const lock = new RunLock(path);
    const repairs = await lock.acquire();
    try {
      const config = await readRunConfig(path);
      const temporaries = await removeTemporaries(path);
      if (temporaries > 0) repairs.push(`removed ${countOf(temporaries, "temporary file")} of an interrupted write`);
      await requireEpochsLeft(path, config, epochs);
      const { state, line } = await loadCheckpoint(path, config.model);
      if (line !== undefined) repairs.push(line);
      const folder = new RunFolder(path, lock, config, await historyUpTo(path, state?.epoch ?? 0));
      await folder.settle(state);
      return { folder, state, repairs };
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Everything that is needed to make the run again. */
  get config(): RunConfig {
    return this.currentConfig;
  }

  /** The number of finished epochs. */
  get epochs(): number {
    return this.history.length;
  }

  /** The time of all finished epochs together. */
  get seconds(): number {
    return secondsOf(this.history);
  }

  /**
   * Has a finished run go on to more epochs: from the last weights and the optimiser's moments, with the schedule begun
   * anew over the added epochs.
   */
  async extend(epochs: number): Promise<void> {
    const { recipe, scheduleRestarts } = this.config;
    this.currentConfig = {
      ...this.config,
      recipe: { ...recipe, epochs },
      scheduleRestarts: [...scheduleRestarts, this.epochs],
    };
    await this.write(RUN_FILES.config, formatJson(this.config));
  }

  /** Keeps an epoch: its row, the weights where they are the best so far, then the checkpoint. */
  async keepEpoch(record: EpochRecord, state: TrainingState): Promise<void> {
    this.history.push(record);
    await this.write(RUN_FILES.history, formatHistory(this.history));
    if (state.best.epoch !== this.savedBestEpoch) {
      for (const [name, bytes] of this.weightFiles(state.best)) await this.write(name, bytes);
      this.savedBestEpoch = state.best.epoch;
    }
    await this.lock.requireHeld();
    await saveCheckpoint(this.path, state);
  }

  /** Draws the curves of the epochs so far; nothing where there are none. */
  async drawCurves(titles: { title: string; subtitle: string }): Promise<void> {
    if (this.history.length === 0) return;
    // Only now: a command that draws nothing starts without the charts' code.
    const { curvesSvg } = await import("../report/curves.js");
    const svg = curvesSvg(this.history, titles);
    await this.write(RUN_FILES.curvesSvg, svg);
    await this.write(RUN_FILES.curvesPng, await svgToPng(svg));
  }

  /** Writes what the finished run came to. */
  async writeResult(result: RunResult): Promise<void> {
    await this.write(RUN_FILES.result, formatJson(result));
  }

  /** Lets other processes write into the folder. */
  async close(): Promise<void> {
    await this.lock.release();
  }

  /** Brings the history and the best weights to where the checkpoint is. */
  private async settle(state: TrainingState | undefined): Promise<void> {
    await this.writeIfOther(RUN_FILES.history, new TextEncoder().encode(formatHistory(this.history)));
    if (!state) return;
    for (const [name, bytes] of this.weightFiles(state.best)) await this.writeIfOther(name, bytes);
    this.savedBestEpoch = state.best.epoch;
  }

  private weightFiles(best: Best): [name: string, bytes: Uint8Array][] {
    const weights = bestWeights(this.config, best);
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

/** Reads a run's config.json. @throws Error with one line where it is missing or not what it should be */
export async function readRunConfig(path: string): Promise<RunConfig> {
  const text = new TextDecoder().decode(await readRunFile(path, RUN_FILES.config));
  return named(path, () => parseRunConfig(text));
}

/** A run's history; empty where it has none. @throws Error with one line where it is not what it should be */
export async function readHistory(path: string): Promise<EpochRecord[]> {
  const bytes = await readIfThere(path, RUN_FILES.history);
  return bytes === undefined ? [] : named(path, () => parseHistory(new TextDecoder().decode(bytes)));
}

/** The rows of the first epochs of a run, those that its checkpoint is of. */
async function historyUpTo(path: string, epochs: number): Promise<EpochRecord[]> {
  const rows = await readHistory(path);
  if (rows.length < epochs) {
    throw new Error(`${path}: the checkpoint is of epoch ${epochs}, ${RUN_FILES.history} ends at ${rows.length}`);
  }
  // A first epoch that was not kept whole leaves one row; more mean that the checkpoint has been deleted.
  if (epochs === 0 && rows.length > 1) {
    throw new Error(
      `${path}: ${RUN_FILES.history} holds ${rows.length} epochs, but there is no ${RUN_FILES.checkpoint}`,
    );
  }
  return rows.slice(0, epochs);
}

/** @throws Error with one line where a run is finished and not to be extended, or to be extended and not finished */
async function requireEpochsLeft(
  path: string,
  { recipe, scheduleRestarts }: RunConfig,
  extendTo: number | undefined,
): Promise<void> {
  const done = (await readResult(path))?.epochs;
  // A result of where the run was extended is of before that.
  const finished = done !== undefined && done !== scheduleRestarts.at(-1);
  if (extendTo === undefined && finished) {
    throw new Error(
      `${path} is finished: all its ${countOf(recipe.epochs, "epoch")} are done, the result is in ${RUN_FILES.result}; train on with a new schedule by --epochs N, more than ${recipe.epochs}`,
    );
  }
  if (extendTo !== undefined && !finished) {
    throw new Error(
      `${path} is not finished, and only a finished run can be extended: go on without --epochs to its ${countOf(recipe.epochs, "epoch")} first`,
    );
  }
  if (extendTo !== undefined && extendTo <= recipe.epochs) {
    throw new Error(`${path} has ${countOf(recipe.epochs, "epoch")} done already: --epochs must be more`);
  }
}

const resultSchema = z.looseObject({ epochs: z.number().int() });

/** What a run came to, of which this folder knows the number of epochs. */
export type RunResult = z.infer<typeof resultSchema>;

/** A run's result; undefined where it has none, or a damaged one, which the next end of the run writes over. */
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
