import { computed, signal } from "@preact/signals";
import type { Dataset } from "../../src/data/dataset.js";
import { adaptDataset } from "../../src/data/index.js";
import type { ImageShape } from "../../src/model/index.js";
import { changeUrl, url } from "../address/url.js";
import { loadSamples, PRETRAINED, type PretrainedName } from "../pretrained/pretrained.js";
import { EXAMPLE_STROKE, type PadStroke } from "../scene/pen.js";
import { dataState } from "../state/loadedData.js";
import { pageSettings } from "../state/pageSettings.js";
import { selectedRun } from "../state/runs.js";
import { heldOut } from "../state/settings.js";

/** The strokes on the pad. */
export const strokes = signal<readonly PadStroke[]>([]);

/** Whether a pen is on the pad: what it draws is shown at once, not eased. */
export const isDrawing = signal(false);

/** An image in place of the one on display: bytes [channels][height][width] as the network takes them. */
export const altered = signal<Uint8Array | undefined>(undefined);

/** Whether the camera is on the pad, and whether its picture is held. */
export const camera = signal<"off" | "live" | "held">("off");

/** The camera's image as the network takes it: bytes [channels][height][width]. */
export const captured = signal<Uint8Array | undefined>(undefined);

/** Puts the camera on the pad. */
export function openCamera(): void {
  stopDemonstration();
  altered.value = undefined;
  changeUrl({ image: undefined, part: undefined }, "replace");
  camera.value = "live";
}

/** Takes the camera off the pad. */
export function closeCamera(): void {
  camera.value = "off";
  captured.value = undefined;
}

/** Counts the images that have been shown as a whole: light runs through the network for each. */
export const light = signal(0);

/** An image that is shown in place of a drawing. */
export interface GivenImage {
  /** A data set of this image alone. */
  readonly dataset: Dataset;
  /** The byte around what it shows. */
  readonly background: 0 | 255;
}

const loaded = signal<Partial<Record<PretrainedName, Dataset>>>({});

/** The images that come with the page, by the network that was trained on their like, once they are loaded. */
export const samples = computed(() => loaded.value);

let request: Promise<void> | undefined;

/** Loads the images that come with the page, once. */
export function askSamples(): Promise<void> {
  request ??= load();
  return request;
}

async function load(): Promise<void> {
  try {
    const all = await Promise.all(PRETRAINED.map((name) => loadSamples(name)));
    loaded.value = Object.fromEntries(PRETRAINED.map((name, index) => [name, all[index]]));
  } catch (error) {
    request = undefined;
    throw error;
  }
}

/** The images held out of the selected run, or else those that a run with the page's data and settings would hold out. */
export const heldOutImages = computed(() => {
  const run = selectedRun.value;
  const state = dataState.value;
  const data = run?.settings.data ?? (state.type === "ready" ? state.data : undefined);
  if (!data) return undefined;
  const fields = run ? { ...run.settings.fields, seed: run.member.value.seed } : pageSettings.value;
  return { dataset: data.parts.train, indices: heldOut(data, fields).toSorted(), background: data.background };
});

/** The image in the address; undefined while there is none, or it is not loaded: the drawing is shown then. */
export const givenImage = computed<GivenImage | undefined>(() => imageAt(imageName.value));

/** On its own, so that an image stays the same while other fields of the address change. */
const imageName = computed(() => url.value.image);

/** An image by its name in the address; undefined if it is not there. */
export function imageAt(name: string | undefined): GivenImage | undefined {
  const [source, number] = name?.split(":") ?? [];
  if (source === undefined) return undefined;
  if (source === "heldOut") {
    const held = heldOutImages.value;
    return held && oneOf(held.dataset, Number(number), held.background);
  }
  const own = samples.value[source as PretrainedName];
  return own && oneOf(own, Number(number), 0);
}

/** Undefined if it has no image of that index. */
function oneOf(dataset: Dataset, index: number, background: 0 | 255): GivenImage | undefined {
  if (index >= dataset.labels.length) return undefined;
  const size = dataset.channels * dataset.height * dataset.width;
  const images = dataset.images.slice(index * size, (index + 1) * size);
  return { dataset: { ...dataset, images, labels: dataset.labels.slice(index, index + 1) }, background };
}

/** The pixels of a given image in the shape of a network's input: bytes [channels][height][width]. */
export function adapted({ dataset, background }: GivenImage, shape: ImageShape): Uint8Array {
  return adaptDataset(dataset, { shape, resize: "contain", background }).images;
}

/** Shows an image in place of the drawing. */
export function chooseImage(image: string): void {
  stopDemonstration();
  closeCamera();
  altered.value = undefined;
  changeUrl({ image }, url.peek().image === undefined ? "push" : "replace");
  light.value++;
}

/** Begins a stroke, on an empty pad if an image or an example was shown. */
export function beginStroke(stroke: PadStroke): void {
  const isFresh = stopDemonstration() || givenImage.peek() !== undefined;
  closeCamera();
  altered.value = undefined;
  const { image, networkShow } = url.peek();
  // A pen draws digits.
  if (networkShow === "clothes") changeUrl({ image: undefined, networkShow: "digits" }, "replace");
  else if (image !== undefined) changeUrl({ image: undefined }, "replace");
  isDrawing.value = true;
  strokes.value = [...(isFresh ? [] : strokes.peek()), stroke];
}

/** Continues the last stroke. */
export function extendStroke(stroke: PadStroke): void {
  strokes.value = [...strokes.peek().slice(0, -1), stroke];
}

export function endStroke(): void {
  isDrawing.value = false;
}

/** Undoes the last stroke. */
export function undoStroke(): void {
  stopDemonstration();
  altered.value = undefined;
  strokes.value = strokes.peek().slice(0, -1);
}

/** Empties the pad. */
export function clearPad(): void {
  stopDemonstration();
  closeCamera();
  altered.value = undefined;
  changeUrl({ image: undefined, part: undefined }, "replace");
  strokes.value = [];
}

/** The time in which the example is drawn, and the least between two of its moments, which leaves a phone room for the rest. */
const DEMONSTRATION_MILLISECONDS = 1300;
const MOMENT_MILLISECONDS = 30;

let demonstration: number | undefined;
let isExample = false;

/** Draws a digit on the empty pad: stroke by stroke, as a visitor would, or at once. */
export function demonstrate(isStill: boolean): void {
  if (strokes.peek().length > 0 || url.peek().image !== undefined) return;
  isExample = true;
  if (isStill) {
    strokes.value = [EXAMPLE_STROKE];
    return;
  }
  const start = performance.now();
  let shown = start;
  isDrawing.value = true;
  const step = (now: number) => {
    if (now - shown < MOMENT_MILLISECONDS) {
      demonstration = requestAnimationFrame(step);
      return;
    }
    shown = now;
    const share = Math.min(1, (now - start) / DEMONSTRATION_MILLISECONDS);
    strokes.value = [EXAMPLE_STROKE.slice(0, Math.max(1, Math.round(share * EXAMPLE_STROKE.length)))];
    demonstration = share < 1 ? requestAnimationFrame(step) : undefined;
    if (share < 1) return;
    isDrawing.value = false;
    light.value++;
  };
  demonstration = requestAnimationFrame(step);
}

/** Returns whether the pad has the example, or a part of it. */
function stopDemonstration(): boolean {
  if (demonstration !== undefined) cancelAnimationFrame(demonstration);
  demonstration = undefined;
  isDrawing.value = false;
  const hadExample = isExample;
  isExample = false;
  return hadExample;
}
