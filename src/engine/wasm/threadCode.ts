import { type FunctionHandle, i32, type ModuleBuilder, type Value } from "./assembler/index.js";
import {
  type OptimizerKernels,
  type ParameterTask,
  type StageCode,
  type Synchronization,
  VECTOR_BYTES,
} from "./kernels/index.js";
import { Job, PART_WORDS, type ProgramMemory } from "./memory.js";
import { emitCalls, type TileFunctions } from "./tileCode.js";

/** What a thread calls, and the memory. */
export interface ThreadParts {
  readonly synchronization: Synchronization;
  readonly tiles: TileFunctions;
  readonly stageCodes: readonly StageCode[];
  readonly optimizer: OptimizerKernels;
  readonly memory: ProgramMemory;
}

/**
 * Emits what a thread does, and exports two functions: `run` for the caller, and `thread` for the other threads, which
 * never returns.
 */
export function emitThreads(module: ModuleBuilder, parts: ThreadParts): void {
  const { synchronization, memory } = parts;
  const { job } = memory.addresses.meeting;
  const runPart = emitRunPart(module, parts, emitUpdateParameters(module, parts));
  module.function(
    "run",
    {},
    (code) => {
      code.call(synchronization.announce, job);
      code.call(runPart, 0);
    },
    { exported: true },
  );
  module.function(
    "thread",
    { thread: "i32" },
    (code, { thread }) => {
      const seen = code.local("i32");
      code.repeatWhile(() => {
        code.call(synchronization.waitForChange, job, seen);
        code.increase(seen, 1);
        code.call(runPart, thread);
        return i32.const(1);
      });
    },
    { exported: true },
  );
}

/** Emits (thread): a thread's part of a job, from barrier to barrier. */
function emitRunPart(module: ModuleBuilder, parts: ThreadParts, updateParameters: FunctionHandle): FunctionHandle {
  const { synchronization, tiles, memory } = parts;
  const { scratch, addresses } = memory;
  const { job, meeting } = addresses;
  return module.function("runPart", { thread: "i32" }, (code, { thread }) => {
    const kind = code.local("i32", i32.load(job.kind));
    const mine = code.local("i32", i32.add(i32.mul(thread, scratch.bytes), scratch.start));
    const threads = code.local("i32", i32.load(meeting.threads));
    const batchTiles = code.local("i32", i32.load(job.tiles));
    // Consecutive tiles, rounded up, so that the first thread always gets a single tile.
    const boundary = (index: Value<"i32">) =>
      i32.divUnsigned(i32.add(i32.mul(index, batchTiles), i32.sub(threads, 1)), threads);
    const first = code.local("i32", boundary(thread));
    const end = code.local("i32", boundary(i32.add(thread, 1)));
    const eachTile = (body: FunctionHandle) => code.forRange(first, end, (tile) => code.call(body, mine, tile));
    code.if(
      i32.eq(kind, Job.evaluate),
      () => eachTile(tiles.evaluate),
      () => {
        code.if(
          i32.eq(kind, Job.train),
          () => eachTile(tiles.train),
          () => eachTile(tiles.differentiate),
        );
        code.call(synchronization.barrier);
        code.call(updateParameters, thread, kind);
      },
    );
    code.call(synchronization.barrier);
  });
}

/** Emits (thread, kind): the thread's part of every parameter's gradient over the batch and, in training, its update. */
function emitUpdateParameters(module: ModuleBuilder, { stageCodes, optimizer, memory }: ThreadParts): FunctionHandle {
  const { addresses, parts, batch } = memory;
  const { job, hyperparameters, weights, gradients, firstMoments, secondMoments, averages } = addresses;
  const threadBytes = parameterTasks(stageCodes).length * PART_WORDS * 4;
  return module.function("updateParameters", { thread: "i32", kind: "i32" }, (code, { thread, kind }) => {
    const part = code.local("i32", i32.add(i32.mul(thread, threadBytes), parts));
    const tiles = code.local("i32", i32.load(job.tiles));
    stageCodes.forEach(({ tasks = [] }, stage) => {
      for (const task of tasks) {
        const { offset } = task.parameter;
        const [first, end] = [i32.load(part, 0), i32.load(part, 4)];
        emitCalls(code, [task], { first, end, tiles, gradient: i32.const(gradients + offset), batch: batch[stage] });
        code.if(i32.eq(kind, Job.train), () => {
          const at = (address: number) => i32.add(i32.load(part, 8), address + offset);
          code.call(
            optimizer.update,
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
    });
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

function parameterTasks(stageCodes: readonly StageCode[]): ParameterTask[] {
  return stageCodes.flatMap(({ tasks = [] }) => tasks);
}
