import { decodePicture } from "../../../src/browser/index.js";
import type { DatasetParts, PictureSettings } from "../../../src/data/index.js";
import { drawPicture } from "../../../src/data/pictures/picture.js";
import { sha256 } from "../../../src/numeric/sha256.js";
import type { DataProgress, LabelledPicture } from "./protocol.js";

/** Between two progresses. */
const PICTURES = 20;

/** A data set of somebody's own pictures. */
export interface ReadPictures {
  readonly parts: DatasetParts;
  /** The files that the browser could not decode. */
  readonly skipped: readonly string[];
}

/**
 * Decodes pictures with the browser's own decoders and brings them to the network's input. Classes are in the order of
 * their names.
 *
 * @throws Error with one line where fewer than two classes are left
 */
export async function readPictures(
  pictures: readonly LabelledPicture[],
  settings: PictureSettings,
  onProgress: (progress: DataProgress) => void,
): Promise<ReadPictures> {
  const { channels, height, width } = settings.shape;
  const size = channels * height * width;
  const bytes = new Uint8Array(pictures.length * size);
  const kept: string[] = [];
  const skipped: string[] = [];
  for (const [index, { label, picture }] of pictures.entries()) {
    try {
      drawPicture(await decodePicture(picture), settings, bytes, kept.length * size);
      kept.push(label);
    } catch {
      skipped.push(picture instanceof File ? picture.name : label);
    }
    if (index % PICTURES === 0) onProgress({ task: { type: "decoding" }, done: index, total: pictures.length });
  }
  const classes = [...new Set(kept)].sort();
  if (classes.length < 2) throw new Error(`pictures of two classes at least are needed, found ${classes.length}`);
  const labels = Uint8Array.from(kept, (label) => classes.indexOf(label));
  const used = bytes.slice(0, kept.length * size);
  const checksum = await sha256(used, labels);
  return {
    parts: {
      train: { name: "pictures", classes, channels, height, width, images: used, labels, checksum, generated: false },
    },
    skipped,
  };
}
