import {
  type FunctionBuilder,
  type FunctionHandle,
  i32,
  type Local,
  type ModuleBuilder,
  type Value,
} from "./assembler/index.js";
import { roundsOnce } from "./features.js";
import {
  Failure,
  FOREVER,
  JOB,
  MOST_SINGLE_SAMPLES,
  type StageCode,
  type Synchronization,
  VECTOR_BYTES,
} from "./kernels/index.js";
import { Job, PART_WORDS, type ProgramMemory } from "./memory.js";
import type { SampleFunctions } from "./singleSample.js";
import { parameterTasks } from "./stages.js";
import type { TileFunctions } from "./tileCode.js";

/** What a thread calls, and the memory. */
export interface ThreadParts {
  readonly synchronization: Synchronization;
  readonly tiles: TileFunctions;
  /** Undefined if the model has no pass of a single sample. */
  readonly samples: SampleFunctions | undefined;
  readonly memory: ProgramMemory;
  /** The address of {@link ROUNDING_OPERANDS}, if multiply-add must round once in every thread. */
  readonly roundingOperands?: number;
}

/** What a thread knows of its part of a job, and how it does it. */
export interface ThreadPart {
  readonly thread: Local<"i32">;
  readonly kind: Local<"i32">;
  /** The thread's scratch memory. */
  readonly mine: Local<"i32">;
  readonly threads: Local<"i32">;
  /** Tiles or, if they are computed alone, samples: of the batch, and from the thread's first to its last. */
  readonly count: Local<"i32">;
  readonly first: Local<"i32">;
  readonly end: Local<"i32">;
  readonly alone: Local<"i32">;
  /** Calls a function, and notes the progress. */
  call(body: FunctionHandle, ...operands: (Value | number)[]): void;
  callEach(body: FunctionHandle): void;
  /** Calls a function on each sample if they are computed alone and there is one; otherwise does something with tiles. */
  each(ofSample: FunctionHandle | undefined, withTiles: () => void): void;
}

/** Prepares a thread's part of a job that computes gradients; the result emits it. */
export type PrepareStep = (code: FunctionBuilder, part: ThreadPart) => () => void;

/**
 * Emits what a thread does, and exports two functions: `run` for the caller, and `thread` for the other threads, which
 * never returns.
 *
 * @param prepareStep undefined if nothing is trained
 */
export function emitThreads(module: ModuleBuilder, parts: ThreadParts, prepareStep: PrepareStep | undefined): void {
  const { synchronization, memory, roundingOperands } = parts;
  const { job, failed, progress, threads, retired } = memory.addresses.meeting;
  const runPart = emitRunPart(module, parts, prepareStep);
  module.function(
    "run",
    {},
    (code) => {
      // The threads of the previous job make room for those of this one.
      const before = i32.and(i32.load(job), JOB - 1);
      code.call(synchronization.announce, job, i32.add(i32.sub(i32.load(threads), before), JOB));
      code.call(runPart, 0);
    },
    { exported: true },
  );
  module.function(
    "thread",
    { thread: "i32" },
    (code, { thread }) => {
      if (roundingOperands !== undefined) {
        const [factor, square] = [i32.load(roundingOperands), i32.load(roundingOperands, 4)];
        code.if(i32.eq(roundsOnce(factor, square), 0), () => {
          code.atomicStore(failed, Failure.rounding);
          code.trap();
        });
      }
      code.drop(i32.atomicAdd(progress, 1));
      const seen = code.local("i32");
      code.repeatWhile(() => {
        code.call(synchronization.waitForChange, job, seen, FOREVER);
        code.set(seen, i32.atomicLoad(job));
        // One that takes no part may miss jobs.
        code.if(i32.ltSigned(thread, i32.and(seen, JOB - 1)), () => code.call(runPart, thread));
        code.if(i32.geSigned(thread, i32.atomicLoad(retired)), () => code.call(synchronization.sleep));
        return i32.const(1);
      });
    },
    { exported: true },
  );
}

/** Emits (thread): a thread's part of a job, from barrier to barrier. */
function emitRunPart(
  module: ModuleBuilder,
  { synchronization, tiles, samples, memory }: ThreadParts,
  prepareStep: PrepareStep | undefined,
): FunctionHandle {
  const { scratch, addresses } = memory;
  const { job, meeting } = addresses;
  return module.function("runPart", { thread: "i32" }, (code, { thread }) => {
    const kind = code.local("i32", i32.load(job.kind));
    const mine = code.local("i32", i32.add(i32.mul(thread, scratch.bytes), scratch.start));
    const threads = code.local("i32", i32.load(meeting.threads));
    const count = code.local("i32", i32.load(job.tiles));
    const alone = code.local("i32");
    if (samples) {
      code.set(alone, i32.ltSigned(i32.load(job.samples), MOST_SINGLE_SAMPLES + 1));
      code.if(alone, () => code.set(count, i32.load(job.samples)));
    }
    // Consecutive tiles or samples, rounded up, so that the first thread always gets a single one.
    const boundary = (index: Value<"i32">) =>
      i32.divUnsigned(i32.add(i32.mul(index, count), i32.sub(threads, 1)), threads);
    const first = code.local("i32", boundary(thread));
    const end = code.local("i32", boundary(i32.add(thread, 1)));
    const call = (body: FunctionHandle, ...operands: (Value | number)[]) => {
      code.call(body, ...operands);
      code.drop(i32.atomicAdd(meeting.progress, 1));
    };
    const callEach = (body: FunctionHandle) => code.forRange(first, end, (index) => call(body, mine, index));
    const each = (ofSample: FunctionHandle | undefined, withTiles: () => void) => {
      if (ofSample) code.if(alone, () => callEach(ofSample), withTiles);
      else withTiles();
    };
    const evaluate = () => each(samples?.evaluate, () => callEach(tiles.evaluate));
    const part = { thread, kind, mine, threads, count, first, end, alone, call, callEach, each };
    const step = prepareStep?.(code, part);
    if (step) code.if(i32.eq(kind, Job.evaluate), evaluate, step);
    else evaluate();
    code.call(synchronization.barrier);
  });
}

/** Divides every parameter task between the threads: fills the table that starts at `memory.parts`. */
export function writeParts(
  words: Int32Array,
  memory: ProgramMemory,
  stageCodes: readonly StageCode[],
  threads: number,
): void {
  const tasks = parameterTasks(stageCodes);
  let part = memory.parts / 4;
  for (let thread = 0; thread < threads; thread++) {
    for (const { parameter, units, unitBytes } of tasks) {
      const [first, end] = [thread, thread + 1].map((index) => Math.floor((index * units) / threads));
      const [firstByte, endByte] = [first, end].map((unit) => Math.min(unit * unitBytes, parameter.bytes));
      words.set([first, end, firstByte, (endByte - firstByte) / VECTOR_BYTES], part);
      part += PART_WORDS;
    }
  }
}
