// The program of an engine thread in a web worker. It is a file because a strict content security policy forbids blob:
// URLs.

import type { ThreadStart } from "../engine/wasm/threads.js";

addEventListener("message", ({ data: { module, memory, thread, failedWord } }: MessageEvent<ThreadStart>) => {
  try {
    const { exports } = new WebAssembly.Instance(module, { environment: { memory } });
    postMessage("running");
    (exports.thread as (thread: number) => void)(thread);
  } catch (error) {
    // The waiting thread is blocked and sees only the shared memory.
    Atomics.compareExchange(new Int32Array(memory.buffer), failedWord, 0, 1);
    throw error;
  }
});
