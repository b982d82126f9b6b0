import { BatchNorm } from "../../src/engine/reference/batchNorm.js";
import { operationOf } from "../../src/engine/reference/operations.js";
import type { PaperLayer, ShapedLayer } from "../../src/model/index.js";
import {
  elementCount,
  inferShapes,
  kindOf,
  type Model,
  type NamedTensors,
  paperLayers,
  unitPlace,
} from "../../src/model/index.js";

/** A column of the picture: the input, or a layer as the paper counts them. */
export interface Stage {
  /** The paper's term: `C1`; `Input` for the input. */
  readonly term: string;
  readonly kind: "input" | PaperLayer["kind"];
  /** The index in the model of the layer that sums or pools; −1 for the input. */
  readonly main: number;
  /** The index of the layer whose output the column shows; −1 for the input. */
  readonly last: number;
  /** Its maps, or its units if they are no maps: what edges connect. */
  readonly count: number;
  /** The extents of a map; 1 × 1 for units. */
  readonly height: number;
  readonly width: number;
}

/** A network as the scene shows it, without its parameters. */
export interface Structure {
  readonly layers: readonly ShapedLayer[];
  /** From the input to the output. */
  readonly stages: readonly Stage[];
}

/** The stages of a model. */
export function structureOf(model: Model): Structure {
  const layers = inferShapes(model);
  const { channels, height, width } = model.input;
  const input: Stage = { term: "Input", kind: "input", main: -1, last: -1, count: channels, height, width };
  const stages = paperLayers(layers).map(({ term, kind, main, last }): Stage => {
    const [count, rows = 1, columns = 1] = layers[last].output;
    return { term, kind, main, last, count, height: rows, width: columns };
  });
  return { layers, stages: [input, ...stages] };
}

/** A unit: one value of a stage. */
export interface Unit {
  readonly stage: number;
  /** Row-major in its stage. */
  readonly index: number;
}

/** What every part adds to one unit. */
export interface Contributions {
  readonly unit: Unit;
  /** The unit's value before its activation: what the parts add up to, with the biases. */
  readonly value: number;
  /**
   * The edges across each gap before the unit, [to × from]: from the maps of stage s to those of stage s + 1. An edge
   * u → v is a(u) · w · ∂z/∂v, summed over the places of both maps. For ReLU and max pooling the edges of a gap add up
   * to the value less what the biases after the gap add; for other activations they are the first-order share.
   */
  readonly gaps: readonly Float64Array[];
  /** What each value of a stage adds, a · ∂z/∂a: stage by stage, up to the one before the unit. */
  readonly shares: readonly Float64Array[];
  /** The gradient of the value with respect to the input. */
  readonly gradient: Float64Array;
}

/** What one map, or unit, of the stage before adds to a unit's sum. */
export interface Addend {
  /** The index of the map or unit. */
  readonly from: number;
  /** What the unit sees of it, row by row; 0 in the zero padding. */
  readonly seen: Float64Array;
  readonly weights: Float64Array;
  readonly products: Float64Array;
  readonly sum: number;
}

/** A unit worked out: its sum before the activation. */
export interface UnitSum {
  /** The width of what the unit sees of each map. */
  readonly width: number;
  readonly addends: readonly Addend[];
  readonly bias: number;
  readonly value: number;
}

/** One layer with its parameters. */
interface Step {
  forward(x: Float64Array): Float64Array;
  /**
   * The gradient with respect to x.
   *
   * @param edges [to × from], to which a layer that sums adds what each input map gives each output map
   */
  backward(x: Float64Array, y: Float64Array, dy: Float64Array, edges?: Float64Array): Float64Array;
}

/** The forward and backward pass of one image, in double precision: fast enough to follow a pen. */
export class SceneNetwork {
  readonly structure: Structure;
  private readonly parameters: NamedTensors;
  private readonly steps: readonly Step[];

  constructor(structure: Structure, parameters: NamedTensors) {
    this.structure = structure;
    this.parameters = parameters;
    const { stages } = structure;
    this.steps = structure.layers.map((shaped, index) => {
      const to = stages.findIndex(({ main }) => main === index);
      return stepOf(shaped, parameters, to > 0 ? stages[to - 1].count : 0);
    });
  }

  /** The values of every layer: the input, then each layer's output. */
  forward(input: Float64Array): Float64Array[] {
    const values = [input];
    for (const step of this.steps) values.push(step.forward(values[values.length - 1]));
    return values;
  }

  /** @param values the result of `forward` */
  contributions(values: readonly Float64Array[], unit: Unit): Contributions {
    const { stages } = this.structure;
    const { main } = stages[unit.stage];
    const gaps: Float64Array[] = [];
    const shares: Float64Array[] = [];
    let gradient: Float64Array = new Float64Array(values[main + 1].length);
    gradient[unit.index] = 1;
    let layer = main;
    for (let stage = unit.stage; stage > 0; stage--) {
      const from = stages[stage - 1];
      const edges = new Float64Array(stages[stage].count * from.count);
      for (; layer > from.last; layer--) {
        const isMain = layer === stages[stage].main;
        gradient = this.steps[layer].backward(values[layer], values[layer + 1], gradient, isMain ? edges : undefined);
      }
      const before = values[from.last + 1];
      const share = gradient.map((each, place) => each * before[place]);
      gaps.unshift(edges);
      shares.unshift(share);
    }
    return { unit, value: values[main + 1][unit.index], gaps, shares, gradient };
  }

  /**
   * Works out the sum of a unit of a convolution or linear layer; undefined for others, such as pooling.
   *
   * @param values the result of `forward`
   */
  sumOf(values: readonly Float64Array[], unit: Unit): UnitSum | undefined {
    const { layers, stages } = this.structure;
    const { main } = stages[unit.stage];
    const { layer, input, output } = layers[main];
    const before = stages[unit.stage - 1];
    const x = values[main];
    if (layer.type !== "conv2d" && layer.type !== "linear") return undefined;
    const weights = this.tensor(`${layer.name}.weight`);
    const biases = this.tensor(`${layer.name}.bias`);
    const value = values[main + 1][unit.index];
    if (layer.type === "linear") {
      const size = x.length / before.count;
      const addends = addendsOf(
        before.count,
        size,
        (from, tap) => x[from * size + tap],
        (from, tap) => Number(weights[unit.index * x.length + from * size + tap]),
      );
      return { width: before.width, addends, bias: Number(biases[unit.index]), value };
    }
    const { kernel, stride, padding } = layer;
    const [channels, height, width] = input as readonly [number, number, number];
    const [out, row, column] = unitPlace(output, unit.index);
    const addends = addendsOf(
      channels,
      kernel * kernel,
      (from, tap) => {
        const y = row * stride - padding + Math.floor(tap / kernel);
        const left = column * stride - padding + (tap % kernel);
        const isInside = y >= 0 && y < height && left >= 0 && left < width;
        return isInside ? x[(from * height + y) * width + left] : 0;
      },
      (from, tap) => Number(weights[(out * channels + from) * kernel * kernel + tap]),
    );
    return { width: kernel, addends, bias: Number(biases[out]), value };
  }

  private tensor(name: string): ArrayLike<number | bigint> {
    return this.parameters.get(name)!.data;
  }
}

/** The shares of a sum, map by map. */
function addendsOf(
  count: number,
  size: number,
  seenAt: (from: number, tap: number) => number,
  weightAt: (from: number, tap: number) => number,
): Addend[] {
  return Array.from({ length: count }, (_, from) => {
    const seen = Float64Array.from({ length: size }, (_, tap) => seenAt(from, tap));
    const weights = Float64Array.from({ length: size }, (_, tap) => weightAt(from, tap));
    const products = seen.map((value, tap) => value * weights[tap]);
    return { from, seen, weights, products, sum: products.reduce((sum, product) => sum + product, 0) };
  });
}

function stepOf(shaped: ShapedLayer, parameters: NamedTensors, fromCount: number): Step {
  const { layer } = shaped;
  const tensors = Object.fromEntries(
    shaped.parameters.map(({ name }) => {
      const { data } = parameters.get(name)!;
      const isCounted = data instanceof BigInt64Array || data instanceof BigUint64Array;
      return [
        name.slice(name.lastIndexOf(".") + 1),
        isCounted ? Float64Array.from(data, Number) : new Float64Array(data),
      ];
    }),
  );
  const { weight = NOTHING, bias = NOTHING } = tensors;
  switch (layer.type) {
    case "conv2d":
      return convolution(shaped, layer, weight, bias);
    case "linear":
      return linear(weight, bias, fromCount);
    case "batchNorm": {
      const norm = new BatchNorm(layer, shaped);
      const gradients = { weight: new Float64Array(weight.length), bias: new Float64Array(bias.length) };
      return {
        forward: (x) => norm.forward([x], tensors, undefined)[0],
        backward: (x, _y, dy) => norm.backward({ xs: [x], dys: [dy], tensors, gradients, statistics: undefined })[0],
      };
    }
    default: {
      const operation = operationOf(layer, shaped);
      const learned = { weight, bias };
      const gradients = { weight: new Float64Array(weight.length), bias: new Float64Array(bias.length) };
      const back = (x: Float64Array, y: Float64Array, dy: Float64Array) =>
        operation.backward({ x, y, dy, learned, gradients });
      return {
        forward: (x) => operation.forward(x, learned),
        backward: (x, y, dy, edges) => {
          const dx = back(x, y, dy);
          if (edges && kindOf(layer).paperKind === "subsampling") addPerMap(edges, x, dx, fromCount);
          else if (edges) addPerUnit(edges, x, y, dy, fromCount, back);
          return dx;
        },
      };
    }
  }
}

const NOTHING = new Float64Array(0);

/** The edges of a layer that keeps its maps apart: each map gives to the one after it alone. */
function addPerMap(edges: Float64Array, x: Float64Array, dx: Float64Array, count: number): void {
  const size = x.length / count;
  for (let place = 0; place < x.length; place++) {
    const map = Math.floor(place / size);
    edges[map * count + map] += x[place] * dx[place];
  }
}

/** The edges of any layer: its gradients, one output after the other. */
function addPerUnit(
  edges: Float64Array,
  x: Float64Array,
  y: Float64Array,
  dy: Float64Array,
  count: number,
  back: (x: Float64Array, y: Float64Array, dy: Float64Array) => Float64Array,
): void {
  const size = x.length / count;
  dy.forEach((gradient, to) => {
    if (gradient === 0) return;
    const own = new Float64Array(dy.length);
    own[to] = gradient;
    back(x, y, own).forEach((each, place) => {
      edges[to * count + Math.floor(place / size)] += x[place] * each;
    });
  });
}

/** @param fromCount the maps, or units, that the input consists of */
function linear(weight: Float64Array, bias: Float64Array, fromCount: number): Step {
  const inputs = weight.length / bias.length;
  const size = inputs / fromCount;
  return {
    forward: (x) =>
      bias.map((start, to) => {
        let sum = start;
        const row = to * inputs;
        for (let place = 0; place < inputs; place++) sum += x[place] * weight[row + place];
        return sum;
      }),
    backward: (x, _y, dy, edges) => {
      const dx = new Float64Array(inputs);
      for (let to = 0; to < dy.length; to++) {
        const gradient = dy[to];
        if (gradient === 0) continue;
        const row = to * inputs;
        for (let from = 0; from < fromCount; from++) {
          const sum = addGradient(dx, x, from * size, (from + 1) * size, weight, row + from * size, gradient);
          if (edges) edges[to * fromCount + from] += sum;
        }
      }
      return dx;
    },
  };
}

/*
 * The innermost loops. Each is a function of its own because V8 compiles a small function after a few calls, and a long one
 * that is called once only much later: the first image takes a quarter of the time.
 */

/** Adds every `stride`-th value from a place on, times a factor, to a range. */
function addScaled(
  y: Float64Array,
  begin: number,
  end: number,
  x: Float64Array,
  from: number,
  stride: number,
  factor: number,
): void {
  for (let at = begin, seen = from; at < end; at++, seen += stride) y[at] += factor * x[seen];
}

/**
 * Adds a unit's gradient, times its weights, to those of a range of its inputs.
 *
 * @param own the place of the first weight
 * @returns what these inputs give to the unit
 */
function addGradient(
  dx: Float64Array,
  x: Float64Array,
  begin: number,
  end: number,
  weight: Float64Array,
  own: number,
  gradient: number,
): number {
  let sum = 0;
  for (let at = begin, tap = own; at < end; at++, tap++) {
    const each = gradient * weight[tap];
    dx[at] += each;
    sum += each * x[at];
  }
  return sum;
}

function convolution(
  { input, output }: ShapedLayer,
  { kernel, stride, padding }: { readonly kernel: number; readonly stride: number; readonly padding: number },
  weight: Float64Array,
  bias: Float64Array,
): Step {
  const [inChannels, height, width] = input as readonly [number, number, number];
  const [outChannels, outHeight, outWidth] = output as readonly [number, number, number];
  /** The outputs of a row or column whose tap lies inside the input. */
  const inside = (tap: number, extent: number, outExtent: number) =>
    [
      Math.max(0, Math.ceil((padding - tap) / stride)),
      Math.min(outExtent, Math.floor((extent - 1 + padding - tap) / stride) + 1),
    ] as const;
  return {
    forward: (x) => {
      const y = new Float64Array(elementCount(output));
      for (let out = 0; out < outChannels; out++) {
        y.fill(bias[out], out * outHeight * outWidth, (out + 1) * outHeight * outWidth);
        for (let channel = 0; channel < inChannels; channel++) {
          for (let tap = 0; tap < kernel * kernel; tap++) {
            const factor = weight[(out * inChannels + channel) * kernel * kernel + tap];
            if (factor === 0) continue;
            const tapRow = Math.floor(tap / kernel);
            const tapColumn = tap % kernel;
            const [firstRow, endRow] = inside(tapRow, height, outHeight);
            const [firstColumn, endColumn] = inside(tapColumn, width, outWidth);
            for (let row = firstRow; row < endRow; row++) {
              const to = (out * outHeight + row) * outWidth;
              const from = (channel * height + row * stride + tapRow - padding) * width + tapColumn - padding;
              addScaled(y, to + firstColumn, to + endColumn, x, from + firstColumn * stride, stride, factor);
            }
          }
        }
      }
      return y;
    },
    backward: (x, _y, dy, edges) => {
      const dx = new Float64Array(x.length);
      for (let place = 0; place < dy.length; place++) {
        // Behind max pooling and ReLU most gradients are zero.
        const gradient = dy[place];
        if (gradient === 0) continue;
        const out = Math.floor(place / (outHeight * outWidth));
        const top = (Math.floor(place / outWidth) % outHeight) * stride - padding;
        const left = (place % outWidth) * stride - padding;
        const first = Math.max(0, -left);
        const end = Math.min(kernel, width - left);
        for (let channel = 0; channel < inChannels; channel++) {
          let sum = 0;
          for (let tapRow = Math.max(0, -top); tapRow < Math.min(kernel, height - top); tapRow++) {
            const from = (channel * height + top + tapRow) * width + left;
            const own = ((out * inChannels + channel) * kernel + tapRow) * kernel;
            sum += addGradient(dx, x, from + first, from + end, weight, own + first, gradient);
          }
          if (edges) edges[out * inChannels + channel] += sum;
        }
      }
      return dx;
    },
  };
}
