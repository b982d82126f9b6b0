import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { lenet5, wasmBackend } from "../src/engine.js";
import { RECIPES, type StartThread } from "../src/index.js";
import { startThread } from "../src/node/threads.js";
import { BatchEngine } from "./support/batchEngine.js";

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

it("throws if a thread fails instead of waiting for it", async () => {
  const engine = await engineWith((start) => startThread({ ...start, module: {} as WebAssembly.Module }));
  await expect(evaluateBlack(engine)).rejects.toThrow("a thread of the engine failed");
  engine.dispose();
});

it("throws if a thread dies while another waits for it", async () => {
  // It never says anything, like a thread that is killed while the caller waits.
  const engine = await engineWith(() => ({ terminate: () => {} }));
  await expect(evaluateBlack(engine)).rejects.toThrow("a thread of the engine died");
  engine.dispose();
}, 30_000);

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
