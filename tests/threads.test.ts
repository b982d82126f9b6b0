import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { initializeParameters, lenet5, supportsFusedArithmetic, wasmBackend } from "../src/engine.js";
import { RECIPES, type StartThread, type Threads } from "../src/index.js";
import { enableFusedArithmetic, startThread } from "../src/node/threads.js";
import { BatchEngine } from "./support/batchEngine.js";

enableFusedArithmetic();

const model = lenet5({ ...RECIPES.improved, input: { channels: 1, height: 28, width: 28 }, classes: 10 });

async function engineWith(start: StartThread) {
  const normalization = { mean: [0.5], std: [0.5] };
  const backend = wasmBackend({ threads: { count: 2, start } });
  return new BatchEngine(await backend.compile([{ model, normalization }], { batchSize: 16 }));
}

function evaluateBlack(engine: BatchEngine) {
  return engine.evaluate({ pixels: new Uint8Array(784), indices: new Uint32Array(16) }, new Uint8Array(16));
}

it("computes with a started thread", async () => {
  const engine = await engineWith(startThread);
  const { losses } = await evaluateBlack(engine);
  engine.dispose();
  // Without parameters, all logits are 0.
  for (const loss of losses) expect(loss).toBeCloseTo(Math.log(10), 6);
});

/** Parameters and losses after a step on each of a few batches, by the number of samples. */
async function trainedBits(threads: Threads, batches: readonly number[]) {
  const { normalization, optimizer, labelSmoothing } = RECIPES.improved;
  const batchSize = Math.max(...batches);
  const compiled = await wasmBackend({ threads }).compile([{ model, normalization, optimizer }], { batchSize });
  const engine = new BatchEngine(compiled);
  await engine.setParameters(initializeParameters(model, 1));
  const pixels = Uint8Array.from({ length: batchSize * 784 }, (_, index) => Math.imul(index, 0x9e3779b1) >>> 24);
  const losses: number[] = [];
  for (const [step, samples] of batches.entries()) {
    const indices = Uint32Array.from({ length: samples }, (_, index) => index);
    const labels = indices.map((index) => index % 10);
    const update = { step: step + 1, learningRate: 1e-3 };
    const results = await engine.train({ pixels, indices }, labels, { labelSmoothing, seed: 3 }, update);
    const { gradients } = await engine.differentiate({ pixels, indices }, labels);
    losses.push(...results.losses, ...[...gradients.values()].map(({ data }) => data[0]));
  }
  const parameters = [...(await engine.parameters()).values()].map(({ data }) => data);
  const used = compiled.threads;
  engine.dispose();
  return { used, bits: { losses: Float64Array.from(losses), parameters } };
}

describe("the same bits for any number of threads", () => {
  // Fewer tiles than threads, and a partner for each tile; samples that are computed alone; an incomplete tile.
  const batches = [32, 32, 1, 2, 3, 5, 6, 8, 13, 1, 32];
  const alone = trainedBits({ count: 1, start: startThread }, batches);

  it.each([2, 3, 5, 8, 16])(
    "%i threads",
    async (count) => {
      const { used, bits } = await trainedBits({ count, start: startThread }, batches);
      expect(used).toBe(count);
      expect(bits).toEqual((await alone).bits);
    },
    60_000,
  );

  it("as many as are the fastest", async () => {
    const { used, bits } = await trainedBits({ count: 4, start: startThread, atMost: true }, batches);
    expect(used).toBeLessThanOrEqual(4);
    expect(bits).toEqual((await alone).bits);
  }, 60_000);
});

it("rejects if a thread does not start", async () => {
  const engine = engineWith((start) => startThread({ ...start, module: {} as WebAssembly.Module }));
  await expect(engine).rejects.toThrow("a thread of the engine did not start: WebAssembly.Instance(): Argument 0");
});

it("throws if a thread fails instead of waiting for it", async () => {
  // Its program has no function to run.
  const module = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  const engine = await engineWith((start) => startThread({ ...start, module }));
  await expect(evaluateBlack(engine)).rejects.toThrow("a thread of the engine failed");
  engine.dispose();
});

it.runIf(supportsFusedArithmetic())("throws if a thread rounds multiply-add twice, but the caller once", async () => {
  // Each thread computes 4097² − 16,785,408 from words in the memory, which is 1 if it rounds once. Of a larger number, it is not.
  const engine = await engineWith((start) => {
    const words = new Int32Array(start.memory.buffer);
    const factor = words.findIndex((word, index) => word === 4097 && words[index + 1] === 16_785_408);
    words[factor + 1] = 16_785_410;
    return startThread(start);
  });
  await expect(evaluateBlack(engine)).rejects.toThrow(
    "a thread of the engine rounds multiply-add twice, but the calling thread once",
  );
  engine.dispose();
});

it("throws if a thread dies while another waits for it", async () => {
  // It never says anything, like a thread that is killed while the caller waits.
  const engine = await engineWith(() => ({ terminate: () => {} }));
  await expect(evaluateBlack(engine)).rejects.toThrow("a thread of the engine died");
  engine.dispose();
}, 30_000);

it("throws if a thread dies while code that is not optimized yet waits for it", () => {
  const program = `
    import { lenet5, wasmBackend } from "./dist/engine.js";
    import { RECIPES } from "./dist/index.js";
    const model = lenet5({ ...RECIPES.paper, input: { channels: 1, height: 28, width: 28 }, classes: 10 });
    const backend = wasmBackend({ threads: { count: 2, start: () => ({ terminate() {} }) } });
    const engine = await backend.compile([{ model, normalization: { mean: [0], std: [1] } }], { batchSize: 32 });
    const images = await engine.load({ pixels: new Uint8Array(784), labels: [1] });
    await engine.evaluate(images, [{ indices: [0, 0] }]).catch(({ message }) => console.log(message));
  `;
  const { stdout } = spawnSync(process.execPath, ["--liftoff-only", "--input-type=module", "--eval", program], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    encoding: "utf8",
    timeout: 60_000,
  });
  expect(stdout).toContain("a thread of the engine died");
}, 90_000);

it.each([0, 1.5, 65, 100_000])("refuses %s threads", async (count) => {
  const backend = wasmBackend({ threads: { count, start: startThread } });
  const compiling = backend.compile([{ model, normalization: { mean: [0.5], std: [0.5] } }], { batchSize: 16 });
  await expect(compiling).rejects.toThrow(`the number of threads must be an integer from 1 to 64, not ${count}`);
});

it("refuses to compute after it is disposed", async () => {
  const engine = await engineWith(startThread);
  engine.dispose();
  await expect(evaluateBlack(engine)).rejects.toThrow("the engine was disposed");
});

it("says that WebAssembly must not be compiled", async () => {
  // As on Cloudflare Workers.
  class Forbidden {
    constructor() {
      throw new WebAssembly.CompileError("Wasm code generation disallowed by embedder");
    }
  }
  const forbidden = vi.spyOn(WebAssembly, "Module").mockImplementation(Forbidden as never);
  const compiling = wasmBackend({ arithmetic: "portable" }).compile(
    [{ model, normalization: { mean: [0.5], std: [0.5] } }],
    { batchSize: 16 },
  );
  await expect(compiling).rejects.toThrow("WebAssembly cannot be compiled here: an edge platform");
  forbidden.mockRestore();
});

it("starts threads from a program given with --eval", () => {
  // A thread that inherits --input-type would run its own program as a module, without require.
  const program = `
    import { lenet5, wasmBackend } from "./dist/engine.js";
    import { RECIPES } from "./dist/index.js";
    import { startThread } from "./dist/node/index.js";
    const model = lenet5({ ...RECIPES.paper, input: { channels: 1, height: 28, width: 28 }, classes: 10 });
    const backend = wasmBackend({ threads: { count: 2, start: startThread } });
    const engine = await backend.compile([{ model, normalization: { mean: [0], std: [1] } }], { batchSize: 32 });
    const images = await engine.load({ pixels: new Uint8Array(784), labels: [1] });
    const [{ losses }] = await engine.evaluate(images, [{ indices: [0, 0] }]);
    console.log(losses.length);
  `;
  const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    encoding: "utf8",
    timeout: 60_000,
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "2\n" });
});
