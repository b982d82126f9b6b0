import type { Dataset } from "../../../src/data/dataset.js";
import type { NamedTensors } from "../../../src/model/index.js";
import type { EpochProgress, EpochRecord } from "../../../src/training/epochs.js";
import type { Recipe } from "../../../src/training/recipes/recipes.js";

/** The message that starts a training. */
export interface TrainingStart {
  readonly dataset: Dataset;
  /** How many of the images, at the end, are for validation, if their source defines it. */
  readonly validationCount?: number;
  readonly recipe: Recipe;
  readonly seed: number;
  /** Default: as many as are useful. */
  readonly threads?: number;
  /** How far to train at first. Default: it starts paused. */
  readonly stretch?: Stretch;
}

/** How far a training goes before it pauses. */
export type Stretch = "batch" | "epoch" | "end";

/** Messages from the page to a training worker. */
export type TrainingCommand =
  | { readonly type: "start"; readonly start: TrainingStart }
  | { readonly type: "go"; readonly stretch: Stretch }
  | { readonly type: "rest" }
  /** Requests the current parameters, at any time. */
  | { readonly type: "snapshot" };

/** The parameters at one moment of a training. */
export interface Snapshot {
  /** Epochs trained so far, with fractions; 0 before the first step. */
  readonly epoch: number;
  readonly parameters: NamedTensors<Float32Array>;
}

/** Parameters with the fingerprint that identifies them. */
export interface MarkedSnapshot extends Snapshot {
  /** See `fingerprint` in src/model. */
  readonly fingerprint: string;
}

/** A training's progress. */
export interface TrainingProgress extends Pick<EpochProgress, "epoch" | "phase" | "done" | "total"> {
  /** Means over the batches since the last progress event or, in a validation, since its start. */
  readonly loss: number;
  readonly accuracy: number;
  /** The number of images that the means are over. */
  readonly samples: number;
  /** Training and validation images so far; `totalImages` is the number at the end. */
  readonly images: number;
  readonly totalImages: number;
  /** Without pauses. */
  readonly seconds: number;
  /**
   * The confusion matrix of the validation so far: counts, row-major; rows are the true class, columns the predicted
   * one.
   */
  readonly confusion?: Uint32Array;
}

/** Properties of a training's engine. */
export interface TrainingMachine {
  readonly threads: number;
  /** See `Engine.arithmetic`. */
  readonly arithmetic: string;
}

/** Messages from a training worker to the page. */
export type TrainingEvent =
  | { readonly type: "started"; readonly machine: TrainingMachine; readonly initial: MarkedSnapshot }
  | { readonly type: "progress"; readonly progress: TrainingProgress }
  | { readonly type: "epoch"; readonly record: EpochRecord; readonly after: MarkedSnapshot; readonly bestEpoch: number }
  | { readonly type: "resting"; readonly at: MarkedSnapshot }
  | { readonly type: "snapshot"; readonly at: Snapshot }
  /** The end, with the best parameters. */
  | { readonly type: "done"; readonly best: MarkedSnapshot }
  | { readonly type: "failed"; readonly message: string };
