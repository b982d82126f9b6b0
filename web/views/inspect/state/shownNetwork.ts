import { computed, signal } from "@preact/signals";
import { wasmBackend } from "../../../../src/engine/wasm/wasmBackend.js";
import { inferShapes, type Normalization, paperLayers } from "../../../../src/model/index.js";
import { type Network, network, openedNetwork } from "../../../state/currentNetwork.js";
import { resource } from "../../../state/resource.js";
import { selectedRun } from "../../../state/runs.js";
import type { Snapshot } from "../../../worker/training/protocol.js";

/** The index, in the run's timeline, of the parameters shown; undefined: the newest, updated as they change. */
export const timelinePlace = signal<number | undefined>(undefined);

/** The run whose network is shown; undefined if the network is from a file. */
export const shownRun = computed(() => (openedNetwork.value ? undefined : selectedRun.value));

/** The run's parameters over time. */
export const timeline = computed<readonly Snapshot[]>(() => shownRun.value?.member.value.timeline.value ?? []);

/** The epoch of the parameters shown. */
export const shownEpoch = computed(() => placed.value?.epoch ?? shownRun.value?.newest.value?.epoch);

const placed = computed(() => (timelinePlace.value === undefined ? undefined : timeline.value[timelinePlace.value]));

/** The network with the parameters shown. */
export const shownNetwork = computed<Network | undefined>(() => {
  const current = network.value;
  if (!current) return undefined;
  const snapshot = placed.value ?? shownRun.value?.newest.value;
  return snapshot ? { ...current, parameters: snapshot.parameters } : current;
});

/** Neither changes during training. */
const model = computed(() => network.value?.model);
const normalization = computed<Normalization | undefined>(() => network.value?.normalization);

/** The network's layers, and their grouping in the paper's terms. */
export const structure = computed(() => {
  if (!model.value) return undefined;
  const layers = inferShapes(model.value);
  return { layers, papers: paperLayers(layers) };
});

/** An engine for the shown network; callers set the parameters. */
export const shownEngine = resource(() => {
  if (!model.value || !normalization.value) return undefined;
  const network = { model: model.value, normalization: normalization.value };
  return wasmBackend().compile([network], { batchSize: 1, keepActivations: true });
});
