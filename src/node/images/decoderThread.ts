import { parentPort, workerData } from "node:worker_threads";
import { resizeImage } from "../../data/images/adapt.js";
import { invertImage } from "../../data/images/color.js";
import { decodeImage, decoderMemory, startDecoder } from "./codec.js";
import { type DecoderJob, type DecoderReply, READY } from "./decoderMessages.js";
import { ImageError } from "./header.js";

// A thread of `ImageDecoder`: decodes one image per message.

/** A decoder's memory never shrinks, so its thread is replaced once a large image has made it grow beyond this. */
const WORN_BYTES = 256e6;

async function answer({ bytes, settings, invert = false }: DecoderJob): Promise<Omit<DecoderReply, "isWorn">> {
  const decoded = await decodeImage(bytes);
  const image = invert ? invertImage(decoded) : decoded;
  if (!settings) return { image };
  const { channels, height, width } = settings.shape;
  const pixels = new Uint8Array(channels * height * width);
  resizeImage(image, settings, pixels);
  return { pixels };
}

async function reply(job: DecoderJob): Promise<DecoderReply> {
  try {
    const answered = await answer(job);
    return { ...answered, isWorn: decoderMemory() > WORN_BYTES };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    if (error instanceof ImageError) return { reason, isWorn: decoderMemory() > WORN_BYTES };
    return { reason: `the decoder failed: ${reason}`, isWorn: true };
  }
}

const port = parentPort;
if (port !== null) {
  startDecoder(workerData).then(() => port.postMessage(READY));
  port.on("message", async (job: DecoderJob) => {
    const answered = await reply(job);
    const { buffer } = answered.image?.rgba ?? answered.pixels ?? new Uint8Array();
    port.postMessage(answered, buffer.byteLength > 0 ? [buffer as ArrayBuffer] : []);
  });
}
