import type { Layer } from "./layers/index.js";

/** The shape of one image. */
export interface ImageShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** A network as plain data: the input's shape and the layers in order. The last layer's outputs are the logits. */
export interface Model {
  readonly input: ImageShape;
  readonly layers: readonly Layer[];
}
