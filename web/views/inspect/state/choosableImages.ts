import { computed } from "@preact/signals";
import { areCharacters } from "../../../../src/data/characters.js";
import type { Dataset } from "../../../../src/data/dataset.js";
import { adaptDataset, splitTraining } from "../../../../src/data/index.js";
import { PARTS, type Part } from "../../../address/inspectFields.js";
import { changeUrl, url } from "../../../address/url.js";
import { dataState } from "../../../state/loadedData.js";
import { shownNetwork, shownRun } from "./shownNetwork.js";

/** Images that can be looked at. */
export interface ImagePart {
  /** In the shape of the network's input. */
  readonly dataset: Dataset;
  /** Which of them, by their index. */
  readonly indices: Uint32Array;
}

/** The data of the shown run, else the data in memory. */
const loaded = computed(() => {
  const state = dataState.value;
  return shownRun.value?.settings.data ?? (state.type === "ready" ? state.data : undefined);
});

/** The byte around the images that the network knows. */
export const background = computed<0 | 255>(() => loaded.value?.background ?? 0);

const inputShape = computed(() => shownNetwork.value?.model.input);

/** The class names that the network's outputs have. */
const classNames = computed(() => JSON.stringify(shownNetwork.value?.classes));

/** Whether the network tells characters. */
export const tellsCharacters = computed(() => areCharacters(JSON.parse(classNames.value ?? "[]")));

/** The images of every part that there is. */
export const imageParts = computed<Partial<Record<Part, ImagePart>>>(() => {
  const shape = inputShape.value;
  const data = loaded.value;
  if (!shape || !data) return {};
  const adapt = (dataset: Dataset) => adaptDataset(dataset, { shape, resize: "contain", background: data.background });
  const { train, test } = data.parts;
  const adapted = adapt(train);
  const all = (dataset: Dataset) => Uint32Array.from(dataset.labels, (_, index) => index);
  const run = shownRun.value;
  const split = run && splitTraining(data.parts, run.recipe.validationFraction, run.settings.fields.seed);
  return {
    ...(split && { validation: { dataset: adapted, indices: split.validation.toSorted() } }),
    train: { dataset: adapted, indices: split ? split.train.toSorted() : all(train) },
    ...(test && { test: { dataset: adapt(test), indices: all(test) } }),
  };
});

/** The parts that there are. */
export const parts = computed(() => PARTS.filter((part) => imageParts.value[part]));

/** The part that is chosen, or the first that there is. */
export const shownPart = computed<Part | undefined>(
  () => parts.value.find((part) => part === url.value.inspectPart) ?? parts.value[0],
);

/** Whether the data's labels are the network's classes. */
const isLabelled = computed(() => JSON.stringify(loaded.value?.parts.train.classes) === classNames.value);

/** The images to choose from: of the chosen part and, where one is chosen, the class. */
export const choosable = computed<ImagePart | undefined>(() => {
  const part = shownPart.value && imageParts.value[shownPart.value];
  const wanted = url.value.inspectClass;
  if (!part || wanted === undefined) return part;
  return { dataset: part.dataset, indices: part.indices.filter((index) => part.dataset.labels[index] === wanted) };
});

/** The place, among those, of the chosen image. */
export const chosenPlace = computed(() =>
  Math.max(0, choosable.value?.indices.indexOf(url.value.inspectIndex ?? -1) ?? 0),
);

/** The chosen image of the data, and the network's class of it where that is known. */
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

/** Chooses an image of the data by its place. */
export function choosePlace(place: number): void {
  const indices = choosable.peek()?.indices;
  if (!indices || indices.length === 0) return;
  const within = Math.min(indices.length - 1, Math.max(0, place));
  const isFirst = url.peek().inspectIndex === undefined;
  changeUrl({ inspectSource: "data", inspectIndex: indices[within] }, isFirst ? "push" : "replace");
}

/** Chooses any image of the data. */
export function chooseRandom(): void {
  choosePlace(Math.floor(Math.random() * (choosable.peek()?.indices.length ?? 0)));
}
