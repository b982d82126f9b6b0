export * from "./threads.js";
