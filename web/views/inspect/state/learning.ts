import { computed, signal } from "@preact/signals";
import type { Engine } from "../../../../src/engine/backend.js";
import type { NamedTensors } from "../../../../src/model/index.js";
import { resource } from "../../../state/resource.js";
import { type BackwardPass, backwardPass, canGoBack } from "../calculation/backward.js";
import { response } from "./response.js";
import { shownImage } from "./shownImage.js";
import { shownEngine, structure } from "./shownNetwork.js";

/** The class that the loss is about, if one was chosen. */
export const assumedClass = signal<number | undefined>(undefined);

/** The class that the loss is about: the chosen one, otherwise the label or, if that is unknown, the prediction. */
export const wantedClass = computed(() => assumedClass.value ?? shownImage.value?.label ?? response.value?.prediction);

/** The loss differentiated by every parameter, by the engine. */
export const engineGradients = resource(() => {
  const engine = shownEngine.value;
  const image = shownImage.value;
  const label = wantedClass.value;
  if (!engine || !image || !response.value || label === undefined) return undefined;
  return differentiate(engine, response.value.network.parameters, image.pixels, label);
});

async function differentiate(engine: Engine, parameters: NamedTensors, pixels: Uint8Array, label: number) {
  await engine.setParameters(parameters);
  return (await engine.differentiate(await engine.load({ pixels, labels: [label] }))).gradients;
}

/** The loss differentiated by every value on its way, worked out here. */
export const backward = computed<BackwardPass | undefined>(() => {
  const label = wantedClass.value;
  if (!structure.value || !response.value || label === undefined || !canGoBack(structure.value.layers))
    return undefined;
  const { values, network } = response.value;
  return backwardPass(structure.value.layers, network.parameters, values, label);
});
