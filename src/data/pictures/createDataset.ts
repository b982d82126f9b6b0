import { type Dataset, type PictureShape, requireDataset } from "../dataset.js";
import { hashBytes } from "../hash.js";
import type { PictureSettings } from "./fit.js";
import { drawPicture, type Picture } from "./picture.js";

/** What a data set is made of. */
export interface DatasetOptions extends Partial<Pick<PictureSettings, "fit" | "background">> {
  /** Pictures of any size, or the bytes of all of them one after another: uint8 [count][channels][height][width]. */
  readonly pictures: readonly Picture[] | Uint8Array;
  /** The class of each picture, as an index into `classes`. */
  readonly labels: ArrayLike<number>;
  /** The name of each class: 2 to 256. */
  readonly classes: readonly string[];
  /** What the pictures are brought to: the network's input. Default 1×28×28. */
  readonly shape?: PictureShape;
  /** What messages and the weights' metadata call it. Default "data". */
  readonly name?: string;
}

/**
 * Makes a data set of one's own pictures.
 *
 * @throws RangeError in one line where pictures, labels, classes and shape do not fit together, or there are none
 */
export function createDataset({
  pictures,
  labels,
  classes,
  shape: { channels, height, width } = { channels: 1, height: 28, width: 28 },
  name = "data",
  fit = "contain",
  background = 0,
}: DatasetOptions): Dataset {
  const wrong = Array.from(labels).findIndex((label) => !(Number.isInteger(label) && label >= 0 && label < 256));
  if (wrong >= 0) throw new RangeError(`${name}: label ${wrong} is ${labels[wrong]}, not the index of a class`);
  const shape = { channels, height, width };
  const pixels =
    pictures instanceof Uint8Array ? pictures : drawPictures(pictures, labels, { shape, fit, background }, name);
  const bytes = Uint8Array.from(labels);
  const dataset = { name, classes, ...shape, images: pixels, labels: bytes, checksum: "", generated: false };
  requireDataset(dataset);
  return { ...dataset, checksum: `${name}-${labels.length}-${hashBytes(pixels, bytes)}` };
}

function drawPictures(
  pictures: readonly Picture[],
  labels: ArrayLike<number>,
  settings: PictureSettings,
  name: string,
): Uint8Array {
  if (pictures.length !== labels.length) {
    throw new RangeError(`${name}: ${pictures.length} pictures and ${labels.length} labels`);
  }
  const { channels, height, width } = settings.shape;
  const size = channels * height * width;
  const pixels = new Uint8Array(pictures.length * size);
  for (const [index, picture] of pictures.entries()) drawPicture(picture, settings, pixels, index * size);
  return pixels;
}
