import type { Layer, Model } from "./layers.js";
import { elementCount, type NamedTensors } from "./tensor.js";

/** The shape of an activation of one sample: [channels, height, width] or [features]. */
export type ActivationShape = readonly [number, number, number] | readonly [number];

/** A parameter tensor: its name in a state_dict, its shape, and what its initialisation depends on. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Inputs that one output of the layer sums over. */
  readonly fanIn: number;
}

/** A layer in its place: what comes in, what goes out, what it learns and what it costs. */
export interface ShapedLayer {
  readonly layer: Layer;
  /** As torchsummary numbers it: `Conv2d-1`. */
  readonly label: string;
  readonly input: ActivationShape;
  readonly output: ActivationShape;
  readonly parameters: readonly ParameterSpec[];
  /** Multiplications with an addition in the forward pass of one sample. */
  readonly multiplyAdds: number;
}

/** A model's layers do not fit together, or a layer's settings make no sense. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

const TYPE_NAMES: Record<Layer["type"], string> = {
  conv2d: "Conv2d",
  averagePool2d: "AvgPool2d",
  maxPool2d: "MaxPool2d",
  linear: "Linear",
  sigmoid: "Sigmoid",
  relu: "ReLU",
  tanh: "Tanh",
  dropout: "Dropout",
  flatten: "Flatten",
};

/**
 * Works out the shapes, parameters and cost of every layer.
 *
 * @throws ShapeError naming the layer and both shapes where they do not fit together
 */
export function inferShapes(model: Model): ShapedLayer[] {
  const { channels, height, width } = model.input;
  requireWhole("the input", { channels, height, width }, 1);
  if (model.layers.length === 0) throw new ShapeError("the model has no layers");
  const names = new Set<string>();
  let shape: ActivationShape = [channels, height, width];
  const shaped = model.layers.map((layer, index) => {
    const label = `${TYPE_NAMES[layer.type]}-${index + 1}`;
    const where = "name" in layer ? `${layer.name} (${label})` : label;
    if ("name" in layer) {
      if (names.has(layer.name)) throw new ShapeError(`${where}: a layer before it has the same name`);
      names.add(layer.name);
    }
    const described = { layer, label, input: shape, ...shapeLayer(layer, shape, where) };
    shape = described.output;
    return described;
  });
  const last = shaped[shaped.length - 1];
  if (last.output.length !== 1) {
    throw new ShapeError(`${last.label}: the last layer gives ${format(last.output)}, not [classes]`);
  }
  return shaped;
}

/** What a layer makes of its input. */
export type LayerShapes = Pick<ShapedLayer, "output" | "parameters" | "multiplyAdds">;

/**
 * Works out a single layer.
 *
 * @param where names it in messages
 * @throws ShapeError where it does not fit its input
 */
export function shapeLayer(layer: Layer, input: ActivationShape, where: string): LayerShapes {
  switch (layer.type) {
    case "conv2d": {
      const { name, outChannels, kernel, stride, padding } = layer;
      requireWhole(where, { outChannels, kernel, stride }, 1);
      requireWhole(where, { padding }, 0);
      const [channels, height, width] = requireImage(input, where);
      const outHeight = windows(height + 2 * padding, kernel, stride);
      const outWidth = windows(width + 2 * padding, kernel, stride);
      if (outHeight < 1 || outWidth < 1) {
        throw new ShapeError(
          `${where}: its kernel [${outChannels}, ${channels}, ${kernel}, ${kernel}] is larger than its input ${format(input)} padded by ${padding}`,
        );
      }
      const fanIn = channels * kernel * kernel;
      return {
        output: [outChannels, outHeight, outWidth],
        parameters: weightAndBias(name, [outChannels, channels, kernel, kernel], fanIn),
        multiplyAdds: outChannels * outHeight * outWidth * fanIn,
      };
    }
    case "averagePool2d":
    case "maxPool2d": {
      const { kernel, stride } = layer;
      requireWhole(where, { kernel, stride }, 1);
      const [channels, height, width] = requireImage(input, where);
      if (kernel > height || kernel > width) {
        throw new ShapeError(`${where}: its window [${kernel}, ${kernel}] is larger than its input ${format(input)}`);
      }
      return passive([channels, windows(height, kernel, stride), windows(width, kernel, stride)]);
    }
    case "linear": {
      const { name, outFeatures } = layer;
      requireWhole(where, { outFeatures }, 1);
      if (input.length !== 1) {
        throw new ShapeError(`${where}: takes [features] and gets ${format(input)}; put a flatten layer before it`);
      }
      return {
        output: [outFeatures],
        parameters: weightAndBias(name, [outFeatures, input[0]], input[0]),
        multiplyAdds: outFeatures * input[0],
      };
    }
    case "flatten":
      return passive([elementCount(input)]);
    case "dropout":
      if (!(layer.probability >= 0 && layer.probability < 1)) {
        throw new ShapeError(`${where}: its probability is ${layer.probability}, not in 0 … 1 (1 excluded)`);
      }
      return passive(input);
    case "sigmoid":
    case "relu":
    case "tanh":
      return passive(input);
  }
}

function passive(output: ActivationShape): LayerShapes {
  return { output, parameters: [], multiplyAdds: 0 };
}

function weightAndBias(name: string, shape: readonly number[], fanIn: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape, fanIn },
    { name: `${name}.bias`, shape: [shape[0]], fanIn },
  ];
}

function windows(extent: number, kernel: number, stride: number): number {
  return Math.floor((extent - kernel) / stride) + 1;
}

function requireImage(input: ActivationShape, where: string): readonly [number, number, number] {
  if (input.length !== 3) {
    throw new ShapeError(`${where}: takes [channels, height, width] and gets ${format(input)}`);
  }
  return input;
}

function requireWhole(where: string, values: Record<string, number>, least: number): void {
  for (const [what, value] of Object.entries(values)) {
    if (!Number.isSafeInteger(value) || value < least) {
      throw new ShapeError(`${where}: ${what} is ${value}, not a whole number from ${least} on`);
    }
  }
}

function format(shape: ActivationShape): string {
  return `[${shape.join(", ")}]`;
}

/** All parameters of a model, in the order of its layers. */
export function parameterSpecs(layers: readonly ShapedLayer[]): ParameterSpec[] {
  return layers.flatMap(({ parameters }) => [...parameters]);
}

/** The number of classes: the outputs of the last layer. */
export function classCount(layers: readonly ShapedLayer[]): number {
  return layers[layers.length - 1].output[0];
}

/** @throws ShapeError unless the tensors are exactly the model's parameters */
export function requireParameters(specs: readonly ParameterSpec[], tensors: NamedTensors): void {
  for (const { name, shape } of specs) {
    const tensor = tensors.get(name);
    if (!tensor) throw new ShapeError(`the weights have no tensor ${name}`);
    if (tensor.shape.join() !== shape.join()) {
      throw new ShapeError(`${name}: the weights have [${tensor.shape.join(", ")}], the model [${shape.join(", ")}]`);
    }
  }
  const unknown = [...tensors.keys()].find((name) => !specs.some((spec) => spec.name === name));
  if (unknown !== undefined) throw new ShapeError(`the weights have a tensor ${unknown}, the model does not`);
}
