import { computed } from "@preact/signals";
import type { Engine } from "../../../../src/engine/backend.js";
import {
  type Block,
  normalizedBytes,
  type PaperLayer,
  receptiveFields,
  unitBlock,
} from "../../../../src/model/index.js";
import { softmax } from "../../../../src/training/evaluate.js";
import { changeUrl, url } from "../../../address/url.js";
import type { Network } from "../../../state/currentNetwork.js";
import { resource } from "../../../state/resource.js";
import { shownImage } from "./shownImage.js";
import { shownEngine, shownNetwork, structure } from "./shownNetwork.js";

/** A network's activations and prediction for an image. */
export interface Response {
  readonly network: Network;
  /** The input of the first layer, then the output of every layer. */
  readonly values: readonly Float32Array[];
  readonly probabilities: Float64Array;
  /** The index of the largest logit. */
  readonly prediction: number;
}

const answered = resource(() => {
  const engine = shownEngine.value;
  const network = shownNetwork.value;
  const image = shownImage.value;
  if (engine?.models[0] !== network?.model || !engine || !network || !image) return undefined;
  return respond(engine, network, image.pixels);
});

async function respond(engine: Engine, network: Network, pixels: Uint8Array): Promise<Response> {
  const { channels, height, width } = network.model.input;
  const table = normalizedBytes(network.normalization, channels);
  const input = Float32Array.from(pixels, (byte, place) => table[256 * Math.floor(place / (height * width)) + byte]);
  await engine.setParameters(network.parameters);
  const outputs = (await engine.activations(await engine.load({ pixels }))).map(({ output }) => output.data);
  const probabilities = softmax(outputs[outputs.length - 1]);
  return {
    network,
    values: [input, ...outputs],
    probabilities,
    prediction: probabilities.indexOf(Math.max(...probabilities)),
  };
}

/** The shown network's response to the image; while a new one is computed, the previous one. */
export const response = computed<Response | undefined>(() =>
  answered.value?.network.model === shownNetwork.value?.model && shownImage.value ? answered.value : undefined,
);

/** The selected unit. */
export interface Selection {
  readonly paper: PaperLayer;
  /** The index of `paper` among the network's paper layers. */
  readonly position: number;
  /** Row-major in its layer's output. */
  readonly unit: number;
}

/** The unit in the address, otherwise one where there is something to see: the most active of the second convolution. */
export const selection = computed<Selection | undefined>(() => {
  if (!structure.value) return undefined;
  const { layers, papers } = structure.value;
  const { inspectLayer, inspectUnit } = url.value;
  const requested = papers.findIndex(({ term }) => term === inspectLayer);
  const maps = papers.flatMap(({ kind, main }, index) =>
    kind === "convolution" && layers[main].output.length === 3 ? [index] : [],
  );
  const position = requested === -1 ? (maps[1] ?? maps[0] ?? 0) : requested;
  const shape = layers[papers[position].main].output;
  const count = shape.reduce((product, extent) => product * extent, 1);
  const isGiven = requested !== -1 && inspectUnit !== undefined;
  const unit = isGiven ? Math.min(inspectUnit, count - 1) : mostActive(papers[position].last);
  return { paper: papers[position], position, unit };
});

/** The most active unit of a layer's output; the first while there is no response. */
function mostActive(layer: number): number {
  const values = response.value?.values[layer + 1] ?? [];
  let most = 0;
  for (let place = 1; place < values.length; place++) if (values[place] > values[most]) most = place;
  return most;
}

/** The index of the layer whose output a paper layer shows, before or after its activation. */
export function shownLayer({ main, last }: PaperLayer): number {
  return url.value.inspectMoment === "before" ? main : last;
}

/** The receptive field of the selected unit: in the input, then in each layer's output, ending with the unit itself. */
export const selectedFields = computed<readonly Block[]>(() => {
  if (!structure.value || !selection.value) return [];
  const { layers } = structure.value;
  const { paper, unit } = selection.value;
  return receptiveFields(layers, paper.last, unitBlock(layers[paper.last].output, unit));
});

/** Selects a unit. The back button leaves the view instead of undoing one selection after the other. */
export function select(paper: PaperLayer, unit: number): void {
  changeUrl({ inspectLayer: paper.term, inspectUnit: unit }, "replace");
}
