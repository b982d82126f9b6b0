export * from "./pictures.js";
export * from "./threads.js";
