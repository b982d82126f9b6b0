import { classCount, type ImageShape, type Model, type ShapedLayer } from "../../model/index.js";
import type { NetworkSettings } from "../backend.js";
import type { MuonMatrix } from "../muon.js";
import { type MemoryType, ModuleBuilder } from "./assembler/index.js";
import { ROUNDING_OPERANDS } from "./features.js";
import {
  emitAssembly,
  emitCrossEntropy,
  emitDrawPlacement,
  emitMuon,
  emitOptimizer,
  emitSynchronization,
  emitWeightedLoss,
  type KernelContext,
  MOST_SINGLE_SAMPLES,
  type OptimizerKind,
  StaticData,
} from "./kernels/index.js";
import { type Addresses, CACHE_LINE, MemoryPlan, placeBatch, placeWords, type WordAddresses } from "./memory.js";
import { layoutParameters, type ParameterLayout } from "./parameterStore.js";
import { emitSegments } from "./segments.js";
import { emitSinglePass, emitSingleSamples } from "./singleSample.js";
import { emitStage, planStages, type StagePlan } from "./stages.js";
import { emitThreads, writeParts } from "./threadCode.js";
import { emitTiles } from "./tileCode.js";

export { Job, Source } from "./memory.js";

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
  /** See {@link NetworkSettings}. */
  readonly rubbishPenalty?: number;
  /** The matrices that Muon updates; the optimizer updates all other parameters. */
  readonly muon: readonly MuonMatrix[];
  readonly keepActivations: boolean;
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
  const memory = placeBatch(plan, words, {
    ...options,
    model,
    stagePlan,
    stageCodes,
    parameterLayout,
    singleBytes: single?.pass.byteLength ?? 0,
    singleSamples: single ? MOST_SINGLE_SAMPLES : 0,
  });

  const tiles = emitTiles(module, { ...kernels, stagePlan, memory });
  const segments = emitSegments(module, { ...kernels, stagePlan, memory }, tiles.assemble);
  const samples = single && emitSingleSamples(module, { ...kernels, ...single, layers, stagePlan, memory });
  emitThreads(module, { ...kernels, tiles, segments, samples, parameterLayout, memory, roundingOperands });

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
  return {
    synchronization: emitSynchronization(context, words.meeting),
    assembly: emitAssembly(context, "assemble", { layout: tensors[0].layout, normalized }),
    drawPlacement: emitDrawPlacement(context, "drawPlacement", input, draw),
    losses: {
      plain: emitCrossEntropy(context, "crossEntropy", {
        classes: classCount(layers),
        rubbishPenalty: options.rubbishPenalty,
      }),
      weighted: emitWeightedLoss(context, "weightedLoss", classCount(layers), words.job),
    },
    optimizer: emitOptimizer(context, options.optimizer, options.averaging),
    muon: options.muon.length > 0 ? emitMuon(context, options.averaging) : undefined,
    stageCodes: stages.map((stage) => emitStage(context, stage, tensors, parameterLayout)),
    single: options.keepActivations ? undefined : emitSingleKernels(context, plan),
  };
}

function emitSingleKernels(context: KernelContext, { layers, parameterLayout, words: { normalized } }: KernelPlan) {
  const pass = emitSinglePass(context, layers, parameterLayout);
  if (!pass) return undefined;
  const [{ layout }] = pass.tensors;
  return { pass, assembly: emitAssembly(context, "assembleSingle", { layout, normalized }) };
}
