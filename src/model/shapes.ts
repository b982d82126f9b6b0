import {
  type ActivationShape,
  connectedElements,
  type Field,
  kindOf,
  type Layer,
  type LayerShapes,
  type ParameterSpec,
  ShapeError,
} from "./layers/index.js";
import { formatShape, trainableCount } from "./layers/shape.js";
import type { Model } from "./model.js";
import type { NamedTensors } from "./parameters.js";

/** A layer within a model: its input and output shapes, parameters and cost. */
export interface ShapedLayer {
  readonly layer: Layer;
  /** Its label in torchsummary: `Conv2d-1`. */
  readonly label: string;
  readonly input: ActivationShape;
  readonly output: ActivationShape;
  readonly parameters: readonly ParameterSpec[];
  /** Multiply-adds in the forward pass of one sample. */
  readonly multiplyAdds: number;
}

/**
 * Computes the shapes, parameters and cost of every layer.
 *
 * @throws ShapeError naming the layer and both shapes if the layers do not fit together
 */
export function inferShapes(model: Model): ShapedLayer[] {
  const { channels, height, width } = model.input;
  for (const [side, extent] of Object.entries({ channels, height, width })) {
    requireWithin({ type: "whole", least: 1, most: Infinity }, side, extent, "the input");
  }
  if (model.layers.length === 0) throw new ShapeError("the model has no layers");
  const names = new Set<string>();
  let shape: ActivationShape = [channels, height, width];
  const shaped = model.layers.map((layer, index) => {
    const { moduleName } = kindOf(layer);
    const label = `${typeof moduleName === "string" ? moduleName : moduleName(shape)}-${index + 1}`;
    const where = "name" in layer ? `${layer.name} (${label})` : label;
    if ("name" in layer) {
      if (names.has(layer.name)) throw new ShapeError(`${where}: an earlier layer has the same name`);
      names.add(layer.name);
    }
    const described = { layer, label, input: shape, ...shapeLayer(layer, shape, where) };
    shape = described.output;
    return described;
  });
  const last = shaped[shaped.length - 1];
  if (last.output.length !== 1) {
    throw new ShapeError(`${last.label}: the last layer must output [classes], not ${formatShape(last.output)}`);
  }
  return shaped;
}

/**
 * Computes the shapes, parameters and cost of a single layer.
 *
 * @param where the layer's name in messages
 * @throws ShapeError if the layer does not fit its input
 */
export function shapeLayer(layer: Layer, input: ActivationShape, where: string): LayerShapes {
  const kind = kindOf(layer);
  const values = new Map<string, unknown>(Object.entries(layer));
  for (const [name, field] of Object.entries<Field>(kind.fields)) requireWithin(field, name, values.get(name), where);
  return kind.shape(layer, input, where);
}

/** Checks a field's lower bound; upper bounds apply only to models read from files. @throws ShapeError */
function requireWithin(field: Field, name: string, value: unknown, where: string): void {
  if (field.type === "whole" && !(Number.isSafeInteger(value) && Number(value) >= field.least)) {
    throw new ShapeError(`${where}: ${name} must be an integer of at least ${field.least}, not ${value}`);
  }
  if (field.type === "fraction" && !(Number(value) >= field.least && Number(value) < field.below)) {
    const { least, below } = field;
    throw new ShapeError(`${where}: ${name} must be at least ${least} and below ${below}, not ${value}`);
  }
}

/** All parameters and buffers of a model, in layer order. */
export function parameterSpecs(layers: readonly ShapedLayer[]): ParameterSpec[] {
  return layers.flatMap(({ parameters }) => [...parameters]);
}

/** The parameters of a model that gradients change, in layer order: all but the buffers. */
export function learnedSpecs(layers: readonly ShapedLayer[]): ParameterSpec[] {
  return parameterSpecs(layers).filter(({ isBuffer }) => !isBuffer);
}

/** The number of parameters, without buffers and weights that are not connected. */
export function countParameters(specs: readonly ParameterSpec[]): number {
  return specs.reduce((sum, spec) => sum + trainableCount(spec), 0);
}

/** The number of classes: the outputs of the last layer. */
export function classCount(layers: readonly ShapedLayer[]): number {
  return layers[layers.length - 1].output[0];
}

/** @throws ShapeError unless the tensors are exactly the model's parameters */
export function requireParameters(specs: readonly ParameterSpec[], tensors: NamedTensors): void {
  for (const spec of specs) {
    const { name, shape } = spec;
    const tensor = tensors.get(name);
    if (!tensor) throw new ShapeError(`the weights have no tensor ${name}`);
    if (tensor.shape.join() !== shape.join()) {
      throw new ShapeError(`${name}: the weights have [${tensor.shape.join(", ")}], the model [${shape.join(", ")}]`);
    }
    if (connectedElements(spec)?.some((connected, element) => !connected && Number(tensor.data[element]) !== 0)) {
      throw new ShapeError(`${name}: the weights connect channels that the model does not connect`);
    }
  }
  const unknown = [...tensors.keys()].find((name) => !specs.some((spec) => spec.name === name));
  if (unknown !== undefined)
    throw new ShapeError(`the weights have a tensor ${unknown}, which the model does not have`);
}
