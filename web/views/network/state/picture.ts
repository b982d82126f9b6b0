import { computed, signal } from "@preact/signals";
import { normalizedBytes } from "../../../../src/model/index.js";
import { softmax } from "../../../../src/training/evaluate.js";
import { changeUrl, url } from "../../../address/url.js";
import type { Stage, Unit } from "../../../scene/arithmetic.js";
import { type Hit, hasMaps } from "../../../scene/layout.js";
import type { Picture } from "../../../scene/paint.js";
import { inkImage } from "../../../scene/pen.js";
import { type Tuning, tuningsOf } from "../../../scene/tuning.js";
import { mapOf, strongestPlace } from "../../../scene/words.js";
import { padMarks } from "./marks.js";
import { areDigits, background, classes, inputShape, network, normalization } from "./network.js";
import { altered, captured, isDrawing, sample, strokes } from "./source.js";

/** The camera's image; undefined while it is off, or if it has another network's size. */
const photograph = computed(() => {
  const { channels, height, width } = inputShape.value;
  return captured.value?.length === channels * height * width ? captured.value : undefined;
});

/** The camera's image, the drawing, or the chosen image, as the network takes it; bytes [channels][height][width]. */
export const ownPixels = computed(() => photograph.value ?? repeated(sample.value?.pixels) ?? drawn(areDigits.value));

/** The image that the network takes. */
export const inputPixels = computed(() =>
  altered.value?.length === ownPixels.value.length ? altered.value : ownPixels.value,
);

/** The pad's image: as it is drawn, or, once its places are marked, as the network takes it. */
export const padPixels = computed(() => {
  const isInput =
    altered.value !== undefined || photograph.value !== undefined || (padMarks.value.length > 0 && !isDrawing.value);
  return isInput ? inputPixels.value : (repeated(sample.value?.pixels) ?? drawn(false));
});

/** Whether the network takes the pad's image as it is. */
export const isMoved = computed(() => {
  const [pad, input] = [padPixels.value, inputPixels.value];
  return pad.some((byte, place) => byte !== input[place]);
});

/** Whether the pad is empty. */
export const isBlank = computed(() => padPixels.value.every((byte) => byte === background.value));

function drawn(centred: boolean): Uint8Array {
  return inkImage(strokes.value, inputShape.value, background.value, centred);
}

/** A grey image of the page's own size in every channel of the input; undefined if the input has another size. */
function repeated(pixels: Uint8Array | undefined): Uint8Array | undefined {
  const { channels, height, width } = inputShape.value;
  if (pixels?.length !== height * width) return undefined;
  const all = new Uint8Array(channels * pixels.length);
  for (let channel = 0; channel < channels; channel++) all.set(pixels, channel * pixels.length);
  return all;
}

/** The values of every layer: the input, then each layer's output. */
export const values = computed(() => network.value.forward(inputOf(inputPixels.value)));

/** Bytes [channels][height][width] as the values of the input. */
export function inputOf(pixels: Uint8Array): Float64Array {
  const { channels, height, width } = inputShape.value;
  const table = normalizedBytes(normalization.value, channels);
  return Float64Array.from(pixels, (byte, place) => table[256 * Math.floor(place / (height * width)) + byte]);
}

const stageValues = computed(() => network.value.structure.stages.map(({ last }) => values.value[last + 1]));

export const probabilities = computed(() => softmax(Float32Array.from(values.value[values.value.length - 1])));

/** The index of the most probable class. */
export const winner = computed(() => probabilities.value.indexOf(Math.max(...probabilities.value)));

/** The part in the address. On a map, the place is its most active one, unless another was chosen. */
const chosen = computed<Unit | undefined>(() => {
  const [term, number, chosenPlace] = url.value.networkPart?.split(":") ?? [];
  const { stages } = network.value.structure;
  const stage = stages.findIndex((one) => one.term === term);
  if (stage < 1) return undefined;
  const own = stages[stage];
  const map = Math.min(own.count, Number(number)) - 1;
  const size = own.height * own.width;
  const index =
    chosenPlace === undefined
      ? strongestPlace(stageValues.value[stage], own, map)
      : map * size + Math.min(size - 1, Number(chosenPlace));
  return { stage, index };
});

/** What the scene shows. */
export const picture = computed<Picture>(() => {
  const { structure } = network.value;
  const unit = chosen.value ?? { stage: structure.stages.length - 1, index: winner.value };
  return {
    structure,
    values: stageValues.value,
    contributions: network.value.contributions(values.value, unit),
    probabilities: probabilities.value,
    classes: classes.value,
    chosen: chosen.value,
    sum: chosen.value && network.value.sumOf(values.value, chosen.value),
  };
});

/** The map, before the chosen unit, whose share is opened to numbers; undefined: the largest. */
export const focusedRow = signal<number | undefined>(undefined);

/** Chooses a map or unit; a second time on the same map, the place on it. Undefined: the answer. */
export function choose(hit: Hit | undefined): void {
  focusedRow.value = undefined;
  changeUrl({ networkPart: hit && partOf(hit) }, "replace");
}

function partOf({ stage, map, place }: Hit): string {
  const own = network.peek().structure.stages[stage];
  const before = chosen.peek();
  const isSameMap = before?.stage === stage && mapOf(own, before.index) === map;
  const part = `${own.term}:${map + 1}`;
  return isSameMap && place >= 0 && hasMaps(own) ? `${part}:${place}` : part;
}

/** What the maps of the chosen unit's layer answer to. Takes some twenty passes, so only once for each network. */
const tunings = computed(() => {
  const stage = chosen.value && network.value.structure.stages[chosen.value.stage];
  return stage && hasMaps(stage) ? tuningsOfStage(stage) : undefined;
});

/** What the maps of a stage answer to. */
export function tuningsOfStage(stage: Stage): Tuning[] {
  const table = normalizedBytes(normalization.value, 1);
  const paper = background.value;
  return tuningsOf(network.value, stage, { background: table[paper], ink: table[255 - paper] });
}

/** What the chosen map answers to. */
export const chosenTuning = computed<Tuning | undefined>(() => {
  const unit = chosen.value;
  return unit && tunings.value?.[mapOf(network.value.structure.stages[unit.stage], unit.index)];
});
