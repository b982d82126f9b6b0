import { computed, signal } from "@preact/signals";
import { wasmBackend } from "../../../../src/engine/wasm/wasmBackend.js";
import { inferShapes, type Normalization, paperLayers } from "../../../../src/model/index.js";
import { type Network, network, openedNetwork } from "../../../state/currentNetwork.js";
import { resource } from "../../../state/resource.js";
import { selectedRun } from "../../../state/runs.js";
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

/** An engine for the network that is shown; whoever asks it sets the parameters. */
export const shownEngine = resource(() => {
  if (!model.value || !normalization.value) return undefined;
  const network = { model: model.value, normalization: normalization.value };
  return wasmBackend().compile([network], { batchSize: 1, keepActivations: true });
});
