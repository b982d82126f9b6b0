import { catalogEntry } from "../../src/data/catalog.js";
import type { Dataset } from "../../src/data/dataset.js";
import { lenet5, type Model, type NamedTensors, type Normalization } from "../../src/model/index.js";
import facts from "./facts.json";
import { dequantise, quantisedSize } from "./quantised.js";

/** The networks that come with the page. */
export const PRETRAINED = ["digits", "clothes"] as const;
export type PretrainedName = (typeof PRETRAINED)[number];

/** The layers of all of them: those of the recipe `best`. */
export const PRETRAINED_MODEL: Model = lenet5({
  input: { channels: 1, height: 28, width: 28 },
  classes: 10,
  activation: "relu",
  pooling: "maxPool2d",
  dropout: 0,
});

/** That of the recipe. */
export const PRETRAINED_NORMALIZATION: Normalization = { mean: [0.5], std: [0.5] };

const DATA = { digits: "mnist", clothes: "fashion-mnist" } as const;

/** The class names of a network. */
export function pretrainedClasses(name: PretrainedName): readonly string[] {
  return catalogEntry(DATA[name]).classes;
}

/** A moment of a network's training. */
export interface Moment {
  /** How many images it has been trained on. */
  readonly images: number;
  /** On the validation images, 0 … 1. */
  readonly accuracy: number;
  readonly loss: number;
}

/** How well a network does on the test images, as it is stored, 0 … 1. */
export function testAccuracy(name: PretrainedName): number {
  return facts[name].storedTestAccuracy;
}

/** The moments of a network's training that are kept, from before its first step to the network itself. */
export function momentsOf(name: PretrainedName): readonly Moment[] {
  return facts[name].history;
}

const FILES = {
  digits: {
    weights: new URL("./digits.bin", import.meta.url),
    history: new URL("./digitsHistory.bin", import.meta.url),
    samples: new URL("./digitsSamples.bin", import.meta.url),
  },
  clothes: {
    weights: new URL("./clothes.bin", import.meta.url),
    history: new URL("./clothesHistory.bin", import.meta.url),
    samples: new URL("./clothesSamples.bin", import.meta.url),
  },
} as const;

/** Loads a network's parameters. @throws Error if the file cannot be loaded */
export async function loadPretrained(name: PretrainedName): Promise<NamedTensors<Float32Array>> {
  return dequantise(PRETRAINED_MODEL, await bytesOf(FILES[name].weights));
}

/** Loads the parameters of all moments but the last one, which is the network itself. */
export async function loadHistory(name: PretrainedName): Promise<NamedTensors<Float32Array>[]> {
  const bytes = await bytesOf(FILES[name].history);
  const size = quantisedSize(PRETRAINED_MODEL);
  return Array.from({ length: bytes.length / size }, (_, moment) =>
    dequantise(PRETRAINED_MODEL, bytes.subarray(moment * size, (moment + 1) * size)),
  );
}

/** Loads a few test images: one of each class, then some that the network misreads. */
export async function loadSamples(name: PretrainedName): Promise<Dataset> {
  const images = await bytesOf(FILES[name].samples);
  const { name: source, classes, shape } = catalogEntry(DATA[name]);
  const labels = Uint8Array.from(facts[name].samples, ({ label }) => label);
  return { ...shape, name: source, classes, images, labels, checksum: "", generated: false };
}

async function bytesOf(url: URL): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
