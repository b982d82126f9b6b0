import { i32, ModuleBuilder } from "../assembler/index.js";
import { emitSynchronization, FOREVER, StaticData } from "../kernels/index.js";
import type { StartThread } from "../threads.js";

/** Barriers in one run. */
export const BARRIERS = 1000;

/** Threads that pass barriers and do nothing else. */
export interface BarrierWorkload {
  run(): void;
  /** Fulfilled once all threads run. */
  readonly ready: Promise<unknown>;
  dispose(): void;
}

/** Starts the threads. */
export function barrierWorkload(threads: number, startThread: StartThread): BarrierWorkload {
  // A cache line for each word, as in the engine.
  const [arrived, generation, job, sleepers, failed, progress, count, retired] = [1, 2, 3, 4, 5, 6, 7, 8].map(
    (line) => line * 64,
  );
  const module = new ModuleBuilder();
  const { barrier, announce, waitForChange } = emitSynchronization(
    { module, data: new StaticData(0), fused: false },
    { arrived, generation, job, sleepers, failed, progress, threads: count, retired },
  );
  const meet = module.function("meet", {}, (code) => code.repeat(BARRIERS, () => code.call(barrier)));
  module.function(
    "run",
    {},
    (code) => {
      code.call(announce, job, 1);
      code.call(meet);
    },
    { exported: true },
  );
  module.function(
    "thread",
    { thread: "i32" },
    (code) => {
      const seen = code.local("i32");
      code.repeatWhile(() => {
        code.call(waitForChange, job, seen, FOREVER);
        code.increase(seen, 1);
        code.call(meet);
        return i32.const(1);
      });
    },
    { exported: true },
  );
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  new Int32Array(memory.buffer)[count / 4] = threads;
  const compiled = new WebAssembly.Module(module.encode({ pages: 1, shared: true }));
  const { exports } = new WebAssembly.Instance(compiled, { environment: { memory } });
  const workers = Array.from({ length: threads - 1 }, (_, index) =>
    startThread({ module: compiled, memory, thread: index + 1, failedWord: failed / 4 }),
  );
  return {
    run: exports.run as () => void,
    ready: Promise.all(workers.map(({ ready }) => ready)),
    dispose: () => {
      for (const worker of workers) worker.terminate();
    },
  };
}
