import { PLACEMENT_WORDS } from "../data/placement.js";
import { classCount, type Model, type ShapedLayer } from "../model/index.js";
import type { Images, LoadedImages, Selection } from "./backend.js";

/** The number of bytes, or values, in one image. */
export function imageSize({ input: { channels, height, width } }: Model): number {
  return channels * height * width;
}

/** Loaded images that stay in the host's memory. */
export interface HostImages extends LoadedImages {
  readonly images: Images;
}

/**
 * Keeps images in the host's memory.
 *
 * @throws RangeError if they do not fit the model, naming the first wrong image or label
 */
export function keepOnHost(images: Images, model: Model, layers: readonly ShapedLayer[]): HostImages {
  return { images, count: countImages(images, model, layers), unload: () => {} };
}

function countImages(images: Images, model: Model, layers: readonly ShapedLayer[]): number {
  const { channels, height, width } = model.input;
  const { length } = "pixels" in images ? images.pixels : images.values;
  const count = length / imageSize(model);
  if (!Number.isInteger(count)) {
    throw new RangeError(`the images have ${length} values, not a multiple of ${channels}×${height}×${width}`);
  }
  if (count < 1) throw new RangeError("there are no images");
  const { labels } = images;
  if (!labels) return count;
  if (labels.length !== count) throw new RangeError(`there are ${count} images, but ${labels.length} labels`);
  const classes = classCount(layers);
  for (let image = 0; image < count; image++) {
    if (!isIndex(labels[image], classes)) {
      throw new RangeError(`the label of image ${image} is ${labels[image]}, expected 0 to ${classes - 1}`);
    }
  }
  return count;
}

/**
 * The indices of a selection; all images by default.
 *
 * @throws RangeError if it selects nothing or images that do not exist, or has too few placements
 */
export function requireSelection({ indices, placements }: Selection, images: number): ArrayLike<number> {
  const selected = indices ?? Array.from({ length: images }, (_, index) => index);
  if (selected.length < 1) throw new RangeError("no images are selected");
  for (let place = 0; place < selected.length; place++) {
    if (!isIndex(selected[place], images)) {
      throw new RangeError(`sample ${place} selects image ${selected[place]}, expected 0 to ${images - 1}`);
    }
  }
  if (placements instanceof Int32Array && placements.length < selected.length * PLACEMENT_WORDS) {
    throw new RangeError(
      `the placements have ${placements.length} words, but ${selected.length} samples need ${selected.length * PLACEMENT_WORDS}`,
    );
  }
  return selected;
}

function isIndex(value: number, count: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < count;
}
