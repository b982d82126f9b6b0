export * from "./fingerprint.js";
export * from "./initialization.js";
export * from "./layers.js";
export * from "./lenet5.js";
export * from "./normalization.js";
export * from "./shapes.js";
export * from "./summary.js";
export * from "./tensor.js";
