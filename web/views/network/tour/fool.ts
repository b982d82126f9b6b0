import type { SceneNetwork } from "../../../scene/arithmetic.js";

/** A step on the way from an image to one that is read differently. */
export interface FooledImage {
  readonly pixels: Uint8Array;
  /** The class that the network reads in it. */
  readonly read: number;
}

/** The most levels by which a pixel changes. */
export const MOST_LEVELS = 96;

/**
 * Changes every pixel by a level at a time, up or down as the gradient of the strongest other class minus that of the read
 * one says: the basic iterative method (Kurakin et al., 2017). Yields the image itself, then those in which no pixel has
 * changed by more than one level, two levels, and so on.
 *
 * @param inputOf the network's input from bytes; the larger a byte, the larger the input
 */
export function* fool(
  network: SceneNetwork,
  image: Uint8Array,
  inputOf: (pixels: Uint8Array) => Float64Array,
): Generator<FooledImage> {
  const output = network.structure.stages.length - 1;
  let pixels = image;
  let first: number | undefined;
  for (let level = 0; level <= MOST_LEVELS; level++) {
    const values = network.forward(inputOf(pixels));
    const logits = values[values.length - 1];
    const [read, second] = [...logits.keys()].sort((one, other) => logits[other] - logits[one]);
    yield { pixels, read };
    first ??= read;
    // Once it reads another class, that one is to become surer.
    const [from, to] = read === first ? [read, second] : [first, read];
    const [away, towards] = [from, to].map((index) => network.contributions(values, { stage: output, index }).gradient);
    pixels = pixels.map((byte, place) => Math.min(255, Math.max(0, byte + Math.sign(towards[place] - away[place]))));
  }
}
