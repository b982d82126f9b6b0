import type { ImageShape } from "../../model/index.js";
import { type Dataset, requireDataset } from "../dataset.js";
import { hashBytes } from "../hash.js";
import { drawImage, type ImageInput } from "./image.js";
import type { ImageSettings } from "./resize.js";

/** The content of a data set. */
export interface DatasetOptions extends Partial<Pick<ImageSettings, "resize" | "background">> {
  /** Images of any size, or the bytes of all images: uint8 [count][channels][height][width]. */
  readonly images: readonly ImageInput[] | Uint8Array;
  /** The class of each image, as an index into `classes`. */
  readonly labels: ArrayLike<number>;
  /** The name of each class: 2 to 256. */
  readonly classes: readonly string[];
  /** The shape of the network's input, which the images are fitted to. Default: 1×28×28. */
  readonly shape?: ImageShape;
  /** The data set's name in messages and in the weights' metadata. Default: "data". */
  readonly name?: string;
}

/**
 * Creates a data set from your own images.
 *
 * @throws RangeError if images, labels, classes and shape do not fit together, or there are no images
 *
 * @example
 * ```ts
 * import { createDataset } from "lenet";
 *
 * const red = { width: 1, height: 1, data: Uint8Array.of(255, 0, 0) };
 * const blue = { width: 1, height: 1, data: Uint8Array.of(0, 0, 255) };
 * const shape = { channels: 3, height: 32, width: 32 };
 * console.log(createDataset({ images: [red, blue], labels: [0, 1], classes: ["red", "blue"], shape }).checksum);
 * ```
 */
export function createDataset({
  images,
  labels,
  classes,
  shape: { channels, height, width } = { channels: 1, height: 28, width: 28 },
  name = "data",
  resize = "contain",
  background = 0,
}: DatasetOptions): Dataset {
  const wrong = Array.from(labels).findIndex((label) => !(Number.isInteger(label) && label >= 0 && label < 256));
  if (wrong >= 0) throw new RangeError(`${name}: label ${wrong} is ${labels[wrong]}, expected the index of a class`);
  const shape = { channels, height, width };
  const pixels =
    images instanceof Uint8Array ? images : drawImages(images, labels, { shape, resize, background }, name);
  const bytes = Uint8Array.from(labels);
  const dataset = { name, classes, ...shape, images: pixels, labels: bytes, checksum: "", generated: false };
  requireDataset(dataset);
  return { ...dataset, checksum: `${name}-${labels.length}-${hashBytes(pixels, bytes)}` };
}

function drawImages(
  images: readonly ImageInput[],
  labels: ArrayLike<number>,
  settings: ImageSettings,
  name: string,
): Uint8Array {
  if (images.length !== labels.length) {
    throw new RangeError(`${name}: ${images.length} images and ${labels.length} labels`);
  }
  const { channels, height, width } = settings.shape;
  const size = channels * height * width;
  const pixels = new Uint8Array(images.length * size);
  for (const [index, image] of images.entries()) drawImage(image, settings, pixels, index * size);
  return pixels;
}
