import {
  type ActivationShape,
  inferShapes,
  kindOf,
  type Layer,
  type Model,
  type ShapedLayer,
  type Window,
} from "../../../../src/model/index.js";
import { paperLayers } from "../../../../src/model/paperLayers.js";
import { type Expression, LETTERS, type Letter, number, product, quantity, sum } from "./expression.js";
import { mapsByInputs } from "./original.js";

/** What an equation computes. */
export type Topic = "size" | "values" | "field" | "step" | "parameters" | "multiplyAdds";

/** An equation: the letter it defines, if any, and its formula. */
export interface Equation {
  readonly topic: Topic;
  readonly name?: Letter;
  readonly expression: Expression;
}

/** The part of the image that one value of a layer depends on, and the distance between neighbouring fields. */
export interface ReceptiveField {
  /** Pixels from edge to edge, including the padding around the image. */
  readonly extent: number;
  readonly step: number;
}

/** A layer with the derivations of all its numbers. */
export interface LayerDerivation extends ShapedLayer {
  /** Its name in the paper of 1998: C1, S2 …; undefined for what is not a layer there. */
  readonly term?: string;
  /** Undefined if every value depends on the whole image. */
  readonly field?: ReceptiveField;
  readonly equations: readonly Equation[];
}

/** Derives the numbers of every layer of a model. @throws ShapeError if its layers do not fit together */
export function derive(model: Model): LayerDerivation[] {
  const layers = inferShapes(model);
  let field: ReceptiveField | undefined = { extent: 1, step: 1 };
  const terms = new Map(paperLayers(layers).map(({ main, kind, term }) => [main, kind === "output" ? "output" : term]));
  return layers.map((shaped, index) => {
    const before: ReceptiveField | undefined = field;
    field = fieldAfter(shaped, before);
    return { ...shaped, term: terms.get(index), field, equations: equationsOf(shaped, before) };
  });
}

/** The window that a layer moves over its input maps, if any. */
export function windowOf(layer: Layer): Window | undefined {
  const reach = kindOf(layer).reach(layer);
  return reach === "itself" ? undefined : reach.window;
}

function fieldAfter({ layer }: ShapedLayer, before: ReceptiveField | undefined): ReceptiveField | undefined {
  if (!before || kindOf(layer).reach(layer) === "itself") return before;
  const window = windowOf(layer);
  if (!window) return undefined;
  return { extent: before.extent + (window.kernel - 1) * before.step, step: before.step * window.stride };
}

function equationsOf(shaped: ShapedLayer, before: ReceptiveField | undefined): Equation[] {
  const { layer, input, output } = shaped;
  const window = windowOf(layer);
  return [
    ...(window ? [...sizeEquations(input, output, window), ...fieldEquations(before, window)] : []),
    ...(input.length === 3 && output.length === 1
      ? [{ topic: "values", name: LETTERS.featuresOut, expression: product(...inputExtents(input)) } as const]
      : []),
    ...("name" in layer ? costEquations(layer, shaped) : []),
    ...(layer.type === "rbf"
      ? [{ topic: "multiplyAdds", expression: product(number(output[0]), number(input[0])) } as const]
      : []),
  ];
}

/** The parameters and multiply-adds of a layer with weights. */
function costEquations(layer: Extract<Layer, { readonly name: string }>, shaped: ShapedLayer): Equation[] {
  const { input, output } = shaped;
  switch (layer.type) {
    case "conv2d": {
      const channels = quantity(LETTERS.channelsOut, layer.outChannels);
      const kernel = quantity(LETTERS.kernel, layer.kernel);
      if (layer.connections) {
        const groups = mapsByInputs(layer.connections).map(({ maps, inputs }) => ({
          maps: number(maps),
          weights: product(kernel, kernel, number(inputs)),
        }));
        const parameters = groups.map(({ maps, weights }) => product(maps, sum(weights, number(1))));
        const sums = groups.map(({ maps, weights }) => product(maps, weights));
        return [
          { topic: "parameters", expression: sum(...parameters) },
          { topic: "multiplyAdds", expression: product(...outputSides(output), sum(...sums)) },
        ];
      }
      const window = [kernel, kernel, quantity(LETTERS.channelsIn, input[0])];
      return [
        { topic: "parameters", expression: product(channels, sum(product(...window), number(1))) },
        { topic: "multiplyAdds", expression: product(channels, ...outputSides(output), ...window) },
      ];
    }
    case "subsample2d": {
      const channels = quantity(LETTERS.channelsOut, output[0]);
      return [
        { topic: "parameters", expression: product(channels, number(2)) },
        { topic: "multiplyAdds", expression: product(channels, ...outputSides(output)) },
      ];
    }
    case "linear": {
      const features = quantity(LETTERS.featuresOut, layer.outFeatures);
      const inputs = quantity(LETTERS.featuresIn, input[0]);
      return [
        { topic: "parameters", expression: product(features, sum(inputs, number(1))) },
        { topic: "multiplyAdds", expression: product(features, inputs) },
      ];
    }
    case "batchNorm": {
      const channels = quantity(LETTERS.channelsOut, output[0]);
      return [
        { topic: "parameters", expression: product(number(2), channels) },
        { topic: "multiplyAdds", expression: product(channels, ...(output.length === 3 ? outputSides(output) : [])) },
      ];
    }
  }
}

/** One equation if maps are square, otherwise one each for height and width. */
function sizeEquations(input: ActivationShape, output: ActivationShape, window: Window): Equation[] {
  const [, height = 1, width = 1] = input;
  if (height === width && output[1] === output[2]) {
    return [sizeEquation(LETTERS.sideOut, quantity(LETTERS.sideIn, height), window)];
  }
  return [
    sizeEquation(LETTERS.heightOut, quantity(LETTERS.heightIn, height), window),
    sizeEquation(LETTERS.widthOut, quantity(LETTERS.widthIn, width), window),
  ];
}

function sizeEquation(name: Letter, extent: Expression, { kernel, stride, padding }: Window): Equation {
  const padded = padding === undefined ? extent : sum(extent, product(number(2), quantity(LETTERS.padding, padding)));
  const dividend = { type: "difference", from: padded, subtracted: quantity(LETTERS.kernel, kernel) } as const;
  const quotient = { type: "wholeQuotient", dividend, divisor: quantity(LETTERS.stride, stride) } as const;
  return { topic: "size", name, expression: sum(quotient, number(1)) };
}

function fieldEquations(before: ReceptiveField | undefined, { kernel, stride }: Window): Equation[] {
  if (!before) return [];
  const step = quantity(LETTERS.stepIn, before.step);
  const reach = { type: "difference", from: quantity(LETTERS.kernel, kernel), subtracted: number(1) } as const;
  return [
    {
      topic: "field",
      name: LETTERS.fieldOut,
      expression: sum(quantity(LETTERS.fieldIn, before.extent), product(reach, step)),
    },
    { topic: "step", name: LETTERS.stepOut, expression: product(step, quantity(LETTERS.stride, stride)) },
  ];
}

/** The size of a layer's maps as factors of its multiply-adds. */
function outputSides(output: ActivationShape): Expression[] {
  const [, height = 1, width = 1] = output;
  if (height === width) return [quantity(LETTERS.sideOut, height), quantity(LETTERS.sideOut, width)];
  return [quantity(LETTERS.heightOut, height), quantity(LETTERS.widthOut, width)];
}

function inputExtents(input: ActivationShape): Expression[] {
  const [channels, height = 1, width = 1] = input;
  const sides =
    height === width
      ? [quantity(LETTERS.sideIn, height), quantity(LETTERS.sideIn, width)]
      : [quantity(LETTERS.heightIn, height), quantity(LETTERS.widthIn, width)];
  return [quantity(LETTERS.channelsIn, channels), ...sides];
}
