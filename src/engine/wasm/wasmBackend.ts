import { inferShapes } from "../../model/index.js";
import {
  averageShare,
  type Backend,
  type Differentiation,
  type Engine,
  type EngineOptions,
  type EvaluationSlice,
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
import { hyperparameterValues, packHyperparameters } from "../hyperparameters.js";
import { muonMatrices } from "../muon.js";
import { type MachinePlan, ready, resultsFor, WasmEvaluator, type WasmOptions } from "./evaluator.js";
import { Job } from "./program.js";
import { TRAINING_CODE } from "./trainingCode.js";
import { TrainingMachine } from "./trainingMachine.js";

/**
 * Computes by WebAssembly, emitted for the model at hand, on one or more threads of the processor: the same bits for any
 * number of them. The networks of a fleet take turns on all threads.
 *
 * The calling thread computes too, so a call keeps it busy until it is answered. `compile` rejects if there is no
 * WebAssembly, if fused arithmetic is required but not real here, or if the number of threads is not possible.
 */
export function wasmBackend(options: WasmOptions = {}): Backend {
  return checkedBackend((networks, engineOptions) => ready(new WasmEngine(networks, engineOptions, options)));
}

/** The optimiser of networks that are not trained: it needs the least memory. */
const NO_OPTIMIZER: OptimizerSettings = { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 };

/** A machine for a network's optimizer. */
function trainingPlan({ model, optimizer = NO_OPTIMIZER, averaging }: NetworkSettings): MachinePlan<TrainingMachine> {
  const training = {
    optimizer: optimizer.type === "muon" ? "adamw" : optimizer.type,
    averaging: Boolean(averaging),
    muon: optimizer.type === "muon" ? muonMatrices(inferShapes(model), optimizer) : [],
  } as const;
  return {
    kind: training,
    create: (of, layers, options, threads) =>
      new TrainingMachine(of, layers, { ...options, training: { ...training, code: TRAINING_CODE } }, threads),
  };
}

class WasmEngine extends WasmEvaluator<TrainingMachine> implements Engine {
  private readonly settings: readonly NetworkSettings[];

  constructor(networks: readonly NetworkSettings[], options: EngineOptions, wasm: WasmOptions) {
    super(networks, options, wasm, trainingPlan);
    this.settings = networks;
  }

  async optimizerState(network = 0): Promise<OptimizerState> {
    const machine = this.machineWith(network);
    const moments = { first: machine.read("firstMoments"), second: machine.read("secondMoments") };
    return this.settings[network].averaging ? { ...moments, average: machine.read("averages") } : moments;
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

  async measureStatistics(images: LoadedImages, slice: MeasuringSlice, network = 0): Promise<void> {
    const machine = this.machineWith(network);
    const { seed, batchesBefore = 0 } = slice;
    this.batches(images, slice).forEach((batch, index) => {
      const number = batchesBefore + index + 1;
      machine.prepareStep(seed, number, 1 / number);
      machine.perform(Job.measure, batch, {});
    });
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

  protected override evaluateNetwork(images: LoadedImages, slice: EvaluationSlice, network: number): SampleResults {
    if (slice.weights !== "average") return super.evaluateNetwork(images, slice, network);
    const machine = this.machineWith(network);
    machine.swapAverage();
    try {
      return super.evaluateNetwork(images, slice, network);
    } finally {
      machine.swapAverage();
    }
  }

  private trainNetwork(images: LoadedImages, slice: TrainingSlice, network: number): SampleResults {
    const { optimizer = NO_OPTIMIZER, averaging } = this.settings[network];
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
}
