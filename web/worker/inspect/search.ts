import { elementCount } from "../../../src/model/index.js";
import { inspectionEngine } from "./inspectionEngine.js";
import type { ExcitingImage, InspectEvent, InspectedNetwork, InspectTask } from "./protocol.js";

type SearchTask = Extract<InspectTask, { type: "search" }>;

/** Images per forward pass. */
const BATCH = 8;
/** Images between two progress events. */
const IMAGES = 400;

/** Finds the images that excite a map most at any one of its units, most exciting first. */
export async function search(
  network: InspectedNetwork,
  { dataset, place, count }: SearchTask,
  report: (event: InspectEvent) => void,
): Promise<void> {
  const engine = await inspectionEngine(network, BATCH);
  const images = await engine.load({ pixels: dataset.images });
  const size = elementCount(engine.layers[place.layer].output);
  const perMap = size / engine.layers[place.layer].output[0];
  const total = dataset.labels.length;
  let best: ExcitingImage[] = [];
  for (let start = 0; start < total; start += BATCH) {
    const indices = Array.from({ length: Math.min(BATCH, total - start) }, (_, sample) => start + sample);
    const { data } = (await engine.activations(images, { indices }))[place.layer].output;
    const found = indices.map((index, sample) => {
      const first = sample * size + place.map * perMap;
      const at = largestOf(data, first, first + perMap);
      return { index, value: data[at], unit: at - sample * size };
    });
    best = [...best, ...found].sort((one, other) => other.value - one.value).slice(0, count);
    if (start % IMAGES === 0) report({ type: "progress", done: start, total });
  }
  report({ type: "found", images: best });
}

/** The index of the first largest value in [first, end). */
function largestOf(values: Float32Array, first: number, end: number): number {
  let at = first;
  for (let place = first + 1; place < end; place++) if (values[place] > values[at]) at = place;
  return at;
}
