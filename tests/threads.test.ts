import { expect, it } from "vitest";
import { compile, lenet5, RECIPES, type StartThread } from "../src/index.js";
import { startThread } from "../src/node/threads.js";

const model = lenet5({ ...RECIPES.improved, input: { channels: 1, height: 28, width: 28 }, classes: 10 });

function evaluateWith(start: StartThread) {
  const engine = compile(model, {
    batchSize: 16,
    optimizer: RECIPES.improved.optimizer,
    normalization: { mean: [0.5], deviation: [0.5] },
    threads: 2,
    startThread: start,
  });
  try {
    return engine.evaluate({ pixels: new Uint8Array(784), indices: new Uint32Array(16) }, new Uint8Array(16));
  } finally {
    engine.dispose();
  }
}

it("computes with a thread that is started", () => {
  const { losses } = evaluateWith(startThread);
  // Without parameters all logits are 0.
  for (const loss of losses) expect(loss).toBeCloseTo(Math.log(10), 6);
});

it("throws where a thread fails instead of waiting for it", () => {
  expect(() => evaluateWith((start) => startThread({ ...start, module: {} as WebAssembly.Module }))).toThrow(
    "a thread of the engine failed",
  );
});
