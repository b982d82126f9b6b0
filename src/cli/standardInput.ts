import { addAbortSignal } from "node:stream";
import type { ImageSource } from "../node/imageSources.js";
import { MAXIMUM_FILE_BYTES } from "../node/images/header.js";

/** Names standard input in a list of images. */
const STANDARD_INPUT = "-";

/**
 * Reads standard input if it is among the images.
 *
 * @returns the images, with the bytes of standard input in its place
 * @throws the signal's reason if it is aborted
 */
export async function withStandardInput(
  sources: readonly ImageSource[],
  signal: AbortSignal,
): Promise<readonly ImageSource[]> {
  if (!sources.some(({ name }) => name === STANDARD_INPUT)) return sources;
  const image = await readStandardInput(signal);
  return sources.map((source) => (source.name === STANDARD_INPUT ? { ...source, image } : source));
}

async function readStandardInput(signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of addAbortSignal(signal, process.stdin)) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAXIMUM_FILE_BYTES) throw new Error(`standard input has more than ${MAXIMUM_FILE_BYTES / 1e6} MB`);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  return new Uint8Array(Buffer.concat(chunks));
}
