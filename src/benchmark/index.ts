export * from "./benchmark.js";
export * from "./measure.js";
