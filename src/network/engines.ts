import { compile, type WasmEngine } from "../engine/index.js";
import type { NamedTensors } from "../model/index.js";
import type { LeNet5 } from "./lenet5.js";

/** The most pictures that go through a network at once. */
export const BATCH_SIZE = 32;

/** An engine and the parameters that it holds. */
interface Loaded {
  readonly engine: WasmEngine;
  parameters?: NamedTensors;
}

type Engines = WeakMap<LeNet5, Loaded>;

const engines: Engines = new WeakMap();
const enginesThatKeepActivations: Engines = new WeakMap();

/** An engine of one thread with the network's parameters, compiled when it is first asked for. */
export function engineOf(network: LeNet5, { keepActivations = false } = {}): WasmEngine {
  const known = keepActivations ? enginesThatKeepActivations : engines;
  const loaded: Loaded = known.get(network) ?? { engine: compileFor(network, keepActivations) };
  known.set(network, loaded);
  if (loaded.parameters !== network.parameters) {
    loaded.engine.setParameters(network.parameters);
    loaded.parameters = network.parameters;
  }
  return loaded.engine;
}

function compileFor({ model, normalization }: LeNet5, keepActivations: boolean): WasmEngine {
  return compile(model, {
    batchSize: BATCH_SIZE,
    normalization,
    // It takes no step; this one needs the least memory.
    optimizer: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
    keepActivations,
  });
}
