// Evaluates a network in a worker, to keep the page responsive.

import { wasmBackend } from "../../../src/engine/wasm/wasmBackend.js";
import { evaluateDataset } from "../../../src/training/evaluate.js";
import type { EvaluationEvent, EvaluationRequest } from "./protocol.js";

const BATCH = 64;

addEventListener("message", async ({ data }: MessageEvent<EvaluationRequest>) => {
  try {
    const { model, parameters, normalization, dataset, indices } = data;
    const engine = await wasmBackend().compile([{ model, normalization }], { batchSize: BATCH });
    await engine.setParameters(parameters);
    const evaluation = await evaluateDataset(engine, dataset, indices, {
      onProgress: (progress) => report({ type: "progress", progress }),
    });
    report({ type: "done", evaluation });
  } catch (error) {
    report({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
});

function report(event: EvaluationEvent): void {
  postMessage(event);
}
