import type { Model } from "../../model/index.js";
import { HYPERPARAMETER_WORDS } from "../hyperparameters.js";
import type { MuonMatrix } from "../muon.js";
import { DRAW_WORDS, SPREADS } from "../placementDraws.js";
import { PAGE_BYTES } from "./assembler/index.js";
import {
  type DrawAddresses,
  FLOAT_BYTES,
  type MeetingPoint,
  PLACEMENT_WORDS,
  type StageCode,
  type StoredParameter,
  TILE_SAMPLES,
  tileBytes,
  type WeightedLossWords,
} from "./kernels/index.js";
import type { ParameterLayout } from "./parameterStore.js";
import { holdsLogits, memoryOf, type StagePlan } from "./stages.js";

/** What the threads are asked to do with a batch. */
export const Job = { evaluate: 1, differentiate: 2, train: 3, measure: 4 } as const;
export type Job = (typeof Job)[keyof typeof Job];

/** How the batch's inputs are stored. */
export const Source = {
  plain: 0,
  floats: 1,
  /** Bytes with placements. */
  placed: 2,
  /** Bytes whose placements the threads draw. */
  drawn: 3,
} as const;
export type Source = (typeof Source)[keyof typeof Source];

/** Addresses of the words that describe a job: kind, samples and tiles of the batch, source; float32 scale, smoothing. */
export interface JobWords extends WeightedLossWords {
  readonly kind: number;
  readonly samples: number;
  readonly tiles: number;
  readonly source: number;
  readonly scale: number;
  readonly smoothing: number;
  /** 1: the loss has class weights or a teacher. */
  readonly weighted: number;
}

/** Bytes of a cache line. */
export const CACHE_LINE = 64;

/** Allocates memory in order, each piece at the start of a cache line. */
export class MemoryPlan {
  private next: number;

  constructor(start: number) {
    this.next = start;
  }

  /** Allocates bytes and returns their address. */
  allocate(bytes: number): number {
    const address = Math.ceil(this.next / CACHE_LINE) * CACHE_LINE;
    this.next = address + bytes;
    return address;
  }

  /** Bytes up to the end of the last allocation's cache line. */
  get byteLength(): number {
    return Math.ceil(this.next / CACHE_LINE) * CACHE_LINE;
  }

  /** Pages of WebAssembly memory that hold all allocations. */
  get pages(): number {
    return Math.ceil(this.next / PAGE_BYTES);
  }
}

/** Words of the table that gives a thread its part of a parameter task: first unit, end; first byte, vectors. */
export const PART_WORDS = 4;

/** What the kernels are emitted with, so placed before them. */
export interface WordAddresses {
  readonly meeting: MeetingPoint;
  readonly job: JobWords;
  readonly hyperparameters: number;
  /** Two words for each stage that the host writes for every training step. */
  readonly stepWords: number;
  /** float32 [channels][256] */
  readonly normalized: number;
  readonly draw: DrawAddresses;
}

/** Where everything that the host reads or writes lies in the module's memory. */
export interface Addresses extends WordAddresses {
  /** Bytes or float32 of the batch's inputs, [count][channels][height][width]. */
  readonly inputs: number;
  readonly placements: number;
  /** The index of each image of the batch, if placements are drawn. */
  readonly images: number;
  readonly labels: number;
  /** A teacher's logits, [tile][classes][8]. */
  readonly teacher: number;
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

/** Where everything lies, for the host and the threads. */
export interface ProgramMemory {
  readonly addresses: Addresses;
  /** Each stage's regions of memory for the batch. */
  readonly batch: readonly (readonly number[])[];
  /** The threads' parts of the parameter tasks, [thread][task][PART_WORDS]. */
  readonly parts: number;
  /** The matrices that Muon updates. */
  readonly muon: readonly PlacedMatrix[];
  /** A word for each tile, a cache line apart: stages that a leader has announced to its partner. */
  readonly announced: number;
  readonly scratch: ScratchMemory;
  /** Bytes of an image. */
  readonly imageBytes: number;
}

/** The scratch memory that a thread computes a tile in: offsets from its start. */
interface ScratchOffsets {
  readonly assembly: number;
  /** By tensor; 0 for one on another's memory. */
  readonly values: readonly number[];
  /** What each stage keeps from the forward to the backward pass. */
  readonly kept: readonly number[];
  /** By tensor, like the values. */
  readonly gradients: readonly number[];
  readonly workspace: number;
  /** What each stage keeps for the thread. */
  readonly ofThread: readonly number[];
  /** The memory of the pass of a single sample. */
  readonly single: number;
  /** Bytes of one thread's, or tile's, memory. */
  readonly bytes: number;
}

/** The scratch memory of all threads, in their order; of all tiles, too, if they keep their values until others are done. */
export interface ScratchMemory extends ScratchOffsets {
  readonly start: number;
}

/** What the memory must hold, and for how many samples and threads. */
export interface MemoryNeeds {
  readonly model: Model;
  readonly stagePlan: StagePlan;
  readonly stageCodes: readonly StageCode[];
  readonly parameterLayout: ParameterLayout;
  readonly batchSize: number;
  readonly threads: number;
  readonly averaging: boolean;
  /** Places the matrices that Muon updates, if there are any. */
  readonly placeMuon?: (plan: MemoryPlan) => readonly PlacedMatrix[];
  /** Bytes of a thread's scratch memory in which images are transformed. */
  readonly assemblyBytes: number;
  /** Bytes of a single sample's pass. */
  readonly singleBytes: number;
  /** The most samples that are computed one by one. */
  readonly singleSamples: number;
}

/** A matrix that Muon updates, and the memory in which it is orthogonalised, on its wider side. */
export interface PlacedMatrix extends MuonMatrix {
  readonly stored: StoredParameter;
  /** The rows and columns of the wider side. */
  readonly height: number;
  readonly width: number;
  /** Bytes from one row of the wider side to the next in the parameter, and from one column. */
  readonly rowStep: number;
  readonly columnStep: number;
  /** Two matrices [height][width] that take turns, and the transpose of the current one. */
  readonly current: readonly [number, number];
  readonly transposed: number;
  /** [height][height] */
  readonly gram: number;
  readonly polynomial: number;
  /** Bytes of a row of [height][width], padded, and of [height][height] and the transpose. */
  readonly widthBytes: number;
  readonly heightBytes: number;
}

/** Places what the kernels are emitted with. */
export function placeWords(plan: MemoryPlan, model: Model, stages: number, classes: number): WordAddresses {
  const word = () => plan.allocate(CACHE_LINE);
  const meeting = {
    arrived: word(),
    generation: word(),
    job: word(),
    sleepers: word(),
    failed: word(),
    progress: word(),
    threads: word(),
    retired: word(),
  };
  const [kind, samples, tiles, source, scale, smoothing, weighted, labelShare, teacherShare, inverseTemperature] =
    words(plan.allocate(10 * 4), 10);
  const classWeights = plan.allocate(classes * FLOAT_BYTES);
  return {
    meeting,
    job: {
      kind,
      samples,
      tiles,
      source,
      scale,
      smoothing,
      weighted,
      labelShare,
      teacherShare,
      inverseTemperature,
      classWeights,
    },
    hyperparameters: plan.allocate(HYPERPARAMETER_WORDS * FLOAT_BYTES),
    stepWords: plan.allocate(stages * 8),
    normalized: plan.allocate(model.input.channels * 256 * FLOAT_BYTES),
    draw: { words: plan.allocate(DRAW_WORDS * 4), spreads: plan.allocate(SPREADS.length * 8) },
  };
}

function words(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => start + index * 4);
}

/** Places everything else, once the kernels are emitted and their needs are known. */
export function placeBatch(plan: MemoryPlan, placed: WordAddresses, needs: MemoryNeeds): ProgramMemory {
  const { model, stagePlan, stageCodes, parameterLayout, threads } = needs;
  const tiles = Math.ceil(needs.batchSize / TILE_SAMPLES);
  const samples = tiles * TILE_SAMPLES;
  const imageBytes = model.input.channels * model.input.height * model.input.width;
  const logitsTileBytes = tileBytes(stagePlan.tensors[memoryOf(stagePlan, stagePlan.tensors.length - 1, true)].layout);
  const arena = () => plan.allocate(parameterLayout.bytes);
  const perBatch = {
    inputs: plan.allocate(samples * imageBytes * FLOAT_BYTES),
    placements: plan.allocate(samples * PLACEMENT_WORDS * 4),
    images: plan.allocate(samples * 4),
    labels: plan.allocate(samples * 4),
    teacher: plan.allocate(tiles * logitsTileBytes),
    losses: plan.allocate(samples * FLOAT_BYTES),
    predictions: plan.allocate(samples * 4),
  };
  const arenas = {
    weights: arena(),
    firstMoments: arena(),
    secondMoments: arena(),
    gradients: arena(),
    averages: needs.averaging ? arena() : undefined,
  };
  const singles = Math.min(needs.singleSamples, needs.batchSize);
  const batch = stageCodes.map(({ batchBytes = [], sampleBytes = batchBytes }) =>
    batchBytes.map((bytes, region) => plan.allocate(Math.max(bytes * tiles, sampleBytes[region] * singles))),
  );
  const logits = plan.allocate(tiles * logitsTileBytes);
  const tasks = stageCodes.flatMap(({ tasks = [] }) => tasks);
  const parts = plan.allocate(threads * tasks.length * PART_WORDS * 4);
  const muon = needs.placeMuon?.(plan) ?? [];
  const announced = plan.allocate(tiles * CACHE_LINE);
  const offsets = placeScratch(needs);
  const copies = stageCodes.some(({ overBatch }) => overBatch) ? Math.max(threads, tiles) : threads;
  const scratch = { ...offsets, start: plan.allocate(offsets.bytes * copies) };
  const evaluatedTensors = stagePlan.tensors.map((_, tensor) =>
    holdsLogits(stagePlan, tensor, false) ? logits : scratch.start + scratch.values[memoryOf(stagePlan, tensor, false)],
  );
  const addresses = { ...placed, ...perBatch, ...arenas, logits, logitsTileBytes, evaluatedTensors };
  return { addresses, batch, parts, muon, announced, scratch, imageBytes };
}

function placeScratch({ stagePlan, stageCodes, assemblyBytes, singleBytes }: MemoryNeeds): ScratchOffsets {
  const { stages, tensors } = stagePlan;
  const plan = new MemoryPlan(0);
  const assembly = plan.allocate(assemblyBytes);
  const values = tensors.map(({ layout, memory }, index) => (memory === index ? plan.allocate(tileBytes(layout)) : 0));
  const kept = stageCodes.map(({ keptBytes = 0 }) => plan.allocate(keptBytes));
  /** The stage whose input's gradient, of this tensor, overwrites that of its output. */
  const stageInPlace = (tensor: number) =>
    stages.find(({ input, kernels }) => kernels.gradientInPlace && tensors[input].memory === tensor);
  // With an activation fused in, a stage writes its input's gradient over the input.
  const overwritten = new Set(stages.flatMap(({ fused, input }) => (fused ? [tensors[input].memory] : [])));
  const gradients = tensors.map(({ layout, memory }, index) => {
    if (memory !== index || stageInPlace(index)) return 0;
    return overwritten.has(index) ? values[index] : plan.allocate(tileBytes({ ...layout, border: 0 }));
  });
  // From the last tensor to the first, as several such stages may follow each other.
  for (let tensor = tensors.length - 1; tensor >= 0; tensor--) {
    const stage = stageInPlace(tensor);
    if (stage) gradients[tensor] = gradients[tensors[stage.output].memory];
  }
  const workspace = plan.allocate(Math.max(0, ...stageCodes.map(({ workspaceBytes = 0 }) => workspaceBytes)));
  const ofThread = stageCodes.map(({ threadBytes = 0 }) => plan.allocate(threadBytes));
  const single = plan.allocate(singleBytes);
  return { assembly, values, kept, gradients, workspace, ofThread, single, bytes: plan.byteLength };
}
