import { drawImage, type ImageInput } from "../data/images/image.js";
import { type Judgement, judge } from "../training/predict.js";
import { withEngine } from "./engines.js";
import type { LeNet5 } from "./lenet5.js";

/** A network's prediction for an image. */
export interface Prediction extends Judgement {
  /** The name of the class. */
  readonly label: string;
}

/**
 * Classifies an image of any size. It is fitted to the network's input like the training images.
 *
 * @throws RangeError if the image's length does not fit its size, Error if the network's outputs are not finite
 */
export function predict(network: LeNet5, image: ImageInput): Promise<Prediction>;
/** Classifies several images; the predictions are in the same order. */
export function predict(network: LeNet5, images: readonly ImageInput[]): Promise<Prediction[]>;
export async function predict(
  network: LeNet5,
  images: ImageInput | readonly ImageInput[],
): Promise<Prediction | Prediction[]> {
  return isList(images) ? predictAll(network, images) : (await predictAll(network, [images]))[0];
}

function isList(images: ImageInput | readonly ImageInput[]): images is readonly ImageInput[] {
  return Array.isArray(images);
}

async function predictAll(network: LeNet5, images: readonly ImageInput[]): Promise<Prediction[]> {
  if (images.length === 0) return [];
  const batch = drawnImages(network, images);
  const { data } = await withEngine(network, async (engine) => engine.predict(await engine.load(batch)));
  const classes = network.classes.length;
  return images.map((_, index) => {
    const judgement = judge(data.subarray(index * classes, (index + 1) * classes));
    return { label: network.classes[judgement.class], ...judgement };
  });
}

/** Fits images to the network's input, in order: uint8 [image][channels][height][width]. */
export function drawnImages({ input, framing }: LeNet5, images: readonly ImageInput[]) {
  const size = input.channels * input.height * input.width;
  const pixels = new Uint8Array(images.length * size);
  for (const [index, image] of images.entries()) {
    drawImage(image, { shape: input, ...framing }, pixels, index * size);
  }
  return { pixels };
}
