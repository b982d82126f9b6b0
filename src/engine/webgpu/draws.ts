import { type AugmentationDraw, drawsMore } from "../../data/augmentation.js";
import type { ImageShape } from "../../model/index.js";
import { seedKey } from "../../numeric/philox.js";
import { doubleBits } from "./kernels/doubles.js";

/** What is drawn from ± a number: float64, two words each. */
export const SPREADS = ["degrees", "shiftDown", "shiftRight", "scale", "shear", "brightness"] as const;

/** The words that say how a job's placements are drawn. */
export const DRAW = {
  /** 1: drawn; 0: given, or none. */
  isDrawn: 0,
  firstKey: 1,
  secondKey: 2,
  epoch: 3,
  cropPadding: 4,
  /** Images are mirrored if `flips` is 1 and their word is not larger than `lastFlipped`. */
  flips: 5,
  lastFlipped: 6,
  background: 7,
  /** 1: erasures are drawn too; the spreads of what is not drawn are 0. */
  drawsMore: 8,
  eraseSide: 9,
  spreads: 10,
} as const;
export const DRAW_WORDS = DRAW.spreads + 2 * SPREADS.length;

/** Writes how placements are drawn. */
export function packDraw({ augmentation, seed, epoch }: AugmentationDraw, size: ImageShape, words: Uint32Array): void {
  const { cropPadding, flip, background, degrees, shift, scale, shear, brightness, erase } = augmentation;
  const { height, width } = size;
  words[DRAW.isDrawn] = 1;
  words.set(seedKey(seed), DRAW.firstKey);
  words[DRAW.epoch] = epoch;
  words[DRAW.cropPadding] = cropPadding;
  words[DRAW.flips] = flip > 0 ? 1 : 0;
  words[DRAW.lastFlipped] = Math.min(Math.ceil(flip * 2 ** 32) - 1, 2 ** 32 - 1);
  words[DRAW.background] = background;
  words[DRAW.drawsMore] = drawsMore(augmentation) ? 1 : 0;
  words[DRAW.eraseSide] = Math.round(erase * Math.min(height, width));
  const spreads = { degrees, shiftDown: shift * height, shiftRight: shift * width, scale, shear, brightness };
  for (const [place, name] of SPREADS.entries()) words.set(doubleBits(spreads[name]), DRAW.spreads + 2 * place);
}
