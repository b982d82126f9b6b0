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
  type PassCode,
  PLACEMENT_WORDS,
  type StageCode,
  type Synchronization,
  TILE_SAMPLES,
  type TilePointers,
} from "./kernels/index.js";
import { type ProgramMemory, Source } from "./memory.js";
import { holdsLogits, memoryOf, type StagePlan } from "./stages.js";

/** What a tile passes through, and the memory. */
export interface TileParts {
  readonly stagePlan: StagePlan;
  readonly assembly: AssemblyKernels;
  /** (image, placement): draws its placement; undefined outside training */
  readonly drawPlacement: FunctionHandle | undefined;
  readonly stageCodes: readonly StageCode[];
  readonly losses: LossKernels;
  readonly synchronization: Synchronization;
  readonly memory: ProgramMemory;
}

/** The losses of a tile: see `emitCrossEntropy` and `emitWeightedLoss`. */
export interface LossKernels {
  readonly plain: FunctionHandle;
  /** Undefined outside training. */
  readonly weighted: FunctionHandle | undefined;
}

/** What happens to a tile outside training. */
export interface TileFunctions {
  /** (scratch, target, tile): the tile's inputs */
  readonly assemble: FunctionHandle;
  /** (scratch, tile): from its images to its losses */
  readonly evaluate: FunctionHandle;
}

/** Emits what happens to a tile outside training. */
export function emitTiles(module: ModuleBuilder, parts: TileParts): TileFunctions {
  const assemble = emitAssembleTile(module, parts);
  const evaluate = module.function("evaluateTile", { scratch: "i32", index: "i32" }, (code, { scratch, index }) => {
    emitTileForward(code, parts, assemble, { scratch, tile: index, training: false });
  });
  return { assemble, evaluate };
}

/** From a tile's images to its losses; returns where its tensors are. */
export function emitTileForward(
  code: FunctionBuilder,
  parts: TileParts,
  assemble: FunctionHandle,
  tile: PlacedTile,
): TilePlace {
  const place = new TilePlace(parts, code, tile);
  code.call(assemble, place.scratch, place.value(0), place.tile);
  emitForward(code, parts.stageCodes, place);
  emitLoss(code, parts, place);
  return place;
}

/** The way of a tile, or of a sample alone, through the stages. */
export interface Passage {
  /** The stages that do something, by index. */
  activeStages(): number[];
  /** Where a stage's tensors are. */
  pointers(stage: number): TilePointers;
}

/** A tile on its way through the stages. */
export interface PlacedTile {
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
  const { plain, weighted } = kernels;
  const callPlain = () => {
    const numbers = [f32.load(job.scale), f32.load(job.smoothing)];
    code.call(plain, logits, labels, losses, predictions, gradient, ...numbers);
  };
  if (weighted) {
    const callWeighted = () => code.call(weighted, logits, labels, teacher, losses, predictions, gradient);
    code.if(i32.load(job.weighted), callWeighted, callPlain);
  } else {
    callPlain();
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
  const assemblePlain = () =>
    code.if(
      i32.eq(source, Source.plain),
      () => code.call(assembly.plain, input(imageBytes), x),
      () => code.call(assembly.floats, input(imageBytes * FLOAT_BYTES), x),
    );
  const { placed } = assembly;
  if (placed && drawPlacement) {
    const assemblePlaced = () => {
      const placement = code.local("i32", i32.add(i32.mul(position, PLACEMENT_WORDS * 4), addresses.placements));
      const image = i32.load(i32.mul(position, 4), addresses.images);
      code.if(i32.eq(source, Source.drawn), () => code.call(drawPlacement, image, placement));
      code.call(placed, input(imageBytes), placement, i32.add(scratch, offsets.assembly), x);
    };
    code.if(i32.geSigned(source, Source.placed), assemblePlaced, assemblePlain);
  } else {
    assemblePlain();
  }
}
