import { resizeImage } from "../../src/data/images/adapt.js";
import { type DecodedImage, invertImage } from "../../src/data/images/color.js";
import type { ImageShape } from "../../src/model/index.js";

/**
 * A photograph as the network's input: characters framed as MNIST's are, everything else whole. Where it is as light around as
 * the network's images are dark, or the other way round, light and dark are swapped.
 *
 * @returns bytes [channels][height][width]
 */
export function photographed(
  image: DecodedImage,
  shape: ImageShape,
  background: 0 | 255,
  areCharacters: boolean,
): Uint8Array {
  const pixels = new Uint8Array(shape.channels * shape.height * shape.width);
  const isFitting = areCharacters || shape.channels !== 1 || isLight(image) === (background === 255);
  const resize = areCharacters ? "digit" : "contain";
  resizeImage(isFitting ? image : invertImage(image), { shape, resize, background }, pixels);
  return pixels;
}

/** Whether an image is light on the whole. */
export function isLight({ rgba }: DecodedImage): boolean {
  let sum = 0;
  for (let place = 0; place < rgba.length; place += 4) sum += rgba[place] + rgba[place + 1] + rgba[place + 2];
  return sum / ((3 * rgba.length) / 4) > 127.5;
}
