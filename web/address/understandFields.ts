import type { ImageShape } from "../../src/model/index.js";
import { number, optionalText } from "./fields.js";

/** The longest side of an image that can be asked for. */
const MOST = 512;
/** Below, nothing is left of it for the second convolution. */
const LEAST = 12;

/** The numbers of classes that can be asked for. */
export const CLASSES = { least: 2, most: 1000, whole: true } as const;

/** The fields of the view Understand; every name begins with the view's. */
export const understandFields = {
  /** An image's shape as "1x28x28", written as it is read; undefined: that of the network that the views show. */
  understandInput: optionalText((text) => {
    const shape = parseInput(text);
    return shape && formatInput(shape);
  }),
  understandClasses: number(CLASSES, 10),
  /** The layer whose derivation is open, from 1; 0: none. */
  understandLayer: number({ least: 0, most: 64, whole: true }, 1),
};

/** Reads "3x32x32"; undefined where it is no shape that the network can take. */
export function parseInput(text: string): ImageShape | undefined {
  const parts = /^\s*(\d+)\s*[x×]\s*(\d+)\s*[x×]\s*(\d+)\s*$/i.exec(text);
  if (!parts) return undefined;
  const [channels, height, width] = parts.slice(1).map(Number);
  const fits = channels >= 1 && channels <= 16 && [height, width].every((side) => side >= LEAST && side <= MOST);
  return fits ? { channels, height, width } : undefined;
}

/** A shape as {@link parseInput} reads it. */
export function formatInput({ channels, height, width }: ImageShape): string {
  return `${channels}x${height}x${width}`;
}
