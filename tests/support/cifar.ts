import { gzipSync } from "node:zlib";
import { createTar } from "nanotar";

const RECORD_BYTES = 3073;

/** A CIFAR batch with the given labels and noise, which barely compresses. */
export function cifarBatch(labels: readonly number[], seed = 1): Uint8Array {
  let state = seed;
  const bytes = Uint8Array.from({ length: labels.length * RECORD_BYTES }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  for (const [record, label] of labels.entries()) bytes[record * RECORD_BYTES] = label;
  return bytes;
}

/** The files in a .tar.gz archive, laid out like CIFAR-10's. */
export function cifarArchive(files: Readonly<Record<string, Uint8Array | string>>): Buffer {
  const entries = Object.entries(files).map(([name, data]) => ({ name: `cifar-10-batches-bin/${name}`, data }));
  return gzipSync(createTar(entries, { attrs: { mtime: 0 } }));
}
