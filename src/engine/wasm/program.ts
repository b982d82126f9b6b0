import { classCount, type Model, type ShapedLayer } from "../../model/index.js";
import {
  type FunctionBuilder,
  type FunctionHandle,
  f32,
  type Integer,
  i32,
  type Local,
  type MemoryType,
  ModuleBuilder,
} from "./assembler/index.js";
import {
  type AssemblyKernels,
  assemblyScratchBytes,
  emitAssembly,
  emitCrossEntropy,
  emitOptimizer,
  emitSynchronization,
  FLOAT_BYTES,
  HYPERPARAMETER_WORDS,
  type KernelContext,
  type MeetingPoint,
  type OptimizerKind,
  PLACE_BYTES,
  PLACEMENT_WORDS,
  StaticData,
  TILE_SAMPLES,
  tileBytes,
  VECTOR_BYTES,
} from "./kernels/index.js";
import { MemoryPlan } from "./memoryPlan.js";
import { layoutParameters, type ParameterLayout } from "./parameterStore.js";
import { emitSingleSample } from "./singleSample.js";
import { emitStage, type TilePointers } from "./stageCode.js";
import { planStages, type StagePlan } from "./stages.js";

export interface ProgramOptions {
  readonly batchSize: number;
  readonly threads: number;
  /** Whether the memory is shared between threads. */
  readonly shared: boolean;
  /** Whether to multiply and add in one rounding. */
  readonly fused: boolean;
  readonly optimizer: OptimizerKind;
  /** Whether every step moves an average of the weights. */
  readonly averaging: boolean;
  readonly keepActivations: boolean;
}

/** What the threads are asked to do with a batch. */
export const Job = { evaluate: 1, differentiate: 2, train: 3 } as const;
export type Job = (typeof Job)[keyof typeof Job];

/** How the batch's inputs are stored. */
export const Source = { plain: 0, placed: 1, floats: 2 } as const;
export type Source = (typeof Source)[keyof typeof Source];

/** Addresses of the words that describe a job: kind, samples and tiles of the batch, source; float32 scale, smoothing. */
export interface JobWords {
  readonly kind: number;
  readonly samples: number;
  readonly tiles: number;
  readonly source: number;
  readonly scale: number;
  readonly smoothing: number;
}

/** Where everything that the host reads or writes lies in the module's memory. */
export interface Addresses {
  readonly meeting: MeetingPoint;
  readonly job: JobWords;
  readonly hyperparameters: number;
  /** Two words a dropout layer. */
  readonly dropoutKeys: number;
  /** float32 [channels][256] */
  readonly normalized: number;
  /** Bytes or float32 of the batch's inputs, [count][channels][height][width]. */
  readonly inputs: number;
  readonly placements: number;
  readonly labels: number;
  readonly losses: number;
  readonly predictions: number;
  /** [tile][classes][8] */
  readonly logits: number;
  readonly logitsTileBytes: number;
  readonly weights: number;
  readonly firstMoments: number;
  readonly secondMoments: number;
  readonly gradients: number;
  /** Undefined without averaging. */
  readonly averages: number | undefined;
  /** Where each tensor of the stage plan lies after the first tile is evaluated, by tensor. */
  readonly evaluatedTensors: readonly number[];
}

/** A model as a WebAssembly module, and all that is needed to run it. */
export interface Program {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly memory: MemoryType;
  readonly addresses: Addresses;
  readonly parameterLayout: ParameterLayout;
  readonly stagePlan: StagePlan;
  /** Writes constants and tables into fresh memory. */
  initialize(memory: WebAssembly.Memory): void;
}

const CACHE_LINE = 64;
/** Words of the table that tells a thread its part of a parameter task: units from, to; first byte, vectors. */
const PART_WORDS = 4;

/** Compiles a model: stages, kernels, memory plan, and the program of a thread. */
export function buildProgram(model: Model, layers: readonly ShapedLayer[], options: ProgramOptions): Program {
  const stagePlan = planStages(layers, options.keepActivations);
  const parameterLayout = layoutParameters(layers);
  const { stages, tensors } = stagePlan;
  const tiles = Math.ceil(options.batchSize / TILE_SAMPLES);
  const samples = tiles * TILE_SAMPLES;

  const plan = new MemoryPlan(CACHE_LINE);
  const word = () => plan.allocate(CACHE_LINE);
  const meeting: MeetingPoint = {
    arrived: word(),
    generation: word(),
    job: word(),
    sleepers: word(),
    failed: word(),
    threads: word(),
  };
  const jobStart = plan.allocate(6 * 4);
  const [kind, sampleCount, tileCount, source, scale, smoothing] = Array.from(
    { length: 6 },
    (_, i) => jobStart + i * 4,
  );
  const job: JobWords = { kind, samples: sampleCount, tiles: tileCount, source, scale, smoothing };
  const hyperparameters = plan.allocate(HYPERPARAMETER_WORDS * FLOAT_BYTES);
  const dropoutKeys = plan.allocate(stages.length * 8);
  const normalized = plan.allocate(model.input.channels * 256 * FLOAT_BYTES);

  // Kernels first: they fill the static data, and what follows it can only be placed when its size is known.
  const module = new ModuleBuilder();
  const data = new StaticData(plan.byteLength);
  const context: KernelContext = { module, data, fused: options.fused };
  const synchronization = emitSynchronization(context, meeting);
  const assembly = emitAssembly(context, "assemble", { layout: tensors[0].layout, normalized });
  const crossEntropy = emitCrossEntropy(context, "crossEntropy", { classes: classCount(layers) });
  const update = emitOptimizer(context, options.optimizer, options.averaging);
  const stageCodes = stages.map((stage) => emitStage(context, stage, parameterLayout));
  const single = options.keepActivations ? undefined : emitSingleSample(context, layers, parameterLayout);
  const singleAssembly = single && emitAssembly(context, "assembleSingle", { layout: single.inputLayout, normalized });
  plan.allocate(data.byteLength);

  const { height, width, channels } = model.input;
  const inputs = plan.allocate(samples * channels * height * width * FLOAT_BYTES);
  const placements = plan.allocate(samples * PLACEMENT_WORDS * 4);
  const labels = plan.allocate(samples * 4);
  const losses = plan.allocate(samples * FLOAT_BYTES);
  const predictions = plan.allocate(samples * 4);
  const arena = () => plan.allocate(parameterLayout.bytes);
  const [weights, firstMoments, secondMoments, gradients] = [arena(), arena(), arena(), arena()];
  const averages = options.averaging ? arena() : undefined;
  const batchAddresses = stageCodes.map(({ batchBytes }) => batchBytes.map((bytes) => plan.allocate(bytes * tiles)));

  /** Without dropout, what reads its output reads its input instead. */
  const memoryOf = (tensor: number, dropout: boolean): number => {
    const { memory } = tensors[tensor];
    const skipped = stages.find((stage) => !dropout && stage.type === "dropout" && stage.output === memory);
    return skipped ? memoryOf(skipped.input, dropout) : memory;
  };
  const lastTensor = tensors.length - 1;
  const holdsLogits = (tensor: number, dropout: boolean) => memoryOf(tensor, dropout) === memoryOf(lastTensor, dropout);
  const logitsTileBytes = tileBytes(tensors[tensors[lastTensor].memory].layout);
  const logits = plan.allocate(tiles * logitsTileBytes);
  const tasks = stageCodes.flatMap(({ tasks }, stage) => tasks.map((task) => ({ ...task, stage })));
  const parts = plan.allocate(options.threads * tasks.length * PART_WORDS * 4);

  const scratch = new MemoryPlan(0);
  const assemblyScratch = scratch.allocate(assemblyScratchBytes(tensors[0].layout));
  const valueOffsets = tensors.map(({ layout, memory }, index) =>
    memory === index ? scratch.allocate(tileBytes(layout)) : 0,
  );
  const maskOffsets = stages.map((stage) =>
    stage.type === "dropout" ? scratch.allocate(tileBytes(stage.shape.layout)) : 0,
  );
  // A pooling with a fused activation writes its input's gradient over the input.
  const overwritten = new Set(
    stages.flatMap((stage) => (stage.type === "pool2d" && stage.shape.activation ? [tensors[stage.input].memory] : [])),
  );
  const gradientOffsets = tensors.map(({ layout, memory }, index) => {
    if (memory !== index) return 0;
    return overwritten.has(index) ? valueOffsets[index] : scratch.allocate(tileBytes({ ...layout, border: 0 }));
  });
  const workspace = scratch.allocate(Math.max(0, ...stageCodes.map(({ workspaceBytes }) => workspaceBytes)));
  const scratchBytes = scratch.byteLength;
  const scratchStart = plan.allocate(scratchBytes * options.threads);
  const singleMemory = plan.allocate(single?.byteLength ?? 0);

  const pictureBytes = channels * height * width;
  /** Brings the batch's sample at a position to x, whatever way the inputs are stored. */
  const assembleSample = (
    code: FunctionBuilder,
    kernels: AssemblyKernels,
    position: Local<"i32">,
    scratch: Local<"i32">,
    x: Integer,
  ) => {
    const input = (bytes: number) => i32.add(i32.mul(position, bytes), inputs);
    const ifSource = (wanted: Source, body: () => void, otherwise: () => void) =>
      code.if(i32.eq(i32.load(job.source), wanted), body, otherwise);
    ifSource(
      Source.plain,
      () => code.call(kernels.plain, input(pictureBytes), x),
      () =>
        ifSource(
          Source.placed,
          () => {
            const placement = i32.add(i32.mul(position, PLACEMENT_WORDS * 4), placements);
            code.call(kernels.placed, input(pictureBytes), placement, i32.add(scratch, assemblyScratch), x);
          },
          () => code.call(kernels.floats, input(pictureBytes * FLOAT_BYTES), x),
        ),
    );
  };
  const assembleTile = module.function(
    "assembleTile",
    { scratch: "i32", target: "i32", tile: "i32" },
    (code, { scratch, target, tile }) => {
      code.forRange(0, TILE_SAMPLES, (lane) => {
        const position = code.local("i32", i32.add(i32.mul(tile, TILE_SAMPLES), lane));
        const x = code.local("i32", i32.add(target, i32.mul(lane, FLOAT_BYTES)));
        code.if(
          i32.geSigned(position, i32.load(job.samples)),
          () => code.call(assembly.empty, x),
          () => assembleSample(code, assembly, position, scratch, x),
        );
      });
    },
  );

  /** One tile from its pictures to its losses, and back to its share of the gradients. */
  const emitTile = (name: string, mode: { dropout: boolean; backward: boolean }): FunctionHandle =>
    module.function(name, { scratch: "i32", tile: "i32" }, (code, { scratch, tile }) => {
      const inTile = (address: number, bytes: number) => i32.add(i32.mul(tile, bytes), address);
      const value = (tensor: number) =>
        holdsLogits(tensor, mode.dropout)
          ? inTile(logits, logitsTileBytes)
          : i32.add(scratch, valueOffsets[memoryOf(tensor, mode.dropout)]);
      const gradient = (tensor: number) => i32.add(scratch, gradientOffsets[memoryOf(tensor, mode.dropout)]);
      const pointersOf = (index: number): TilePointers => ({
        tile,
        x: value(stages[index].input),
        y: value(stages[index].output),
        dx: gradient(stages[index].input),
        dy: gradient(stages[index].output),
        mask: i32.add(scratch, maskOffsets[index]),
        workspace: i32.add(scratch, workspace),
        dropoutKeys: dropoutKeys + index * 8,
        weights,
        inBatch: stageCodes[index].batchBytes.map((bytes, region) => inTile(batchAddresses[index][region], bytes)),
      });
      const active = stages.flatMap((stage, index) => (stage.type === "dropout" && !mode.dropout ? [] : [index]));

      code.call(assembleTile, scratch, value(0), tile);
      for (const index of active) stageCodes[index].forward(code, pointersOf(index));
      const sampleWords = TILE_SAMPLES * 4;
      code.call(
        crossEntropy,
        value(lastTensor),
        inTile(labels, sampleWords),
        inTile(losses, sampleWords),
        inTile(predictions, sampleWords),
        gradient(lastTensor),
        f32.load(job.scale),
        f32.load(job.smoothing),
      );
      if (!mode.backward) return;
      const firstLearning = stages.findIndex(({ layer }) => layer.parameters.length > 0);
      for (const index of active.toReversed()) {
        if (index < firstLearning) break;
        stageCodes[index].backward(code, pointersOf(index), index > firstLearning);
      }
    });

  const hasDropout = stages.some(({ type }) => type === "dropout");
  const evaluateTile = emitTile("evaluateTile", { dropout: false, backward: false });
  const differentiateTile = emitTile("differentiateTile", { dropout: false, backward: true });
  const trainTile = hasDropout ? emitTile("trainTile", { dropout: true, backward: true }) : differentiateTile;

  /** Every parameter's gradient over the batch and its update: each thread its part of every tensor. */
  const updateParameters = module.function(
    "updateParameters",
    { thread: "i32", kind: "i32" },
    (code, { thread, kind }) => {
      const part = code.local("i32", i32.add(i32.mul(thread, tasks.length * PART_WORDS * 4), parts));
      const batchTiles = code.local("i32", i32.load(job.tiles));
      for (const { stage, parameter, emit } of tasks) {
        emit(code, {
          first: i32.load(part, 0),
          end: i32.load(part, 4),
          tiles: batchTiles,
          gradient: i32.const(gradients + parameter.offset),
          batch: batchAddresses[stage],
        });
        code.if(i32.eq(kind, Job.train), () => {
          const at = (address: number) => i32.add(i32.load(part, 8), address + parameter.offset);
          code.call(
            update,
            at(weights),
            at(gradients),
            at(firstMoments),
            at(secondMoments),
            averages === undefined ? 0 : at(averages),
            hyperparameters,
            i32.load(part, 12),
          );
        });
        code.increase(part, PART_WORDS * 4);
      }
    },
  );

  const runPart = module.function("runPart", { thread: "i32" }, (code, { thread }) => {
    const kind = code.local("i32", i32.load(job.kind));
    const mine = code.local("i32", i32.add(i32.mul(thread, scratchBytes), scratchStart));
    const threads = code.local("i32", i32.load(meeting.threads));
    const batchTiles = code.local("i32", i32.load(job.tiles));
    /** Tiles are dealt out in runs, rounded up, so that a single tile is always the first thread's. */
    const boundary = (index: ReturnType<typeof i32.add>) =>
      i32.divUnsigned(i32.add(i32.mul(index, batchTiles), i32.sub(threads, 1)), threads);
    const first = code.local("i32", boundary(thread));
    const end = code.local("i32", boundary(i32.add(thread, 1)));
    const eachTile = (body: FunctionHandle) => code.forRange(first, end, (tile) => code.call(body, mine, tile));
    code.if(
      i32.eq(kind, Job.evaluate),
      () => eachTile(evaluateTile),
      () => {
        code.if(
          i32.eq(kind, Job.train),
          () => eachTile(trainTile),
          () => eachTile(differentiateTile),
        );
        code.call(synchronization.barrier);
        code.call(updateParameters, thread, kind);
      },
    );
    code.call(synchronization.barrier);
  });

  module.function(
    "run",
    {},
    (code) => {
      code.call(synchronization.announce, meeting.job);
      code.call(runPart, 0);
    },
    { exported: true },
  );
  if (single && singleAssembly) {
    module.function(
      "runSingle",
      {},
      (code) => {
        const first = code.local("i32");
        const scratch = code.local("i32", i32.const(scratchStart));
        assembleSample(code, singleAssembly, first, scratch, singleMemory);
        single.emit(code, singleMemory, weights);
        // The loss takes a tile of logits, of which this is the first sample.
        const from = code.local("i32", i32.const(singleMemory + single.logitsOffset));
        const to = code.local("i32", i32.const(logits));
        code.repeat(classCount(layers), () => {
          code.store(to, f32.load(from));
          code.increase(from, FLOAT_BYTES);
          code.increase(to, PLACE_BYTES);
        });
        const gradient = scratchStart + gradientOffsets[memoryOf(lastTensor, false)];
        code.call(crossEntropy, logits, labels, losses, predictions, gradient, f32.const(1), f32.load(job.smoothing));
      },
      { exported: true },
    );
  }
  module.function(
    "thread",
    { thread: "i32" },
    (code, { thread }) => {
      const seen = code.local("i32");
      code.repeatWhile(() => {
        code.call(synchronization.waitForChange, meeting.job, seen);
        code.increase(seen, 1);
        code.call(runPart, thread);
        return i32.const(1);
      });
    },
    { exported: true },
  );

  const memory: MemoryType = { pages: plan.pages, shared: options.shared };
  return {
    bytes: module.encode(memory),
    memory,
    addresses: {
      meeting,
      job,
      hyperparameters,
      dropoutKeys,
      normalized,
      inputs,
      placements,
      labels,
      losses,
      predictions,
      logits,
      logitsTileBytes,
      weights,
      firstMoments,
      secondMoments,
      gradients,
      averages,
      evaluatedTensors: tensors.map((_, tensor) =>
        holdsLogits(tensor, false) ? logits : scratchStart + valueOffsets[memoryOf(tensor, false)],
      ),
    },
    parameterLayout,
    stagePlan,
    initialize: (target) => {
      data.writeTo(target);
      const words = new Int32Array(target.buffer);
      words[meeting.threads / 4] = options.threads;
      for (let thread = 0; thread < options.threads; thread++) {
        tasks.forEach(({ parameter, units, unitBytes }, task) => {
          const boundary = (index: number) => Math.floor((index * units) / options.threads);
          const [first, end] = [boundary(thread), boundary(thread + 1)];
          const [firstByte, endByte] = [first, end].map((unit) => Math.min(unit * unitBytes, parameter.bytes));
          const part = parts + (thread * tasks.length + task) * PART_WORDS * 4;
          words.set([first, end, firstByte, (endByte - firstByte) / VECTOR_BYTES], part / 4);
        });
      }
    },
  };
}
