import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Gpu } from "../../src/engine/webgpu/webgpuBackend.js";

/** To be imported before the program: it finds the package `webgpu` in $LENET_WEBGPU. */
export const WEBGPU_HOOK = new URL("./webgpuPackage.mjs", import.meta.url).pathname;

/** A GPU for tests, or why there is none. */
export interface TestGpu {
  readonly gpu?: Gpu;
  readonly missing?: string;
}

/**
 * The graphics card, or a software one, by the npm package `webgpu`: that of the repository or of the folder
 * $LENET_WEBGPU. Without a card, Chromium's software Vulkan does: set $VK_ICD_FILENAMES to its vk_swiftshader_icd.json.
 */
export async function testGpu(): Promise<TestGpu> {
  const path = packagePath();
  if (!path) return { missing: "the npm package webgpu (install it, or set $LENET_WEBGPU to its folder)" };
  const { create } = await import(pathToFileURL(path).href);
  const gpu: Gpu = create([]);
  if (!(await gpu.requestAdapter())) {
    return { missing: "a graphics card (without one, set $VK_ICD_FILENAMES to Chromium's vk_swiftshader_icd.json)" };
  }
  return { gpu };
}

function packagePath(): string | undefined {
  const folder = process.env.LENET_WEBGPU;
  if (folder) return existsSync(join(folder, "index.js")) ? join(folder, "index.js") : undefined;
  try {
    return createRequire(import.meta.url).resolve("webgpu");
  } catch {
    return undefined;
  }
}
