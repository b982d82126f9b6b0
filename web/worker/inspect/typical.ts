import { principalComponents, residual } from "./principal.js";
import type { InspectTask, Typical } from "./protocol.js";

type TypicalTask = Extract<InspectTask, { type: "typical" }>;

/** Of the pixels: with as many, drawn digits are far from scribbles. */
export const COMPONENTS = 40;
/** All but this share of other images have a smaller residual. */
const UNUSUAL = 0.01;

/**
 * Finds the principal components of every second image, and how much they leave of the others.
 */
export function measureTypical({ dataset }: TypicalTask): Typical {
  const size = dataset.channels * dataset.height * dataset.width;
  const count = dataset.labels.length;
  const half = Math.ceil(count / 2);
  const rowAt = (index: number) => asShares(dataset.images.subarray(index * size, (index + 1) * size));
  const rows = new Float32Array(half * size);
  for (let index = 0; index < half; index++) rows.set(rowAt(2 * index), index * size);
  const principal = principalComponents(rows, size, Math.min(COMPONENTS, size, half));
  const residuals = Array.from({ length: count - half }, (_, index) => residual(principal, rowAt(2 * index + 1)));
  const limit = residuals.toSorted((one, other) => one - other)[Math.floor((1 - UNUSUAL) * residuals.length)];
  return { ...principal, limit };
}

/** Bytes as 0 … 1. */
export function asShares(pixels: Uint8Array): Float32Array {
  return Float32Array.from(pixels, (byte) => byte / 255);
}
