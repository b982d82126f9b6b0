import { computed, signal } from "@preact/signals";
import type { NamedTensors } from "../../src/model/index.js";
import {
  loadPretrained,
  PRETRAINED_MODEL,
  PRETRAINED_NORMALIZATION,
  type PretrainedName,
  pretrainedClasses,
} from "../pretrained/pretrained.js";
import { type Network, openedNetwork } from "../state/currentNetwork.js";
import type { Run } from "../state/run.js";
import { selectedRun } from "../state/runs.js";
import type { Learning, Shown } from "./subject.js";

const weights = signal<Partial<Record<PretrainedName, NamedTensors>>>({});

/** The requests so far, finished or not: each network is loaded once. */
const asked = new Map<PretrainedName, Promise<void>>();

/** Why a network that comes with the page could not be loaded. */
export const readyMadeFailure = signal<string | undefined>(undefined);

/** Loads the parameters of a network that comes with the page, once. Resolves when they are there, or have failed. */
export function askReadyMade(name: PretrainedName): Promise<void> {
  const request = asked.get(name) ?? load(name);
  asked.set(name, request);
  return request;
}

async function load(name: PretrainedName): Promise<void> {
  try {
    const parameters = await loadPretrained(name);
    weights.value = { ...weights.peek(), [name]: parameters };
    readyMadeFailure.value = undefined;
  } catch (error) {
    asked.delete(name);
    readyMadeFailure.value = error instanceof Error ? error.message : String(error);
  }
}

/** A network that comes with the page, without parameters until they are loaded. */
export function readyMade(name: PretrainedName): Shown {
  return {
    model: PRETRAINED_MODEL,
    parameters: weights.value[name],
    normalization: PRETRAINED_NORMALIZATION,
    classes: pretrainedClasses(name),
  };
}

/**
 * A network of a run with its newest parameters.
 *
 * @param member Default: the one that the views show
 */
export function networkOfRun(run: Run, member = run.member.value): Shown {
  const { model, newest, recipe, settings } = run;
  const { data } = settings;
  const { parameters } = (member === run.member.value ? newest.value : member.weights.value) ?? {};
  return {
    model,
    parameters,
    normalization: recipe.normalization,
    classes: data.parts.train.classes,
    background: data.background,
  };
}

/** How far a run has learned, unless it is over. */
export function learningOf(run: Run): Learning | undefined {
  if (!run.canGo.value) return undefined;
  const epoch = run.newest.value?.epoch ?? 0;
  const { curve } = run.member.value;
  const isGoing = run.status.value === "running";
  return { images: epoch * run.imagesPerEpoch, accuracy: curve.value.at(-1)?.accuracy ?? 0, isGoing };
}

/** A network from a file or a run folder. */
export function networkOfFile(network: Network): Shown {
  return { ...network, background: network.metadata?.framing?.background };
}

/** The network that the views show: the opened one, otherwise the selected run's as it is now. */
export const currentNetwork = computed<Shown | undefined>(() => {
  if (openedNetwork.value) return networkOfFile(openedNetwork.value);
  return selectedRun.value && networkOfRun(selectedRun.value);
});

/** How far the network that the views show has learned, while it learns. */
export const currentLearning = computed<Learning | undefined>(() =>
  openedNetwork.value || !selectedRun.value ? undefined : learningOf(selectedRun.value),
);

/** The run to follow if the views show its network. */
export function runToFollow(): Run | undefined {
  return openedNetwork.value ? undefined : selectedRun.value;
}
