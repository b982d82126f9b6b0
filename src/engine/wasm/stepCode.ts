import { type FunctionBuilder, type FunctionHandle, i32, type Local, type ModuleBuilder } from "./assembler/index.js";
import type { TileGradients } from "./gradientCode.js";
import {
  FLOAT_BYTES,
  type MeetingPointers,
  type MuonKernels,
  type OptimizerKernels,
  type ParameterTask,
  type StageCode,
  type Synchronization,
  type TaskPointers,
  VECTOR_BYTES,
} from "./kernels/index.js";
import { Job, PART_WORDS, type ProgramMemory } from "./memory.js";
import { emitMuonStep } from "./muonCode.js";
import type { ParameterLayout } from "./parameterStore.js";
import type { Meeting, Segment, Segments } from "./segments.js";
import type { SampleFunctions } from "./singleSample.js";
import { parameterTasks } from "./stages.js";
import type { PrepareStep } from "./threadCode.js";
import { emitCalls } from "./tileCode.js";

/* A thread's part of a job that computes gradients and, in training, updates the parameters. */

/** What a thread calls, and the memory. */
export interface StepParts {
  readonly synchronization: Synchronization;
  readonly tileGradients: TileGradients;
  /** How a training step is computed if stages compute over the whole batch. */
  readonly segments: Segments | undefined;
  /** Undefined if the model has no pass of a single sample. */
  readonly samples: SampleFunctions | undefined;
  readonly stageCodes: readonly StageCode[];
  readonly optimizer: OptimizerKernels;
  readonly parameterLayout: ParameterLayout;
  /** If Muon updates some parameters. */
  readonly muon: MuonKernels | undefined;
  readonly memory: ProgramMemory;
}

/** Emits the functions that a step calls; the result prepares a thread's part of it. */
export function emitSteps(module: ModuleBuilder, parts: StepParts): PrepareStep {
  const { synchronization, tileGradients, segments, samples, muon, memory } = parts;
  const { scratch } = memory;
  const muonStep = muon && emitMuonStep(module, muon, synchronization, memory);
  const updateParameters = emitUpdateParameters(module, parts);
  return (code, { thread, kind, mine, threads, count, first, end, alone, call, callEach, each }) => {
    const backward = (pass: "differentiate" | "train") => {
      if (!tileGradients.shared) return callEach(tileGradients[pass]);
      const { lead, assist } = tileGradients.shared[pass];
      const callShared = () => {
        const led = code.local("i32", i32.sub(thread, count));
        code.if(
          i32.ltSigned(led, 0),
          () => call(lead, mine, thread),
          () =>
            code.if(i32.ltSigned(led, count), () => {
              call(assist, i32.add(i32.mul(led, scratch.bytes), scratch.start), led, mine);
            }),
        );
      };
      return each(samples?.gradients?.[pass], () =>
        code.if(i32.ltSigned(threads, i32.add(count, count)), () => callEach(tileGradients[pass]), callShared),
      );
    };
    const tile = code.local("i32");
    // Back and forth: a thread goes on with the tile that is still in its cache.
    let forth = false;
    const runSegments = (some: readonly Segment[]) => {
      for (const { meeting, body } of some) {
        if (meeting) emitMeeting(code, parts, meeting, { thread, mine });
        forth = !forth;
        const last = i32.sub(i32.add(first, end), 1);
        code.forRange(first, end, (index) => {
          code.set(tile, forth ? index : i32.sub(last, index));
          call(body, i32.add(i32.mul(tile, scratch.bytes), scratch.start), tile, mine);
        });
      }
    };
    const finish = () => {
      code.call(synchronization.barrier);
      code.call(updateParameters, thread, kind, alone, count);
      if (muonStep) code.if(i32.eq(kind, Job.train), () => code.call(muonStep, thread));
    };
    const train = ({ measuring, rest: [next, ...others] }: Segments) => {
      runSegments(measuring);
      emitMeeting(code, parts, next.meeting!, { thread, mine });
      code.if(i32.eq(kind, Job.train), () => {
        runSegments([{ ...next, meeting: undefined }, ...others]);
        finish();
      });
    };
    return () => {
      if (segments) {
        code.if(
          i32.eq(kind, Job.differentiate),
          () => {
            backward("differentiate");
            finish();
          },
          () => train(segments),
        );
        return;
      }
      code.if(
        i32.eq(kind, Job.train),
        () => backward("train"),
        () => backward("differentiate"),
      );
      finish();
    };
  };
}

/** Waits until every tile is that far, and emits what each thread then computes for itself. */
function emitMeeting(
  code: FunctionBuilder,
  { synchronization, memory }: StepParts,
  { stage, calls }: Meeting,
  { thread, mine }: { readonly thread: Local<"i32">; readonly mine: Local<"i32"> },
): void {
  const { job, stepWords, weights } = memory.addresses;
  const pointers: MeetingPointers = {
    tiles: i32.load(job.tiles),
    samples: i32.load(job.samples),
    isFirst: i32.eq(thread, 0),
    ofThread: i32.add(mine, memory.scratch.ofThread[stage]),
    keys: stepWords + stage * 8,
    weights,
    batch: memory.batch[stage],
  };
  code.call(synchronization.barrier);
  emitCalls(code, calls, pointers);
}

/**
 * Emits (thread, kind, alone, count): the thread's part of every parameter's gradient over the batch and, in training, its
 * update. The batch was computed in `count` tiles or, if alone, samples.
 */
function emitUpdateParameters(module: ModuleBuilder, parts: StepParts): FunctionHandle {
  const { stageCodes, segments, samples, memory } = parts;
  const threadBytes = parameterTasks(stageCodes).length * PART_WORDS * 4;
  return module.function(
    "updateParameters",
    { thread: "i32", kind: "i32", alone: "i32", count: "i32" },
    (code, { thread, kind, alone, count }) => {
      const part = code.local("i32", i32.add(i32.mul(thread, threadBytes), memory.parts));
      const trains = code.local("i32", i32.eq(kind, Job.train));
      // No gradient of one sample's linear layers is stored.
      const outer = code.local("i32", i32.and(trains, i32.and(alone, i32.eq(count, 1))));
      stageCodes.forEach(({ tasks = [] }, stage) => {
        for (const task of tasks) {
          const isMatrix = memory.muon.some(({ stored }) => stored === task.parameter);
          const apply = () => {
            emitGradient(code, parts, { task, stage, part, alone, count });
            code.if(trains, () => (isMatrix ? emitMomentum : emitUpdate)(code, parts, task, part));
          };
          if (samples && task.outerProduct && !isMatrix) {
            code.if(outer, () => emitUpdateByOuterProduct(code, parts, task, stage, part), apply);
          } else {
            apply();
          }
          code.increase(part, PART_WORDS * 4);
        }
      });
      if (segments) code.if(i32.and(trains, i32.eq(thread, 0)), () => emitAverageOfBuffers(code, parts));
    },
  );
}

/** Moves the average of what the optimizer does not update. */
function emitAverageOfBuffers(code: FunctionBuilder, { optimizer, parameterLayout, memory }: StepParts): void {
  const { weights, averages, hyperparameters } = memory.addresses;
  if (averages === undefined) return;
  for (const { spec, offset, bytes } of parameterLayout.parameters.values()) {
    if (!spec.isBuffer) continue;
    code.call(optimizer.average, weights + offset, averages + offset, hyperparameters, bytes / VECTOR_BYTES);
  }
}

/** A parameter task, and what the thread's part of it is computed from. */
interface GradientOf {
  readonly task: ParameterTask;
  readonly stage: number;
  readonly part: Local<"i32">;
  readonly alone: Local<"i32">;
  readonly count: Local<"i32">;
}

function emitGradient(
  code: FunctionBuilder,
  { samples, memory }: StepParts,
  { task, stage, part, alone, count }: GradientOf,
): void {
  const pointers: TaskPointers = {
    first: i32.load(part, 0),
    end: i32.load(part, 4),
    parts: count,
    gradient: i32.const(memory.addresses.gradients + task.parameter.offset),
    batch: memory.batch[stage],
  };
  const { afterSamples } = task;
  if (samples && afterSamples) {
    code.if(
      alone,
      () => emitCalls(code, [afterSamples], pointers),
      () => emitCalls(code, [task], pointers),
    );
  } else {
    emitCalls(code, [task], pointers);
  }
}

/** The addresses of the thread's part of a parameter in the optimizer's arenas, and the hyperparameters. */
function arenasOf({ memory }: StepParts, { parameter }: ParameterTask, part: Local<"i32">) {
  const { weights, gradients, firstMoments, secondMoments, averages, hyperparameters } = memory.addresses;
  const at = (address: number) => i32.add(i32.load(part, 8), address + parameter.offset);
  const state = [at(firstMoments), at(secondMoments), averages === undefined ? 0 : at(averages), hyperparameters];
  return { weights: at(weights), gradients: at(gradients), state };
}

function emitUpdate(code: FunctionBuilder, parts: StepParts, task: ParameterTask, part: Local<"i32">): void {
  const { weights, gradients, state } = arenasOf(parts, task, part);
  code.call(parts.optimizer.update, weights, gradients, ...state, i32.load(part, 12));
}

/** Muon's first part, on the thread's part of a matrix: its gradient becomes its momentum, looking ahead. */
function emitMomentum(code: FunctionBuilder, parts: StepParts, task: ParameterTask, part: Local<"i32">): void {
  const { hyperparameters } = parts.memory.addresses;
  const { gradients, state } = arenasOf(parts, task, part);
  code.call(parts.muon!.momentum, gradients, state[0], hyperparameters, i32.load(part, 12));
}

function emitUpdateByOuterProduct(
  code: FunctionBuilder,
  parts: StepParts,
  { outerProduct, ...task }: ParameterTask,
  stage: number,
  part: Local<"i32">,
): void {
  const { weights, state } = arenasOf(parts, task, part);
  const batch = parts.memory.batch[stage];
  const rowBytes = task.parameter.paddedRowFloats * FLOAT_BYTES;
  const rowVectors = rowBytes / VECTOR_BYTES;
  const firstRow = i32.divUnsigned(i32.load(part, 8), rowBytes);
  const dy = i32.add(i32.mul(firstRow, FLOAT_BYTES), batch[outerProduct!.dy]);
  const rows = i32.divUnsigned(i32.load(part, 12), rowVectors);
  code.call(parts.optimizer.updateByOuterProduct, weights, batch[outerProduct!.x], dy, ...state, rows, rowVectors);
}
