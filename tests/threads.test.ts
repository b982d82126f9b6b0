import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { compile, lenet5, type WasmEngine } from "../src/engine.js";
import { RECIPES, type StartThread } from "../src/index.js";
import { startThread } from "../src/node/threads.js";

const model = lenet5({ ...RECIPES.improved, input: { channels: 1, height: 28, width: 28 }, classes: 10 });

function engineWith(start: StartThread) {
  return compile(model, {
    batchSize: 16,
    optimizer: RECIPES.improved.optimizer,
    normalization: { mean: [0.5], deviation: [0.5] },
    threads: 2,
    startThread: start,
  });
}

function evaluateBlack(engine: WasmEngine) {
  return engine.evaluate({ pixels: new Uint8Array(784), indices: new Uint32Array(16) }, new Uint8Array(16));
}

it("computes with a thread that is started", () => {
  const engine = engineWith(startThread);
  const { losses } = evaluateBlack(engine);
  engine.dispose();
  // Without parameters all logits are 0.
  for (const loss of losses) expect(loss).toBeCloseTo(Math.log(10), 6);
});

it("throws where a thread fails instead of waiting for it", () => {
  const engine = engineWith((start) => startThread({ ...start, module: {} as WebAssembly.Module }));
  expect(() => evaluateBlack(engine)).toThrow("a thread of the engine failed");
  engine.dispose();
});

it("refuses to compute when its threads are gone", () => {
  const engine = engineWith(startThread);
  engine.dispose();
  expect(() => evaluateBlack(engine)).toThrow("the engine was disposed");
});

it("starts threads from a program that is given as text", () => {
  // A thread that inherits the option takes its own program for a module, too, in which there is no require.
  const program = `
    import { compile, lenet5 } from "./dist/engine.js";
    import { RECIPES } from "./dist/index.js";
    import { startThread } from "./dist/node/index.js";
    const model = lenet5({ ...RECIPES.paper, input: { channels: 1, height: 28, width: 28 }, classes: 10 });
    const engine = compile(model, { ...RECIPES.paper, normalization: { mean: [0], deviation: [1] }, threads: 2, startThread });
    const { losses } = engine.evaluate({ pixels: new Uint8Array(784), indices: [0, 0] }, [1, 2]);
    console.log(losses.length);
  `;
  const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    encoding: "utf8",
    timeout: 60_000,
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "2\n" });
});
