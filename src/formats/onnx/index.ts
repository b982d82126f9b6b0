export { isOnnx, type OnnxFile, readOnnx } from "./read.js";
export { type OnnxOptions, writeOnnx } from "./write.js";
