import type { PlacedFile } from "../../../kit/droppedFiles.js";
import type { LabelledPicture } from "../../../worker/data/protocol.js";

/** What browsers decode; a folder may hold other things. */
const PICTURE = /\.(png|jpe?g|gif|webp|bmp|avif)$/i;

/** The pictures among files, each with the name of the folder that it lies in, in the order of their paths. */
export function labelledPictures(files: readonly PlacedFile[]): LabelledPicture[] {
  return files
    .filter(({ path }) => PICTURE.test(path) && path.includes("/"))
    .toSorted((one, other) => (one.path < other.path ? -1 : 1))
    .map(({ file, path }) => ({ label: path.split("/").at(-2) ?? "", picture: file }));
}
