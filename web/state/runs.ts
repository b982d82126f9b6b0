import { computed, signal } from "@preact/signals";
import type { Stretch } from "../worker/training/protocol.js";
import type { LoadedData } from "./loadedData.js";
import type { Member } from "./member.js";
import { type KeptRun, Run, type RunSettings } from "./run.js";
import { offerUndo } from "./undo.js";

const list = signal<readonly Run[]>([]);
const selectedNumber = signal<number | undefined>(undefined);
const lastNumber = signal(0);

/** The number of the next run. */
export const nextNumber = computed(() => lastNumber.value + 1);

/** Takes the next number for a run, trained here or opened; it determines the line style. */
export function takeNumber(): number {
  return ++lastNumber.value;
}

/** The page's runs, oldest first. */
export const runs = computed(() => list.value);

/** The run that the controls act on: the selected one, otherwise the newest. */
export const selectedRun = computed(
  () => list.value.find(({ number }) => number === selectedNumber.value) ?? list.value.at(-1),
);

export function selectRun({ number }: Run): void {
  selectedNumber.value = number;
}

/** Lists a network of a fleet in Compare. */
export function addToCompare({ compareNumber }: Member): void {
  compareNumber.value ??= takeNumber();
}

/** Starts a run and trains it to the end of a stretch. Only one run trains at a time: the others are paused. */
export function addRun(settings: RunSettings, stretch: Stretch): Run {
  restAll();
  const run = Run.start(takeNumber(), settings, stretch);
  list.value = [...list.value, run];
  selectRun(run);
  return run;
}

/** Starts a run over, paused; this can be undone. */
export function restartRun(run: Run): void {
  run.rest();
  const fresh = Run.start(run.number, run.settings);
  for (const [network, member] of run.members.entries()) {
    fresh.members[network].compareNumber.value = member.compareNumber.value;
    if (run.member.value === member) fresh.pick(fresh.members[network]);
  }
  replace(run, fresh);
  offerUndo({
    what: "reset",
    number: run.number,
    undo: () => {
      fresh.dispose();
      replace(fresh, run);
    },
    end: () => run.dispose(),
  });
}

function replace(run: Run, other: Run): void {
  list.value = list.value.map((one) => (one === run ? other : one));
}

/** The run of which the page asks whether to remove it, because it is training. */
export const removalAsked = signal<Run | undefined>(undefined);

/** Removes a run; the page asks first if it is training. */
export function askToRemove(run: Run): void {
  if (run.status.value === "running") removalAsked.value = run;
  else removeRun(run);
}

/** Removes a run; this can be undone, but its training is paused. */
export function removeRun(run: Run): void {
  run.rest();
  const before = list.value;
  list.value = before.filter((one) => one !== run);
  offerUndo({
    what: "removed",
    number: run.number,
    undo: () => {
      list.value = [...list.value, run].toSorted((one, other) => one.number - other.number);
      selectRun(run);
    },
    end: () => run.dispose(),
  });
}

/** Lists runs that were kept, before those of this page. */
export function listKept(kept: readonly { readonly run: KeptRun; readonly data: LoadedData }[]): void {
  const restored = kept.map(({ run: one, data }) => {
    const isFree = !list.value.some(({ number }) => number === one.number) && one.number > lastNumber.value;
    const number = isFree ? one.number : takeNumber();
    lastNumber.value = Math.max(lastNumber.value, number);
    const run = Run.restore(one, number, data);
    for (const [network, member] of run.members.entries()) {
      if (network > 0 && one.members[network].isCompared) member.compareNumber.value = takeNumber();
    }
    return run;
  });
  list.value = [...restored, ...list.value];
}

/** Whether a training would be lost if the page closed. */
export const hasLiveRun = computed(() =>
  list.value.some(
    ({ status, progress }) =>
      status.value === "running" || (status.value === "resting" && progress.value !== undefined),
  ),
);

/** Pauses all runs but one. */
export function restAll(but?: Run): void {
  for (const run of list.value) if (run !== but) run.rest();
}
