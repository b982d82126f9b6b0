import { computed, signal } from "@preact/signals";
import { resizeImage } from "../../../../src/data/images/adapt.js";
import { type DecodedImage, invertImage } from "../../../../src/data/images/color.js";
import type { Source } from "../../../address/inspectFields.js";
import { changeUrl, url } from "../../../address/url.js";
import { EXAMPLE_STROKE, inkImage, type PadStroke } from "../../../scene/pen.js";
import { isLight } from "../../../scene/photograph.js";
import { network } from "../../../state/currentNetwork.js";
import { keep } from "../../../state/keeping.js";
import { background, chosenImage, classesAreCharacters } from "./choosableImages.js";

/** The content of the pad. */
export interface Drawing {
  readonly strokes: readonly PadStroke[];
  /** Whether it is the initial example, which the first stroke replaces. */
  readonly isExample: boolean;
  /** What was cleared, to bring it back. */
  readonly cleared?: readonly PadStroke[];
}

/** An image that was opened, pasted or captured. */
export interface TakenImage {
  readonly original: DecodedImage;
  /** Whether light and dark are swapped, as for ink on paper. */
  readonly inverted: boolean;
}

/** An image as network input. */
export interface ShownImage {
  /** Bytes [channels][height][width]. */
  readonly pixels: Uint8Array;
  /** Its class index in the network, if known. */
  readonly label?: number;
}

export const drawing = signal<Drawing>({ strokes: [EXAMPLE_STROKE], isExample: true });
export const taken = signal<TakenImage | undefined>(undefined);

/** The source of the image. */
export const source = computed<Source>(
  () => url.value.inspectSource ?? (classesAreCharacters.value || !chosenImage.value ? "draw" : "data"),
);

/** Whether drawings and images of ink are centred. */
export const isCentred = computed(() => {
  const { inspectCentre } = url.value;
  return inspectCentre === undefined ? classesAreCharacters.value : inspectCentre === "on";
});

const shape = computed(() => network.value?.model.input);

const drawn = computed(
  () => shape.value && inkImage(drawing.value.strokes, shape.value, background.value, isCentred.value),
);

const fitted = computed(() => {
  if (!shape.value || !taken.value) return undefined;
  const { channels, height, width } = shape.value;
  const pixels = new Uint8Array(channels * height * width);
  const { original, inverted } = taken.value;
  const image = inverted ? invertImage(original) : original;
  // What has the input's size has been prepared for it.
  const isPrepared = original.width === width && original.height === height;
  const resize = isCentred.value && !isPrepared ? "digit" : "contain";
  const settings = { shape: shape.value, resize, background: background.value } as const;
  resizeImage(image, settings, pixels);
  return pixels;
});

/** The image on display; the drawing until another is taken. */
export const shownImage = computed<ShownImage | undefined>(() => {
  if (source.value === "data" && chosenImage.value) return chosenImage.value;
  const pixels = source.value === "draw" ? drawn.value : (fitted.value ?? drawn.value);
  return pixels && { pixels };
});

/** Shows an image. If the network expects light characters on dark, a light image is inverted, and vice versa. */
export function take({ width, height, data }: ImageData, how: "file" | "camera" = "file"): void {
  const original = { width, height, rgba: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  const inverted = classesAreCharacters.value && isLight(original) !== (background.value === 255);
  taken.value = { original, inverted };
  changeUrl({ inspectSource: how });
}

/** Shows bytes [channels][height][width] in the network's input shape. */
export function takeBytes(pixels: Uint8Array): void {
  if (!shape.value) return;
  const { channels, height, width } = shape.value;
  const area = height * width;
  const rgba = Uint8Array.from({ length: 4 * area }, (_, place) => {
    const channel = place % 4;
    return channel === 3 ? 255 : pixels[(channels === 3 ? channel : 0) * area + Math.floor(place / 4)];
  });
  taken.value = { original: { width, height, rgba }, inverted: false };
  changeUrl({ inspectSource: "file" });
}

/** Begins a stroke, on an empty pad if the example was shown. */
export function beginStroke(stroke: PadStroke): void {
  const { strokes, isExample } = drawing.peek();
  drawing.value = { strokes: [...(isExample ? [] : strokes), stroke], isExample: false };
}

/** Continues the last stroke. */
export function extendStroke(stroke: PadStroke): void {
  drawing.value = { strokes: [...drawing.peek().strokes.slice(0, -1), stroke], isExample: false };
}

/** Undoes the last stroke or, on an empty pad, that it was cleared. */
export function undoStroke(): void {
  const { strokes, cleared } = drawing.peek();
  drawing.value = { strokes: strokes.length === 0 ? (cleared ?? []) : strokes.slice(0, -1), isExample: false };
}

/** Removes all strokes; this can be undone. */
export function clearDrawing(): void {
  const { strokes, cleared } = drawing.peek();
  drawing.value = { strokes: [], isExample: false, cleared: strokes.length === 0 ? cleared : strokes };
}

void keep("drawings", "inspect", drawing, ({ isExample }) => !isExample);
