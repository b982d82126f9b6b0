import type { Model } from "./model.js";
import type { Normalization } from "./normalization.js";
import type { NamedTensors } from "./tensor.js";

/** How weights came about. */
export interface TrainingFacts {
  /** The recipe's name. */
  readonly recipe: string;
  /** The data set that they were trained on. */
  readonly data: string;
  /** The epoch that they are of, from 1. */
  readonly epoch: number;
  /** 0 … 1 */
  readonly validationAccuracy: number;
}

/** How images of any size are brought to a model's input. */
export interface Framing {
  /** The whole image with a background around it, the whole area with what stands out cut off, or both, stretched. */
  readonly resize: "contain" | "cover" | "stretch";
  /** The byte around a contained image and behind a transparent one: black or white. */
  readonly background: 0 | 255;
}

/** What weights carry along in their file, so that they can be used without knowing where they come from. */
export interface ModelMetadata extends Partial<TrainingFacts> {
  readonly model: Model;
  /** Inputs are (byte / 255 − mean) / std. */
  readonly normalization: Normalization;
  /** The name of each class, in the order of the logits. */
  readonly classes?: readonly string[];
  /** How framing were brought to the model's input. */
  readonly framing?: Framing;
}

/** Weights with the model that they belong to. */
export interface Weights {
  readonly model: Model;
  /** All of the model's parameters, in PyTorch's names, shapes and layout; float32 where they were read from a file. */
  readonly parameters: NamedTensors;
  readonly normalization: Normalization;
  /** Where they have it. */
  readonly metadata?: ModelMetadata;
}
