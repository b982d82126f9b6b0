import { parentPort } from "node:worker_threads";
import { invertImage } from "../../data/images/color.js";
import { drawImage } from "../../data/images/image.js";
import type { ImageSettings } from "../../data/images/resize.js";
import type { Engine } from "../../engine/backend.js";
import { wasmBackend } from "../../engine/wasm/wasmBackend.js";
import type { Framing, Weights } from "../../model/index.js";
import { ImageError } from "../images/header.js";
import { decodePlainPng } from "../images/plainPng.js";
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

async function compute({ network, bytes, items }: BatchMessage): Promise<BatchReply> {
  const { engine, settings } = networks.get(network)!;
  const { channels, height, width } = settings.shape;
  const size = channels * height * width;
  const count = items.length / 3;
  const imagesOf = (kind: number, length: number) =>
    kind === ItemKind.values ? length / (4 * size) : kind === ItemKind.pixels ? length / size : 1;

  const faults = new Map<number, string>();
  const slots = { values: [] as number[], pixels: [] as number[] };
  const values: Float32Array[] = [];
  const pixels: Uint8Array[] = [];
  let images = 0;
  for (let item = 0; item < count; item++) {
    const [kind, offset, length] = items.subarray(3 * item, 3 * item + 3);
    const isFloat = kind === ItemKind.values;
    if (isFloat) {
      values.push(new Float32Array(bytes.buffer, offset, length / 4));
    } else if (kind === ItemKind.pixels) {
      pixels.push(bytes.subarray(offset, offset + length));
    } else {
      try {
        pixels.push(fitted(bytes.subarray(offset, offset + length), kind === ItemKind.invertedPng, settings, size));
      } catch (error) {
        if (!(error instanceof ImageError)) throw error;
        faults.set(item, error.message);
        continue;
      }
    }
    for (let left = imagesOf(kind, length); left > 0; left--) slots[isFloat ? "values" : "pixels"].push(images++);
  }

  const classes = engine.layers[engine.layers.length - 1].output[0];
  const logits = new Float32Array(images * classes);
  const place = async (slots: readonly number[], inputs: { pixels: Uint8Array } | { values: Float32Array }) => {
    const loaded = await engine.load(inputs);
    const { data } = await engine.predict(loaded);
    loaded.unload();
    slots.forEach((slot, index) => {
      logits.set(data.subarray(index * classes, (index + 1) * classes), slot * classes);
    });
  };
  if (pixels.length > 0)
    await place(slots.pixels, { pixels: joined(pixels, new Uint8Array(slots.pixels.length * size)) });
  if (values.length > 0)
    await place(slots.values, { values: joined(values, new Float32Array(slots.values.length * size)) });
  return { logits, faults };
}

function fitted(png: Uint8Array, invert: boolean, settings: ImageSettings, size: number): Uint8Array {
  const image = decodePlainPng(png);
  const pixels = new Uint8Array(size);
  drawImage(invert ? invertImage(image) : image, settings, pixels);
  return pixels;
}

function joined<Numbers extends Uint8Array | Float32Array>(parts: readonly Numbers[], target: Numbers): Numbers {
  let offset = 0;
  for (const part of parts) {
    target.set(part, offset);
    offset += part.length;
  }
  return target;
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
