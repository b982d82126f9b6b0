import { computed, signal } from "@preact/signals";
import type { Dataset } from "../../../../src/data/dataset.js";
import { residual } from "../../../worker/inspect/principal.js";
import type { Typical } from "../../../worker/inspect/protocol.js";
import { asShares } from "../../../worker/inspect/typical.js";
import { imageParts, isLabelled } from "./choosableImages.js";
import { shownImage } from "./shownImage.js";

/** With less contrast than this many bytes, an image is blank. */
const LEAST_CONTRAST = 24;

/** The images that the network was trained on. */
export const trainedOn = computed(() => (isLabelled.value ? imageParts.value.train : undefined));

/** What images of a data set have in common. */
export const typical = signal<{ readonly of: Dataset; readonly found: Typical } | undefined>(undefined);

/**
 * Why an image is not like those that the network was trained on: it is blank, or the principal components of those
 * images leave more of its pixels than of 99 in 100 others. Undefined if it is like them, or this is not known.
 */
export const unlike = computed<"blank" | "unusual" | undefined>(() => {
  const pixels = shownImage.value?.pixels;
  if (!pixels) return undefined;
  const most = pixels.reduce((largest, byte) => Math.max(largest, byte), 0);
  const least = pixels.reduce((smallest, byte) => Math.min(smallest, byte), 255);
  if (most - least < LEAST_CONTRAST) return "blank";
  if (!typical.value || typical.value.of !== trainedOn.value?.dataset) return undefined;
  const { found } = typical.value;
  return pixels.length === found.mean.length && residual(found, asShares(pixels)) > found.limit ? "unusual" : undefined;
});
