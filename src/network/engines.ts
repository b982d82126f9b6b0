import type { Engine } from "../engine/backend.js";
import { wasmBackend } from "../engine/wasm/wasmBackend.js";
import type { NamedTensors } from "../model/index.js";
import type { LeNet5 } from "./lenet5.js";

/** The maximum number of images that are computed at once. */
export const BATCH_SIZE = 32;

/** An engine, the parameters it currently has, and its last pending call. */
interface Loaded {
  readonly engine: Promise<Engine>;
  parameters?: NamedTensors;
  last: Promise<unknown>;
}

type Engines = WeakMap<LeNet5, Loaded>;

const engines: Engines = new WeakMap();
const enginesThatKeepActivations: Engines = new WeakMap();

/**
 * Calls a single-threaded engine with the network's parameters, compiled on first use. Calls run one after another,
 * each with the parameters that the network has when the call starts.
 */
export function withEngine<Answer>(
  network: LeNet5,
  ask: (engine: Engine) => Promise<Answer>,
  { keepActivations = false } = {},
): Promise<Answer> {
  const known = keepActivations ? enginesThatKeepActivations : engines;
  let loaded = known.get(network);
  if (!loaded) {
    const { model, normalization } = network;
    const options = { batchSize: BATCH_SIZE, keepActivations };
    loaded = { engine: wasmBackend().compile([{ model, normalization }], options), last: Promise.resolve() };
    known.set(network, loaded);
  }
  const answer = loaded.last.then(() => ready(loaded, network)).then(ask);
  loaded.last = answer.catch(() => {});
  return answer;
}

async function ready(loaded: Loaded, { parameters }: LeNet5): Promise<Engine> {
  const engine = await loaded.engine;
  if (loaded.parameters !== parameters) {
    await engine.setParameters(parameters);
    loaded.parameters = parameters;
  }
  return engine;
}
