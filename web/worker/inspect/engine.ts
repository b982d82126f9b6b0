import { compile, type WasmEngine } from "../../../src/engine/index.js";
import type { InspectedNetwork } from "./protocol.js";

/** An engine for a network that is looked at and not trained. */
export function engineOf(
  { model, normalization }: Omit<InspectedNetwork, "parameters">,
  batchSize: number,
): WasmEngine {
  return compile(model, {
    batchSize,
    normalization,
    optimizer: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
    keepActivations: true,
  });
}
