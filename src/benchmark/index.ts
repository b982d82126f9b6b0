export * from "./benchmark.js";
export * from "./measure.js";
export * from "./peak.js";
