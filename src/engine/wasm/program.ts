import { classCount, type ImageShape, type Model, type ShapedLayer } from "../../model/index.js";
import type { NetworkSettings } from "../backend.js";
import type { MuonMatrix } from "../muon.js";
import { type MemoryType, ModuleBuilder } from "./assembler/index.js";
import { ROUNDING_OPERANDS } from "./features.js";
import {
  emitAssembly,
  emitCrossEntropy,
  emitSynchronization,
  type KernelContext,
  MOST_SINGLE_SAMPLES,
  type OptimizerKind,
  StaticData,
} from "./kernels/index.js";
import { type Addresses, CACHE_LINE, MemoryPlan, placeBatch, placeWords, type WordAddresses } from "./memory.js";
import { layoutParameters, type ParameterLayout } from "./parameterStore.js";
import { emitSinglePass, emitSingleSamples } from "./singleSample.js";
import { emitStage, planStages, type StagePlan } from "./stages.js";
import { emitThreads, writeParts } from "./threadCode.js";
import { emitTiles } from "./tileCode.js";
import type { TrainingCode } from "./trainingCode.js";

export { Job, Source } from "./memory.js";

export interface ProgramOptions {
  readonly batchSize: number;
  readonly threads: number;
  /** Whether the memory is shared between threads. */
  readonly shared: boolean;
  /** Whether to multiply and add in one rounding. */
  readonly fused: boolean;
  /** See {@link NetworkSettings}. */
  readonly rubbishPenalty?: number;
  readonly keepActivations: boolean;
  /** Default: the program only evaluates. */
  readonly training?: TrainingOptions;
}

/** What a program needs to train. */
export interface TrainingOptions {
  readonly code: TrainingCode;
  readonly optimizer: OptimizerKind;
  /** Whether every step moves an average of the weights. */
  readonly averaging: boolean;
  /** The matrices that Muon updates; the optimizer updates all other parameters. */
  readonly muon: readonly MuonMatrix[];
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
  /** Divides the next jobs between the first threads: all that there are, or fewer. */
  useThreads(words: Int32Array, threads: number): void;
}

/** Compiles a model: plans its stages, emits their kernels, places everything in memory, emits what a thread does. */
export function buildProgram(model: Model, layers: readonly ShapedLayer[], options: ProgramOptions): Program {
  const stagePlan = planStages(layers, options.keepActivations);
  const parameterLayout = layoutParameters(layers);
  const plan = new MemoryPlan(CACHE_LINE);
  const words = placeWords(plan, model, stagePlan.stages.length, classCount(layers));

  // The kernels fill the static data: what follows it can only be placed once they are emitted.
  const module = new ModuleBuilder();
  const data = new StaticData(plan.byteLength);
  const context = { module, data, fused: options.fused };
  const kernels = emitKernels(context, { input: model.input, layers, stagePlan, parameterLayout, words, options });
  const { stageCodes, single } = kernels;
  const roundingOperands = options.fused ? data.table(ROUNDING_OPERANDS) : undefined;
  plan.allocate(data.byteLength);
  const { training } = options;
  const memory = placeBatch(plan, words, {
    batchSize: options.batchSize,
    threads: options.threads,
    averaging: Boolean(training?.averaging),
    placeMuon: (rest) => training?.muon.map((matrix) => training.code.placeMatrix(rest, matrix, parameterLayout)) ?? [],
    model,
    stagePlan,
    stageCodes,
    parameterLayout,
    assemblyBytes: training?.code.assemblyScratchBytes(stagePlan.tensors[0].layout) ?? 0,
    singleBytes: single?.pass.byteLength ?? 0,
    singleSamples: single ? MOST_SINGLE_SAMPLES : 0,
  });

  const tileParts = { ...kernels, stagePlan, memory };
  const tiles = emitTiles(module, tileParts);
  const ofTraining = training && {
    tileGradients: training.code.emitTileGradients(module, tileParts, tiles),
    segments: training.code.emitSegments(module, tileParts, tiles.assemble),
    optimizer: kernels.optimizer!,
  };
  const singleParts = single && { ...kernels, ...single, layers, stagePlan, memory };
  const samples = singleParts && emitSingleSamples(module, singleParts, training?.code);
  const prepareStep =
    ofTraining && training.code.emitSteps(module, { ...kernels, ...ofTraining, samples, parameterLayout, memory });
  emitThreads(module, { ...kernels, tiles, samples, memory, roundingOperands }, prepareStep);

  const memoryType: MemoryType = { pages: plan.pages, shared: options.shared };
  return {
    bytes: module.encode(memoryType),
    memory: memoryType,
    addresses: memory.addresses,
    parameterLayout,
    stagePlan,
    initialize: (target) => {
      data.writeTo(target);
      new Int32Array(target.buffer)[words.meeting.retired / 4] = options.threads;
    },
    useThreads: (target, threads) => {
      target[words.meeting.threads / 4] = threads;
      writeParts(target, memory, stageCodes, threads);
    },
  };
}

/** What the kernels are emitted for. */
interface KernelPlan {
  readonly input: ImageShape;
  readonly layers: readonly ShapedLayer[];
  readonly stagePlan: StagePlan;
  readonly parameterLayout: ParameterLayout;
  readonly words: WordAddresses;
  readonly options: ProgramOptions;
}

function emitKernels(context: KernelContext, plan: KernelPlan) {
  const { input, layers, stagePlan, parameterLayout, words, options } = plan;
  const { normalized, draw } = words;
  const { stages, tensors } = stagePlan;
  const { training } = options;
  const classes = classCount(layers);
  return {
    synchronization: emitSynchronization(context, words.meeting),
    assembly: emitAssembly(context, "assemble", { layout: tensors[0].layout, normalized }, training?.code.emitPlaced),
    drawPlacement: training?.code.emitDrawPlacement(context, "drawPlacement", input, draw),
    losses: {
      plain: emitCrossEntropy(context, "crossEntropy", { classes, rubbishPenalty: options.rubbishPenalty }),
      weighted: training?.code.emitWeightedLoss(context, "weightedLoss", classes, words.job),
    },
    optimizer: training?.code.emitOptimizer(context, training.optimizer, training.averaging),
    muon: training && training.muon.length > 0 ? training.code.emitMuon(context, training.averaging) : undefined,
    stageCodes: stages.map((stage) =>
      emitStage(context, stage, tensors, parameterLayout, training?.code.trainingKernelsOf),
    ),
    single: options.keepActivations ? undefined : emitSingleKernels(context, plan),
  };
}

function emitSingleKernels(
  context: KernelContext,
  { layers, parameterLayout, words: { normalized }, options: { training } }: KernelPlan,
) {
  const pass = emitSinglePass(context, layers, parameterLayout, training?.code);
  if (!pass) return undefined;
  const [{ layout }] = pass.tensors;
  return {
    pass,
    assembly: emitAssembly(context, "assembleSingle", { layout, normalized }, training?.code.emitPlaced),
  };
}
