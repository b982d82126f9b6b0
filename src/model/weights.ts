import type { Model, Normalization } from "./model.js";
import type { NamedTensors } from "./parameters.js";

/** How weights were trained. */
export interface TrainingFacts {
  /** The recipe's name. */
  readonly recipe: string;
  /** The data set they were trained on. */
  readonly data: string;
  /** The epoch they were saved after, counted from 1. */
  readonly epoch: number;
  /** 0 … 1 */
  readonly validationAccuracy: number;
}

/** The ways in which images of any size are fitted to a model's input. */
export const RESIZES = ["contain", "cover", "stretch", "digit"] as const;

/** How images of any size are fitted to a model's input. */
export interface Framing {
  /**
   * "contain": the entire image, padded with the background; "cover": the entire input, with the image cropped evenly;
   * "stretch": the entire image on the entire input, with its proportions changed; "digit": a handwritten digit, found on
   * its paper and framed as MNIST's are, light on black, or dark on white for a white background.
   */
  readonly resize: (typeof RESIZES)[number];
  /** The byte around a contained image and behind transparent pixels: black or white. */
  readonly background: 0 | 255;
}

/** Metadata stored with the weights, so the file can be used on its own. */
export interface ModelMetadata extends Partial<TrainingFacts> {
  readonly model: Model;
  /** Inputs are (byte / 255 − mean) / std. */
  readonly normalization: Normalization;
  /** The name of each class, in the order of the logits. */
  readonly classes?: readonly string[];
  /** How the training images were fitted to the model's input. */
  readonly framing?: Framing;
  /** Identifies the run that trained them: a hash of its arithmetic, recipe, seed, data and model. */
  readonly run?: string;
}

/** Weights and the model they belong to. */
export interface Weights {
  readonly model: Model;
  /** All parameters of the model, with PyTorch's names, shapes and layout; float32 if read from a file. */
  readonly parameters: NamedTensors;
  readonly normalization: Normalization;
  /** Omitted if the file has none. */
  readonly metadata?: ModelMetadata;
}
