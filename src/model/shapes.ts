import {
  type ActivationShape,
  type Field,
  kindOf,
  type Layer,
  type LayerShapes,
  type ParameterSpec,
  ShapeError,
} from "./layers/index.js";
import { formatShape } from "./layers/shape.js";
import type { Model } from "./model.js";
import type { NamedTensors } from "./tensor.js";

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

/**
 * Works out the shapes, parameters and cost of every layer.
 *
 * @throws ShapeError naming the layer and both shapes where they do not fit together
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
    const label = `${kindOf(layer).moduleName}-${index + 1}`;
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
    throw new ShapeError(`${last.label}: the last layer gives ${formatShape(last.output)}, not [classes]`);
  }
  return shaped;
}

/**
 * Works out a single layer.
 *
 * @param where names it in messages
 * @throws ShapeError where it does not fit its input
 */
export function shapeLayer(layer: Layer, input: ActivationShape, where: string): LayerShapes {
  const kind = kindOf(layer);
  const values = new Map<string, unknown>(Object.entries(layer));
  for (const [name, field] of Object.entries<Field>(kind.fields)) requireWithin(field, name, values.get(name), where);
  return kind.shape(layer, input, where);
}

/** @throws ShapeError unless a field has a value that it can have in a model that no file describes */
function requireWithin(field: Field, name: string, value: unknown, where: string): void {
  if (field.type === "whole" && !(Number.isSafeInteger(value) && Number(value) >= field.least)) {
    throw new ShapeError(`${where}: ${name} is ${value}, not a whole number from ${field.least} on`);
  }
  if (field.type === "fraction" && !(Number(value) >= field.least && Number(value) < field.below)) {
    const { least, below } = field;
    throw new ShapeError(`${where}: its ${name} is ${value}, not in ${least} … ${below} (${below} excluded)`);
  }
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
