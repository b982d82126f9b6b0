// Judges a network in a worker, so that the page stays free to draw.

import { compile, evaluateDataset } from "../../../src/engine.js";
import { RECIPES } from "../../../src/index.js";
import type { EvaluationEvent, EvaluationRequest } from "./protocol.js";

const BATCH = 64;

addEventListener("message", async ({ data }: MessageEvent<EvaluationRequest>) => {
  try {
    const { model, parameters, normalization, dataset, indices } = data;
    const engine = compile(model, { ...RECIPES.paper, batchSize: BATCH, normalization });
    engine.setParameters(parameters);
    const evaluation = await evaluateDataset(engine, dataset, indices, {
      onProgress: (progress) => tell({ type: "progress", progress }),
    });
    tell({ type: "done", evaluation });
  } catch (error) {
    tell({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
});

function tell(event: EvaluationEvent): void {
  postMessage(event);
}
