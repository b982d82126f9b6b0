import {
  classCount,
  elementCount,
  inferShapes,
  type Model,
  type NamedTensors,
  type ShapedLayer,
  type Tensor,
} from "../../model/index.js";
import { dropoutKeys as drawKeys } from "../../numeric/dropoutDraw.js";
import {
  type Batch,
  batchCount,
  type Engine,
  type EngineOptions,
  type LayerActivation,
  type LossSettings,
  normalizedBytes,
  type OptimizerState,
  requireAverage,
  requireBatch,
  requireNormalization,
  type SampleResults,
  type Update,
} from "../engine.js";
import { averageShare, hyperparameterValues, packHyperparameters } from "../hyperparameters.js";
import { supportsFusedArithmetic } from "./features.js";
import { FLOAT_BYTES, type Layout, NO_LABEL, PLACEMENT_WORDS, placeOffset, TILE_SAMPLES } from "./kernels/index.js";
import { readArena, writeArena } from "./parameterStore.js";
import { buildProgram, Job, type Program, Source } from "./program.js";

// Node's types have no WebAssembly: without this, programs that take neither the DOM's could not be checked with ours.
declare global {
  namespace WebAssembly {
    interface Module {}
    interface Memory {}
  }
}

/** A thread that runs the engine's program: instantiates the module on the memory and calls `thread(index)`. */
export interface EngineThread {
  /** Fulfilled once it runs, rejected where it cannot; left out where it comes to run while its creator computes. */
  readonly ready?: Promise<void>;
  /** Ends it at once, whatever it does. */
  terminate(): void;
}

/** What a thread of the engine is started with. */
export interface ThreadStart {
  /** To be instantiated with `{ environment: { memory } }`. */
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** The argument of the module's `thread` function, which does not return. */
  readonly thread: number;
  /** The index of the int32 of the memory that a thread sets to 1 when it fails, so that the others do not wait for it. */
  readonly failedWord: number;
}

/** Starts a thread. */
export type StartThread = (start: ThreadStart) => EngineThread;

/** How many threads to compute with, the caller included, and how to start the others. */
export interface Threads {
  readonly count: number;
  readonly start: StartThread;
}

export interface CompileOptions extends EngineOptions {
  /** Threads to compute with, the caller included; more than one needs `startThread`. Default 1. */
  readonly threads?: number;
  readonly startThread?: StartThread;
  /** Multiply and add in one rounding. Default: where WebAssembly here can. */
  readonly fused?: boolean;
  /** Keep every layer's output, for `activations`; a little slower. */
  readonly keepActivations?: boolean;
}

/** How many threads have something to do in a batch: no more than there are tiles. */
export function mostUsefulThreads(batchSize: number): number {
  return Math.ceil(batchSize / TILE_SAMPLES);
}

/** The functions of an engine's module. */
interface EngineExports {
  /** A job on a batch, by all threads. */
  run(): void;
  /** The evaluation of a batch of one sample, by the calling thread alone; where the model's layers allow it. */
  runSingle?(): void;
}

/**
 * Compiles a model to WebAssembly for its shapes.
 *
 * @throws ShapeError where the model's layers do not fit together, RangeError where the normalisation does not fit it
 */
export function compile(model: Model, options: CompileOptions): WasmEngine {
  return new WasmEngine(model, options);
}

/** The fast engine: WebAssembly on one or more threads, the same bits for any number of them. */
export class WasmEngine implements Engine {
  readonly model: Model;
  readonly layers: readonly ShapedLayer[];
  readonly batchSize: number;
  readonly threads: number;
  /** Whether it multiplies and adds in one rounding. */
  readonly fused: boolean;
  /** Fulfilled once all threads run, rejected where one cannot. In browsers they start only while the caller waits. */
  readonly ready: Promise<void>;

  private readonly options: CompileOptions;
  private readonly program: Program;
  private readonly functions: EngineExports;
  private readonly workers: readonly EngineThread[];
  private disposed = false;

  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly floats: Float32Array;

  constructor(model: Model, options: CompileOptions) {
    const { batchSize, threads = 1, startThread, fused = supportsFusedArithmetic(), keepActivations = false } = options;
    if (threads > 1 && !startThread) throw new TypeError("more than one thread needs startThread");
    this.layers = inferShapes(model);
    requireNormalization(model, options.normalization);
    this.model = model;
    this.batchSize = batchSize;
    this.threads = threads;
    this.fused = fused;
    this.options = options;
    this.program = buildProgram(model, this.layers, {
      batchSize,
      threads,
      shared: threads > 1,
      fused,
      optimizer: options.optimizer.type,
      averaging: Boolean(options.averaging),
      keepActivations,
    });
    const { pages, shared } = this.program.memory;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
    this.program.initialize(memory);
    this.bytes = new Uint8Array(memory.buffer);
    this.words = new Int32Array(memory.buffer);
    this.floats = new Float32Array(memory.buffer);
    this.floats.set(
      normalizedBytes(options.normalization, model.input.channels),
      this.program.addresses.normalized / FLOAT_BYTES,
    );

    const module = new WebAssembly.Module(this.program.bytes);
    const instance = new WebAssembly.Instance(module, { environment: { memory } });
    this.functions = instance.exports as unknown as EngineExports;
    const failedWord = this.program.addresses.meeting.failed / 4;
    this.workers = Array.from({ length: threads - 1 }, (_, index) =>
      startThread!({ module, memory, thread: index + 1, failedWord }),
    );
    this.ready = Promise.all(this.workers.map(({ ready }) => ready)).then(() => {});
    // Who does not wait for it hears of a failure when computing.
    this.ready.catch(() => {});
  }

  /** Bytes of WebAssembly memory that it works in. */
  get memoryBytes(): number {
    return this.bytes.length;
  }

  parameters(): NamedTensors<Float32Array> {
    return this.readTensors(this.program.addresses.weights);
  }

  setParameters(tensors: NamedTensors): void {
    this.writeTensors(this.program.addresses.weights, tensors);
  }

  optimizerState(): OptimizerState {
    const { firstMoments, secondMoments, averages } = this.program.addresses;
    const moments = { first: this.readTensors(firstMoments), second: this.readTensors(secondMoments) };
    return averages === undefined ? moments : { ...moments, average: this.readTensors(averages) };
  }

  setOptimizerState(state: OptimizerState): void {
    requireAverage(this.options, state);
    const { firstMoments, secondMoments, averages } = this.program.addresses;
    this.writeTensors(firstMoments, state.first);
    this.writeTensors(secondMoments, state.second);
    if (averages !== undefined && state.average) this.writeTensors(averages, state.average);
  }

  train(batch: Batch, labels: ArrayLike<number>, loss: LossSettings, update: Update): SampleResults {
    const { hyperparameters, dropoutKeys } = this.program.addresses;
    const { optimizer, averaging } = this.options;
    const values = {
      ...hyperparameterValues(optimizer, update),
      ...(averaging && { averageShare: averageShare(averaging, update.step) }),
    };
    this.floats.set(packHyperparameters(values), hyperparameters / FLOAT_BYTES);
    this.program.stagePlan.stages.forEach((stage, index) => {
      if (stage.type === "dropout") {
        const keys = drawKeys(loss.seed, update.step, this.layers.indexOf(stage.layer));
        this.words.set(keys, dropoutKeys / 4 + index * 2);
      }
    });
    return this.perform(Job.train, batch, labels, loss.labelSmoothing);
  }

  differentiate(batch: Batch, labels: ArrayLike<number>, labelSmoothing = 0) {
    const results = this.perform(Job.differentiate, batch, labels, labelSmoothing);
    return { ...results, gradients: this.readTensors(this.program.addresses.gradients) };
  }

  evaluate(batch: Batch, labels: ArrayLike<number>): SampleResults {
    return this.perform(Job.evaluate, batch, labels, 0);
  }

  predict(batch: Batch): Tensor<Float32Array> {
    const count = batchCount(batch, this.model);
    this.perform(Job.evaluate, batch, anyLabels(count), 0);
    const classes = classCount(this.layers);
    const { logits, logitsTileBytes } = this.program.addresses;
    const data = new Float32Array(count * classes);
    for (let sample = 0; sample < count; sample++) {
      const tile = logits + Math.floor(sample / TILE_SAMPLES) * logitsTileBytes;
      const lane = tile / FLOAT_BYTES + (sample % TILE_SAMPLES);
      for (let index = 0; index < classes; index++)
        data[sample * classes + index] = this.floats[lane + index * TILE_SAMPLES];
    }
    return { shape: [count, classes], data };
  }

  activations(batch: Batch): LayerActivation[] {
    if (!this.options.keepActivations)
      throw new Error("this engine keeps no activations: compile with keepActivations");
    const count = batchCount(batch, this.model);
    if (count > TILE_SAMPLES) throw new RangeError(`activations takes at most ${TILE_SAMPLES} samples, not ${count}`);
    this.perform(Job.evaluate, batch, anyLabels(count), 0);
    const { tensors, outputs } = this.program.stagePlan;
    return this.layers.map((layer, index) => {
      const tensor = outputs[index]!;
      const size = elementCount(layer.output);
      const data = new Float32Array(count * size);
      for (let sample = 0; sample < count; sample++) {
        const address = this.program.addresses.evaluatedTensors[tensor];
        this.readSample(address, tensors[tensor].layout, sample, data.subarray(sample * size));
      }
      return { layer, output: { shape: [count, ...layer.output], data } };
    });
  }

  dispose(): void {
    for (const worker of this.workers) worker.terminate();
    this.disposed = true;
  }

  /** Runs a job on a batch: inputs and labels in, every thread its part, results out. */
  private perform(kind: Job, batch: Batch, labels: ArrayLike<number>, labelSmoothing: number): SampleResults {
    if (this.disposed) throw new Error("the engine was disposed");
    requireBatch(this, batch, labels);
    const { job, labels: labelsAddress, losses, predictions } = this.program.addresses;
    const { words, floats } = this;
    const count = labels.length;
    const tiles = Math.ceil(count / TILE_SAMPLES);
    const firstLabel = labelsAddress / 4;
    for (let sample = 0; sample < count; sample++) words[firstLabel + sample] = labels[sample];
    words.fill(NO_LABEL, firstLabel + count, firstLabel + tiles * TILE_SAMPLES);
    words[job.source / 4] = this.writeInputs(batch);
    words[job.kind / 4] = kind;
    words[job.samples / 4] = count;
    words[job.tiles / 4] = tiles;
    floats[job.scale / 4] = 1 / count;
    floats[job.smoothing / 4] = labelSmoothing;
    const { run, runSingle } = this.functions;
    try {
      if (kind === Job.evaluate && count === 1 && runSingle) runSingle();
      else run();
    } catch (error) {
      const threadFailed = words[this.program.addresses.meeting.failed / 4] !== 0;
      throw threadFailed ? new Error("a thread of the engine failed", { cause: error }) : error;
    }
    return {
      losses: floats.slice(losses / 4, losses / 4 + count),
      predictions: words.slice(predictions / 4, predictions / 4 + count),
    };
  }

  private writeInputs(batch: Batch): Source {
    const { inputs, placements } = this.program.addresses;
    if (!("indices" in batch)) {
      this.floats.set(batch.values, inputs / FLOAT_BYTES);
      return Source.floats;
    }
    const { channels, height, width } = this.model.input;
    const pictureBytes = channels * height * width;
    for (let sample = 0; sample < batch.indices.length; sample++) {
      const start = batch.indices[sample] * pictureBytes;
      this.bytes.set(batch.pixels.subarray(start, start + pictureBytes), inputs + sample * pictureBytes);
    }
    if (!batch.placements) return Source.plain;
    this.words.set(batch.placements.subarray(0, batch.indices.length * PLACEMENT_WORDS), placements / 4);
    return Source.placed;
  }

  private readSample(tileAddress: number, layout: Layout, lane: number, target: Float32Array): void {
    let next = 0;
    for (let channel = 0; channel < layout.channels; channel++) {
      for (let row = 0; row < layout.height; row++) {
        for (let column = 0; column < layout.width; column++) {
          const address = tileAddress + placeOffset(layout, channel, row, column) + lane * FLOAT_BYTES;
          target[next++] = this.floats[address / FLOAT_BYTES];
        }
      }
    }
  }

  private arena(address: number): Float32Array {
    return this.floats.subarray(address / FLOAT_BYTES, (address + this.program.parameterLayout.bytes) / FLOAT_BYTES);
  }

  private readTensors(address: number): NamedTensors<Float32Array> {
    return readArena(this.program.parameterLayout, this.arena(address));
  }

  private writeTensors(address: number, tensors: NamedTensors): void {
    writeArena(this.program.parameterLayout, this.arena(address), tensors);
  }
}

/** Labels where only outputs are asked for, which do not depend on them. */
function anyLabels(count: number): Int32Array {
  return new Int32Array(count);
}
