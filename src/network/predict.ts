import { drawPicture, type Picture } from "../data/pictures/picture.js";
import { type Judgement, judge } from "../training/predict.js";
import { BATCH_SIZE, engineOf } from "./engines.js";
import type { LeNet5 } from "./lenet5.js";

/** What a network makes of a picture. */
export interface Prediction extends Judgement {
  /** The name of the class. */
  readonly label: string;
}

/**
 * Tells what a picture shows. A picture of any size is brought to the network's input as those were that it was trained on.
 *
 * @throws RangeError in one line where the picture's sizes do not fit together, Error where the weights give no numbers
 */
export function predict(network: LeNet5, picture: Picture): Prediction;
/** Tells what each of the pictures shows, in their order. */
export function predict(network: LeNet5, pictures: readonly Picture[]): Prediction[];
export function predict(network: LeNet5, pictures: Picture | readonly Picture[]): Prediction | Prediction[] {
  return isList(pictures) ? predictAll(network, pictures) : predictAll(network, [pictures])[0];
}

function isList(pictures: Picture | readonly Picture[]): pictures is readonly Picture[] {
  return Array.isArray(pictures);
}

function predictAll(network: LeNet5, pictures: readonly Picture[]): Prediction[] {
  const engine = engineOf(network);
  const classes = network.classes.length;
  const predictions: Prediction[] = [];
  for (let start = 0; start < pictures.length; start += BATCH_SIZE) {
    const { data } = engine.predict(pictureBatch(network, pictures.slice(start, start + BATCH_SIZE)));
    for (let offset = 0; offset < data.length; offset += classes) {
      const judgement = judge(data.subarray(offset, offset + classes));
      predictions.push({ label: network.classes[judgement.class], ...judgement });
    }
  }
  return predictions;
}

/** Pictures as the engine takes them: brought to the network's input, all of them in their order. */
export function pictureBatch({ input, pictures: handling }: LeNet5, pictures: readonly Picture[]) {
  const size = input.channels * input.height * input.width;
  const pixels = new Uint8Array(pictures.length * size);
  for (const [index, picture] of pictures.entries()) {
    drawPicture(picture, { shape: input, ...handling }, pixels, index * size);
  }
  return { pixels, indices: Array.from(pictures.keys()) };
}
