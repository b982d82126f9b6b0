import { computed, signal } from "@preact/signals";
import type { Stretch } from "../worker/training/protocol.js";
import { Run, type RunSettings } from "./run.js";

const list = signal<readonly Run[]>([]);
const selectedNumber = signal<number | undefined>(undefined);
let lastNumber = 0;

/** The next number for a run, be it trained here or opened: lines are told apart by it. */
export function takeNumber(): number {
  return ++lastNumber;
}

/** The page's runs, the oldest first. */
export const runs = computed(() => list.value);

/** The run that the controls are for; the newest where none was chosen. */
export const selectedRun = computed(
  () => list.value.find(({ number }) => number === selectedNumber.value) ?? list.value.at(-1),
);

export function selectRun({ number }: Run): void {
  selectedNumber.value = number;
}

/** Begins a run and has it go to the end of a stretch. One run trains at a time: the others rest. */
export function addRun(settings: RunSettings, stretch: Stretch): Run {
  restAll();
  const run = new Run(takeNumber(), settings, stretch);
  list.value = [...list.value, run];
  selectRun(run);
  return run;
}

/** Ends a run and begins it anew, at rest. */
export function restartRun(run: Run): void {
  run.dispose();
  const fresh = new Run(run.number, run.settings);
  list.value = list.value.map((one) => (one === run ? fresh : one));
}

/** Ends a run and forgets it. */
export function removeRun(run: Run): void {
  run.dispose();
  list.value = list.value.filter((one) => one !== run);
}

/** Has every run rest, but for one. */
export function restAll(but?: Run): void {
  for (const run of list.value) if (run !== but) run.rest();
}
