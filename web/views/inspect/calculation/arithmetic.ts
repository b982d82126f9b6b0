import { ACTIVATIONS } from "../../../../src/engine/reference/operations.js";
import {
  type ActivationLayer,
  type Conv2dLayer,
  isActivation,
  type NamedTensors,
  RBF_CENTRES,
  receptiveFields,
  type ShapedLayer,
  unitBlock,
  unitPlace,
} from "../../../../src/model/index.js";

/** One product in a unit's sum. */
export interface Product {
  /** The index of its value in the layer's input, row-major; undefined in the zero padding. */
  readonly place: number | undefined;
  readonly value: number;
  readonly weight: number;
  readonly product: number;
}

/** A unit of a convolution or linear layer: the products, one input map's window after the other, and the bias. */
export interface WeightedSum {
  readonly type: "sum";
  /** The side of a window; undefined for linear layers. */
  readonly kernel: number | undefined;
  readonly products: readonly Product[];
  readonly bias: number;
  readonly result: number;
}

/** A unit of a pooling layer. */
export interface PooledWindow {
  readonly type: "maximum" | "average";
  readonly height: number;
  readonly width: number;
  readonly values: readonly { readonly place: number; readonly value: number }[];
  /** The index, among the values, of the first largest. */
  readonly winner: number;
  readonly result: number;
}

export type Arithmetic = WeightedSum | PooledWindow;

/**
 * Computes one unit from its layer's input, in double precision.
 *
 * @param unit its index in the layer's output, row-major
 * @param input the layer's input, row-major
 * @throws RangeError if the layer is neither a weighted sum nor a pooling
 */
export function workOut(
  shaped: ShapedLayer,
  unit: number,
  input: ArrayLike<number>,
  parameters: NamedTensors,
): Arithmetic {
  const { layer } = shaped;
  if (isActivation(layer) || layer.type === "batchNorm" || layer.type === "dropout" || layer.type === "flatten") {
    throw new RangeError(`${shaped.label} is neither a weighted sum nor a pooling`);
  }
  switch (layer.type) {
    case "conv2d":
      return sumUp(
        layer.kernel,
        convolutionProducts(layer, shaped, unit, input, parameters),
        unitBias(layer, shaped, unit, parameters),
      );
    case "linear": {
      const weights = valuesOf(parameters, `${layer.name}.weight`);
      const start = unit * input.length;
      const products = Array.from(input, (value, place) => multiply(place, value, Number(weights[start + place])));
      return sumUp(undefined, products, unitBias(layer, shaped, unit, parameters));
    }
    case "subsample2d": {
      const coefficient = Number(valuesOf(parameters, `${layer.name}.weight`)[unitPlace(shaped.output, unit)[0]]);
      const products = poolUp("average", shaped, unit, input).values.map(({ place, value }) =>
        multiply(place, value, coefficient),
      );
      return sumUp(layer.kernel, products, unitBias(layer, shaped, unit, parameters));
    }
    case "rbf": {
      // The mean squared difference, with its sign: the difference times its own negative share.
      const products = Array.from(input, (value, place) => {
        const difference = value - RBF_CENTRES[unit][place];
        return multiply(place, difference, -difference / input.length);
      });
      return sumUp(undefined, products, 0);
    }
    case "averagePool2d":
    case "globalAveragePool2d":
      return poolUp("average", shaped, unit, input);
    case "maxPool2d":
      return poolUp("maximum", shaped, unit, input);
  }
}

/** The activation of a value; the value itself if there is no activation. */
export function activate(type: ActivationLayer["type"] | undefined, value: number): number {
  return type === undefined ? value : ACTIVATIONS[type].value(value);
}

/** The sum of the first `count` products. */
export function runningSum(products: readonly Product[], count: number): number {
  return products.slice(0, count).reduce((sum, { product }) => sum + product, 0);
}

/** The indices of the products of largest magnitude, largest first, and the sum of all others. */
export function largestProducts(products: readonly Product[], count: number) {
  const order = [...products.keys()].sort(
    (one, other) => Math.abs(products[other].product) - Math.abs(products[one].product) || one - other,
  );
  const others = order.slice(count).reduce((sum, index) => sum + products[index].product, 0);
  return { largest: order.slice(0, count), others };
}

function sumUp(kernel: number | undefined, products: readonly Product[], bias: number): WeightedSum {
  return { type: "sum", kernel, products, bias, result: runningSum(products, products.length) + bias };
}

function multiply(place: number | undefined, value: number, weight: number): Product {
  return { place, value, weight, product: value * weight };
}

function convolutionProducts(
  { name, kernel, stride, padding }: Conv2dLayer,
  { input: inputShape, output }: ShapedLayer,
  unit: number,
  input: ArrayLike<number>,
  parameters: NamedTensors,
): Product[] {
  const weights = valuesOf(parameters, `${name}.weight`);
  const [channels, height, width] = inputShape as readonly [number, number, number];
  const [outChannel, outRow, outColumn] = unitPlace(output, unit);
  const products: Product[] = [];
  for (let channel = 0; channel < channels; channel++) {
    for (let tap = 0; tap < kernel * kernel; tap++) {
      const row = outRow * stride - padding + Math.floor(tap / kernel);
      const column = outColumn * stride - padding + (tap % kernel);
      const isInside = row >= 0 && row < height && column >= 0 && column < width;
      const place = isInside ? (channel * height + row) * width + column : undefined;
      const weight = Number(weights[(outChannel * channels + channel) * kernel * kernel + tap]);
      products.push(multiply(place, place === undefined ? 0 : input[place], weight));
    }
  }
  return products;
}

function unitBias(
  { name }: { readonly name: string },
  { output }: ShapedLayer,
  unit: number,
  parameters: NamedTensors,
): number {
  return Number(valuesOf(parameters, `${name}.bias`)[unitPlace(output, unit)[0]]);
}

function poolUp(type: PooledWindow["type"], shaped: ShapedLayer, unit: number, input: ArrayLike<number>): PooledWindow {
  const [, inputHeight, inputWidth] = shaped.input as readonly [number, number, number];
  const [{ channels, rows, columns }] = receptiveFields([shaped], 0, unitBlock(shaped.output, unit));
  const [height, width] = [rows, columns].map(({ first, last }) => last - first + 1);
  const values = Array.from({ length: height * width }, (_, tap) => {
    const row = rows.first + Math.floor(tap / width);
    const place = (channels.first * inputHeight + row) * inputWidth + columns.first + (tap % width);
    return { place, value: input[place] };
  });
  const winner = values.reduce((best, { value }, index) => (value > values[best].value ? index : best), 0);
  const sum = values.reduce((total, { value }) => total + value, 0);
  const result = type === "maximum" ? values[winner].value : sum / values.length;
  return { type, height, width, values, winner, result };
}

function valuesOf(parameters: NamedTensors, name: string): ArrayLike<number | bigint> {
  return parameters.get(name)!.data;
}
