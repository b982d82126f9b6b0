import type { ImageShape, Normalization, Tensor } from "../../model/index.js";
import { integer, integers, type Link } from "./links.js";
import { DataType } from "./messages.js";

/** What stands around a network whose graph takes pictures as they are and gives probabilities. */

const MEAN = "mean";
const DEVIATION = "deviation";
const LARGEST_BYTE = "largest_byte";

/** From bytes [batch, height, width, channels] to the network's input. */
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
    link("divide_by_deviation", "Div", [DEVIATION]),
    {
      ...link("channels_first", "Transpose"),
      attributes: [integers("perm", CHANNELS_FIRST)],
      output: [channels, height, width],
    },
  ];
}

/** The axes of [batch, height, width, channels] in the network's order. */
export const CHANNELS_FIRST = [0, 3, 1, 2];

/** The constants that they take: one mean and deviation for each channel. */
export function preprocessingConstants(
  { channels }: ImageShape,
  { mean, deviation }: Normalization,
): [string, Tensor<Float32Array>][] {
  const vector = (values: readonly number[]) => ({ shape: [values.length], data: Float32Array.from(values) });
  const eachChannel = (values: readonly number[]) =>
    vector(values.length === 1 ? Array(channels).fill(values[0]) : values);
  return [
    [LARGEST_BYTE, { shape: [], data: Float32Array.of(255) }],
    [MEAN, eachChannel(mean)],
    [DEVIATION, eachChannel(deviation)],
  ];
}

/** From logits to probabilities. */
export function softmaxLink(classes: number): Link {
  return {
    name: "softmax",
    operator: "Softmax",
    attributes: [integer("axis", 1)],
    constants: [],
    output: [classes],
  };
}
