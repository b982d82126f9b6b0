import { computed } from "@preact/signals";
import { areCharacters } from "../../../../src/data/characters.js";
import type { Dataset } from "../../../../src/data/dataset.js";
import { adaptDataset, splitTraining } from "../../../../src/data/index.js";
import { PARTS, type Part } from "../../../address/inspectFields.js";
import { changeUrl, url } from "../../../address/url.js";
import { dataState } from "../../../state/loadedData.js";
import { shownNetwork, shownRun } from "./shownNetwork.js";

/** Images that can be selected. */
export interface ImagePart {
  /** In the shape of the network's input. */
  readonly dataset: Dataset;
  /** The indices of the selectable images. */
  readonly indices: Uint32Array;
}

/** The data of the shown run, otherwise the data in memory. */
const loaded = computed(() => {
  const state = dataState.value;
  return shownRun.value?.settings.data ?? (state.type === "ready" ? state.data : undefined);
});

/** The background byte of the images that the network was trained on. */
export const background = computed<0 | 255>(() => loaded.value?.background ?? 0);

const inputShape = computed(() => shownNetwork.value?.model.input);

/** The class names of the network's outputs. */
const classNames = computed(() => JSON.stringify(shownNetwork.value?.classes));

/** Whether the classes are characters. */
export const classesAreCharacters = computed(() => areCharacters(JSON.parse(classNames.value ?? "[]")));

/** The images of each available part. */
export const imageParts = computed<Partial<Record<Part, ImagePart>>>(() => {
  const shape = inputShape.value;
  const data = loaded.value;
  if (!shape || !data) return {};
  const adapt = (dataset: Dataset) => adaptDataset(dataset, { shape, resize: "contain", background: data.background });
  const { train, test } = data.parts;
  const adapted = adapt(train);
  const all = (dataset: Dataset) => Uint32Array.from(dataset.labels, (_, index) => index);
  const run = shownRun.value;
  const { validationFraction = 0, fold } = run?.recipe ?? {};
  const split = run && splitTraining(data.parts, validationFraction, run.member.value.seed, fold);
  return {
    ...(split && { validation: { dataset: adapted, indices: split.validation.toSorted() } }),
    train: { dataset: adapted, indices: split ? split.train.toSorted() : all(train) },
    ...(test && { test: { dataset: adapt(test), indices: all(test) } }),
  };
});

/** The available parts. */
export const parts = computed(() => PARTS.filter((part) => imageParts.value[part]));

/** The chosen part, otherwise the first available one. */
export const shownPart = computed<Part | undefined>(
  () => parts.value.find((part) => part === url.value.inspectPart) ?? parts.value[0],
);

/** Whether the data's labels are the network's classes. */
export const isLabelled = computed(() => JSON.stringify(loaded.value?.parts.train.classes) === classNames.value);

/** All images of the shown part. */
export const unfiltered = computed<ImagePart | undefined>(() => shownPart.value && imageParts.value[shownPart.value]);

/** The selectable images: those of the part and, if one is chosen, the class. */
export const choosable = computed<ImagePart | undefined>(() => {
  const part = shownPart.value && imageParts.value[shownPart.value];
  const wanted = url.value.inspectClass;
  if (!part || wanted === undefined) return part;
  return { dataset: part.dataset, indices: part.indices.filter((index) => part.dataset.labels[index] === wanted) };
});

/** The chosen image's index among them. */
export const chosenPlace = computed(() =>
  Math.max(0, choosable.value?.indices.indexOf(url.value.inspectIndex ?? -1) ?? 0),
);

/** The chosen image and, if known, its class index in the network. */
export const chosenImage = computed(() => {
  const { dataset, indices } = choosable.value ?? {};
  if (!dataset || !indices || indices.length === 0) return undefined;
  const index = indices[chosenPlace.value];
  const size = dataset.channels * dataset.height * dataset.width;
  return {
    pixels: dataset.images.slice(index * size, (index + 1) * size),
    label: isLabelled.value ? dataset.labels[index] : undefined,
  };
});

/** Selects an image by its index among the selectable ones. */
export function choosePlace(place: number): void {
  const indices = choosable.peek()?.indices;
  if (!indices || indices.length === 0) return;
  const within = Math.min(indices.length - 1, Math.max(0, place));
  const isFirst = url.peek().inspectIndex === undefined;
  changeUrl({ inspectSource: "data", inspectIndex: indices[within] }, isFirst ? "push" : "replace");
}

/** Selects a random image. */
export function chooseRandom(): void {
  choosePlace(Math.floor(Math.random() * (choosable.peek()?.indices.length ?? 0)));
}
