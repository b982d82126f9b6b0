export * from "./datasets.js";
export * from "./download.js";
export * from "./files.js";
export * from "./fusedArithmetic.js";
export * from "./png.js";
export * from "./runFolder.js";
export * from "./threads.js";
export * from "./weights.js";
