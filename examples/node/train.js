// Trains a network on arrays, saves it, loads it, and classifies an image.

import { readFile, writeFile } from "node:fs/promises";
import { createDataset, fit, LeNet5, predict } from "lenet";
import { readWeights, writeWeights } from "lenet/formats";
import { threads } from "lenet/node";

const SIDE = 28;
const classes = ["a row", "a column", "a diagonal"];

/** Draws a white line on black: a grey image, bytes in row order. */
function draw(label, place) {
  const data = new Uint8Array(SIDE * SIDE);
  for (let step = 0; step < SIDE; step++) {
    const [row, column] = [
      [place, step],
      [step, place],
      [step, (step + place) % SIDE],
    ][label];
    data[row * SIDE + column] = 255;
  }
  return { width: SIDE, height: SIDE, data };
}

const labels = Array.from({ length: 3 * SIDE }, (_, index) => index % 3);
const images = labels.map((label, index) => draw(label, Math.floor(index / 3)));
const dataset = createDataset({ name: "lines", images, labels, classes });

const network = LeNet5.create({ classes, seed: 0 });
for await (const { epoch, trainLoss, validationAccuracy } of fit(network, dataset, {
  epochs: 30,
  threads: threads(),
})) {
  if (epoch % 10 === 0) console.log(`epoch ${epoch}: loss ${trainLoss.toFixed(3)}, validation ${validationAccuracy}`);
}

// Or "pth" for PyTorch, "onnx" for ONNX Runtime.
await writeFile("lines.safetensors", writeWeights(network.weights(), "safetensors"));

const loaded = LeNet5.from(readWeights(await readFile("lines.safetensors")));
const { label, probabilities } = await predict(loaded, draw(1, 13));
console.log(`it is ${label}, at ${(100 * Math.max(...probabilities)).toFixed(0)} %`);
