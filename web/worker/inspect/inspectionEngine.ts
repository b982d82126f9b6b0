import type { Engine } from "../../../src/engine/backend.js";
import { wasmBackend } from "../../../src/engine/wasm/wasmBackend.js";
import type { InspectedNetwork } from "./protocol.js";

/** An engine for inspecting a network, with its parameters set; not for training. */
export async function inspectionEngine(
  { model, normalization, parameters }: InspectedNetwork,
  batchSize: number,
): Promise<Engine> {
  const engine = await wasmBackend().compile([{ model, normalization }], { batchSize, keepActivations: true });
  await engine.setParameters(parameters);
  return engine;
}
