import type { FunctionHandle, ModuleBuilder } from "./assembler/index.js";
import type { KernelCall, MeetingPointers } from "./kernels/index.js";
import { firstLearningStage } from "./stages.js";
import { emitCalls, emitLoss, type TileFunctions, type TileParts, TilePlace } from "./tileCode.js";

/** A part of a training step between two meetings of all threads. */
export interface Segment {
  /** What every thread does for itself when all have met; undefined at the beginning. */
  readonly meeting: Meeting | undefined;
  /** (the tile's scratch, tile, the thread's scratch) */
  readonly body: FunctionHandle;
}

/** The calls of a stage for which all threads meet. */
export interface Meeting {
  readonly stage: number;
  readonly calls: readonly KernelCall<MeetingPointers>[];
}

/** A training step in segments: forward up to the last meeting, and from that meeting to the end. */
export interface Segments {
  readonly measuring: readonly Segment[];
  readonly rest: readonly Segment[];
}

/** Emits a piece of a tile's way. */
type Piece = (place: TilePlace) => void;

/**
 * Emits the training step of a model with stages that compute over the whole batch; undefined if there is none. Every tile
 * has scratch memory of its own then, which keeps its values from segment to segment.
 */
export function emitSegments(
  module: ModuleBuilder,
  parts: TileParts,
  assemble: TileFunctions["assemble"],
): Segments | undefined {
  const { stagePlan, stageCodes } = parts;
  if (!stageCodes.some(({ overBatch }) => overBatch)) return undefined;
  const planned: { readonly meeting: Meeting | undefined; readonly pieces: Piece[] }[] = [];
  const meet = (meeting?: Meeting) => planned.push({ meeting, pieces: [] });
  const add = (piece: Piece) => planned[planned.length - 1].pieces.push(piece);

  meet();
  add((place) => place.code.call(assemble, place.scratch, place.value(0), place.tile));
  stageCodes.forEach(({ forward, overBatch }, stage) => {
    const call = (calls: typeof forward) => add((place) => emitCalls(place.code, calls, place.pointers(stage)));
    if (overBatch) {
      call(overBatch.before);
      meet({ stage, calls: overBatch.meetForward });
      call(overBatch.after);
    } else {
      call(forward);
    }
  });
  const lastForward = planned.length - 1;
  add((place) => emitLoss(place.code, parts, place));
  const first = firstLearningStage(stagePlan);
  for (let stage = stageCodes.length - 1; stage >= first; stage--) {
    const { parameterGradients = [], inputGradient = [], overBatch } = stageCodes[stage];
    add((place) => emitCalls(place.code, parameterGradients, place.pointers(stage)));
    if (stage === first) break;
    if (overBatch) meet({ stage, calls: overBatch.meetBackward });
    add((place) => emitCalls(place.code, inputGradient, place.pointers(stage)));
  }
  const segments = planned.map(({ meeting, pieces }, index) => ({
    meeting,
    body: emitSegment(module, parts, index, pieces),
  }));
  return { measuring: segments.slice(0, lastForward), rest: segments.slice(lastForward) };
}

function emitSegment(module: ModuleBuilder, parts: TileParts, index: number, pieces: readonly Piece[]): FunctionHandle {
  return module.function(
    `train.segment${index}`,
    { scratch: "i32", tile: "i32", own: "i32" },
    (code, { scratch, tile, own }) => {
      const place = new TilePlace(parts, code, { scratch, tile, own, training: true });
      for (const piece of pieces) piece(place);
    },
  );
}
