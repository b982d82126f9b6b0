import { computed, signal } from "@preact/signals";
import type { Model, ModelMetadata, NamedTensors, Normalization } from "../../src/model/index.js";
import { selectedRun } from "./runs.js";

/** A run of this page or something opened, by its number among all of them. */
export type NetworkOrigin =
  /** The seed distinguishes the networks of a fleet. */
  | { readonly type: "run"; readonly number: number; readonly seed?: number }
  | { readonly type: "file"; readonly number: number; readonly name: string };

/** A network with its parameters, as the views show it. */
export interface Network {
  readonly origin: NetworkOrigin;
  readonly model: Model;
  readonly parameters: NamedTensors;
  readonly classes: readonly string[];
  readonly normalization: Normalization;
  /** See `fingerprint` in src/model; undefined until it is computed. */
  readonly fingerprint?: string;
  /** The metadata of its file, if any. */
  readonly metadata?: ModelMetadata;
}

/** The network opened from a file; if there is one, the views show it. */
export const openedNetwork = signal<Network | undefined>(undefined);

/** The network that the views show: the opened one, otherwise the selected run's, updated while it trains. */
export const network = computed<Network | undefined>(() => openedNetwork.value ?? networkOfSelectedRun());

/** The selected run's network, also while another is opened. */
export function networkOfSelectedRun(): Network | undefined {
  const run = selectedRun.value;
  const member = run?.member.value;
  const weights = member?.weights.value;
  if (!run || !weights) return undefined;
  const { recipe, settings } = run;
  return {
    origin: { type: "run", number: run.number, seed: run.isFleet ? member.seed : undefined },
    model: run.model,
    parameters: weights.parameters,
    classes: settings.data.parts.train.classes,
    normalization: recipe.normalization,
    fingerprint: weights.fingerprint,
  };
}
