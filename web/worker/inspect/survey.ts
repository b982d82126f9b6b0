import { softmax } from "../../../src/training/evaluate.js";
import { inspectionEngine } from "./inspectionEngine.js";
import { principalComponents, project } from "./principal.js";
import type { InspectEvent, InspectedNetwork, InspectTask, Survey } from "./protocol.js";

type SurveyTask = Extract<InspectTask, { type: "survey" }>;

/** Images per forward pass. */
const BATCH = 32;
/** Batches between two progress events. */
const BATCHES = 16;
/** As many images as the principal components are found with. */
const MOST_ROWS = 2000;

/** Classifies images, and finds the plane in which a layer's values vary most over them. */
export async function survey(
  network: InspectedNetwork,
  { dataset, layer }: SurveyTask,
  report: (event: InspectEvent) => void,
): Promise<Survey> {
  const engine = await inspectionEngine(network, BATCH);
  const images = await engine.load({ pixels: dataset.images });
  const total = dataset.labels.length;
  const predictions = new Uint8Array(total);
  const confidences = new Float32Array(total);
  const features: Float32Array[] = [];
  for (let start = 0; start < total; start += BATCH) {
    const indices = Array.from({ length: Math.min(BATCH, total - start) }, (_, sample) => start + sample);
    const outputs = await engine.activations(images, { indices });
    const [rows, logits] = [outputs[layer].output.data, outputs[outputs.length - 1].output.data];
    const [size, classes] = [rows.length / indices.length, logits.length / indices.length];
    for (const [sample, index] of indices.entries()) {
      const probabilities = softmax(logits.subarray(sample * classes, (sample + 1) * classes));
      confidences[index] = Math.max(...probabilities);
      predictions[index] = probabilities.indexOf(Math.max(...probabilities));
      features.push(rows.slice(sample * size, (sample + 1) * size));
    }
    if ((start / BATCH) % BATCHES === 0) report({ type: "progress", done: start, total });
  }
  const size = features[0]?.length ?? 0;
  const step = Math.max(1, Math.ceil(total / MOST_ROWS));
  const sampled = features.filter((_, index) => index % step === 0);
  const rows = new Float32Array(sampled.length * size);
  for (const [place, row] of sampled.entries()) rows.set(row, place * size);
  const principal = principalComponents(rows, size, 2);
  const coordinates = new Float32Array(2 * total);
  for (const [index, row] of features.entries()) coordinates.set(project(principal, row), 2 * index);
  return { predictions, confidences, coordinates, principal };
}
