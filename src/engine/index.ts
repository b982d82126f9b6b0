export * from "./engine.js";
export * from "./reference/referenceBackend.js";
export * from "./wasm/features.js";
export * from "./wasm/wasmBackend.js";
