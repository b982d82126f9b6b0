import { decodeImage } from "../../../src/browser/index.js";
import { drawImage } from "../../../src/data/images/image.js";
import type { DatasetParts, ImageSettings } from "../../../src/data/index.js";
import { sha256 } from "../../../src/numeric/sha256.js";
import type { DataProgress, LabelledImage } from "./protocol.js";

/** Images between two progress events. */
const IMAGES = 20;

/** A data set of the user's own images. */
export interface ReadImages {
  readonly parts: DatasetParts;
  /** Files that the browser could not decode. */
  readonly skipped: readonly string[];
}

/**
 * Decodes images with the browser's decoders and resizes them to the network's input. Classes are sorted by name.
 *
 * @throws Error if fewer than two classes are left
 */
export async function readImages(
  images: readonly LabelledImage[],
  settings: ImageSettings,
  onProgress: (progress: DataProgress) => void,
): Promise<ReadImages> {
  const { channels, height, width } = settings.shape;
  const size = channels * height * width;
  const bytes = new Uint8Array(images.length * size);
  const kept: string[] = [];
  const skipped: string[] = [];
  for (const [index, { label, image }] of images.entries()) {
    try {
      drawImage(await decodeImage(image), settings, bytes, kept.length * size);
      kept.push(label);
    } catch {
      skipped.push(image instanceof File ? image.name : label);
    }
    if (index % IMAGES === 0) onProgress({ task: { type: "decoding" }, done: index, total: images.length });
  }
  const classes = [...new Set(kept)].sort();
  if (classes.length < 2) throw new Error(`at least two classes of images are needed, found ${classes.length}`);
  const labels = Uint8Array.from(kept, (label) => classes.indexOf(label));
  const used = bytes.slice(0, kept.length * size);
  const checksum = await sha256(used, labels);
  return {
    parts: {
      train: { name: "images", classes, channels, height, width, images: used, labels, checksum, generated: false },
    },
    skipped,
  };
}
