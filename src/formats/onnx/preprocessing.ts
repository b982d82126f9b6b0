import type { ImageShape, Normalization, Tensor } from "../../model/index.js";
import { FormatError } from "../errors.js";
import { integer, integers, type Link } from "./links.js";
import { DataType } from "./messages.js";
import type { Network, Step } from "./network.js";
import type { GraphNode } from "./node.js";

/** What surrounds the network in a graph that takes bytes and returns probabilities. */

const MEAN = "mean";
const STD = "std";
const LARGEST_BYTE = "largest_byte";

/** The operators from uint8 [batch, height, width, channels] to the network's input. */
export function preprocessingLinks({ channels, height, width }: ImageShape): Link[] {
  const link = (name: string, operator: string, constants: readonly string[] = []): Link => ({
    name,
    operator,
    attributes: [],
    constants,
    output: [height, width, channels],
  });
  return [
    { ...link("to_float", "Cast"), attributes: [integer("to", DataType.FLOAT)] },
    link("scale", "Div", [LARGEST_BYTE]),
    link("subtract_mean", "Sub", [MEAN]),
    link("divide_by_std", "Div", [STD]),
    {
      ...link("channels_first", "Transpose"),
      attributes: [integers("perm", CHANNELS_FIRST)],
      output: [channels, height, width],
    },
  ];
}

/** Permutes [batch, height, width, channels] to [batch, channels, height, width]. */
export const CHANNELS_FIRST = [0, 3, 1, 2];

/** The constant inputs of {@link preprocessingLinks}. */
export function preprocessingConstants(
  { channels }: ImageShape,
  normalization: Normalization,
): [string, Tensor<Float32Array>][] {
  const { mean, std } = eachChannel(normalization, channels);
  return [
    [LARGEST_BYTE, { shape: [], data: Float32Array.of(255) }],
    [MEAN, { shape: [mean.length], data: mean }],
    [STD, { shape: [std.length], data: std }],
  ];
}

/**
 * One mean and standard deviation per channel. A single value stands for all channels.
 *
 * @throws FormatError if they are for another number of channels
 */
export function eachChannel({ mean, std }: Normalization, channels: number) {
  const spread = (values: readonly number[], what: string) => {
    if (values.length !== 1 && values.length !== channels) {
      throw new FormatError(`onnx: the normalization has ${values.length} ${what}, the model has ${channels} channels`);
    }
    return Float32Array.from({ length: channels }, (_, channel) => values[channel % values.length]);
  };
  return { mean: spread(mean, "means"), std: spread(std, "standard deviations") };
}

/** The operator from logits to probabilities. */
export function softmaxLink(classes: number): Link {
  return {
    name: "softmax",
    operator: "Softmax",
    attributes: [integer("axis", 1)],
    constants: [],
    output: [classes],
  };
}

/** The steps that read the nodes of {@link preprocessingLinks}. */
export const PREPROCESSING_STEPS: readonly Step[] = [
  {
    expected: "the conversion to float (Cast)",
    operators: ["Cast"],
    read(node, { head }) {
      node.allow("to", DataType.FLOAT);
      return head.shape;
    },
  },
  {
    expected: "the division by 255 (Div)",
    operators: ["Div"],
    read(node, { head }) {
      const divisor = node.floats(1, "divisor").data;
      if (divisor.join() !== "255") node.fail(`it divides by ${divisor}, expected 255`);
      return head.shape;
    },
  },
  {
    expected: "the mean of each channel (Sub)",
    operators: ["Sub"],
    read(node, network) {
      network.normalization.mean.push(...readEachChannel(node, network));
      return network.head.shape;
    },
  },
  {
    expected: "the standard deviation of each channel (Div)",
    operators: ["Div"],
    read(node, network) {
      const std = readEachChannel(node, network);
      if (!std.every((value) => value > 0)) node.fail(`it divides by [${std}], expected numbers above 0`);
      network.normalization.std.push(...std);
      return network.head.shape;
    },
  },
  {
    expected: "the channels before the rows (Transpose)",
    operators: ["Transpose"],
    read(node, { head }) {
      const axes = node.integers("perm") ?? [];
      if (axes.join() !== CHANNELS_FIRST.join()) {
        node.fail(`it permutes the axes to [${axes}], expected [${CHANNELS_FIRST}]`);
      }
      const [height, width, channels] = head.shape;
      return [channels, height, width];
    },
  },
];

function readEachChannel(node: GraphNode, { head }: Network): Float32Array {
  const { shape, data } = node.floats(1, "list of channels");
  if (shape.join() !== String(head.shape[2])) node.fail(`its constant is [${shape}], expected [${head.shape[2]}]`);
  if (!data.every(Number.isFinite)) node.fail(`its constant contains ${data}, expected finite numbers`);
  return data;
}

export const SOFTMAX_STEP: Step = {
  expected: "the probabilities (Softmax)",
  operators: ["Softmax"],
  read(node, { head }) {
    node.allow("axis", 1, -1);
    return head.shape;
  },
};
