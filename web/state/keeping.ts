import { effect, type Signal } from "@preact/signals";
import type { Dataset } from "../../src/data/dataset.js";
import { forget, store, stored, storedAt, storedKeys } from "./database.js";
import type { LoadedData } from "./loadedData.js";
import type { KeptRun, Run } from "./run.js";
import { hasLiveRun, listKept, runs } from "./runs.js";

/** The most runs that are kept; older ones are forgotten. */
const MOST_RUNS = 20;

/**
 * Lists the runs of earlier visits, and keeps those of this one: after every epoch, and when they pause or end. Asks before
 * the page is left while a training would be lost.
 */
export async function keepRuns(): Promise<void> {
  askBeforeLeaving();
  await restoreRuns();
  const watched = new Map<Run, () => void>();
  effect(() => {
    const all = runs.value;
    for (const [run, stop] of watched) {
      if (all.includes(run)) continue;
      stop();
      watched.delete(run);
      if (!all.some(({ id }) => id === run.id)) enqueue(() => forgetRun(run));
    }
    // Outside this effect, which would otherwise subscribe to their signals.
    queueMicrotask(() => {
      for (const run of all) if (!watched.has(run)) watched.set(run, watch(run));
    });
  });
}

async function restoreRuns(): Promise<void> {
  const kept = (await stored<KeptRun>("runs")).toSorted(
    (one, other) => Number(one.startedAt) - Number(other.startedAt),
  );
  for (const old of kept.splice(0, Math.max(0, kept.length - MOST_RUNS))) await forget("runs", old.id);
  const data = new Map<string, LoadedData | undefined>();
  for (const { data: checksum } of kept) {
    if (!data.has(checksum)) data.set(checksum, await storedAt<LoadedData>("data", checksum));
  }
  listKept(
    kept.flatMap((run) => {
      const own = data.get(run.data);
      return own ? [{ run, data: own }] : [];
    }),
  );
}

/** Keeps a run whenever there is more of it. */
function watch(run: Run): () => void {
  let epochs = -1;
  return effect(() => {
    const status = run.status.value;
    const done = run.members[0].epochs.value.length;
    const isNew = done > epochs;
    epochs = done;
    if (status === "starting" || (status === "running" && !(isNew && done > 0))) return;
    if (run.members.every(({ weights }) => weights.peek() === undefined)) return;
    enqueue(() => keepRun(run));
  });
}

/** One after the other: an older state must not arrive last. */
let queue = Promise.resolve();

function enqueue(task: () => Promise<void>): void {
  queue = queue.then(task);
}

async function keepRun(run: Run): Promise<void> {
  if (!runs.peek().includes(run)) return;
  const { data } = run.settings;
  const { checksum } = data.parts.train;
  const isThere = (await storedKeys("data")).includes(checksum);
  if (isThere || (await store("data", checksum, storable(data)))) await store("runs", run.id, run.kept);
}

async function forgetRun(run: Run): Promise<void> {
  await forget("runs", run.id);
  const used = (await stored<KeptRun>("runs")).map(({ data }) => data);
  for (const checksum of await storedKeys("data")) if (!used.includes(checksum)) await forget("data", checksum);
}

/** Data as a database can hold it: no shared memory, no decoded images. */
function storable({ request, parts, ...rest }: LoadedData): LoadedData {
  const plain = (dataset: Dataset): Dataset => ({ ...dataset, images: Uint8Array.from(dataset.images) });
  const own = request.type === "images" ? { ...request, images: [] } : request;
  return {
    ...rest,
    request: own.type === "files" ? { ...own, files: [] } : own,
    parts: { ...parts, train: plain(parts.train), ...(parts.test && { test: plain(parts.test) }) },
  };
}

function askBeforeLeaving(): void {
  const ask = (event: BeforeUnloadEvent) => event.preventDefault();
  effect(() => {
    if (hasLiveRun.value) addEventListener("beforeunload", ask);
    else removeEventListener("beforeunload", ask);
  });
}

/**
 * Keeps the value of a signal under a name, and restores it unless it has changed meanwhile.
 *
 * @param isWorth whether a value is worth keeping. Default: every one is
 */
export async function keep<Value>(
  where: "drawings" | "answers",
  name: string,
  signal: Signal<Value>,
  isWorth: (value: Value) => boolean = () => true,
) {
  const initial = signal.peek();
  const kept = await storedAt<Value>(where, name);
  if (kept !== undefined && signal.peek() === initial) signal.value = kept;
  effect(() => {
    const value = signal.value;
    if (isWorth(value)) enqueue(async () => void (await store(where, name, value)));
  });
}
