import { addAbortSignal } from "node:stream";
import type { ImageSource } from "../node/imageSources.js";
import { MAXIMUM_FILE_BYTES } from "../node/images/protocol.js";

/** Stands for standard input among the names of images. */
const STANDARD_INPUT = "-";

/**
 * Images with what standard input holds in its place, if it is among them.
 *
 * @throws the signal's reason where it ends the reading
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
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of addAbortSignal(signal, process.stdin)) {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > MAXIMUM_FILE_BYTES) throw new Error(`standard input has more than ${MAXIMUM_FILE_BYTES / 1e6} MB`);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
  return new Uint8Array(Buffer.concat(pieces));
}
