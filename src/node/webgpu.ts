import type { Gpu } from "../engine/webgpu/webgpuBackend.js";

/** Kept as long as the process runs: the package crashes if it is collected before what was made of it. */
let kept: Gpu | undefined;

/**
 * WebGPU in Node, for `webgpuBackend({ gpu })`, by the npm package `webgpu`, which this package does not install. Node does
 * not exit by itself afterwards: end the program with `process.exit()`.
 *
 * @throws Error if the package is missing, saying how to install it
 */
export async function nodeGpu(): Promise<Gpu> {
  const { create } = await import("webgpu").catch((error) => {
    throw new Error("WebGPU in Node needs an optional package: npm install webgpu", { cause: error });
  });
  kept ??= create([]);
  return kept;
}
