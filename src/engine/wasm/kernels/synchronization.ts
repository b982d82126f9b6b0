import { type FunctionHandle, i32 } from "../assembler/index.js";
import type { KernelContext } from "./context.js";

/**
 * The words that the threads of an engine synchronize by. Each has a cache line of its own, so that writes to one do not
 * disturb a thread that spins on another.
 */
export interface MeetingPoint {
  /** Threads that have arrived at the barrier. */
  readonly arrived: number;
  /** Counts the barriers passed. */
  readonly generation: number;
  /** Counts the jobs in units of `JOB`; its remainder is the number of threads that take part in the job. */
  readonly job: number;
  /** Threads that sleep. */
  readonly sleepers: number;
  /** Not 0 once a thread has failed: a value of {@link Failure}. */
  readonly failed: number;
  /** Changes while any thread computes. */
  readonly progress: number;
  /** Threads that take part in the next job. */
  readonly threads: number;
  /** Threads from this one on take part in no job any more, and sleep. */
  readonly retired: number;
}

/** What the word of the jobs grows by from job to job, a power of two; there are fewer threads. */
export const JOB = 1024;

/** Why a thread failed. A thread whose program ends with an error sets `ended`. */
export const Failure = { ended: 1, rounding: 2, silent: 3 } as const;

/**
 * How often a thread reads a word before it goes to sleep: about a millisecond, longer than the host takes between two
 * batches even with a garbage collection. Waking a sleeper takes 50 µs, many times as long as a barrier.
 */
const SPINS = 1_000_000;
/** A sleeper wakes up now and then to notice if another thread failed. */
const LONGEST_SLEEP_NANOSECONDS = 100_000_000;
/**
 * How often it sleeps at the barrier while no other thread makes progress: ten seconds. A tile takes milliseconds, so the
 * others have died, and nothing else would say so: a thread that waits hears no events.
 */
export const MOST_SILENT_SLEEPS = 100;
/** No number of sleeps reaches this: for a thread that waits for its next job, as long as the host likes. */
export const FOREVER = -1;

export interface Synchronization {
  /** (): returns once a thread has failed */
  readonly sleep: FunctionHandle;
  /** (): returns once every thread has called it */
  readonly barrier: FunctionHandle;
  /** (address, old, most): returns once the word differs from `old`; fails after `most` sleeps without progress */
  readonly waitForChange: FunctionHandle;
  /** (address, amount): adds to a word and wakes the threads that wait for it to change */
  readonly announce: FunctionHandle;
}

/** Emits the barrier and its parts. Threads spin before they sleep, since waking one takes longer than a barrier should. */
export function emitSynchronization(context: KernelContext, meeting: MeetingPoint): Synchronization {
  const { module } = context;
  // Of its own: after a wait, V8's baseline compiler (Node 20) has lost the locals of the function that waits.
  const nap = module.function("nap", { address: "i32", old: "i32" }, (code, { address, old }) => {
    code.drop(i32.atomicWait(address, old, LONGEST_SLEEP_NANOSECONDS));
  });
  const parameters = { address: "i32", old: "i32", most: "i32" } as const;
  const waitForChange = module.function("waitForChange", parameters, (code, { address, old, most }) => {
    const unchanged = i32.eq(i32.atomicLoad(address), old);
    const spins = code.local("i32", i32.const(SPINS));
    code.repeatWhile(() => {
      code.if(i32.ne(i32.atomicLoad(address), old), () => code.return());
      code.set(spins, i32.sub(spins, 1));
      return spins;
    });
    const seen = code.local("i32", i32.atomicLoad(meeting.progress));
    const sleeps = code.local("i32");
    code.drop(i32.atomicAdd(meeting.sleepers, 1));
    code.repeatWhile(() => {
      code.if(i32.atomicLoad(meeting.failed), () => code.trap());
      code.if(i32.eq(sleeps, most), () => {
        code.atomicStore(meeting.failed, Failure.silent);
        code.trap();
      });
      code.call(nap, address, old);
      code.increase(sleeps, 1);
      code.if(i32.ne(i32.atomicLoad(meeting.progress), seen), () => {
        code.set(seen, i32.atomicLoad(meeting.progress));
        code.set(sleeps, i32.const(0));
      });
      return unchanged;
    });
    code.drop(i32.atomicAdd(meeting.sleepers, -1));
  });
  const announce = module.function("announce", { address: "i32", amount: "i32" }, (code, { address, amount }) => {
    code.drop(i32.atomicAdd(address, amount));
    code.if(i32.atomicLoad(meeting.sleepers), () => code.drop(i32.atomicNotify(address)));
  });
  const barrier = module.function(
    "barrier",
    {},
    (code) => {
      const generation = code.local("i32", i32.atomicLoad(meeting.generation));
      const last = i32.sub(i32.load(meeting.threads), 1);
      code.if(
        i32.eq(i32.atomicAdd(meeting.arrived, 1), last),
        () => {
          code.atomicStore(meeting.arrived, 0);
          code.call(announce, meeting.generation, 1);
        },
        () => code.call(waitForChange, meeting.generation, generation, MOST_SILENT_SLEEPS),
      );
    },
    { exported: true },
  );
  const sleep = module.function("sleep", {}, (code) => {
    code.repeatWhile(() => {
      code.call(nap, meeting.failed, 0);
      return i32.eq(i32.atomicLoad(meeting.failed), 0);
    });
  });
  return { barrier, waitForChange, announce, sleep };
}
