import type { DecodedImage } from "../../data/images/color.js";

const ORIENTATION = 0x0112;
const SHORT = 3;

/** The orientation in EXIF data (a TIFF header and its first directory): 1 … 8; undefined if there is none. */
export function exifOrientation(exif: Uint8Array): number | undefined {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  try {
    const order = view.getUint16(0);
    if (order !== 0x4949 && order !== 0x4d4d) return undefined;
    const little = order === 0x4949;
    const directory = view.getUint32(4, little);
    const entries = view.getUint16(directory, little);
    for (let entry = 0; entry < entries; entry++) {
      const place = directory + 2 + 12 * entry;
      if (view.getUint16(place, little) !== ORIENTATION || view.getUint16(place + 2, little) !== SHORT) continue;
      const value = view.getUint16(place + 8, little);
      return value >= 1 && value <= 8 ? value : undefined;
    }
  } catch (error) {
    // It ends within its directory.
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}

/** Turns and mirrors an image so that it stands upright, as its EXIF orientation says. */
export function upright(image: DecodedImage, orientation: number): DecodedImage {
  if (orientation === 1) return image;
  const { width, height } = image;
  const source = new Uint32Array(image.rgba.buffer, image.rgba.byteOffset, width * height);
  const target = new Uint32Array(width * height);
  const isTurned = orientation > 4;
  const isMirroredAcross = [2, 3, 7, 8].includes(orientation);
  const isMirroredDown = [3, 4, 6, 7].includes(orientation);
  const [across, down] = isTurned ? [height, width] : [width, height];
  for (let y = 0, to = 0; y < down; y++) {
    for (let x = 0; x < across; x++, to++) {
      const [column, row] = isTurned ? [y, x] : [x, y];
      const fromColumn = isMirroredAcross ? width - 1 - column : column;
      const fromRow = isMirroredDown ? height - 1 - row : row;
      target[to] = source[fromRow * width + fromColumn];
    }
  }
  return { width: across, height: down, rgba: new Uint8Array(target.buffer) };
}
