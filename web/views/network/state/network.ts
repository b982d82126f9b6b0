import { computed, signal } from "@preact/signals";
import type { NamedTensors } from "../../../../src/model/index.js";
import { url } from "../../../address/url.js";
import { loadHistory, momentsOf, type PretrainedName } from "../../../pretrained/pretrained.js";
import { networkOfRun, readyMade, readyMadeFailure } from "../../../stage/networks.js";
import type { Shown } from "../../../stage/subject.js";
import { selectedRun } from "../../../state/runs.js";

const histories = signal<Partial<Record<PretrainedName, readonly NamedTensors[]>>>({});

/** Why something could not be loaded. */
export const failure = computed(() => readyMadeFailure.value ?? historyFailure.value);

const historyFailure = signal<string | undefined>(undefined);

/** The place in the training that is shown; undefined: its end, or where it is now. */
export const rewoundTo = signal<number | undefined>(undefined);

/** The run on display; undefined while a network that comes with the page is. */
export const shownRun = computed(() => (url.value.networkShow === "run" ? selectedRun.value : undefined));

/** The network that comes with the page, while it is on display. */
export const shownPretrained = computed<PretrainedName | undefined>(() =>
  shownRun.value ? undefined : url.value.networkShow === "clothes" ? "clothes" : "digits",
);

/** Loads the history of the network on display, once it is to be rewound. */
export async function askHistory(): Promise<void> {
  const name = shownPretrained.peek();
  if (!name || histories.peek()[name]) return;
  try {
    const history = await loadHistory(name);
    histories.value = { ...histories.peek(), [name]: history };
  } catch (error) {
    historyFailure.value = error instanceof Error ? error.message : String(error);
  }
}

/** The network on display, at its end or where it is now. */
const newest = computed<Shown>(() => {
  const run = shownRun.value;
  return run ? networkOfRun(run) : readyMade(shownPretrained.value ?? "digits");
});

/** The parameters over time; the last ones are the network's. Those that are not loaded are missing. */
export const snapshots = computed<readonly { readonly images: number; readonly parameters?: NamedTensors }[]>(() => {
  const name = shownPretrained.value;
  if (name) {
    const kept = histories.value[name];
    return momentsOf(name).map(({ images }, moment, all) => ({
      images,
      parameters: moment === all.length - 1 ? newest.value.parameters : kept?.[moment],
    }));
  }
  const run = shownRun.value;
  if (!run) return [];
  return run.member.value.timeline.value.map(({ epoch, parameters }) => ({
    images: epoch * run.imagesPerEpoch,
    parameters,
  }));
});

/** The network on display, at the moment on display. */
export const shown = computed<Shown>(() => {
  const place = rewoundTo.value;
  const rewound = place === undefined ? undefined : snapshots.value[place]?.parameters;
  return rewound ? { ...newest.value, parameters: rewound } : newest.value;
});
