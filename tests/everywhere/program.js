// What every runtime and bundler computes with the package, by the names that people import.
import { fit, LeNet5, predict } from "lenet";
import { generateDigits } from "lenet/data";
import { fingerprint, wasmBackend } from "lenet/engine";
import { readWeights, writeWeights } from "lenet/formats";

/**
 * Trains shortly, writes and reads the weights, and predicts.
 *
 * @param threads what `threads()` returns. The arithmetic is the one that exists everywhere.
 */
export async function train(threads) {
  const dataset = generateDigits({ seed: 0, count: 200, part: "train" });
  const network = LeNet5.create({ classes: dataset.classes, seed: 0 });
  const backend = wasmBackend({ threads, arithmetic: "portable" });
  for await (const _ of fit(network, dataset, { epochs: 2, batchSize: 40, backend }));
  const read = LeNet5.from(readWeights(writeWeights(network.weights(), "safetensors")));
  const { label } = await predict(read, { width: 28, height: 28, data: dataset.images.subarray(0, 784) });
  return { fingerprint: await fingerprint(read.model, read.parameters), threads: threads.count, label };
}
