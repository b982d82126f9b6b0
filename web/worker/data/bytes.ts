import { canShareMemory } from "../../../src/browser/index.js";

/** Decompresses gzip; returns other bytes unchanged. @throws Error if they are damaged */
export async function unpacked(bytes: Uint8Array<ArrayBuffer>, what: string): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (error) {
    throw new Error(`${what} is damaged: it cannot be decompressed`, { cause: error });
  }
}

/**
 * Copies bytes into memory that all workers share if they can; otherwise returns them, and each worker gets
 * a copy.
 */
export function shareable(bytes: Uint8Array): Uint8Array {
  if (!canShareMemory()) return bytes;
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}
