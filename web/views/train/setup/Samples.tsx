import { useComputed } from "@preact/signals";
import type { Dataset } from "../../../../src/data/dataset.js";
import { ImageSheet } from "../../../kit/ImageSheet.js";
import { dataState } from "../../../state/loadedData.js";
import { messages } from "../messages/index.js";

/** The maximum number of classes shown, and the images per class. */
const COLUMNS = 10;
const ROWS = 3;

/** Some of the images, one column per class. */
export function Samples() {
  const samples = useComputed(() => {
    const state = dataState.value;
    if (state.type !== "ready") return undefined;
    const dataset = state.data.parts.train;
    const columns = Math.min(COLUMNS, dataset.classes.length);
    return { dataset, columns, indices: firstOfClasses(dataset, columns) };
  }).value;
  if (!samples) return null;
  const names = samples.dataset.classes.slice(0, samples.columns).join(", ");
  return <ImageSheet {...samples} label={messages().samples(names)} name={messages().sampleImages} />;
}

/** The first images of every class, row by row; a class with too few repeats its own. */
function firstOfClasses({ labels }: Dataset, columns: number): number[] {
  const found = Array.from({ length: columns }, (): number[] => []);
  let missing = columns * ROWS;
  for (let index = 0; index < labels.length && missing > 0; index++) {
    const ofClass = found[labels[index]];
    if (!ofClass || ofClass.length === ROWS) continue;
    ofClass.push(index);
    missing--;
  }
  return Array.from({ length: ROWS }, (_, row) => found.map((ofClass) => ofClass[row % ofClass.length])).flat();
}
