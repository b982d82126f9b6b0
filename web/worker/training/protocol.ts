import type { Dataset } from "../../../src/data/dataset.js";
import type { NamedTensors } from "../../../src/model/index.js";
import type { EpochProgress, EpochRecord } from "../../../src/training/epochs.js";
import type { Recipe } from "../../../src/training/recipes/index.js";

/** What a training is started with. */
export interface TrainingStart {
  readonly dataset: Dataset;
  /** How many of the images, the last ones, are for validation, where their source says so. */
  readonly validationCount?: number;
  readonly recipe: Recipe;
  readonly seed: number;
  /** As many as are useful where left out. */
  readonly threads?: number;
  /** How far it goes at once; it begins at rest where left out. */
  readonly stretch?: Stretch;
}

/** How far a training goes before it rests. */
export type Stretch = "batch" | "epoch" | "end";

/** From the page to a training's worker. */
export type TrainingCommand =
  | { readonly type: "start"; readonly start: TrainingStart }
  | { readonly type: "go"; readonly stretch: Stretch }
  | { readonly type: "rest" }
  /** Asks for the parameters as they are, at any time. */
  | { readonly type: "snapshot" };

/** Parameters at a moment of a training. */
export interface Snapshot {
  /** Epochs trained so far, with fractions; 0 before the first step. */
  readonly epoch: number;
  readonly parameters: NamedTensors<Float32Array>;
}

/** Parameters by which a training can be told from others. */
export interface MarkedSnapshot extends Snapshot {
  /** See `fingerprint` in src/model. */
  readonly fingerprint: string;
}

/** Where a training is. */
export interface TrainingProgress extends Pick<EpochProgress, "epoch" | "phase" | "done" | "total"> {
  /** Means over the batches since the last progress, in a validation over all of it so far. */
  readonly loss: number;
  readonly accuracy: number;
  /** How many images the means are over. */
  readonly samples: number;
  /** Images of training and validation so far, of all that there will be. */
  readonly images: number;
  readonly totalImages: number;
  /** Without rests. */
  readonly seconds: number;
  /** Of a validation as far as it is: counts, row-major; rows are the true class, columns the predicted. */
  readonly confusion?: Uint32Array;
}

/** What the engine of a training is like. */
export interface TrainingMachine {
  readonly threads: number;
  /** See `Engine.arithmetic`. */
  readonly arithmetic: string;
}

/** From a training's worker to the page. */
export type TrainingEvent =
  | { readonly type: "started"; readonly machine: TrainingMachine; readonly initial: MarkedSnapshot }
  | { readonly type: "progress"; readonly progress: TrainingProgress }
  | { readonly type: "epoch"; readonly record: EpochRecord; readonly after: MarkedSnapshot; readonly bestEpoch: number }
  | { readonly type: "resting"; readonly at: MarkedSnapshot }
  | { readonly type: "snapshot"; readonly at: Snapshot }
  /** The end, with the best parameters. */
  | { readonly type: "done"; readonly best: MarkedSnapshot }
  | { readonly type: "failed"; readonly message: string };
