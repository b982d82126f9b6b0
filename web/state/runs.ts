import { computed, signal } from "@preact/signals";
import type { Stretch } from "../worker/training/protocol.js";
import type { Member } from "./member.js";
import { Run, type RunSettings } from "./run.js";

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
  const run = new Run(takeNumber(), settings, stretch);
  list.value = [...list.value, run];
  selectRun(run);
  return run;
}

/** Ends a run and starts it over, paused. */
export function restartRun(run: Run): void {
  run.dispose();
  const fresh = new Run(run.number, run.settings);
  for (const [network, member] of run.members.entries()) {
    fresh.members[network].compareNumber.value = member.compareNumber.value;
    if (run.member.value === member) fresh.pick(fresh.members[network]);
  }
  list.value = list.value.map((one) => (one === run ? fresh : one));
}

/** Ends and removes a run. */
export function removeRun(run: Run): void {
  run.dispose();
  list.value = list.value.filter((one) => one !== run);
}

/** Pauses all runs but one. */
export function restAll(but?: Run): void {
  for (const run of list.value) if (run !== but) run.rest();
}
