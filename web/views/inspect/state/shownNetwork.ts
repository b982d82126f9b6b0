import { computed, signal } from "@preact/signals";
import { inferShapes, type Normalization, paperLayers } from "../../../../src/model/index.js";
import { type Network, network, openedNetwork } from "../../../state/currentNetwork.js";
import { selectedRun } from "../../../state/runs.js";
import { engineOf } from "../../../worker/inspect/engine.js";
import type { Snapshot } from "../../../worker/training/protocol.js";

/** The place, on the run's timeline, of the parameters that are shown; undefined: the newest, as they change. */
export const timelinePlace = signal<number | undefined>(undefined);

/** The run whose network is shown; undefined where it is of a file. */
export const shownRun = computed(() => (openedNetwork.value ? undefined : selectedRun.value));

/** The parameters over the run's time. */
export const timeline = computed<readonly Snapshot[]>(() => shownRun.value?.timeline.value ?? []);

/** The newest parameters, also in between those of the timeline while a run goes on. */
const newest = computed(() => {
  const run = shownRun.value;
  const live = run?.live.value;
  const kept = run?.weights.value;
  return run?.status.value === "running" && live && kept && live.epoch > kept.epoch ? live : kept;
});

/** The epoch of the parameters that are shown. */
export const shownEpoch = computed(() => placed.value?.epoch ?? newest.value?.epoch);

const placed = computed(() => (timelinePlace.value === undefined ? undefined : timeline.value[timelinePlace.value]));

/** The network with the parameters that are shown. */
export const shownNetwork = computed<Network | undefined>(() => {
  const current = network.value;
  if (!current) return undefined;
  const snapshot = placed.value ?? (shownRun.value ? newest.value : undefined);
  return snapshot ? { ...current, parameters: snapshot.parameters } : current;
});

/** Neither changes while a run goes on. */
const model = computed(() => network.value?.model);
const normalization = computed<Normalization | undefined>(() => network.value?.normalization);

/** The network's layers, as they are and in the paper's terms. */
export const structure = computed(() => {
  if (!model.value) return undefined;
  const layers = inferShapes(model.value);
  return { layers, papers: paperLayers(layers) };
});

const engine = computed(() =>
  model.value && normalization.value
    ? engineOf({ model: model.value, normalization: normalization.value }, 1)
    : undefined,
);

/** An engine for one picture, with the parameters that are shown. */
export const shownEngine = computed(() => {
  const parameters = shownNetwork.value?.parameters;
  if (!engine.value || !parameters) return undefined;
  engine.value.setParameters(parameters);
  // A fresh object, so that what depends on the parameters is worked out anew.
  return { engine: engine.value };
});
