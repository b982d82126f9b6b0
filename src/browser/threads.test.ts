import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { availableThreads, canShareMemory, startThread, threads } from "./index.js";

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

it("is one thread where there is no page, as on a server", () => {
  expect(availableThreads()).toBe(1);
  expect(threads().count).toBe(1);
});

/** What becomes of the workers of a test, in the order in which they start, and whether they were ended. */
type Fate = "runs" | "does not load" | "fails";
let fates: Fate[];
let workers: FakeWorker[];

class FakeWorker extends EventTarget {
  ended = false;
  readonly program: string;

  constructor(program: URL | string) {
    super();
    this.program = String(program);
    workers.push(this);
  }

  postMessage() {
    const fate = fates.shift();
    const event = fate === "runs" ? new Event("message") : new Event("error");
    if (fate === "fails") Object.assign(event, { message: "out of memory" });
    queueMicrotask(() => this.dispatchEvent(event));
  }

  terminate() {
    this.ended = true;
  }
}

describe("a thread", () => {
  const memory = { buffer: new SharedArrayBuffer(8) };
  const start = { memory, failedWord: 1 } as unknown as Parameters<typeof startThread>[0];
  const failed = () => new Int32Array(memory.buffer)[1];
  beforeEach(() => {
    workers = [];
    new Int32Array(memory.buffer).fill(0);
    vi.stubGlobal("crossOriginIsolated", true);
    vi.stubGlobal("Worker", FakeWorker);
  });

  it("starts from its file", async () => {
    fates = ["runs"];
    const thread = startThread(start);
    await thread.ready;
    expect(workers.map(({ program }) => program)).toEqual([expect.stringMatching(/threadWorker\.js$/)]);
    thread.terminate();
    expect(workers[0].ended).toBe(true);
  });

  it("starts from its text where a bundler lost the file", async () => {
    fates = ["does not load", "runs"];
    const thread = startThread(start);
    await thread.ready;
    expect(workers.map(({ program, ended }) => [program.slice(0, 5), ended])).toEqual([
      ["file:", true],
      ["blob:", false],
    ]);
    thread.terminate();
    expect(workers[1].ended).toBe(true);
    expect(failed()).toBe(0);
  });

  it("is an error if neither loads", async () => {
    fates = ["does not load", "does not load"];
    await expect(startThread(start).ready).rejects.toThrow(
      "a thread of the engine did not start, because its file does not load",
    );
  });

  it("says why it does not start", async () => {
    fates = ["fails", "fails"];
    await expect(startThread(start).ready).rejects.toThrow("a thread of the engine did not start: out of memory");
  });

  it("tells the engine that waits for it if it fails later", async () => {
    fates = ["runs"];
    await startThread(start).ready;
    expect(failed()).toBe(0);
    workers[0].dispatchEvent(new Event("error"));
    expect(failed()).toBe(1);
  });
});
