import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { nodeGpu } from "./webgpu.js";

const isInstalled = () => {
  try {
    return Boolean(createRequire(import.meta.url).resolve("webgpu"));
  } catch {
    return false;
  }
};

it.skipIf(isInstalled())("says what to install if the package webgpu is missing", async () => {
  await expect(nodeGpu()).rejects.toThrow("WebGPU in Node needs an optional package: npm install webgpu");
});
