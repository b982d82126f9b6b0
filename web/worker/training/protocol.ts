import type { Dataset } from "../../../src/data/dataset.js";
import type { Arithmetic } from "../../../src/engine.js";
import type { NamedTensors } from "../../../src/model/index.js";
import type { EpochProgress, EpochRecord } from "../../../src/training/epochs.js";
import type { Recipe } from "../../../src/training/recipes/recipes.js";

/** Where networks are trained: on the processor, or on the graphics card. */
export type Device = "cpu" | "gpu";

/** The message that starts a training. */
export interface TrainingStart {
  readonly dataset: Dataset;
  /** How many of the images, at the end, are for validation, if their source defines it. */
  readonly validationCount?: number;
  readonly recipe: Recipe;
  /** One per network; several networks are a fleet, trained side by side. */
  readonly seeds: readonly number[];
  readonly device: Device;
  /** On the processor. Default: as many as are useful. */
  readonly threads?: number;
  /** Of the processor. Default: fused where that is real. */
  readonly arithmetic?: Arithmetic;
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
  /** Requests the current parameters of a network, at any time. */
  | { readonly type: "snapshot"; readonly network: number };

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

/** How far a training is, and how its networks do. */
export interface TrainingProgress extends Pick<EpochProgress, "epoch" | "phase" | "done" | "total"> {
  /** Training and validation images of each network so far; `totalImages` is the number at the end. */
  readonly images: number;
  readonly totalImages: number;
  /** Without pauses. */
  readonly seconds: number;
  /** Undefined for a network without batches since then, which has diverged. */
  readonly means: readonly (Means | undefined)[];
}

/** Means over the batches of a network since the last progress event or, in a validation, since its start. */
export interface Means {
  readonly loss: number;
  readonly accuracy: number;
  /** The number of images that the means are over. */
  readonly samples: number;
  /**
   * The confusion matrix of the validation so far: counts, row-major; rows are the true class, columns the predicted
   * one.
   */
  readonly confusion?: Uint32Array;
}

/** A network after an epoch. */
export interface NetworkEpoch {
  readonly network: number;
  readonly record: EpochRecord;
  readonly after: MarkedSnapshot;
  readonly bestEpoch: number;
}

/** Properties of a training's engine. */
export interface TrainingMachine {
  readonly threads: number;
  /** See `Engine.arithmetic`. */
  readonly arithmetic: string;
  /** See `Engine.kernels`. */
  readonly kernels: number;
}

/** Messages from a training worker to the page. The arrays `initial`, `at` and `best` have an entry per network. */
export type TrainingEvent =
  | { readonly type: "started"; readonly machine: TrainingMachine; readonly initial: readonly MarkedSnapshot[] }
  | { readonly type: "progress"; readonly progress: TrainingProgress }
  | { readonly type: "epoch"; readonly networks: readonly NetworkEpoch[] }
  | { readonly type: "resting"; readonly at: readonly MarkedSnapshot[] }
  | { readonly type: "snapshot"; readonly network: number; readonly at: Snapshot }
  /** The loss of a network became NaN or infinite; the others go on. */
  | { readonly type: "diverged"; readonly network: number; readonly message: string }
  /** Something failed, such as the graphics card; the training can be resumed from the last epoch. */
  | { readonly type: "interrupted"; readonly message: string; readonly at: readonly MarkedSnapshot[] }
  /** The end, with the best parameters; undefined for networks that diverged. */
  | { readonly type: "done"; readonly best: readonly (MarkedSnapshot | undefined)[] }
  | { readonly type: "failed"; readonly message: string };
