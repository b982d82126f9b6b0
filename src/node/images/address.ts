import type { ImageShape } from "../../model/index.js";
import { encodePng } from "./png.js";

/**
 * An image as a data URI of a PNG.
 *
 * @param planes [channels][height][width], 0 … 255
 */
export async function imageAddress({ channels, height, width }: ImageShape, planes: Uint8Array): Promise<string> {
  const pixels = height * width;
  const interleaved = Uint8Array.from(
    planes,
    (_, index) => planes[(index % channels) * pixels + Math.floor(index / channels)],
  );
  const png = await encodePng(interleaved, width, height);
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}
