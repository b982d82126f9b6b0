import type { Gpu } from "../engine/webgpu/webgpuBackend.js";

/**
 * WebGPU in Node: the argument of `webgpuBackend({ gpu })`, by the npm package `webgpu`, which is not installed with this
 * package. Node does not exit by itself while it is referenced.
 *
 * @throws Error saying what to install if the package is missing
 */
export async function nodeGpu(): Promise<Gpu> {
  const { create } = await import("webgpu").catch((error) => {
    throw new Error("WebGPU in Node needs a package that is not installed: npm install webgpu", { cause: error });
  });
  return create([]);
}
