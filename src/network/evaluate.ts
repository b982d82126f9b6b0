import type { Dataset } from "../data/dataset.js";
import { evaluateDataset } from "../training/evaluate.js";
import type { Evaluation } from "../training/metrics.js";
import type { PassOptions } from "../training/passes.js";
import { datasetFor } from "./datasets.js";
import { withEngine } from "./engines.js";
import type { LeNet5 } from "./lenet5.js";

/**
 * Evaluates a network on all images of a data set, without augmentation: accuracy, loss, results per class, confusion
 * matrix.
 *
 * @throws RangeError if the data set's classes differ from the network's
 * @throws the signal's reason if it is aborted
 */
export async function evaluate(network: LeNet5, dataset: Dataset, options: PassOptions = {}): Promise<Evaluation> {
  const images = datasetFor(network, dataset);
  return withEngine(network, (engine) => evaluateDataset(engine, images, undefined, options));
}
