import { drawPicture, type Picture } from "../data/pictures/picture.js";
import { type Judgement, judge } from "../training/predict.js";
import { withEngine } from "./engines.js";
import type { LeNet5 } from "./lenet5.js";

/** What a network makes of a picture. */
export interface Prediction extends Judgement {
  /** The name of the class. */
  readonly label: string;
}

/**
 * Tells what a picture shows. A picture of any size is brought to the network's input as those were that it was trained on.
 *
 * @throws RangeError in one line if the picture's sizes do not fit together, Error if the weights give no numbers
 */
export function predict(network: LeNet5, picture: Picture): Promise<Prediction>;
/** Tells what each of the pictures shows, in their order. */
export function predict(network: LeNet5, pictures: readonly Picture[]): Promise<Prediction[]>;
export async function predict(
  network: LeNet5,
  pictures: Picture | readonly Picture[],
): Promise<Prediction | Prediction[]> {
  return isList(pictures) ? predictAll(network, pictures) : (await predictAll(network, [pictures]))[0];
}

function isList(pictures: Picture | readonly Picture[]): pictures is readonly Picture[] {
  return Array.isArray(pictures);
}

async function predictAll(network: LeNet5, pictures: readonly Picture[]): Promise<Prediction[]> {
  if (pictures.length === 0) return [];
  const batch = drawnPictures(network, pictures);
  const { data } = await withEngine(network, async (engine) => engine.predict(await engine.load(batch)));
  const classes = network.classes.length;
  return pictures.map((_, index) => {
    const judgement = judge(data.subarray(index * classes, (index + 1) * classes));
    return { label: network.classes[judgement.class], ...judgement };
  });
}

/** Pictures brought to the network's input, in their order: uint8 [picture][channels][height][width]. */
export function drawnPictures({ input, pictures: handling }: LeNet5, pictures: readonly Picture[]) {
  const size = input.channels * input.height * input.width;
  const pixels = new Uint8Array(pictures.length * size);
  for (const [index, picture] of pictures.entries()) {
    drawPicture(picture, { shape: input, ...handling }, pixels, index * size);
  }
  return { pixels };
}
