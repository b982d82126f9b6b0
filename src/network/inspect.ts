import type { Picture } from "../data/pictures/picture.js";
import type { LayerActivation } from "../engine/backend.js";
import type { NamedTensors } from "../model/index.js";
import { BATCH_SIZE, withEngine } from "./engines.js";
import type { LeNet5 } from "./lenet5.js";
import { drawnPictures } from "./predict.js";

/**
 * What every layer puts out for a picture, without dropout: float32 [1, …output shape] each, in the order of the layers.
 *
 * @throws RangeError in one line where the picture's sizes do not fit together
 */
export async function activations(network: LeNet5, picture: Picture): Promise<LayerActivation[]> {
  const batch = drawnPictures(network, [picture]);
  return withEngine(network, async (engine) => engine.activations(await engine.load(batch)), {
    keepActivations: true,
  });
}

/** The loss of some pictures and what it would take to change it. */
export interface Gradients {
  /** Mean cross-entropy. */
  readonly loss: number;
  /** The derivatives of the loss by each parameter, by name, in the parameters' shapes. */
  readonly gradients: NamedTensors<Float32Array>;
}

/**
 * The gradients of the mean cross-entropy of some pictures, without dropout; the parameters stay as they are.
 *
 * @param pictures 1 to 32
 * @param labels the class of each picture, as an index
 * @throws RangeError in one line where there are too many pictures, or a label is no class
 */
export async function gradients(
  network: LeNet5,
  pictures: readonly Picture[],
  labels: ArrayLike<number>,
): Promise<Gradients> {
  if (pictures.length < 1 || pictures.length > BATCH_SIZE) {
    throw new RangeError(`${pictures.length} pictures, gradients takes 1 to ${BATCH_SIZE}`);
  }
  const batch = { ...drawnPictures(network, pictures), labels };
  const { losses, gradients } = await withEngine(network, async (engine) =>
    engine.differentiate(await engine.load(batch)),
  );
  return { loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length, gradients };
}
