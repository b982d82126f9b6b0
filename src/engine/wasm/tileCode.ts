import {
  type FunctionBuilder,
  type FunctionHandle,
  f32,
  type Integer,
  i32,
  type Local,
  type ModuleBuilder,
} from "./assembler/index.js";
import {
  type AssemblyKernels,
  FLOAT_BYTES,
  type KernelCall,
  MOST_SILENT_SLEEPS,
  type PassCode,
  PLACEMENT_WORDS,
  type StageCode,
  type Synchronization,
  TILE_SAMPLES,
  type TilePointers,
} from "./kernels/index.js";
import { CACHE_LINE, type ProgramMemory, Source } from "./memory.js";
import { firstLearningStage, holdsLogits, memoryOf, type StagePlan } from "./stages.js";

/** What a tile passes through, and the memory. */
export interface TileParts {
  readonly stagePlan: StagePlan;
  readonly assembly: AssemblyKernels;
  /** (image, placement): draws its placement */
  readonly drawPlacement: FunctionHandle;
  readonly stageCodes: readonly StageCode[];
  readonly losses: LossKernels;
  readonly synchronization: Synchronization;
  readonly memory: ProgramMemory;
}

/** The losses of a tile: see `emitCrossEntropy` and `emitWeightedLoss`. */
export interface LossKernels {
  readonly plain: FunctionHandle;
  readonly weighted: FunctionHandle;
}

/**
 * Functions (scratch, index): one tile, or one sample alone, from its images to its losses and, except `evaluate`, back to
 * its gradients.
 */
export interface PassFunctions {
  readonly evaluate: FunctionHandle;
  /** Without dropout. */
  readonly differentiate: FunctionHandle;
  readonly train: FunctionHandle;
}

/** What two threads do with a tile together. */
export interface SharedTile {
  /** (scratch, tile): all but the partner's share */
  readonly lead: FunctionHandle;
  /** (the leader's scratch, tile, own scratch): the parameter gradients of all stages but the first */
  readonly assist: FunctionHandle;
}

/** What happens to a tile, by one thread or by two. */
export interface TileFunctions extends PassFunctions {
  /** (scratch, target, tile): the tile's inputs */
  readonly assemble: FunctionHandle;
  /** Undefined if stages need their thread's memory, which two threads cannot share. */
  readonly shared: Readonly<Record<"differentiate" | "train", SharedTile>> | undefined;
}

/** One way of passing through the stages. */
interface Pass {
  /** Whether dropout drops. */
  readonly training: boolean;
  readonly backward: boolean;
}

/** Emits the ways to pass through the stages. */
export function emitPasses(
  module: ModuleBuilder,
  unit: "Tile" | "Sample",
  trainsOtherwise: boolean,
  build: (code: FunctionBuilder, scratch: Local<"i32">, index: Local<"i32">, pass: Pass) => void,
): PassFunctions {
  const emit = (name: string, pass: Pass) =>
    module.function(`${name}${unit}`, { scratch: "i32", index: "i32" }, (code, { scratch, index }) =>
      build(code, scratch, index, pass),
    );
  const evaluate = emit("evaluate", { training: false, backward: false });
  const differentiate = emit("differentiate", { training: false, backward: true });
  const train = trainsOtherwise ? emit("train", { training: true, backward: true }) : differentiate;
  return { evaluate, differentiate, train };
}

/** Emits what happens to a tile. */
export function emitTiles(module: ModuleBuilder, parts: TileParts): TileFunctions {
  const { stagePlan, stageCodes } = parts;
  const assemble = emitAssembleTile(module, parts);
  // Training over the whole batch has code of its own, see segments.ts.
  const overBatch = stageCodes.some((code) => code.overBatch);
  const trainsOtherwise = !overBatch && stagePlan.stages.some(({ kernels }) => kernels.trainingOnly);
  const enter = (code: FunctionBuilder, scratch: Local<"i32">, tile: Local<"i32">, training: boolean) => {
    const place = new TilePlace(parts, code, { scratch, tile, training });
    code.call(assemble, scratch, place.value(0), tile);
    emitForward(code, stageCodes, place);
    emitLoss(code, parts, place);
    return place;
  };
  const alone = emitPasses(module, "Tile", trainsOtherwise, (code, scratch, tile, { training, backward }) => {
    const place = enter(code, scratch, tile, training);
    if (backward) emitBackward(code, stageCodes, firstLearningStage(stagePlan), place);
  });
  if (overBatch) return { ...alone, assemble, shared: undefined };
  const shared = emitSharedTile(module, parts, "differentiate", false, enter);
  return {
    ...alone,
    assemble,
    shared: {
      differentiate: shared,
      train: trainsOtherwise ? emitSharedTile(module, parts, "train", true, enter) : shared,
    },
  };
}

/**
 * Emits what two threads do with a tile together. The leader announces each stage whose gradient is there; its partner
 * computes the parameter gradients from it while the leader goes on to the stage before.
 */
function emitSharedTile(
  module: ModuleBuilder,
  parts: TileParts,
  name: string,
  training: boolean,
  enter: (code: FunctionBuilder, scratch: Local<"i32">, tile: Local<"i32">, training: boolean) => TilePlace,
): SharedTile {
  const { stagePlan, stageCodes, synchronization, memory } = parts;
  const firstLearning = firstLearningStage(stagePlan);
  const lead = module.function(`${name}.lead`, { scratch: "i32", tile: "i32" }, (code, { scratch, tile }) => {
    const place = enter(code, scratch, tile, training);
    const announced = place.inBatch(memory.announced, CACHE_LINE);
    emitBackward(code, stageCodes, firstLearning, place, () => code.call(synchronization.announce, announced, 1));
  });
  const assist = module.function(
    `${name}.assist`,
    { scratch: "i32", tile: "i32", own: "i32" },
    (code, { scratch, tile, own }) => {
      const place = new TilePlace(parts, code, { scratch, tile, training, own });
      const announced = place.inBatch(memory.announced, CACHE_LINE);
      learningStages(stageCodes, firstLearning, place).forEach((index, before) => {
        code.call(synchronization.waitForChange, announced, before, MOST_SILENT_SLEEPS);
        emitCalls(code, partnersGradients(stageCodes[index], index === firstLearning), place.pointers(index));
      });
      // The leader announces nothing more before the barrier.
      code.atomicStore(announced, 0);
    },
  );
  return { lead, assist };
}

/** The active stages with parameters, from the last to the first. */
function learningStages(stages: readonly PassCode[], firstLearning: number, passage: Passage): number[] {
  return passage
    .activeStages()
    .toReversed()
    .filter((index) => index >= firstLearning && stages[index].parameterGradients);
}

/** The partner's share: all but the larger part of the first stage, which the leader has no input gradient to do beside. */
function partnersGradients({ parameterGradients = [] }: PassCode, first: boolean): readonly KernelCall<TilePointers>[] {
  return first ? parameterGradients.slice(1) : parameterGradients;
}

/** The way of a tile, or of a sample alone, through the stages. */
export interface Passage {
  /** The stages that do something, by index. */
  activeStages(): number[];
  /** Where a stage's tensors are. */
  pointers(stage: number): TilePointers;
}

/** A tile on its way through the stages. */
interface PlacedTile {
  /** The memory of its values and gradients. */
  readonly scratch: Local<"i32">;
  readonly tile: Local<"i32">;
  readonly training: boolean;
  /** The scratch memory whose workspace is used: the thread's. Default: the tile's. */
  readonly own?: Local<"i32">;
}

/** Where a tile's tensors are on its way through the stages. */
export class TilePlace implements Passage {
  /** The function under construction. */
  readonly code: FunctionBuilder;
  readonly scratch: Local<"i32">;
  readonly tile: Local<"i32">;
  private readonly parts: TileParts;
  private readonly training: boolean;
  private readonly own: Local<"i32">;

  constructor(parts: TileParts, code: FunctionBuilder, { scratch, tile, training, own = scratch }: PlacedTile) {
    this.parts = parts;
    this.code = code;
    this.scratch = scratch;
    this.tile = tile;
    this.training = training;
    this.own = own;
  }

  /** The tile's part of an array over the batch. */
  inBatch(address: number, tileBytes: number) {
    return i32.add(i32.mul(this.tile, tileBytes), address);
  }

  value(tensor: number) {
    const { stagePlan, memory } = this.parts;
    if (holdsLogits(stagePlan, tensor, this.training)) {
      return this.inBatch(memory.addresses.logits, memory.addresses.logitsTileBytes);
    }
    return i32.add(this.scratch, memory.scratch.values[memoryOf(stagePlan, tensor, this.training)]);
  }

  gradient(tensor: number) {
    const { stagePlan, memory } = this.parts;
    return i32.add(this.scratch, memory.scratch.gradients[memoryOf(stagePlan, tensor, this.training)]);
  }

  activeStages(): number[] {
    const { stages } = this.parts.stagePlan;
    return stages.flatMap(({ kernels }, index) => (kernels.trainingOnly && !this.training ? [] : [index]));
  }

  pointers(index: number): TilePointers {
    const { stagePlan, stageCodes, memory } = this.parts;
    const { input, output } = stagePlan.stages[index];
    const { batchBytes = [] } = stageCodes[index];
    return {
      tile: this.tile,
      samples: i32.load(memory.addresses.job.samples),
      x: this.value(input),
      y: this.value(output),
      dx: this.gradient(input),
      dy: this.gradient(output),
      kept: i32.add(this.scratch, memory.scratch.kept[index]),
      workspace: i32.add(this.own, memory.scratch.workspace),
      ofThread: i32.add(this.own, memory.scratch.ofThread[index]),
      keys: memory.addresses.stepWords + index * 8,
      weights: memory.addresses.weights,
      inBatch: batchBytes.map((bytes, region) => this.inBatch(memory.batch[index][region], bytes)),
    };
  }
}

/** Through all stages. */
export function emitForward(code: FunctionBuilder, stages: readonly PassCode[], passage: Passage): void {
  for (const index of passage.activeStages()) emitCalls(code, stages[index].forward, passage.pointers(index));
}

/** The losses of a tile and their gradient. */
export function emitLoss(code: FunctionBuilder, { stagePlan, losses, memory }: TileParts, place: TilePlace): void {
  const { addresses } = memory;
  const logits = stagePlan.tensors.length - 1;
  const ofTile = (address: number) => place.inBatch(address, TILE_SAMPLES * 4);
  emitLossCall(code, losses, memory, {
    logits: place.value(logits),
    labels: ofTile(addresses.labels),
    teacher: place.inBatch(addresses.teacher, addresses.logitsTileBytes),
    losses: ofTile(addresses.losses),
    predictions: ofTile(addresses.predictions),
    gradient: place.gradient(logits),
  });
}

/** Calls the loss that the job asks for, on a tile. */
export function emitLossCall(
  code: FunctionBuilder,
  kernels: LossKernels,
  { addresses: { job } }: ProgramMemory,
  tile: Readonly<Record<"logits" | "labels" | "teacher" | "losses" | "predictions" | "gradient", Integer>>,
): void {
  const { logits, labels, teacher, losses, predictions, gradient } = tile;
  code.if(
    i32.load(job.weighted),
    () => code.call(kernels.weighted, logits, labels, teacher, losses, predictions, gradient),
    () => {
      const numbers = [f32.load(job.scale), f32.load(job.smoothing)];
      code.call(kernels.plain, logits, labels, losses, predictions, gradient, ...numbers);
    },
  );
}

/**
 * From the last stage back to the first one with parameters, which needs no gradient of its input.
 *
 * @param announce emits the announcement to a partner that a stage's gradient is there; it then takes its share
 */
export function emitBackward(
  code: FunctionBuilder,
  stages: readonly PassCode[],
  firstLearning: number,
  passage: Passage,
  announce?: () => void,
): void {
  for (const index of passage.activeStages().toReversed()) {
    if (index < firstLearning) break;
    const { parameterGradients = [], inputGradient } = stages[index];
    const pointers = passage.pointers(index);
    if (announce && parameterGradients.length > 0) {
      announce();
      const partners = partnersGradients(stages[index], index === firstLearning);
      emitCalls(
        code,
        parameterGradients.filter((call) => !partners.includes(call)),
        pointers,
      );
    } else {
      emitCalls(code, parameterGradients, pointers);
    }
    if (index > firstLearning) emitCalls(code, inputGradient, pointers);
  }
}

/** Calls kernels in order. */
export function emitCalls<Pointers>(
  code: FunctionBuilder,
  calls: readonly KernelCall<Pointers>[],
  pointers: Pointers,
): void {
  for (const call of calls) code.call(call.kernel, ...call.operands(pointers));
}

/** Emits (scratch, target, tile): every sample of the tile into its lane, zeros for missing samples. */
function emitAssembleTile(module: ModuleBuilder, parts: TileParts): FunctionHandle {
  const { assembly, memory } = parts;
  return module.function(
    "assembleTile",
    { scratch: "i32", target: "i32", tile: "i32" },
    (code, { scratch, target, tile }) => {
      code.forRange(0, TILE_SAMPLES, (lane) => {
        const position = code.local("i32", i32.add(i32.mul(tile, TILE_SAMPLES), lane));
        const x = code.local("i32", i32.add(target, i32.mul(lane, FLOAT_BYTES)));
        code.if(
          i32.geSigned(position, i32.load(memory.addresses.job.samples)),
          () => code.call(assembly.empty, x),
          () => emitAssembleSample(code, parts, { position, scratch, x }),
        );
      });
    },
  );
}

/** Brings the batch's sample at a position to x, whichever way the inputs are stored. */
export function emitAssembleSample(
  code: FunctionBuilder,
  { assembly, drawPlacement, memory }: Pick<TileParts, "assembly" | "drawPlacement" | "memory">,
  { position, scratch, x }: { position: Local<"i32">; scratch: Local<"i32">; x: Integer },
): void {
  const { addresses, imageBytes, scratch: offsets } = memory;
  const source = i32.load(addresses.job.source);
  const input = (bytes: number) => i32.add(i32.mul(position, bytes), addresses.inputs);
  const assemblePlaced = () => {
    const placement = code.local("i32", i32.add(i32.mul(position, PLACEMENT_WORDS * 4), addresses.placements));
    const image = i32.load(i32.mul(position, 4), addresses.images);
    code.if(i32.eq(source, Source.drawn), () => code.call(drawPlacement, image, placement));
    code.call(assembly.placed, input(imageBytes), placement, i32.add(scratch, offsets.assembly), x);
  };
  code.if(i32.geSigned(source, Source.placed), assemblePlaced, () =>
    code.if(
      i32.eq(source, Source.plain),
      () => code.call(assembly.plain, input(imageBytes), x),
      () => code.call(assembly.floats, input(imageBytes * FLOAT_BYTES), x),
    ),
  );
}
