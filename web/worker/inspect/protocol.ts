import type { Dataset } from "../../../src/data/dataset.js";
import type { Model, NamedTensors, Normalization } from "../../../src/model/index.js";
import type { Principal } from "./principal.js";

/** The network to inspect. */
export interface InspectedNetwork {
  readonly model: Model;
  readonly parameters: NamedTensors;
  readonly normalization: Normalization;
}

/** A map of a layer's output, or one feature of a layer without maps. */
export interface MapPlace {
  /** The layer's index. */
  readonly layer: number;
  readonly map: number;
}

/** A worker's task; each worker does one. */
export type InspectTask =
  /** Finds the images of a data set that excite a map most. */
  | { readonly type: "search"; readonly dataset: Dataset; readonly place: MapPlace; readonly count: number }
  /** Synthesizes an image from noise that excites a map. */
  | { readonly type: "climb"; readonly place: MapPlace; readonly seed: number }
  /** Measures what images have in common. */
  | { readonly type: "typical"; readonly dataset: Dataset }
  /** Classifies images, and lays them out in the plane by a layer without maps. */
  | { readonly type: "survey"; readonly dataset: Dataset; readonly layer: number }
  /** Changes every pixel by the same small amount, in the direction that makes a class more likely. */
  | {
      readonly type: "fool";
      /** Bytes [channels][height][width]. */
      readonly pixels: Uint8Array;
      /** The class to become more likely; undefined: any but the predicted one. */
      readonly target: number | undefined;
    }
  /** Computes which pixels of an image a class depends on. */
  | {
      readonly type: "attribute";
      /** Bytes [channels][height][width]. */
      readonly pixels: Uint8Array;
      readonly classIndex: number;
      readonly background: 0 | 255;
    };

/** What images of a data set have in common: principal components of their pixels, each 0 … 1. */
export interface Typical extends Principal {
  /** The residual that all but one in a hundred other images stay below. */
  readonly limit: number;
}

/** What a network makes of many images. */
export interface Survey {
  /** The most probable class of each image, and its probability. */
  readonly predictions: Uint8Array;
  readonly confidences: Float32Array;
  /** Its coordinates along the first two principal components of the layer's values, [images][2]. */
  readonly coordinates: Float32Array;
  readonly principal: Principal;
}

/** An adversarial example for every strength, by the fast gradient sign method (Goodfellow et al., 2015). */
export interface Fooling {
  /** −1, 0 or 1 for each byte of the image: the sign of its gradient. */
  readonly direction: Int8Array;
  /** The probabilities with the image changed by 0 … strengths − 1 bytes, [strengths][classes]. */
  readonly probabilities: Float32Array;
  readonly strengths: number;
}

/** The message that starts a worker. */
export interface InspectRequest {
  readonly network: InspectedNetwork;
  readonly task: InspectTask;
}

/** An image that excites a map. */
export interface ExcitingImage {
  readonly index: number;
  /** The map's largest value. */
  readonly value: number;
  /** The index of that value in the layer's output, row-major. */
  readonly unit: number;
}

/** How much each pixel matters, [height][width]. */
export interface Attributions {
  /** The mean drop of the logit while a patch over the pixel is replaced with background. */
  readonly occlusion: Float32Array;
  /** The maximum |∂logit/∂input| over the pixel's channels. */
  readonly gradient: Float32Array;
  /** The sum, over the channels, of the gradient times the input's difference from the background. */
  readonly product: Float32Array;
}

/** Messages from a worker to the page. */
export type InspectEvent =
  | { readonly type: "progress"; readonly done: number; readonly total: number }
  | { readonly type: "found"; readonly images: readonly ExcitingImage[] }
  /** A step of an ascent, the last with `done`: the image's bytes and the map's mean. */
  | { readonly type: "climbed"; readonly pixels: Uint8Array; readonly value: number; readonly done: boolean }
  | { readonly type: "typical"; readonly typical: Typical }
  | { readonly type: "surveyed"; readonly survey: Survey }
  | { readonly type: "fooled"; readonly fooling: Fooling }
  | { readonly type: "attributed"; readonly attributions: Attributions }
  | { readonly type: "failed"; readonly message: string };
