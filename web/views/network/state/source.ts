import { computed, signal } from "@preact/signals";
import { changeUrl, url } from "../../../address/url.js";
import { loadSamples, PRETRAINED, type PretrainedName, type Sample } from "../../../pretrained/pretrained.js";
import type { PadStroke } from "../../../scene/pen.js";

/** The strokes on the pad. */
export const strokes = signal<readonly PadStroke[]>([]);

/** Whether a pen is on the pad: what it draws is shown at once, not eased. */
export const isDrawing = signal(false);

/** An image in place of the drawing or of the chosen one: bytes [channels][height][width] as the network takes them. */
export const altered = signal<Uint8Array | undefined>(undefined);

/** Whether the camera is on the pad, and whether its picture is held. */
export const camera = signal<"off" | "live" | "held">("off");

/** The camera's image as the network takes it: bytes [channels][height][width]. */
export const captured = signal<Uint8Array | undefined>(undefined);

/** Puts the camera on the pad. */
export function openCamera(): void {
  stopDemonstration();
  altered.value = undefined;
  changeUrl({ networkSample: undefined, networkPart: undefined }, "replace");
  camera.value = "live";
}

/** Takes the camera off the pad. */
export function closeCamera(): void {
  camera.value = "off";
  captured.value = undefined;
}

/** Counts the images that have been shown as a whole: light runs through the network for each. */
export const light = signal(0);

const loaded = signal<Partial<Record<PretrainedName, readonly Sample[]>>>({});

/** The images that come with the page, by network, once they are loaded. */
export const samples = computed(() => loaded.value);

/** Loads the images that come with the page, once. */
export async function askSamples(): Promise<void> {
  if (Object.keys(loaded.peek()).length > 0) return;
  const all = await Promise.all(PRETRAINED.map((name) => loadSamples(name)));
  loaded.value = Object.fromEntries(PRETRAINED.map((name, index) => [name, all[index]]));
}

/** The chosen image that comes with the page; undefined while the pad has a drawing. */
export const sample = computed<Sample | undefined>(() => {
  const { networkShow, networkSample } = url.value;
  if (networkSample === undefined) return undefined;
  return loaded.value[networkShow === "clothes" ? "clothes" : "digits"]?.[networkSample];
});

/** Shows an image that comes with the page, to the network that was trained on its like. */
export function chooseSample(name: PretrainedName, index: number): void {
  stopDemonstration();
  closeCamera();
  altered.value = undefined;
  const { networkShow, networkSample } = url.peek();
  const isRun = networkShow === "run" && name === "digits";
  const isFirst = networkSample === undefined;
  changeUrl(
    { networkShow: isRun ? "run" : name, networkSample: index, networkPart: undefined },
    isFirst ? "push" : "replace",
  );
  light.value++;
}

/** Begins a stroke, on an empty pad if an image or an example was shown. */
export function beginStroke(stroke: PadStroke): void {
  const isFresh = stopDemonstration() || sample.peek() !== undefined;
  closeCamera();
  altered.value = undefined;
  if (url.peek().networkSample !== undefined || url.peek().networkShow === "clothes") {
    const { networkShow } = url.peek();
    changeUrl({ networkSample: undefined, networkShow: networkShow === "clothes" ? "digits" : networkShow }, "replace");
  }
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
  changeUrl({ networkSample: undefined, networkPart: undefined }, "replace");
  strokes.value = [];
}

/** The time in which the example is drawn. */
const DEMONSTRATION_MILLISECONDS = 1300;

let demonstration: number | undefined;
let isExample = false;

/** Draws a digit on the empty pad, stroke by stroke, as a visitor would; the network follows. */
export function demonstrate(isStill: boolean): void {
  if (strokes.peek().length > 0 || url.peek().networkSample !== undefined) return;
  const example = exampleStroke();
  isExample = true;
  if (isStill) {
    strokes.value = [example];
    return;
  }
  const start = performance.now();
  isDrawing.value = true;
  const step = (now: number) => {
    const share = Math.min(1, (now - start) / DEMONSTRATION_MILLISECONDS);
    strokes.value = [example.slice(0, Math.max(1, Math.round(share * example.length)))];
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

/** A three, made of two arcs. */
function exampleStroke(): PadStroke {
  const arc = (x: number, y: number, radius: number, from: number, to: number) =>
    Array.from({ length: 25 }, (_, step) => {
      const angle = ((from + ((to - from) * step) / 24) * Math.PI) / 180;
      return { x: x + 1.15 * radius * Math.cos(angle), y: y + radius * Math.sin(angle) };
    });
  return [...arc(0.49, 0.335, 0.165, -155, 85), ...arc(0.48, 0.68, 0.19, -88, 150)];
}
