export * from "./function.js";
export * from "./instructions.js";
export * from "./module.js";
