import type { ImageShape } from "../../src/model/index.js";
import { number, optionalText } from "./fields.js";

/** The longest image side that can be entered. */
const MOST = 512;
/** Smaller images leave nothing for the second convolution. */
const LEAST = 12;

/** The range of class counts that can be entered. */
export const CLASSES = { least: 2, most: 1000, whole: true } as const;

/** In place of an image shape: the network as published in 1998. */
export const ORIGINAL = "lenet-1998";

/** The fields of the Understand view; their names start with the view's. */
export const understandFields = {
  /** An image shape such as "1x28x28", in canonical form, or {@link ORIGINAL}. Default: that of the network that the views show. */
  understandInput: optionalText((text) => {
    if (text === ORIGINAL) return text;
    const shape = parseInput(text);
    return shape && formatInput(shape);
  }),
  understandClasses: number(CLASSES, 10),
  /** The layer whose derivation is open, counted from 1; 0: none. */
  understandLayer: number({ least: 0, most: 64, whole: true }, 1),
};

/** Parses "3x32x32"; undefined if it is not a shape that the network accepts. */
export function parseInput(text: string): ImageShape | undefined {
  const parts = /^\s*(\d+)\s*[x×]\s*(\d+)\s*[x×]\s*(\d+)\s*$/i.exec(text);
  if (!parts) return undefined;
  const [channels, height, width] = parts.slice(1).map(Number);
  const fits = channels >= 1 && channels <= 16 && [height, width].every((side) => side >= LEAST && side <= MOST);
  return fits ? { channels, height, width } : undefined;
}

/** Formats a shape as {@link parseInput} reads it. */
export function formatInput({ channels, height, width }: ImageShape): string {
  return `${channels}x${height}x${width}`;
}
