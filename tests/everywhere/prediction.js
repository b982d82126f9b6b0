// What a page imports that reads weights and predicts.
export { LeNet5, predict } from "lenet";
export { readWeights } from "lenet/formats";
