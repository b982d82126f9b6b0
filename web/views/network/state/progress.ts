import { computed } from "@preact/signals";
import { type Moment, momentsOf } from "../../../pretrained/pretrained.js";
import type { Learning } from "../../../stage/subject.js";
import { rewoundTo, shown, shownPretrained, shownRun, snapshots } from "./network.js";

/** The curve of the shown network's training, and how many images it takes in all. */
export const curve = computed<{
  readonly points: readonly Pick<Moment, "images" | "accuracy">[];
  readonly total: number;
}>(() => {
  const name = shownPretrained.value;
  if (name) {
    const points = momentsOf(name);
    return { points, total: points[points.length - 1].images };
  }
  const run = shownRun.value;
  const each = run?.imagesPerEpoch ?? 0;
  const measured = (run?.member.value.curve.value ?? []).map(({ epoch, accuracy }) => ({
    images: epoch * each,
    accuracy,
  }));
  // Before the first step, the answers are chance.
  const points = [{ images: 0, accuracy: 1 / Math.max(1, shown.value.classes.length) }, ...measured];
  return { points, total: (run?.recipe.epochs ?? 1) * each };
});

/** How many images the network on display has been trained on; undefined if it is the end of a training. */
export const imagesNow = computed(() => {
  const place = rewoundTo.value;
  if (place !== undefined) return snapshots.value[place]?.images;
  const run = shownRun.value;
  if (run?.status.value !== "running") return undefined;
  return (run.newest.value?.epoch ?? 0) * run.imagesPerEpoch;
});

/** The accuracy at the moment on display, as far as it is known. */
export const accuracyNow = computed(() => {
  const { points } = curve.value;
  const images = imagesNow.value;
  return images === undefined ? points.at(-1)?.accuracy : accuracyAt(points, images);
});

/** How far the network on display has learned, while it learns or its training is replayed. */
export const learning = computed<Learning | undefined>(() => {
  if (rewoundTo.value === undefined && shownRun.value?.status.value !== "running") return undefined;
  const images = imagesNow.value ?? snapshots.value.at(-1)?.images ?? 0;
  return { images, accuracy: accuracyNow.value ?? 0, isGoing: shownRun.value?.status.value === "running" };
});

/** The curve's value at a number of images, between two points. */
export function accuracyAt(points: readonly Pick<Moment, "images" | "accuracy">[], images: number): number | undefined {
  const after = points.findIndex((point) => point.images >= images);
  if (after === -1) return points.at(-1)?.accuracy;
  if (after === 0) return points[0].accuracy;
  const [from, to] = [points[after - 1], points[after]];
  return from.accuracy + ((to.accuracy - from.accuracy) * (images - from.images)) / (to.images - from.images);
}
