// The worker: trains a network on generated digits, then classifies images. A window cannot wait for threads, a worker can.

import { fit, type ImageInput, LeNet5, type Prediction, predict } from "lenet";
import { threads } from "lenet/browser";
import { generateDigits } from "lenet/data";

/** What the worker says: how far it is, or what it reads in an image. */
export interface Answer {
  readonly status?: string;
  readonly prediction?: Prediction;
}

const EPOCHS = 4;

function say(answer: Answer): void {
  postMessage(answer);
}

async function train() {
  const dataset = generateDigits({ seed: 0, count: 5000, part: "train" });
  const network = LeNet5.create({ classes: dataset.classes, seed: 0 });
  // One per core if the page is cross-origin isolated, otherwise only the worker's own.
  const workers = threads();
  const how = workers.count === 1 ? "one thread" : `${workers.count} threads`;
  for await (const { epoch, validationAccuracy } of fit(network, dataset, { epochs: EPOCHS, threads: workers })) {
    const accuracy = `${(100 * validationAccuracy).toFixed(1)} % right`;
    say({ status: `Epoch ${epoch} of ${EPOCHS}, ${how}: ${accuracy}` });
  }
  say({ status: `Trained with ${how}. Draw a digit.` });
  return network;
}

const trained = train();
addEventListener("message", async ({ data: image }: MessageEvent<ImageInput>) => {
  say({ prediction: await predict(await trained, image) });
});
