import type { CanvasColors } from "./colors.js";
import { mapPixels } from "./paint.js";
import type { ValueRange } from "./range.js";

/** How much of the picture is left where nothing lies over it. */
const GROUND = 0.4;

/** Values laid over a picture: the picture pale, and the colour the stronger the further its value is from nothing. */
export function overlayPixels(
  ground: Uint32Array,
  values: Float32Array,
  { most }: ValueRange,
  colors: CanvasColors,
): Uint32Array {
  const over = new Uint8Array(mapPixels(values, { least: -most, most }, colors).buffer);
  const under = new Uint8Array(ground.buffer);
  const paper = new Uint8Array(colors.sequential.buffer, 0, 4);
  const mixed = new Uint8ClampedArray(under.length);
  values.forEach((value, pixel) => {
    const share = most === 0 ? 0 : Math.min(1, Math.abs(value) / most);
    for (let channel = 0; channel < 3; channel++) {
      const place = 4 * pixel + channel;
      const pale = paper[channel] + (under[place] - paper[channel]) * GROUND;
      mixed[place] = pale + (over[place] - pale) * Math.sqrt(share) * 0.85;
    }
    mixed[4 * pixel + 3] = 255;
  });
  return new Uint32Array(mixed.buffer);
}
