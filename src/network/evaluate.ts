import type { Dataset } from "../data/dataset.js";
import { evaluateDataset } from "../training/evaluate.js";
import type { Evaluation } from "../training/metrics.js";
import type { PassOptions } from "../training/passes.js";
import { datasetFor } from "./datasets.js";
import { withEngine } from "./engines.js";
import type { LeNet5 } from "./lenet5.js";

/**
 * Evaluates a network on all images of a data set, as they are: accuracy, loss, each class, the confusion matrix.
 *
 * @throws RangeError in one line where the data set's classes are not the network's
 * @throws the signal's reason where it ends the work
 */
export async function evaluate(network: LeNet5, dataset: Dataset, options: PassOptions = {}): Promise<Evaluation> {
  const images = datasetFor(network, dataset);
  return withEngine(network, (engine) => evaluateDataset(engine, images, undefined, options));
}
