import { type Dataset, requireDataset } from "../data/dataset.js";
import { adaptDataset } from "../data/images/adapt.js";
import type { LeNet5 } from "./lenet5.js";

/**
 * A data set as a network takes it: its images brought to the network's input.
 *
 * @throws RangeError in one line where its parts do not fit together, or its classes are not the network's
 */
export function datasetFor({ classes, input, framing }: LeNet5, dataset: Dataset): Dataset {
  requireDataset(dataset);
  const { name } = dataset;
  if (dataset.classes.length !== classes.length) {
    throw new RangeError(`${name} has ${dataset.classes.length} classes, the network ${classes.length}`);
  }
  const other = classes.findIndex((label, index) => label !== dataset.classes[index]);
  if (other >= 0) {
    throw new RangeError(
      `class ${other} is "${dataset.classes[other]}" in ${name} and "${classes[other]}" in the network`,
    );
  }
  return adaptDataset(dataset, { shape: input, ...framing });
}
