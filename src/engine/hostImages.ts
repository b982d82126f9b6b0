import type { Model } from "../model/index.js";
import type { Images, LoadedImages } from "./backend.js";

/** The bytes, or values, of one image. */
export function imageSize({ input: { channels, height, width } }: Model): number {
  return channels * height * width;
}

/** Loaded images that stay in the memory of the host. */
export interface HostImages extends LoadedImages {
  readonly images: Images;
}

/** Keeps images where they are. */
export function keepOnHost(images: Images, model: Model): HostImages {
  const { length } = "pixels" in images ? images.pixels : images.values;
  return { images, count: length / imageSize(model), unload: () => {} };
}
