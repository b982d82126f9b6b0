import type { ImageShape } from "../../model/index.js";
import { type Dataset, requireDataset } from "../dataset.js";
import { hashBytes } from "../hash.js";
import { drawImage, type ImageInput } from "./image.js";
import type { ImageSettings } from "./resize.js";

/** What a data set is made of. */
export interface DatasetOptions extends Partial<Pick<ImageSettings, "resize" | "background">> {
  /** Images of any size, or the bytes of all of them one after another: uint8 [count][channels][height][width]. */
  readonly images: readonly ImageInput[] | Uint8Array;
  /** The class of each image, as an index into `classes`. */
  readonly labels: ArrayLike<number>;
  /** The name of each class: 2 to 256. */
  readonly classes: readonly string[];
  /** What the images are brought to: the network's input. Default 1×28×28. */
  readonly shape?: ImageShape;
  /** What messages and the weights' metadata call it. Default "data". */
  readonly name?: string;
}

/**
 * Makes a data set of one's own images.
 *
 * @throws RangeError in one line where images, labels, classes and shape do not fit together, or there are none
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
  if (wrong >= 0) throw new RangeError(`${name}: label ${wrong} is ${labels[wrong]}, not the index of a class`);
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
