import type { Augmentation } from "./augmentation.js";
import type { ParsedAugmentation } from "./augmentationText.js";

/** Whether classes are characters, each named by one letter or digit. */
export function areCharacters(classes: readonly string[]): boolean {
  return classes.every((name) => /^[\p{Letter}\p{Number}]$/u.test(name));
}

/**
 * The augmentation that was asked for, as it suits a data set: mirrored, a character is another one or none, so that they
 * are flipped only where flip itself was given.
 *
 * @param background the byte that lies around the images
 */
export function augmentationFor(
  { augmentation, flipGiven }: ParsedAugmentation,
  classes: readonly string[],
  background: number,
): Augmentation {
  const flip = areCharacters(classes) && !flipGiven ? 0 : augmentation.flip;
  return { ...augmentation, flip, background };
}
