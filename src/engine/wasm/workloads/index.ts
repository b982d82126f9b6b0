export * from "./barrier.js";
export * from "./kernels.js";
export * from "./peak.js";
