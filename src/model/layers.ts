/** The shape of one picture. */
export interface ImageShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** 2-d convolution with bias: square kernel, zero padding, as torch.nn.Conv2d. */
export interface Conv2dLayer {
  readonly type: "conv2d";
  /** Prefix of its parameters' names: `name.weight`, `name.bias`. */
  readonly name: string;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** Average or maximum over square windows, without padding, as torch.nn.AvgPool2d and MaxPool2d. */
export interface Pool2dLayer {
  readonly type: "averagePool2d" | "maxPool2d";
  readonly kernel: number;
  readonly stride: number;
}

/** Fully connected layer with bias, as torch.nn.Linear. */
export interface LinearLayer {
  readonly type: "linear";
  /** Prefix of its parameters' names: `name.weight`, `name.bias`. */
  readonly name: string;
  readonly outFeatures: number;
}

/** An elementwise activation. */
export interface ActivationLayer {
  readonly type: "sigmoid" | "relu" | "tanh";
}

/** In training, zeroes values with a probability and scales the others by 1 / (1 − probability). */
export interface DropoutLayer {
  readonly type: "dropout";
  readonly probability: number;
}

/** [channels, height, width] to [features], channels first. */
export interface FlattenLayer {
  readonly type: "flatten";
}

/** A layer as plain data. */
export type Layer = Conv2dLayer | Pool2dLayer | LinearLayer | ActivationLayer | DropoutLayer | FlattenLayer;

/** A network as plain data: what goes in and the layers in order. The last layer's outputs are the logits. */
export interface Model {
  readonly input: ImageShape;
  readonly layers: readonly Layer[];
}
