export * from "./engine.js";
export * from "./features.js";
export * from "./inputGradient.js";
export * from "./reference.js";
export * from "./wasmEngine.js";
