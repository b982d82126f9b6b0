import { signal } from "@preact/signals";
import type { ImageSettings } from "../../src/data/index.js";
import type { LabelledImage } from "../worker/data/protocol.js";

/** How the user's own images become the network's input. */
export const ownImageSettings = signal<ImageSettings>({
  shape: { channels: 1, height: 28, width: 28 },
  resize: "contain",
  background: 0,
});

/** Formats that browsers decode; a folder may contain other files. */
const IMAGE = /\.(png|jpe?g|gif|webp|bmp|avif)$/i;

interface Placed {
  readonly file: File;
  readonly path: string;
}

/** Whether the browser decodes a file, judging by its name. */
export function isImage({ path }: Placed): boolean {
  return IMAGE.test(path);
}

/** The images among files, sorted by path and labelled with the name of their folder. */
export function labelledImages(files: readonly Placed[]): LabelledImage[] {
  return files
    .filter((placed) => isImage(placed) && placed.path.includes("/"))
    .toSorted((one, other) => (one.path < other.path ? -1 : 1))
    .map(({ file, path }) => ({ label: path.split("/").at(-2) ?? "", image: file }));
}
