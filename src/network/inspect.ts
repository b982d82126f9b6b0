import type { ImageInput } from "../data/images/image.js";
import type { LayerActivation } from "../engine/backend.js";
import type { NamedTensors } from "../model/index.js";
import { BATCH_SIZE, withEngine } from "./engines.js";
import type { LeNet5 } from "./lenet5.js";
import { drawnImages } from "./predict.js";

/**
 * The output of every layer for an image, without dropout: float32 [1, …output shape] each, in layer order.
 *
 * @throws RangeError if the image's length does not fit its size
 */
export async function activations(network: LeNet5, image: ImageInput): Promise<LayerActivation[]> {
  const batch = drawnImages(network, [image]);
  return withEngine(network, async (engine) => engine.activations(await engine.load(batch)), {
    keepActivations: true,
  });
}

/** The loss of a set of images and its gradients. */
export interface Gradients {
  /** Mean cross-entropy. */
  readonly loss: number;
  /** The gradients of the loss with respect to the parameters, by name, in the parameters' shapes. */
  readonly gradients: NamedTensors<Float32Array>;
}

/**
 * The gradients of the mean cross-entropy of the images, without dropout. The parameters do not change.
 *
 * @param images 1 to 32 images
 * @param labels the class of each image, as an index
 * @throws RangeError if there are too many images, or a label is not a class
 */
export async function gradients(
  network: LeNet5,
  images: readonly ImageInput[],
  labels: ArrayLike<number>,
): Promise<Gradients> {
  if (images.length < 1 || images.length > BATCH_SIZE) {
    throw new RangeError(`gradients takes 1 to ${BATCH_SIZE} images, got ${images.length}`);
  }
  const batch = { ...drawnImages(network, images), labels };
  const { losses, gradients } = await withEngine(network, async (engine) =>
    engine.differentiate(await engine.load(batch)),
  );
  return { loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length, gradients };
}
