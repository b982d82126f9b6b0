import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { resizeImage } from "../../data/images/adapt.js";
import { invertImage } from "../../data/images/color.js";
import { describeFileError, OPEN_AT_ONCE } from "../disk/files.js";
import { decodeImage, decoderMemory, startDecoder } from "./codec.js";
import { ImageError, type ImageHeader, imageFormat, MAGIC_BYTES, readImageHeader } from "./header.js";
import {
  type Job,
  MAXIMUM_FILE_BYTES,
  NO_SLOT,
  type Outcome,
  type Reply,
  returnPixels,
  takePixels,
  type WorkerStart,
} from "./protocol.js";

/** A decoder's memory never shrinks, so its thread is replaced once a large image has made it grow beyond this. */
const WORN_BYTES = 150e6;

/** A file's content, if it begins like an image. */
function readImageFile(path: string): Uint8Array {
  const file = openSync(path, OPEN_AT_ONCE);
  try {
    const stats = fstatSync(file);
    // A folder's error is the system's.
    if (!stats.isFile() && !stats.isDirectory()) throw new ImageError("not a regular file");
    const { size } = stats;
    if (size > MAXIMUM_FILE_BYTES) {
      throw new ImageError(`too large: ${Math.ceil(size / 1e6)} MB, the limit is ${MAXIMUM_FILE_BYTES / 1e6} MB`);
    }
    const bytes = new Uint8Array(size);
    let length = readSync(file, bytes, 0, Math.min(MAGIC_BYTES, size), null);
    // If it is something else, such as a film, no more is read.
    if (imageFormat(bytes) === undefined) readImageHeader(bytes);
    for (let count = length; count > 0 && length < size; length += count) {
      count = readSync(file, bytes, length, size - length, null);
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/** Decodes and fits one image. Throws only if the decoder is broken. */
async function work({ slot, image: encoded }: Job, start: WorkerStart): Promise<Outcome> {
  const { settings, invert, pixels } = start;
  const { channels, height, width } = settings.shape;
  let bytes: Uint8Array;
  try {
    bytes = typeof encoded === "string" ? readImageFile(encoded) : encoded;
  } catch (error) {
    if (error instanceof ImageError) return { slot, reason: error.message, lasting: true };
    return { slot, reason: describeFileError(error, "read it"), lasting: false };
  }
  try {
    takeTurn(slot, readImageHeader(bytes), start);
    const image = await decodeImage(bytes);
    resizeImage(invert ? invertImage(image) : image, settings, pixels, slot * channels * height * width);
    return { slot, width: image.width, height: image.height };
  } catch (error) {
    if (error instanceof ImageError) return { slot, reason: error.message, lasting: true };
    throw error;
  } finally {
    returnPixels(start.allowance, Atomics.exchange(start.current, 1, 0));
  }
}

/** Waits until an image of this size may be decoded. The time does not count as its own. */
function takeTurn(slot: number, { width, height }: ImageHeader, { current, allowance }: WorkerStart): void {
  Atomics.store(current, 0, NO_SLOT);
  takePixels(allowance, width * height);
  Atomics.store(current, 1, width * height);
  Atomics.store(current, 0, slot);
}

async function workAll(jobs: readonly Job[], start: WorkerStart): Promise<Reply> {
  const outcomes: Outcome[] = [];
  for (const job of jobs) {
    Atomics.store(start.current, 0, job.slot);
    try {
      outcomes.push(await work(job, start));
    } catch (error) {
      const what = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
      outcomes.push({ slot: job.slot, reason: `the decoder failed: ${what}`, lasting: true });
      return { outcomes, isWorn: true };
    }
    if (decoderMemory() > WORN_BYTES) return { outcomes, isWorn: true };
  }
  return { outcomes, isWorn: false };
}

const port = parentPort;
if (port !== null) {
  const start: WorkerStart = workerData;
  const started = startDecoder(start.module);
  port.on("message", async (jobs: readonly Job[]) => {
    await started;
    const reply = await workAll(jobs, start);
    Atomics.store(start.current, 0, NO_SLOT);
    port.postMessage(reply);
  });
}
