import { useSignalEffect } from "@preact/signals";
import type { Dataset } from "../../../../src/data/dataset.js";
import type { ImagePart } from "../state/choosableImages.js";
import { shownNetwork } from "../state/shownNetwork.js";
import { trainedOn, typical } from "../state/unlike.js";
import { useLatest } from "./inspectTask.js";

/** As many images as tell what they have in common. */
const IMAGES = 1600;

/** Measures what the images have in common that the shown network was trained on. */
export function useTypical(): void {
  const ask = useLatest();
  useSignalEffect(() => {
    const part = trainedOn.value;
    const network = shownNetwork.peek();
    if (!network || !part || typical.peek()?.of === part.dataset) return;
    const { model, parameters, normalization } = network;
    const task = { type: "typical", dataset: sampleOf(part) } as const;
    ask({ network: { model, parameters, normalization }, task }, (event) => {
      if (event.type === "typical") typical.value = { of: part.dataset, found: event.typical };
    });
  });
}

/** Some of the images, evenly spaced. */
function sampleOf({ dataset, indices }: ImagePart): Dataset {
  const count = Math.min(IMAGES, indices.length);
  const size = dataset.channels * dataset.height * dataset.width;
  const images = new Uint8Array(count * size);
  const labels = new Uint8Array(count);
  for (let place = 0; place < count; place++) {
    const index = indices[Math.floor((place * indices.length) / count)];
    images.set(dataset.images.subarray(index * size, (index + 1) * size), place * size);
    labels[place] = dataset.labels[index];
  }
  return { ...dataset, images, labels };
}
