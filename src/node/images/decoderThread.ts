import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { resizeImage } from "../../data/images/adapt.js";
import { invertImage } from "../../data/images/color.js";
import { describeFileError, OPEN_AT_ONCE } from "../disk/files.js";
import { decodeImage } from "./codec.js";
import { type DecoderJob, type DecoderOutcome, type DecoderReply, PROCEED } from "./decoderMessages.js";
import { ImageError, imageFormat, MAGIC_BYTES, MAXIMUM_FILE_BYTES, readImageHeader } from "./header.js";
import { jpegDecoderMemory } from "./jpeg.js";
import { decoderMemory, MissingDecoderError } from "./magick.js";

// A thread of `DecoderThreads`: answers one job after another.

/**
 * After a larger image a thread is replaced: what that leaves behind is freed at some time only, and until then other
 * threads decode beside it. Starting a thread takes a small part of the time for such an image.
 */
const LARGE_PIXELS = 4_000_000;
/** The decoders' memories never shrink, so a thread is also replaced once they have grown beyond this. */
const WORN_BYTES = 80e6;

/** Smaller images are decoded without asking: all threads together need little memory for them. */
const SMALL_PIXELS = 1_000_000;

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

/** The size of the largest image so far. */
let mostPixels = 0;

async function decode({ source, settings, invert = false }: DecoderJob): Promise<DecoderOutcome> {
  let bytes: Uint8Array;
  try {
    bytes = typeof source === "string" ? readImageFile(source) : source;
  } catch (error) {
    if (error instanceof ImageError) throw error;
    return { reason: describeFileError(error, "read it"), lasting: false };
  }
  const { width, height } = readImageHeader(bytes);
  mostPixels = Math.max(mostPixels, width * height);
  if (width * height > SMALL_PIXELS) await askFor(width * height);
  const decoded = await decodeImage(bytes);
  const image = invert ? invertImage(decoded) : decoded;
  if (!settings) return { width: image.width, height: image.height, pixels: image.rgba };
  const { shape } = settings;
  const pixels = new Uint8Array(shape.channels * shape.height * shape.width);
  resizeImage(image, settings, pixels);
  return { width: image.width, height: image.height, pixels };
}

/** Decodes an image. An error that is not the image's own leaves the decoder in an unknown state. */
async function perform(job: DecoderJob): Promise<DecoderReply & { kind: "done" }> {
  const isGrown = () => mostPixels > LARGE_PIXELS || decoderMemory() + jpegDecoderMemory() > WORN_BYTES;
  try {
    const outcome = await decode(job);
    return { kind: "done", outcome, isWorn: isGrown() };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    if (error instanceof ImageError) return { kind: "done", outcome: { reason, lasting: true }, isWorn: isGrown() };
    if (error instanceof MissingDecoderError) {
      return { kind: "done", outcome: { reason, lasting: false }, isWorn: false };
    }
    return { kind: "done", outcome: { reason: `the decoder failed: ${reason}`, lasting: true }, isWorn: true };
  }
}

const port = parentPort;
let proceed = () => {};

/** Waits until an image of so many pixels may be decoded. */
function askFor(pixels: number): Promise<void> {
  return new Promise((resolve) => {
    proceed = resolve;
    port?.postMessage({ kind: "asking", pixels } satisfies DecoderReply);
  });
}

if (port !== null) {
  let work = Promise.resolve();
  port.postMessage({ kind: "ready" } satisfies DecoderReply);
  port.on("message", (message: DecoderJob | typeof PROCEED) => {
    if (message === PROCEED) proceed();
    else {
      work = work.then(async () => {
        const reply = await perform(message);
        // Moved instead of copied.
        const moved = "pixels" in reply.outcome ? [reply.outcome.pixels.buffer as ArrayBuffer] : [];
        port.postMessage(reply, moved);
      });
    }
  });
}
