import type { Augmentation } from "../../data/augmentation.js";
import type { Averaging, OptimizerSettings } from "../../engine/backend.js";
import type { ActivationLayer, Normalization, Pool2dLayer } from "../../model/index.js";
import type { Schedule } from "./schedules.js";

/** All that a training is, besides the data, the seed and the input's shape. */
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
  /** Validation, the best weights and the test take the average of the parameters over the steps; null: as they are. */
  readonly averaging: Averaging | null;
  /**
   * The training ends after that many epochs without a better validation accuracy; 0: never before its last epoch. The
   * schedule is that of all epochs.
   */
  readonly patience: number;
  readonly augmentation: Augmentation;
  /** Whether validation images are augmented too, as the tutorial does. */
  readonly augmentValidation: boolean;
  /** Share of the training images that is held back for validation. */
  readonly validationFraction: number;
  /** How the bytes of images become inputs. */
  readonly normalization: Normalization;
}
