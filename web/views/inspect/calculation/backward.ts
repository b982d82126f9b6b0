import { ACTIVATIONS, operationOf } from "../../../../src/engine/reference/operations.js";
import {
  isActivation,
  type NamedTensors,
  RBF_CENTRES,
  type ShapedLayer,
  unitPlace,
} from "../../../../src/model/index.js";

/** The loss differentiated by every value on its way. */
export interface BackwardPass {
  /** By the input, then by the output of each layer. */
  readonly gradients: readonly Float64Array[];
  /** The softmax of the logits. */
  readonly probabilities: Float64Array;
}

/** A factor times a gradient: one way on which the loss depends on something. */
export interface Term {
  /** Where the gradient is: the index of a unit in its layer's output. */
  readonly unit: number;
  readonly factor: number;
  readonly gradient: number;
  readonly product: number;
}

/** Whether the backward pass of a model can be worked out unit by unit. */
export function canGoBack(layers: readonly ShapedLayer[]): boolean {
  return layers.every(({ layer }) => layer.type !== "batchNorm");
}

/**
 * The cross-entropy of one sample, differentiated in double precision from the output back to the input.
 *
 * @param values the input, then the output of every layer
 * @throws RangeError if there is a batch normalization
 */
export function backwardPass(
  layers: readonly ShapedLayer[],
  parameters: NamedTensors,
  values: readonly ArrayLike<number>[],
  label: number,
): BackwardPass {
  const exact = values.map((value) => Float64Array.from(value));
  const logits = exact[exact.length - 1];
  const most = Math.max(...logits);
  const exponentials = logits.map((logit) => Math.exp(logit - most));
  const sum = exponentials.reduce((total, one) => total + one, 0);
  const probabilities = exponentials.map((one) => one / sum);
  const gradients: Float64Array[] = [probabilities.map((probability, index) => probability - Number(index === label))];
  for (let index = layers.length - 1; index >= 0; index--) {
    const { layer, ...shapes } = layers[index];
    if (layer.type === "batchNorm") throw new RangeError("batch normalization depends on all samples of a batch");
    const learned = learnedOf(layers[index], parameters);
    const unused = { weight: learned.weight.slice(), bias: learned.bias.slice() };
    const [x, y] = [exact[index], exact[index + 1]];
    gradients.unshift(operationOf(layer, shapes).backward({ x, y, dy: gradients[0], learned, gradients: unused }));
  }
  return { gradients, probabilities };
}

/**
 * The ways on which the loss depends on a unit: what each unit of the next layer multiplies it by, times the loss
 * differentiated by that unit before its activation.
 *
 * @param next the next layer that sums or pools
 * @param unit the index in its input
 * @param x its input
 * @param dy the loss differentiated by its output
 */
export function unitTerms(
  next: ShapedLayer,
  unit: number,
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
  parameters: NamedTensors,
): Term[] {
  const { layer } = next;
  const term = (at: number, factor: number): Term => ({ unit: at, factor, gradient: dy[at], product: factor * dy[at] });
  const { weight } = learnedOf(next, parameters);
  switch (layer.type) {
    case "linear":
      return Array.from(dy, (_, at) => term(at, weight[at * x.length + unit]));
    case "rbf":
      return Array.from(dy, (_, at) => term(at, (-2 * (x[unit] - RBF_CENTRES[at][unit])) / x.length));
    case "conv2d": {
      const { kernel } = layer;
      const channels = next.input[0];
      const [channel] = unitPlace(next.input, unit);
      return windowsOf(next, unit).flatMap(({ row, column, tap }) =>
        Array.from({ length: next.output[0] }, (_, out) =>
          term(unitAt(next, out, row, column), weight[(out * channels + channel) * kernel * kernel + tap]),
        ),
      );
    }
    case "averagePool2d":
    case "maxPool2d":
    case "subsample2d": {
      const [channel] = unitPlace(next.input, unit);
      const share = {
        averagePool2d: () => 1 / layer.kernel ** 2,
        subsample2d: () => weight[channel],
        maxPool2d: (row: number, column: number) => Number(winnerOf(next, channel, row, column, x) === unit),
      }[layer.type];
      return windowsOf(next, unit).map(({ row, column }) =>
        term(unitAt(next, channel, row, column), share(row, column)),
      );
    }
    case "globalAveragePool2d": {
      const [channel] = unitPlace(next.input, unit);
      return [term(channel, dy.length / x.length)];
    }
    default:
      return [];
  }
}

/**
 * The ways on which the loss depends on a weight: every place where it is used, with the value that it multiplies there.
 *
 * @param unit a unit of the weight's map, or of a layer without maps the unit itself
 * @param weight its index among the weights of that map or unit
 * @param x the layer's input
 * @param dy the loss differentiated by its output
 */
export function weightTerms(
  shaped: ShapedLayer,
  unit: number,
  weight: number,
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
): Term[] {
  const { layer, input, output } = shaped;
  const term = (at: number, factor: number): Term => ({ unit: at, factor, gradient: dy[at], product: factor * dy[at] });
  if (layer.type === "linear") return [term(unit, x[weight])];
  if (layer.type !== "conv2d" && layer.type !== "subsample2d") return [];
  const [map] = unitPlace(output, unit);
  const [, height, width] = input as readonly [number, number, number];
  const [, rows, columns] = output as readonly [number, number, number];
  const { kernel, stride } = layer;
  const padding = layer.type === "conv2d" ? layer.padding : 0;
  const area = kernel * kernel;
  const taps = layer.type === "conv2d" ? [weight % area] : Array.from({ length: area }, (_, tap) => tap);
  const channel = layer.type === "conv2d" ? Math.floor(weight / area) : map;
  return Array.from({ length: rows * columns }, (_, place) => {
    const [row, column] = [Math.floor(place / columns), place % columns];
    const value = taps.reduce((sum, tap) => {
      const [inRow, inColumn] = [
        row * stride - padding + Math.floor(tap / kernel),
        column * stride - padding + (tap % kernel),
      ];
      const isInside = inRow >= 0 && inRow < height && inColumn >= 0 && inColumn < width;
      return sum + (isInside ? x[(channel * height + inRow) * width + inColumn] : 0);
    }, 0);
    return term(unitAt(shaped, map, row, column), value);
  });
}

/** How many weights a unit's map, or the unit itself, has; 0 for layers without. */
export function weightCount({ layer, input }: ShapedLayer): number {
  if (layer.type === "conv2d") return input[0] * layer.kernel ** 2;
  if (layer.type === "linear") return input[0];
  return layer.type === "subsample2d" ? 1 : 0;
}

/** The name and the index in its tensor of a weight of a unit's map. */
export function weightPlace(shaped: ShapedLayer, unit: number, weight: number) {
  const { layer, output } = shaped;
  if (!("name" in layer)) return undefined;
  const [map] = unitPlace(output, unit);
  return { name: `${layer.name}.weight`, index: map * weightCount(shaped) + weight };
}

/** The derivative of a layer's activation, from its output; 1 without one. */
export function slopeOf({ layer }: ShapedLayer, y: number): number {
  return isActivation(layer) ? ACTIVATIONS[layer.type].derivative(y) : 1;
}

function learnedOf({ layer }: ShapedLayer, parameters: NamedTensors) {
  const valuesOf = (part: string) => {
    const data: ArrayLike<number | bigint> | undefined =
      "name" in layer ? parameters.get(`${layer.name}.${part}`)?.data : undefined;
    return Float64Array.from(data ?? [], Number);
  };
  return { weight: valuesOf("weight"), bias: valuesOf("bias") };
}

interface WindowPlace {
  readonly row: number;
  readonly column: number;
  /** The unit's index in the window, row by row. */
  readonly tap: number;
}

/** The windows of a layer that contain a unit of its input. */
function windowsOf({ layer, input, output }: ShapedLayer, unit: number): WindowPlace[] {
  if (!("kernel" in layer)) return [];
  const { kernel, stride } = layer;
  const padding = layer.type === "conv2d" ? layer.padding : 0;
  const [, inRow, inColumn] = unitPlace(input, unit);
  const [, rows, columns] = output as readonly [number, number, number];
  const along = (at: number, count: number) =>
    Array.from({ length: kernel }, (_, tap) => ({ tap, place: (at + padding - tap) / stride })).filter(
      ({ place }) => Number.isInteger(place) && place >= 0 && place < count,
    );
  return along(inRow, rows).flatMap(({ tap: down, place: row }) =>
    along(inColumn, columns).map(({ tap: right, place: column }) => ({ row, column, tap: down * kernel + right })),
  );
}

/** The input unit with the first largest value of a window. */
function winnerOf(
  { layer, input }: ShapedLayer,
  channel: number,
  row: number,
  column: number,
  x: ArrayLike<number>,
): number | undefined {
  if (layer.type !== "maxPool2d") return undefined;
  const [, height, width] = input as readonly [number, number, number];
  const { kernel, stride } = layer;
  const places = Array.from({ length: kernel * kernel }, (_, tap) => {
    const inRow = row * stride + Math.floor(tap / kernel);
    return (channel * height + inRow) * width + column * stride + (tap % kernel);
  });
  return places.reduce((best, place) => (x[place] > x[best] ? place : best));
}

function unitAt({ output }: ShapedLayer, map: number, row: number, column: number): number {
  const [, rows, columns] = output as readonly [number, number, number];
  return (map * rows + row) * columns + column;
}
