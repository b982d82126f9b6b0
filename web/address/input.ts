import type { ImageShape } from "../../src/model/index.js";

/** The longest side of a picture that can be asked for. */
const MOST = 512;
/** Below, nothing is left of it for the second convolution. */
const LEAST = 12;

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
