export * from "./benchmark.js";
export * from "./card.js";
export * from "./measure.js";
