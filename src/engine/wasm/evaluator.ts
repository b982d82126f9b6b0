import {
  classCount,
  inferShapes,
  type Model,
  type NamedTensors,
  type Normalization,
  type ShapedLayer,
  type Tensor,
} from "../../model/index.js";
import type {
  EngineOptions,
  EvaluationSlice,
  Evaluator,
  Images,
  LayerActivation,
  LoadedImages,
  NetworkSettings,
  SampleResults,
  Selection,
} from "../backend.js";
import { type HostImages, keepOnHost } from "../hostImages.js";
import { type Arithmetic, isFused } from "./features.js";
import { TILE_SAMPLES } from "./kernels/index.js";
import { Machine, type MachineOptions } from "./machine.js";
import { Job } from "./program.js";
import { requireThreads, type Threads } from "./threads.js";

/** How the processor computes. None of it changes a bit but `arithmetic`. */
export interface WasmOptions {
  /**
   * Threads to compute with, from `threads()` of `lenet/node` or `lenet/browser`. Default: only the calling thread.
   */
  readonly threads?: Threads;
  /** How multiply-add rounds. Default: fused where that is real, see `supportsFusedArithmetic`. */
  readonly arithmetic?: Arithmetic;
}

/**
 * Compiles a network for evaluation only: the same bits as an engine of `wasmBackend`, without what trains. A page that
 * needs no more takes 20 kB less, and the module is smaller. It checks nothing: requests
 * that may be wrong, or select no images, go through a `CheckedEvaluator`.
 */
export function wasmEvaluator(
  network: Pick<NetworkSettings, "model" | "normalization">,
  options: EngineOptions,
  wasm: WasmOptions = {},
): Promise<Evaluator> {
  const create: MachinePlan<Machine>["create"] = (...needs) => new Machine(...needs);
  return ready(new WasmEvaluator([network], options, wasm, () => ({ kind: "evaluation", create })));
}

/** The engine, when its threads run. */
export async function ready<Engine extends WasmEvaluator>(engine: Engine): Promise<Engine> {
  try {
    await engine.ready;
  } catch (error) {
    engine.dispose();
    throw error;
  }
  return engine;
}

/** How to make a network's machine. */
export interface MachinePlan<Of extends Machine> {
  /** What the program depends on besides the model; equal programs are shared. */
  readonly kind: unknown;
  create(
    model: Model,
    layers: readonly ShapedLayer[],
    options: Omit<MachineOptions, "training">,
    threads: Threads | undefined,
  ): Of;
}

/** A network of the fleet, and where it is while another one is in its machine. */
interface Network<Of> {
  readonly normalization: Normalization;
  readonly machine: Of;
  arenas?: Float32Array[];
}

/** The revision of the kernels, see `Engine.kernels`. Those of version 0.1 summed in another order. */
export const KERNELS_REVISION = 2;

/** Computes by WebAssembly; see {@link wasmEvaluator}. */
export class WasmEvaluator<Of extends Machine = Machine> implements Evaluator {
  readonly models: readonly Model[];
  readonly layers: readonly ShapedLayer[];
  readonly batchSize: number;
  readonly arithmetic: string;
  readonly kernels = KERNELS_REVISION;
  readonly ready: Promise<void>;

  private threadCount: number;
  private readonly networks: readonly Network<Of>[];
  private readonly machines: readonly Of[];
  /** The network that each machine holds. */
  private readonly resident = new Map<Of, Network<Of>>();

  constructor(
    networks: readonly NetworkSettings[],
    { batchSize, keepActivations = false }: EngineOptions,
    { threads, arithmetic }: WasmOptions,
    plan: (settings: NetworkSettings) => MachinePlan<Of>,
  ) {
    requireThreads(threads);
    const fused = isFused(arithmetic);
    this.models = networks.map(({ model }) => model);
    this.layers = inferShapes(this.models[0]);
    this.batchSize = batchSize;
    this.arithmetic = fused ? "wasm-fused" : "wasm-portable";
    // Networks with the same program share it, one at a time.
    const machines = new Map<string, Of>();
    this.networks = networks.map((settings) => {
      const { model, rubbishPenalty, normalization } = settings;
      const { kind, create } = plan(settings);
      const key = JSON.stringify([model, rubbishPenalty, kind]);
      const machine =
        machines.get(key) ??
        create(model, inferShapes(model), { batchSize, fused, rubbishPenalty, keepActivations }, threads);
      machines.set(key, machine);
      return { normalization, machine };
    });
    this.machines = [...machines.values()];
    this.ready = Promise.all(this.machines.map(({ ready }) => ready)).then(() => {
      if (!threads?.atMost || threads.count === 1) return;
      this.threadCount = Math.max(...this.machines.map((machine) => machine.chooseThreads(batchSize)));
    });
    this.threadCount = threads?.count ?? 1;
  }

  get threads(): number {
    return this.threadCount;
  }

  get memoryBytes(): number {
    return this.machines.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  }

  async load(images: Images): Promise<LoadedImages> {
    return keepOnHost(images, this.models[0]);
  }

  async parameters(network = 0): Promise<NamedTensors<Float32Array>> {
    return this.machineWith(network).read("weights");
  }

  async setParameters(tensors: NamedTensors, network = 0): Promise<void> {
    this.machineWith(network).write("weights", tensors);
  }

  async evaluate(images: LoadedImages, slices: readonly (EvaluationSlice | undefined)[]): Promise<SampleResults[]> {
    return slices.map((slice, network) => (slice ? this.evaluateNetwork(images, slice, network) : resultsFor(0)));
  }

  async predict(images: LoadedImages, selection: Selection = {}, network = 0): Promise<Tensor<Float32Array>> {
    const machine = this.machineWith(network);
    const classes = classCount(this.layers);
    const { length: count } = selection.indices ?? [];
    const data = new Float32Array(count * classes);
    for (const batch of this.batches(images, selection)) {
      machine.perform(Job.evaluate, batch, {});
      machine.readLogits(batch.end - batch.start, classes, data, batch.start * classes);
    }
    return { shape: [count, classes], data };
  }

  async activations(images: LoadedImages, selection: Selection = {}, network = 0): Promise<LayerActivation[]> {
    const machine = this.machineWith(network);
    const { length: count } = selection.indices ?? [];
    const activations = this.layers.map((layer) => {
      const shape = [count, ...layer.output];
      return { layer, output: { shape, data: new Float32Array(shape.reduce((size, extent) => size * extent)) } };
    });
    const outputs = activations.map(({ output }) => output);
    // A thread keeps the activations of one tile.
    for (const batch of this.batches(images, selection, TILE_SAMPLES)) {
      machine.perform(Job.evaluate, batch, {});
      machine.readOutputs(batch.end - batch.start, outputs, batch.start);
    }
    return activations;
  }

  dispose(): void {
    for (const machine of this.machines) machine.dispose();
  }

  protected evaluateNetwork(images: LoadedImages, slice: EvaluationSlice, network: number): SampleResults {
    const batches = this.batches(images, slice);
    const results = resultsFor(batches[batches.length - 1].end);
    const machine = this.machineWith(network);
    for (const batch of batches) machine.perform(Job.evaluate, batch, {}, results);
    return results;
  }

  /** The machine of a network, with that network in it. */
  protected machineWith(index: number): Of {
    const network = this.networks[index];
    const { machine } = network;
    const resident = this.resident.get(machine);
    if (resident !== network) {
      if (resident) resident.arenas = machine.snapshot();
      machine.restore(network.arenas);
      machine.setNormalization(network.normalization);
      network.arenas = undefined;
      this.resident.set(machine, network);
    }
    return machine;
  }

  /** A selection in batches. */
  protected batches(images: LoadedImages, selection: Selection, size = this.batchSize) {
    const { images: host } = images as HostImages;
    const { indices = [], placements } = selection;
    return Array.from({ length: Math.ceil(indices.length / size) }, (_, batch) => {
      const start = batch * size;
      return { images: host, indices, placements, start, end: Math.min(start + size, indices.length) };
    });
  }
}

/** Results to be filled in. */
export function resultsFor(count: number): SampleResults {
  return { losses: new Float32Array(count), predictions: new Int32Array(count) };
}
