import {
  classCount,
  inferShapes,
  type Model,
  type NamedTensors,
  type ShapedLayer,
  type Tensor,
} from "../../model/index.js";
import {
  averageShare,
  type Backend,
  type Differentiation,
  type Engine,
  type EngineOptions,
  type EvaluationSlice,
  type Images,
  type LayerActivation,
  type LoadedImages,
  type LossSettings,
  type MeasuringSlice,
  type NetworkSettings,
  type OptimizerSettings,
  type OptimizerState,
  type SampleResults,
  type Selection,
  type TrainingSlice,
} from "../backend.js";
import { checkedBackend } from "../checkedBackend.js";
import { type HostImages, keepOnHost } from "../hostImages.js";
import { hyperparameterValues, packHyperparameters } from "../hyperparameters.js";
import { muonMatrices } from "../muon.js";
import { type Arithmetic, isFused } from "./features.js";
import { TILE_SAMPLES } from "./kernels/index.js";
import { Machine } from "./machine.js";
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
 * Computes by WebAssembly, emitted for the model at hand, on one or more threads of the processor: the same bits for any
 * number of them. The networks of a fleet take turns on all threads.
 *
 * The calling thread computes too, so a call keeps it busy until it is answered. `compile` rejects if there is no
 * WebAssembly, if fused arithmetic is required but not real here, or if the number of threads is not possible.
 */
export function wasmBackend(options: WasmOptions = {}): Backend {
  return checkedBackend(async (networks, engineOptions) => {
    const engine = new WasmEngine(networks, engineOptions, options);
    try {
      await engine.ready;
    } catch (error) {
      engine.dispose();
      throw error;
    }
    return engine;
  });
}

/** The optimiser of networks that are not trained: it needs the least memory. */
const NO_OPTIMIZER: OptimizerSettings = { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 };

/** A network of the fleet, and where it is while another one is in its machine. */
interface Network extends Omit<NetworkSettings, "optimizer"> {
  readonly optimizer: OptimizerSettings;
  readonly machine: Machine;
  arenas?: Float32Array[];
}

/** The revision of the kernels, see `Engine.kernels`. Those of version 0.1 summed in another order. */
export const KERNELS_REVISION = 2;

class WasmEngine implements Engine {
  readonly models: readonly Model[];
  readonly layers: readonly ShapedLayer[];
  readonly batchSize: number;
  readonly arithmetic: string;
  readonly kernels = KERNELS_REVISION;
  readonly ready: Promise<void>;

  private threadCount: number;
  private readonly networks: readonly Network[];
  private readonly machines: readonly Machine[];
  /** The network that each machine holds. */
  private readonly resident = new Map<Machine, Network>();

  constructor(
    networks: readonly NetworkSettings[],
    { batchSize, keepActivations = false }: EngineOptions,
    { threads, arithmetic }: WasmOptions,
  ) {
    requireThreads(threads);
    const fused = isFused(arithmetic);
    this.models = networks.map(({ model }) => model);
    this.layers = inferShapes(this.models[0]);
    this.batchSize = batchSize;
    this.arithmetic = fused ? "wasm-fused" : "wasm-portable";
    // Networks with the same program share it, one at a time.
    const machines = new Map<string, Machine>();
    this.networks = networks.map((settings) => {
      const { model, optimizer = NO_OPTIMIZER, rubbishPenalty } = settings;
      const averaging = Boolean(settings.averaging);
      const muon = optimizer.type === "muon" ? muonMatrices(inferShapes(model), optimizer) : [];
      const kind = optimizer.type === "muon" ? "adamw" : optimizer.type;
      const key = JSON.stringify([model, kind, muon, averaging, rubbishPenalty]);
      let machine = machines.get(key);
      if (!machine) {
        const program = {
          batchSize,
          fused,
          optimizer: kind,
          muon,
          averaging,
          rubbishPenalty,
          keepActivations,
        } as const;
        machine = new Machine(model, inferShapes(model), program, threads);
        machines.set(key, machine);
      }
      return { ...settings, optimizer, machine };
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

  async optimizerState(network = 0): Promise<OptimizerState> {
    const machine = this.machineWith(network);
    const moments = { first: machine.read("firstMoments"), second: machine.read("secondMoments") };
    return this.networks[network].averaging ? { ...moments, average: machine.read("averages") } : moments;
  }

  async setOptimizerState(state: OptimizerState, network = 0): Promise<void> {
    const machine = this.machineWith(network);
    machine.write("firstMoments", state.first);
    machine.write("secondMoments", state.second);
    if (state.average) machine.write("averages", state.average);
  }

  async train(images: LoadedImages, slices: readonly (TrainingSlice | undefined)[]): Promise<SampleResults[]> {
    return slices.map((slice, network) => (slice ? this.trainNetwork(images, slice, network) : resultsFor(0)));
  }

  async evaluate(images: LoadedImages, slices: readonly (EvaluationSlice | undefined)[]): Promise<SampleResults[]> {
    return slices.map((slice, network) => (slice ? this.evaluateNetwork(images, slice, network) : resultsFor(0)));
  }

  async measureStatistics(images: LoadedImages, slice: MeasuringSlice, network = 0): Promise<void> {
    const machine = this.machineWith(network);
    const { seed, batchesBefore = 0 } = slice;
    this.batches(images, slice).forEach((batch, index) => {
      const number = batchesBefore + index + 1;
      machine.prepareStep(seed, number, 1 / number);
      machine.perform(Job.measure, batch, {});
    });
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

  async differentiate(
    images: LoadedImages,
    selection: Selection = {},
    loss: Partial<LossSettings> = {},
    network = 0,
  ): Promise<Differentiation> {
    const machine = this.machineWith(network);
    const [batch] = this.batches(images, selection);
    const results = resultsFor(batch.end);
    machine.perform(Job.differentiate, batch, loss, results);
    return { ...results, gradients: machine.read("gradients") };
  }

  dispose(): void {
    for (const machine of this.machines) machine.dispose();
  }

  private trainNetwork(images: LoadedImages, slice: TrainingSlice, network: number): SampleResults {
    const { optimizer, averaging } = this.networks[network];
    const { seed, updates } = slice;
    const batches = this.batches(images, slice);
    const results = resultsFor(batches[batches.length - 1].end);
    const machine = this.machineWith(network);
    updates.forEach((update, step) => {
      const values = hyperparameterValues(optimizer, update);
      if (averaging) values.averageShare = averageShare(averaging, update.step);
      machine.setHyperparameters(packHyperparameters(values));
      machine.prepareStep(seed, update.step);
      machine.perform(Job.train, batches[step], slice, results);
    });
    return results;
  }

  private evaluateNetwork(images: LoadedImages, slice: EvaluationSlice, network: number): SampleResults {
    const batches = this.batches(images, slice);
    const results = resultsFor(batches[batches.length - 1].end);
    const machine = this.machineWith(network);
    const average = slice.weights === "average";
    if (average) machine.swapAverage();
    try {
      for (const batch of batches) machine.perform(Job.evaluate, batch, {}, results);
    } finally {
      if (average) machine.swapAverage();
    }
    return results;
  }

  /** The machine of a network, with that network in it. */
  private machineWith(index: number): Machine {
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
  private batches(images: LoadedImages, selection: Selection, size = this.batchSize) {
    const { images: host } = images as HostImages;
    const { indices = [], placements } = selection;
    return Array.from({ length: Math.ceil(indices.length / size) }, (_, batch) => {
      const start = batch * size;
      return { images: host, indices, placements, start, end: Math.min(start + size, indices.length) };
    });
  }
}

function resultsFor(count: number): SampleResults {
  return { losses: new Float32Array(count), predictions: new Int32Array(count) };
}
