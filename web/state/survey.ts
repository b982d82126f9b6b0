import { type ReadonlySignal, signal } from "@preact/signals";
import type { Dataset } from "../../src/data/dataset.js";
import { inferShapes, type NamedTensors, paperLayers } from "../../src/model/index.js";
import type { Survey } from "../worker/inspect/protocol.js";
import type { Network } from "./currentNetwork.js";
import { runTask } from "./inspectTask.js";

/** The images of a survey: some of a data set, by their indices. */
export interface SurveyedImages {
  readonly dataset: Dataset;
  readonly indices: Uint32Array;
}

export type SurveyState =
  | { readonly type: "none" }
  | { readonly type: "running"; readonly share: number }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "done"; readonly survey: Survey; readonly images: SurveyedImages; readonly of: NamedTensors };

const current = signal<SurveyState>({ type: "none" });

/** The newest survey: what a network makes of many images. */
export const surveyState: ReadonlySignal<SurveyState> = current;

let asked: { readonly of: NamedTensors; readonly images: SurveyedImages; readonly end: () => void } | undefined;

/** Surveys images with a network, unless that is what was surveyed last. */
export function askSurvey({ model, normalization, parameters }: Network, images: SurveyedImages): void {
  const isSame = asked?.of === parameters && areSame(asked.images, images);
  if (isSame && current.peek().type !== "failed") return;
  asked?.end();
  const layers = inferShapes(model);
  const papers = paperLayers(layers);
  const layer = papers[Math.max(0, papers.length - 2)].last;
  current.value = { type: "running", share: 0 };
  const task = { type: "survey", dataset: subset(images), layer } as const;
  const end = runTask({ network: { model, normalization, parameters }, task }, (event) => {
    if (event.type === "progress") current.value = { type: "running", share: event.done / event.total };
    if (event.type === "failed") current.value = { type: "failed", message: event.message };
    if (event.type === "surveyed") current.value = { type: "done", survey: event.survey, images, of: parameters };
  });
  asked = { of: parameters, images, end };
}

/** The newest survey, if it is of a network's parameters and of these images. */
export function surveyOf(parameters: NamedTensors | undefined, images: SurveyedImages | undefined) {
  const state = current.value;
  return state.type === "done" && state.of === parameters && images && areSame(state.images, images)
    ? state
    : undefined;
}

function areSame(one: SurveyedImages, other: SurveyedImages): boolean {
  return (
    one.dataset === other.dataset &&
    one.indices.length === other.indices.length &&
    one.indices.every((index, place) => index === other.indices[place])
  );
}

function subset({ dataset, indices }: SurveyedImages): Dataset {
  const size = dataset.channels * dataset.height * dataset.width;
  const images = new Uint8Array(indices.length * size);
  indices.forEach((index, place) => {
    images.set(dataset.images.subarray(index * size, (index + 1) * size), place * size);
  });
  return { ...dataset, images, labels: Uint8Array.from(indices, (index) => dataset.labels[index]) };
}
