import type { AugmentationDraw } from "../../data/augmentation.js";
import {
  elementCount,
  type Model,
  type NamedTensors,
  type Normalization,
  normalizedBytes,
  type ShapedLayer,
  type Tensor,
} from "../../model/index.js";
import type { Images, LossSettings, SampleResults } from "../backend.js";
import { imageSize } from "../hostImages.js";
import { compileModule } from "./features.js";
import { Failure, FLOAT_BYTES, type Layout, NO_LABEL, placeOffset, TILE_SAMPLES } from "./kernels/index.js";
import { readArena, writeArena } from "./parameterStore.js";
import { buildProgram, Job, type Program, type ProgramOptions, Source } from "./program.js";
import type { EngineThread, Threads } from "./threads.js";

/** Some of the loaded images as one batch: from a place of the indices to before another. */
export interface Batch {
  readonly images: Images;
  readonly indices: ArrayLike<number>;
  readonly start: number;
  readonly end: number;
  readonly placements?: AugmentationDraw | Int32Array;
}

/** The arenas that a network is, by the names of their addresses. */
const STATE = ["weights", "firstMoments", "secondMoments", "averages"] as const;
/** One of the arenas, which hold a value for each parameter. */
export type Arena = (typeof STATE)[number] | "gradients";

/** What to say of a thread that failed. */
const FAILURES: Readonly<Record<number, string>> = {
  [Failure.ended]: "a thread of the engine failed",
  [Failure.rounding]: "a thread of the engine rounds multiply-add twice, but the calling thread once",
  [Failure.silent]: "a thread of the engine died, or was stopped: it has done nothing for ten seconds",
};

/** The functions of a program's module. */
interface ProgramExports {
  /** A job on a batch, by all threads. */
  run(): void;
  /** The evaluation of a batch of one sample, on the calling thread; only if all layers have a kernel for it. */
  runSingle?(): void;
}

/** Limits of the measurement that chooses the number of threads. */
const LEAST_ROUNDS = 6;
const MOST_ROUNDS = 20;
const MOST_MILLISECONDS = 60;
/** More threads are used if they are faster by more than the measurement's noise. */
const WORTH_A_THREAD = 1.05;

/** 1, 2, 4 … and the most: the numbers of threads worth trying. */
function threadCounts(most: number): number[] {
  const powers = Array.from({ length: Math.ceil(Math.log2(most)) }, (_, exponent) => 2 ** exponent);
  return [...powers, most];
}

/** How a machine's program is made; the machine adds its threads. */
export type MachineOptions = Omit<ProgramOptions, "threads" | "shared">;

/** A program on its memory and its threads. It holds one network at a time; see {@link Machine.snapshot}. */
export class Machine {
  readonly program: Program;
  /** Fulfilled once all threads run, rejected if one cannot. In browsers they start only while the caller waits. */
  readonly ready: Promise<void>;

  protected readonly model: Model;
  protected readonly layers: readonly ShapedLayer[];
  protected readonly words: Int32Array;
  protected readonly floats: Float32Array;
  /** The job whose time chooses the number of threads: the most work that the program does without a result. */
  protected readonly measuredJob: Job = Job.evaluate;
  private readonly functions: ProgramExports;
  private readonly workers: readonly EngineThread[];
  private readonly bytes: Uint8Array;
  private disposed = false;

  /** @param threads only the calling thread if undefined */
  constructor(model: Model, layers: readonly ShapedLayer[], options: MachineOptions, threads: Threads | undefined) {
    this.model = model;
    this.layers = layers;
    const count = threads?.count ?? 1;
    this.program = buildProgram(model, layers, { ...options, threads: count, shared: count > 1 });
    const { pages, shared } = this.program.memory;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
    this.program.initialize(memory);
    this.bytes = new Uint8Array(memory.buffer);
    this.words = new Int32Array(memory.buffer);
    this.floats = new Float32Array(memory.buffer);
    this.program.useThreads(this.words, count);

    const module = compileModule(this.program.bytes);
    const instance = new WebAssembly.Instance(module, { environment: { memory } });
    this.functions = instance.exports as unknown as ProgramExports;
    const failedWord = this.program.addresses.meeting.failed / 4;
    this.workers = Array.from({ length: count - 1 }, (_, index) =>
      threads!.start({ module, memory, thread: index + 1, failedWord }),
    );
    this.ready = Promise.all(this.workers.map(({ ready }) => ready)).then(() => {});
  }

  /**
   * Finds by measurement how many threads are the fastest for batches of the program's size, and retires the others. The
   * time is that of an evaluation or, if the program trains, of a step without its update, on images of zeros. The bits do not depend on it.
   *
   * @returns the number of threads left
   */
  chooseThreads(batchSize: number): number {
    const images = { values: new Float32Array(imageSize(this.model)) };
    const most = this.workers.length + 1;
    // With this many tiles, more would only take longer.
    const end = Math.min(batchSize, 2 * most * TILE_SAMPLES);
    const batch = { images, indices: new Int32Array(end), start: 0, end };
    const counts = threadCounts(most).map((count) => ({ count, best: Number.POSITIVE_INFINITY }));
    const started = performance.now();
    for (let round = 0; round < MOST_ROUNDS; round++) {
      if (round >= LEAST_ROUNDS && performance.now() - started > MOST_MILLISECONDS) break;
      for (const each of counts.toReversed()) {
        this.program.useThreads(this.words, each.count);
        const before = performance.now();
        this.perform(this.measuredJob, batch, {});
        const time = performance.now() - before;
        // In the first rounds threads start, and V8 still compiles.
        if (round >= LEAST_ROUNDS / 2) each.best = Math.min(each.best, time);
      }
    }
    const best = Math.min(...counts.map((each) => each.best));
    const { count } = counts.find((each) => each.best <= best * WORTH_A_THREAD)!;
    this.program.useThreads(this.words, count);
    this.words[this.program.addresses.meeting.retired / 4] = count;
    return count;
  }

  get memoryBytes(): number {
    return this.bytes.length;
  }

  /** Sets how bytes become inputs. */
  setNormalization(normalization: Normalization): void {
    const table = normalizedBytes(normalization, this.model.input.channels);
    this.floats.set(table, this.program.addresses.normalized / FLOAT_BYTES);
  }

  /** Copies an arena out, tensor by tensor. */
  read(arena: Arena): NamedTensors<Float32Array> {
    const hasBuffers = arena === "weights" || arena === "averages";
    return readArena(this.program.parameterLayout, this.arena(arena)!, hasBuffers);
  }

  /** Copies tensors into an arena: one for each parameter and, if it has them, each buffer. */
  write(arena: Arena, tensors: NamedTensors): void {
    writeArena(this.program.parameterLayout, this.arena(arena)!, tensors);
  }

  /** Copies out the network's state, which makes room for another network. */
  snapshot(): Float32Array[] {
    return this.state().map((arena) => arena.slice());
  }

  /** Takes a network's state back; without one, the network is new: all zeros. */
  restore(snapshot?: readonly Float32Array[]): void {
    this.state().forEach((arena, index) => {
      if (snapshot) arena.set(snapshot[index]);
      else arena.fill(0);
    });
  }

  /**
   * Runs a job on a batch, every thread its part, and writes losses and predictions into the results from a place on.
   * Images without labels have the label 0 each.
   */
  perform(kind: Job, batch: Batch, loss: Partial<LossSettings>, results?: SampleResults): void {
    if (this.disposed) throw new Error("the engine was disposed");
    const { job, labels, losses, predictions, meeting } = this.program.addresses;
    const { words, floats } = this;
    const { images, indices, start, end } = batch;
    const count = end - start;
    const tiles = Math.ceil(count / TILE_SAMPLES);
    const firstLabel = labels / 4;
    for (let sample = 0; sample < count; sample++) {
      words[firstLabel + sample] = images.labels?.[indices[start + sample]] ?? 0;
    }
    words.fill(NO_LABEL, firstLabel + count, firstLabel + tiles * TILE_SAMPLES);
    words[job.source / 4] = this.writeInputs(batch);
    words[job.kind / 4] = kind;
    words[job.samples / 4] = count;
    words[job.tiles / 4] = tiles;
    floats[job.scale / 4] = 1 / count;
    floats[job.smoothing / 4] = loss.labelSmoothing ?? 0;
    this.prepareLoss(batch, loss);
    const { run, runSingle } = this.functions;
    try {
      if (kind === Job.evaluate && count === 1 && runSingle) runSingle();
      else run();
    } catch (error) {
      const failure = FAILURES[words[meeting.failed / 4]];
      throw failure === undefined ? error : new Error(failure, { cause: error });
    }
    if (!results) return;
    // Loops, because making a view for each step costs more than they do, and keeps the garbage collector busy.
    for (let sample = 0; sample < count; sample++) {
      results.losses[start + sample] = floats[losses / 4 + sample];
      results.predictions[start + sample] = words[predictions / 4 + sample];
    }
  }

  /** Copies the logits of the last batch: [count][classes]. */
  readLogits(count: number, classes: number, target: Float32Array, offset: number): void {
    const { logits, logitsTileBytes } = this.program.addresses;
    for (let sample = 0; sample < count; sample++) {
      const tile = logits + Math.floor(sample / TILE_SAMPLES) * logitsTileBytes;
      const lane = tile / FLOAT_BYTES + (sample % TILE_SAMPLES);
      for (let index = 0; index < classes; index++) {
        target[offset + sample * classes + index] = this.floats[lane + index * TILE_SAMPLES];
      }
    }
  }

  /**
   * Copies every layer's output of the last batch, which is one tile, into tensors for more samples from a place on.
   */
  readOutputs(count: number, targets: readonly Tensor<Float32Array>[], start: number): void {
    const { tensors, outputs } = this.program.stagePlan;
    targets.forEach(({ data }, index) => {
      const tensor = outputs[index]!;
      const size = elementCount(this.layers[index].output);
      for (let sample = 0; sample < count; sample++) {
        const address = this.program.addresses.evaluatedTensors[tensor];
        this.readSample(address, tensors[tensor].layout, sample, data.subarray((start + sample) * size));
      }
    });
  }

  dispose(): void {
    for (const worker of this.workers) worker.terminate();
    this.disposed = true;
  }

  /** Writes what the loss of a batch depends on besides the labels, which are in memory. */
  protected prepareLoss(_batch: Batch, _loss: Partial<LossSettings>): void {}

  /** Writes how the images of a batch are transformed. */
  protected writePlacements(_batch: Batch, _placements: AugmentationDraw | Int32Array): Source {
    throw new Error("images are transformed in training only");
  }

  private writeInputs(batch: Batch): Source {
    const { images, indices, start, end, placements } = batch;
    const { addresses } = this.program;
    const size = imageSize(this.model);
    if ("values" in images) {
      for (let place = start; place < end; place++) {
        const first = indices[place] * size;
        const target = addresses.inputs / FLOAT_BYTES + (place - start) * size;
        this.floats.set(images.values.subarray(first, first + size), target);
      }
      return Source.floats;
    }
    for (let place = start; place < end; ) {
      // Images that follow each other, as in an evaluation, are one copy.
      const first = indices[place];
      let neighbours = 1;
      while (place + neighbours < end && indices[place + neighbours] === first + neighbours) neighbours++;
      const bytes = images.pixels.subarray(first * size, (first + neighbours) * size);
      this.bytes.set(bytes, addresses.inputs + (place - start) * size);
      place += neighbours;
    }
    return placements ? this.writePlacements(batch, placements) : Source.plain;
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

  /** Undefined for the averages of a program without averaging. */
  protected arena(name: Arena): Float32Array | undefined {
    const address = this.program.addresses[name];
    if (address === undefined) return undefined;
    return this.floats.subarray(address / FLOAT_BYTES, (address + this.program.parameterLayout.bytes) / FLOAT_BYTES);
  }

  private state(): Float32Array[] {
    return STATE.flatMap((name) => this.arena(name) ?? []);
  }
}
