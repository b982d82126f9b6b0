import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Gpu } from "../engine/webgpu/webgpuBackend.js";

/** How to get what is missing. */
const INSTALL = "WebGPU in Node needs an optional package: npm install webgpu";
/** A driver that has not answered by then hangs. */
const SEARCH_MILLISECONDS = 30_000;

/** A graphics card, as WebGPU describes it. */
export interface GraphicsCard {
  readonly name: string;
  /** The name of the driver with its version. Deno does not say it. */
  readonly driver?: string;
  /** Vulkan, Metal, Direct3D …; only where cards are listed. */
  readonly backend?: string;
  /** Whether the processor only imitates a card, which is slow. */
  readonly isSoftware: boolean;
  /** The memory that a workgroup shares, in bytes. */
  readonly workgroupBytes: number;
  /** The largest buffer that a shader can use, in bytes. */
  readonly bufferBytes: number;
}

/** Kept as long as the process runs: the package crashes if it is collected before what was made of it. */
let kept: Gpu | undefined;

/** WebGPU that needs no package, as in Deno. */
function ownGpu(): Gpu | undefined {
  return (globalThis.navigator as { readonly gpu?: Gpu } | undefined)?.gpu;
}

/**
 * WebGPU outside browsers, for `webgpuBackend({ gpu })`: that of the runtime if it has one, as Deno does, otherwise that
 * of the npm package `webgpu`, which this package does not install. Also works in worker threads. If the package keeps
 * your program from ending by itself, call `process.exit()`.
 *
 * @throws Error if the package is missing, saying how to install it
 */
export async function nodeGpu(): Promise<Gpu> {
  const own = ownGpu();
  if (own) return own;
  const { create } = await importPackage();
  kept ??= create([]);
  return kept;
}

/** Whether WebGPU comes from the npm package, in whose code a crash ends the process. */
export function usesPackage(): boolean {
  return !ownGpu() && isPackageInstalled();
}

/** Whether the npm package is in use, which may keep the process alive. */
export function isPackageInUse(): boolean {
  return kept !== undefined;
}

/** Whether there is WebGPU here at all, with or without a graphics card. */
export function hasWebgpu(): boolean {
  return ownGpu() !== undefined || isPackageInstalled();
}

function isPackageInstalled(): boolean {
  try {
    return Boolean(import.meta.resolve("webgpu"));
  } catch {
    return false;
  }
}

async function importPackage() {
  // Bundlers must not look for it: it is optional.
  return import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ "webgpu").catch((error) => {
    throw new Error(INSTALL, { cause: error });
  });
}

/**
 * The graphics card that a `Gpu` chooses, and on which `webgpuBackend` computes.
 *
 * @throws Error if there is none
 */
export async function chosenCard(gpu: Gpu): Promise<GraphicsCard> {
  const adapter = await (gpu as GPU).requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new Error("WebGPU finds no graphics card");
  return describeAdapter(adapter);
}

function describeAdapter({ info, limits }: GPUAdapter): GraphicsCard {
  const { device, description, isFallbackAdapter } = info;
  // The package puts the driver into the description; Deno puts the name there, and a number into the device.
  const isNumber = /^\d*$/.test(device);
  return {
    name: (isNumber ? description || device : device).replace(/-+$/, "") || "unknown",
    ...(!isNumber && description && { driver: description }),
    isSoftware: isFallbackAdapter,
    workgroupBytes: limits.maxComputeWorkgroupStorageSize,
    bufferBytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
  };
}

/** All graphics cards, the one that is used first. Call it in a process of its own: see {@link findCards}. */
export async function listCards(): Promise<GraphicsCard[]> {
  const gpu = (await nodeGpu()) as GPU;
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return [];
  const first = describeAdapter(adapter);
  if (ownGpu()) return [first];
  const { create } = await importPackage();
  const named = await namedAdapters(create);
  const cards: GraphicsCard[] = [];
  for (const { name, backend } of named) {
    const other = await create([`backend=${backend}`, `adapter=${name}`]).requestAdapter();
    if (other) cards.push({ ...describeAdapter(other), backend });
  }
  const isFirst = (card: GraphicsCard) => card.name === first.name && card.driver === first.driver;
  const withBackend = cards.find(isFirst) ?? first;
  return [withBackend, ...cards.filter((card) => card !== withBackend && !isFirst(card))];
}

/** The package lists its adapters where it refuses one that does not exist. */
async function namedAdapters(
  create: (options: readonly string[]) => GPU,
): Promise<{ name: string; backend: string }[]> {
  try {
    await create(["adapter=?"]).requestAdapter();
    return [];
  } catch (error) {
    const lines = String((error as Error).message).matchAll(/backend: '([^']+)', name: '(.+)'/g);
    return [...lines].map(([, backend, name]) => ({ backend, name }));
  }
}

/** The graphics cards found, or why there are none. */
export type FoundCards = { readonly cards: readonly [GraphicsCard, ...GraphicsCard[]] } | { readonly missing: string };

/** What a process that lists cards answers. */
export type CardList = { readonly cards: readonly GraphicsCard[] } | { readonly failure: string };

/**
 * Looks for graphics cards in a process of its own, where a driver may crash, and print what it likes.
 */
export async function findCards(): Promise<FoundCards> {
  if (!hasWebgpu()) return { missing: INSTALL };
  const list = ownGpu() ? { cards: await listCards() } : await listInProcess();
  if ("failure" in list) return { missing: list.failure };
  const [first, ...others] = list.cards;
  if (first) return { cards: [first, ...others] };
  return { missing: "WebGPU finds no graphics card: is its driver installed?" };
}

function listInProcess(): Promise<CardList> {
  const program = fileURLToPath(new URL("./listCards.js", import.meta.url));
  const child = fork(program, { stdio: ["ignore", "ignore", "ignore", "ipc"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), SEARCH_MILLISECONDS);
  return new Promise((resolve) => {
    child.on("message", (list: CardList) => resolve(list));
    // After a message, these change nothing.
    child.on("error", ({ message }) => resolve({ failure: `cannot look for graphics cards: ${message}` }));
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      resolve({ failure: `the package webgpu crashed while it looked for graphics cards (${signal ?? code})` });
    });
  });
}
