import type { Dataset } from "../../../src/data/dataset.js";
import type { Model, NamedTensors, Normalization } from "../../../src/model/index.js";

/** The network that a task is about. */
export interface InspectedNetwork {
  readonly model: Model;
  readonly parameters: NamedTensors;
  readonly normalization: Normalization;
}

/** A map of a layer's output; of a layer of features, one of these. */
export interface MapPlace {
  /** The index of the layer. */
  readonly layer: number;
  readonly map: number;
}

/** What a worker is to find out; one worker does one task. */
export type InspectTask =
  /** The images of a data set that excite a map most. */
  | { readonly type: "search"; readonly dataset: Dataset; readonly place: MapPlace; readonly count: number }
  /** An image, climbed to from noise, that excites a map. */
  | { readonly type: "climb"; readonly place: MapPlace; readonly seed: number }
  /** Which pixels of an image a class rests on. */
  | {
      readonly type: "attribute";
      /** Bytes [channels][height][width]. */
      readonly pixels: Uint8Array;
      readonly classIndex: number;
      readonly background: 0 | 255;
    };

/** What a worker is given. */
export interface InspectRequest {
  readonly network: InspectedNetwork;
  readonly task: InspectTask;
}

/** An image that excites a map. */
export interface ExcitingImage {
  readonly index: number;
  /** The map's largest value. */
  readonly value: number;
  /** Where in the layer's output that is, row-major. */
  readonly unit: number;
}

/** How much each pixel matters, [height][width]. */
export interface Attributions {
  /** By how much the logit falls, on average, while a patch over the pixel is covered with background. */
  readonly occlusion: Float32Array;
  /** The largest |∂logit/∂input| of the pixel's channels. */
  readonly gradient: Float32Array;
  /** The sum, over the channels, of the gradient times the input's distance from background. */
  readonly product: Float32Array;
}

/** From a worker to the page. */
export type InspectEvent =
  | { readonly type: "progress"; readonly done: number; readonly total: number }
  | { readonly type: "found"; readonly images: readonly ExcitingImage[] }
  /** A step of a climb, the last one with `done`: the image's bytes and the map's mean. */
  | { readonly type: "climbed"; readonly pixels: Uint8Array; readonly value: number; readonly done: boolean }
  | { readonly type: "attributed"; readonly attributions: Attributions }
  | { readonly type: "failed"; readonly message: string };
