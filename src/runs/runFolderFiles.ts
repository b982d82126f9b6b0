import { bestAccuracy } from "./history.js";
import type { RunRecord } from "./record.js";

/** The files of a run folder. */
export const RUN_FILES = {
  config: "config.json",
  history: "history.csv",
  pth: "model.pth",
  safetensors: "best.safetensors",
  checkpoint: "last.ckpt",
  /** The checkpoint of the previous epoch. */
  previousCheckpoint: "previous.ckpt",
  curvesSvg: "curves.svg",
  curvesPng: "curves.png",
  result: "result.json",
  confusion: "confusion.svg",
  report: "report.html",
  /** With `--log tensorboard`. TensorBoard recognises it by its name. */
  events: "events.out.tfevents.lenet",
} as const;

/** A run folder as the lab's server lists it. */
export interface ListedRun {
  /** The folder's name. */
  readonly name: string;
  readonly startedAt: string;
  readonly recipe: string;
  readonly data: string;
  readonly seed: number;
  readonly epochs: number;
  readonly epochsDone: number;
  readonly finished: boolean;
  /** The best so far; null before the first epoch. */
  readonly bestValidationAccuracy: number | null;
}

/** The entry for a run in the list. */
export function listing(name: string, { config, history, result }: RunRecord): ListedRun {
  const { startedAt, recipe, data, seed } = config;
  return {
    name,
    startedAt,
    recipe: recipe.name,
    data: data.name,
    seed,
    epochs: recipe.epochs,
    epochsDone: history.length,
    finished: result !== undefined,
    bestValidationAccuracy: bestAccuracy(history) ?? null,
  };
}
