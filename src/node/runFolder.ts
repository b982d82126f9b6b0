import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { requireParameters } from "../engine/parameterStore.js";
import { readCheckpoint, writeCheckpoint } from "../formats/checkpoint.js";
import { parseJson } from "../formats/json.js";
import { modelSchema, writeModelMetadata } from "../formats/modelMetadata.js";
import { writePth } from "../formats/pth.js";
import { recipeSchema } from "../formats/recipeSchema.js";
import { writeSafetensors } from "../formats/safetensors.js";
import { inferShapes, type Model, parameterSpecs } from "../model/index.js";
import type { Best, EpochRecord, TrainingState } from "../training/fit.js";
import { createFolderExclusive, describeFileError, errorCode, isFolder, writeFileAtomic } from "./files.js";
import { svgToPng } from "./png.js";

/** The files of a run folder. */
export const RUN_FILES = {
  config: "config.json",
  history: "history.csv",
  pth: "model.pth",
  safetensors: "best.safetensors",
  checkpoint: "last.ckpt",
  curvesSvg: "curves.svg",
  curvesPng: "curves.png",
  result: "result.json",
  confusion: "confusion.svg",
  report: "report.html",
} as const;

const configSchema = z.object({
  /** Versions of what the run was made with. */
  versions: z.object({ lenet: z.string(), node: z.string(), v8: z.string() }),
  startedAt: z.string(),
  recipe: recipeSchema,
  seed: z.number().int().nonnegative(),
  model: modelSchema,
  parameterCount: z.number().int(),
  data: z.object({
    name: z.string(),
    /** Where it is, if it is no known data set. */
    path: z.string().optional(),
    /** The folder that was named for it, if one was. */
    directory: z.string().optional(),
    /** How its pictures were brought to the model's input. */
    fit: z.enum(["contain", "cover", "stretch"]).default("contain"),
    background: z.literal([0, 255]).default(0),
    checksum: z.string(),
    images: z.number().int(),
    classes: z.array(z.string()),
    generated: z.boolean(),
  }),
  threads: z.number().int().positive(),
  /** Whether multiplication and addition were rounded once (relaxed SIMD); another setting gives other last bits. */
  fusedArithmetic: z.boolean(),
});

/** Everything that is needed to make a run again. */
export type RunConfig = z.infer<typeof configSchema>;

/** A row of history.csv: the tutorial's columns first, then ours. */
const HISTORY_COLUMNS: readonly (readonly [string, (record: EpochRecord) => number])[] = [
  ["epoch", ({ epoch }) => epoch],
  ["train_loss_all", ({ trainLoss }) => trainLoss],
  ["train_acc_all", ({ trainAccuracy }) => trainAccuracy],
  ["val_loss_all", ({ validationLoss }) => validationLoss],
  ["val_acc_all", ({ validationAccuracy }) => validationAccuracy],
  ["lr", ({ learningRate }) => learningRate],
  ["train_seconds", ({ trainSeconds }) => trainSeconds],
  ["val_seconds", ({ validationSeconds }) => validationSeconds],
];

/** A run's history as CSV. */
export function formatHistory(history: readonly EpochRecord[]): string {
  const header = HISTORY_COLUMNS.map(([name]) => name).join(",");
  const rows = history.map((record) => HISTORY_COLUMNS.map(([, value]) => String(value(record))).join(","));
  return `${[header, ...rows].join("\n")}\n`;
}

/** Reads a run's history. @throws Error with one line where a row is not what it should be */
export function parseHistory(text: string): EpochRecord[] {
  const [header, ...rows] = text.trimEnd().split("\n");
  const expected = HISTORY_COLUMNS.map(([name]) => name).join(",");
  if (header !== expected) throw new Error(`${RUN_FILES.history}: its columns are ${header}, expected ${expected}`);
  return rows.map((row, index) => {
    const cells = row.split(",");
    const values = cells.map(Number);
    const whole = cells.length === HISTORY_COLUMNS.length && cells.every((cell) => cell.trim() !== "");
    if (!whole || !values.every(Number.isFinite) || values[0] !== index + 1) {
      throw new Error(`${RUN_FILES.history}: row ${index + 1} is "${row}"`);
    }
    const [epoch, trainLoss, trainAccuracy, validationLoss, validationAccuracy, learningRate, ...seconds] = values;
    const [trainSeconds, validationSeconds] = seconds;
    return {
      epoch,
      trainLoss,
      trainAccuracy,
      validationLoss,
      validationAccuracy,
      learningRate,
      trainSeconds,
      validationSeconds,
    };
  });
}

/** A folder with all that belongs to one run. Every file is whole at any time; none is written over by another run. */
export class RunFolder {
  readonly path: string;
  readonly config: RunConfig;
  private readonly history: EpochRecord[];
  private savedBestEpoch: number;

  private constructor(path: string, config: RunConfig, history: EpochRecord[], savedBestEpoch: number) {
    this.path = path;
    this.config = config;
    this.history = history;
    this.savedBestEpoch = savedBestEpoch;
  }

  /**
   * Makes a new run folder.
   *
   * @throws Error with one line where it exists or cannot be written
   */
  static async create(path: string, config: RunConfig): Promise<RunFolder> {
    await createFolderExclusive(path);
    const folder = new RunFolder(path, config, [], 0);
    try {
      await folder.write(RUN_FILES.config, `${JSON.stringify(config, undefined, 2)}\n`);
      await folder.write(RUN_FILES.history, formatHistory([]));
    } catch (error) {
      // An empty folder would only be in the way of the next attempt.
      await rm(path, { recursive: true, force: true }).catch(() => {});
      throw error;
    }
    return folder;
  }

  /**
   * Opens a run folder to go on where its checkpoint is; the state is undefined where no epoch was finished.
   *
   * @throws Error with one line where the run is finished, or where a file is missing or damaged
   */
  static async reopen(path: string): Promise<{ folder: RunFolder; state: TrainingState | undefined }> {
    const config = await readRunConfig(path);
    if ((await readIfThere(path, RUN_FILES.result)) !== undefined) {
      throw new Error(`${path} is finished: all its epochs are done, the result is in ${RUN_FILES.result}`);
    }
    const rows = await readHistory(path);
    const state = await readState(path, config.model);
    const epochs = state?.epoch ?? 0;
    if (rows.length < epochs) {
      throw new Error(`${path}: the checkpoint is of epoch ${epochs}, ${RUN_FILES.history} ends at ${rows.length}`);
    }
    // A first epoch that was not kept whole leaves one row; more mean that the checkpoint has been deleted.
    if (!state && rows.length > 1) {
      throw new Error(
        `${path}: ${RUN_FILES.history} holds ${rows.length} epochs, but there is no ${RUN_FILES.checkpoint}`,
      );
    }
    return { folder: new RunFolder(path, config, rows.slice(0, epochs), state?.best.epoch ?? 0), state };
  }

  /** The number of finished epochs. */
  get epochs(): number {
    return this.history.length;
  }

  /** The time of all finished epochs together. */
  get seconds(): number {
    return this.history.reduce((sum, { trainSeconds, validationSeconds }) => sum + trainSeconds + validationSeconds, 0);
  }

  /** Keeps an epoch: its row, the weights where they are the best so far, then the checkpoint. */
  async keepEpoch(record: EpochRecord, state: TrainingState): Promise<void> {
    this.history.push(record);
    await this.write(RUN_FILES.history, formatHistory(this.history));
    if (state.best.epoch !== this.savedBestEpoch) {
      await this.writeWeights(state.best);
      this.savedBestEpoch = state.best.epoch;
    }
    await this.write(RUN_FILES.checkpoint, writeCheckpoint(state));
  }

  /** Draws the curves of the epochs so far; nothing where there are none. */
  async drawCurves(titles: { title: string; subtitle: string }): Promise<void> {
    if (this.history.length === 0) return;
    // Only now: loading the charts takes as long as a command that draws none.
    const { curvesSvg } = await import("../report/curves.js");
    const svg = curvesSvg(this.history, titles);
    await this.write(RUN_FILES.curvesSvg, svg);
    await this.write(RUN_FILES.curvesPng, await svgToPng(svg));
  }

  async writeResult(result: object): Promise<void> {
    await this.write(RUN_FILES.result, `${JSON.stringify(result, undefined, 2)}\n`);
  }

  private async writeWeights({ epoch, validationAccuracy, parameters }: Best): Promise<void> {
    const { model, recipe, data } = this.config;
    const metadata = writeModelMetadata({
      model,
      classes: data.classes,
      normalization: recipe.normalization,
      pictures: { fit: data.fit, background: data.background },
      recipe: recipe.name,
      data: data.name,
      epoch,
      validationAccuracy,
    });
    await this.write(RUN_FILES.pth, writePth(parameters));
    await this.write(RUN_FILES.safetensors, writeSafetensors(parameters, metadata));
  }

  private async write(name: string, content: string | Uint8Array): Promise<void> {
    await writeFileAtomic(join(this.path, name), content);
  }
}

/** Reads a run's config.json. @throws Error with one line where it is missing or not what it should be */
export async function readRunConfig(path: string): Promise<RunConfig> {
  const text = new TextDecoder().decode(await readRunFile(path, RUN_FILES.config));
  return named(path, () => parseJson(text, configSchema, RUN_FILES.config));
}

/** A run's history; empty where it has none. @throws Error with one line where it is not what it should be */
export async function readHistory(path: string): Promise<EpochRecord[]> {
  const bytes = await readIfThere(path, RUN_FILES.history);
  return bytes === undefined ? [] : named(path, () => parseHistory(new TextDecoder().decode(bytes)));
}

/** The state in a run's checkpoint; undefined where it has none. */
async function readState(path: string, model: Model): Promise<TrainingState | undefined> {
  const bytes = await readIfThere(path, RUN_FILES.checkpoint);
  if (bytes === undefined) return undefined;
  return named(join(path, RUN_FILES.checkpoint), () => {
    const state = readCheckpoint(bytes);
    const specs = parameterSpecs(inferShapes(model));
    const { parameters, optimizer, best } = state;
    const averages = optimizer.average ? [optimizer.average] : [];
    for (const tensors of [parameters, optimizer.first, optimizer.second, ...averages, best.parameters]) {
      requireParameters(specs, tensors);
    }
    return state;
  });
}

/** Reads a file that every run folder has. @throws Error with one line */
export async function readRunFile(path: string, name: string): Promise<Uint8Array> {
  const bytes = await readIfThere(path, name);
  if (bytes !== undefined) return bytes;
  throw new Error((await isFolder(path)) ? `${path} is not a run folder: it has no ${name}` : `${path} is not there`);
}

/** Reads a file of a run folder; undefined where it is not there. @throws Error with one line */
export async function readIfThere(path: string, name: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(join(path, name));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new Error(describeFileError(error, `read ${join(path, name)}`), { cause: error });
  }
}

/** Puts the path before the message of what goes wrong with it. */
export function named<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
