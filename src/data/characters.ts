import type { Augmentation } from "./augmentation.js";
import type { ParsedAugmentation } from "./augmentationText.js";

/** Whether all classes are characters: named by a single letter or digit. */
export function areCharacters(classes: readonly string[]): boolean {
  return classes.every((name) => /^[\p{Letter}\p{Number}]$/u.test(name));
}

/**
 * Adapts the requested augmentation to a data set. A mirrored character is a different one or none at all, so
 * characters are flipped only if flip was set explicitly.
 *
 * @param background the byte around the images
 */
export function augmentationFor(
  { augmentation, flipGiven }: ParsedAugmentation,
  classes: readonly string[],
  background: number,
): Augmentation {
  const flip = areCharacters(classes) && !flipGiven ? 0 : augmentation.flip;
  return { ...augmentation, flip, background };
}
