import { afterEach, expect, it, vi } from "vitest";
import { availableThreads, canShareMemory, startThread } from "./index.js";

afterEach(() => vi.unstubAllGlobals());

it.each([
  ["an isolated page", true, SharedArrayBuffer, 4],
  ["a page that is not isolated", false, SharedArrayBuffer, 1],
  // WebKitGTK says that such a page is isolated.
  ["an isolated page of a browser without shared memory", true, undefined, 1],
])("shares memory only where it can: %s", (_, isolated, memory, threads) => {
  vi.stubGlobal("crossOriginIsolated", isolated);
  vi.stubGlobal("SharedArrayBuffer", memory);
  vi.stubGlobal("navigator", { hardwareConcurrency: 4 });
  expect(availableThreads()).toBe(threads);
  expect(canShareMemory()).toBe(threads > 1);
  if (threads > 1) return;
  const start = {} as Parameters<typeof startThread>[0];
  expect(() => startThread(start)).toThrow(isolated ? /shared memory/ : /cross-origin-isolated/);
});
