import type { Augmentation } from "../../data/augmentation.js";
import type { Averaging, OptimizerSettings } from "../../engine/backend.js";
import type { ActivationLayer, Normalization, Pool2dLayer } from "../../model/index.js";
import type { Schedule } from "./schedules.js";

/** All settings of a training run except the data, the seed and the input's shape. */
export interface Recipe {
  readonly name: string;
  readonly activation: ActivationLayer["type"];
  readonly pooling: Pool2dLayer["type"];
  /** Dropout after the two hidden linear layers. */
  readonly dropout: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerSettings;
  readonly schedule: Schedule;
  readonly labelSmoothing: number;
  /** Use the parameters averaged over the steps for validation, the best weights and the test; null: no averaging. */
  readonly averaging: Averaging | null;
  /**
   * Stop after this many epochs without a better validation accuracy; 0: never stop early. The schedule always covers
   * all epochs.
   */
  readonly patience: number;
  readonly augmentation: Augmentation;
  /** Whether validation images are augmented too, as the tutorial does. */
  readonly augmentValidation: boolean;
  /** The fraction of the training images that is held out for validation. */
  readonly validationFraction: number;
  /** How the bytes of images become inputs. */
  readonly normalization: Normalization;
}
