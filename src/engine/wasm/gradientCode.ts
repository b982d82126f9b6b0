import type { FunctionBuilder, FunctionHandle, Local, ModuleBuilder } from "./assembler/index.js";
import { type KernelCall, MOST_SILENT_SLEEPS, type PassCode, type TilePointers } from "./kernels/index.js";
import { CACHE_LINE } from "./memory.js";
import { emitSampleForward, type SingleParts } from "./singleSample.js";
import { firstLearningStage } from "./stages.js";
import { emitCalls, emitTileForward, type Passage, type TileFunctions, type TileParts, TilePlace } from "./tileCode.js";

/* One tile, or one sample alone, from its images to its losses and back to its gradients. */

/** Functions (scratch, index): one tile, or one sample alone. */
export interface GradientPasses {
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

/** The gradients of a tile, by one thread or by two. */
export interface TileGradients extends GradientPasses {
  /** Undefined if stages need their thread's memory, which two threads cannot share. */
  readonly shared: Readonly<Record<keyof GradientPasses, SharedTile>> | undefined;
}

/** Emits both passes; they differ if the layers do something in training only. */
function emitPasses(
  module: ModuleBuilder,
  unit: "Tile" | "Sample",
  trainsOtherwise: boolean,
  build: (code: FunctionBuilder, scratch: Local<"i32">, index: Local<"i32">, training: boolean) => void,
): GradientPasses {
  const emit = (name: string, training: boolean) =>
    module.function(`${name}${unit}`, { scratch: "i32", index: "i32" }, (code, { scratch, index }) =>
      build(code, scratch, index, training),
    );
  const differentiate = emit("differentiate", false);
  return { differentiate, train: trainsOtherwise ? emit("train", true) : differentiate };
}

/** Emits the gradients of a tile. */
export function emitTileGradients(module: ModuleBuilder, parts: TileParts, { assemble }: TileFunctions): TileGradients {
  const { stagePlan, stageCodes } = parts;
  // Training over the whole batch has code of its own, see segments.ts.
  const overBatch = stageCodes.some((code) => code.overBatch);
  const trainsOtherwise = !overBatch && stagePlan.stages.some(({ kernels }) => kernels.trainingOnly);
  const enter = (code: FunctionBuilder, scratch: Local<"i32">, tile: Local<"i32">, training: boolean) =>
    emitTileForward(code, parts, assemble, { scratch, tile, training });
  const alone = emitPasses(module, "Tile", trainsOtherwise, (code, scratch, tile, training) => {
    const place = enter(code, scratch, tile, training);
    emitBackward(code, stageCodes, firstLearningStage(stagePlan), place);
  });
  if (overBatch) return { ...alone, shared: undefined };
  const shared = emitSharedTile(module, parts, "differentiate", false, enter);
  return {
    ...alone,
    shared: {
      differentiate: shared,
      train: trainsOtherwise ? emitSharedTile(module, parts, "train", true, enter) : shared,
    },
  };
}

/** Emits the gradients of one sample alone. */
export function emitSampleGradients(module: ModuleBuilder, parts: SingleParts): GradientPasses {
  const { stages } = parts.pass;
  const codes = stages.map(({ code }) => code);
  const trainsOtherwise = stages.some(({ trainingOnly }) => trainingOnly);
  const firstLearning = stages.findIndex(({ layer }) => layer.parameters.length > 0);
  return emitPasses(module, "Sample", trainsOtherwise, (code, scratch, sample, training) => {
    emitBackward(code, codes, firstLearning, emitSampleForward(code, parts, { scratch, sample, training }));
  });
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

/**
 * From the last stage back to the first one with parameters, which needs no gradient of its input.
 *
 * @param announce emits the announcement to a partner that a stage's gradient is there; it then takes its share
 */
function emitBackward(
  code: FunctionBuilder,
  stages: readonly PassCode[],
  firstLearning: number,
  passage: Passage,
  announce?: () => void,
): void {
  for (const index of passage.activeStages().toReversed()) {
    if (index < firstLearning) break;
    const { parameterGradients = [], inputGradient = [] } = stages[index];
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
