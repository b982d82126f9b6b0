export * from "./engine.js";
export * from "./features.js";
export * from "./wasmEngine.js";
