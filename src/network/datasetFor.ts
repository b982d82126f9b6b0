import { type Dataset, requireDataset } from "../data/dataset.js";
import { adaptDataset } from "../data/images/adapt.js";
import type { LeNet5 } from "./lenet5.js";

/**
 * Fits a data set's images to a network's input.
 *
 * @throws RangeError if the data set's parts do not fit together, or its classes differ from the network's
 */
export function datasetFor({ classes, input, framing }: LeNet5, dataset: Dataset): Dataset {
  requireDataset(dataset);
  const { name } = dataset;
  if (dataset.classes.length !== classes.length) {
    throw new RangeError(`${name} has ${dataset.classes.length} classes, but the network has ${classes.length}`);
  }
  const other = classes.findIndex((label, index) => label !== dataset.classes[index]);
  if (other >= 0) {
    throw new RangeError(
      `class ${other} is "${dataset.classes[other]}" in ${name}, but "${classes[other]}" in the network`,
    );
  }
  return adaptDataset(dataset, { shape: input, ...framing });
}
