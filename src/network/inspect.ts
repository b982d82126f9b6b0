import type { ImageInput } from "../data/images/image.js";
import type { LayerActivation } from "../engine/backend.js";
import type { NamedTensors } from "../model/index.js";
import { BATCH_SIZE, withEngine } from "./engines.js";
import type { LeNet5 } from "./lenet5.js";
import { drawnImages } from "./predict.js";

/**
 * What every layer puts out for an image, without dropout: float32 [1, …output shape] each, in the order of the layers.
 *
 * @throws RangeError in one line where the image's sizes do not fit together
 */
export async function activations(network: LeNet5, image: ImageInput): Promise<LayerActivation[]> {
  const batch = drawnImages(network, [image]);
  return withEngine(network, async (engine) => engine.activations(await engine.load(batch)), {
    keepActivations: true,
  });
}

/** The loss of some images and what it would take to change it. */
export interface Gradients {
  /** Mean cross-entropy. */
  readonly loss: number;
  /** The derivatives of the loss by each parameter, by name, in the parameters' shapes. */
  readonly gradients: NamedTensors<Float32Array>;
}

/**
 * The gradients of the mean cross-entropy of some images, without dropout; the parameters stay as they are.
 *
 * @param images 1 to 32
 * @param labels the class of each image, as an index
 * @throws RangeError in one line where there are too many images, or a label is no class
 */
export async function gradients(
  network: LeNet5,
  images: readonly ImageInput[],
  labels: ArrayLike<number>,
): Promise<Gradients> {
  if (images.length < 1 || images.length > BATCH_SIZE) {
    throw new RangeError(`${images.length} images, gradients takes 1 to ${BATCH_SIZE}`);
  }
  const batch = { ...drawnImages(network, images), labels };
  const { losses, gradients } = await withEngine(network, async (engine) =>
    engine.differentiate(await engine.load(batch)),
  );
  return { loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length, gradients };
}
