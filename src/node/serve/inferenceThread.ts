import { parentPort } from "node:worker_threads";
import { resizeImage } from "../../data/images/adapt.js";
import { invertImage } from "../../data/images/color.js";
import type { ImageSettings } from "../../data/images/resize.js";
import type { Engine, Images } from "../../engine/backend.js";
import { wasmBackend } from "../../engine/wasm/wasmBackend.js";
import { classCount, type Framing, type Weights } from "../../model/index.js";
import { ImageError } from "../images/header.js";
import { decodePng } from "../images/png.js";
import { type BatchMessage, type BatchReply, type FromThread, ItemKind, type ToThread } from "./inferenceMessages.js";

// A thread of `InferencePool`: decodes plain PNGs and computes logits, a batch per message.

/** The images that the engine computes at once. */
const BATCH_SIZE = 32;
const DEFAULT_FRAMING: Framing = { resize: "contain", background: 0 };

interface Network {
  readonly engine: Engine;
  readonly settings: ImageSettings;
}

const networks = new Map<number, Network>();

async function load({ model, normalization, parameters, metadata }: Weights): Promise<Network> {
  const engine = await wasmBackend().compile([{ model, normalization }], { batchSize: BATCH_SIZE });
  await engine.setParameters(parameters);
  return { engine, settings: { shape: model.input, ...(metadata?.framing ?? DEFAULT_FRAMING) } };
}

/** Images of one type, and where each is among all images of the batch. */
class Group<Numbers extends Uint8Array | Float32Array> {
  readonly places: number[] = [];
  private readonly parts: Numbers[] = [];

  add(images: Numbers, count: number, firstPlace: number): void {
    this.parts.push(images);
    for (let image = 0; image < count; image++) this.places.push(firstPlace + image);
  }

  /** All images, contiguous in `target`. */
  joined(target: Numbers): Numbers {
    let offset = 0;
    for (const part of this.parts) {
      target.set(part, offset);
      offset += part.length;
    }
    return target;
  }
}

async function compute({ network, bytes, items }: BatchMessage): Promise<BatchReply> {
  const { engine, settings } = networks.get(network)!;
  const { channels, height, width } = settings.shape;
  const size = channels * height * width;
  const pixels = new Group<Uint8Array>();
  const values = new Group<Float32Array>();
  const faults = new Map<number, string>();
  let images = 0;
  for (let item = 0; item < items.length / 3; item++) {
    const [kind, offset, length] = items.subarray(3 * item, 3 * item + 3);
    try {
      if (kind === ItemKind.values) {
        const floats = finite(new Float32Array(bytes.buffer, offset, length / 4));
        values.add(floats, floats.length / size, images);
        images += floats.length / size;
      } else {
        const part = bytes.subarray(offset, offset + length);
        const planes = kind === ItemKind.pixels ? part : fitted(part, kind === ItemKind.invertedPng, settings, size);
        pixels.add(planes, planes.length / size, images);
        images += planes.length / size;
      }
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      faults.set(item, error.message);
    }
  }
  const classes = classCount(engine.layers);
  const logits = new Float32Array(images * classes);
  const predict = async (inputs: Images, places: readonly number[]) => {
    if (places.length === 0) return;
    const loaded = await engine.load(inputs);
    const { data } = await engine.predict(loaded);
    loaded.unload();
    places.forEach((place, row) => {
      logits.set(data.subarray(row * classes, (row + 1) * classes), place * classes);
    });
  };
  await predict({ pixels: pixels.joined(new Uint8Array(pixels.places.length * size)) }, pixels.places);
  await predict({ values: values.joined(new Float32Array(values.places.length * size)) }, values.places);
  return { logits, faults };
}

/** @throws ImageError if a value is NaN or infinite: it would spoil nothing but its own image, which nobody would notice */
function finite(values: Float32Array): Float32Array {
  if (!values.every(Number.isFinite)) throw new ImageError("the input's values are not all finite");
  return values;
}

function fitted(png: Uint8Array, invert: boolean, settings: ImageSettings, size: number): Uint8Array {
  const image = decodePng(png);
  const planes = new Uint8Array(size);
  resizeImage(invert ? invertImage(image) : image, settings, planes);
  return planes;
}

async function answer(message: ToThread): Promise<FromThread | undefined> {
  if ("load" in message) {
    try {
      networks.set(message.load, await load(message.weights));
      return { loaded: message.load };
    } catch (error) {
      return { loaded: message.load, error: (error as Error).message };
    }
  }
  if ("unload" in message) {
    networks.get(message.unload)?.engine.dispose();
    networks.delete(message.unload);
    return undefined;
  }
  try {
    return await compute(message);
  } catch (error) {
    return { failed: (error as Error).message };
  }
}

const port = parentPort;
if (port !== null) {
  // One after another, in the order of arrival.
  let last: Promise<void> = Promise.resolve();
  port.on("message", (message: ToThread) => {
    last = last.then(async () => {
      const reply = await answer(message);
      if (reply) port.postMessage(reply, "logits" in reply ? [reply.logits.buffer] : []);
    });
  });
}
