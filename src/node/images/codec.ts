import type { DecodedImage } from "../../data/images/color.js";
import { readImageHeader } from "./header.js";
import { decodeJpeg } from "./jpeg.js";
import { decodeWithMagick } from "./magick.js";
import { decodePng } from "./png.js";

/** Part of the cache's key. Change it when files may be decoded to different pixels, or different files are refused. */
export const DECODER_VERSION = "lenet 2, jsquash/jpeg 1.6.0, magick-wasm 0.0.43";

/**
 * Decodes a JPEG, PNG, WebP, GIF, BMP or TIFF image, recognised by its first bytes. Takes the first of several frames,
 * applies the EXIF orientation, and converts grey, palettes, CMYK and 16 bits to 8-bit red, green, blue and opacity.
 * Colour profiles are ignored, as in Pillow. All but PNG and the usual JPEGs need the package
 * `@imagemagick/magick-wasm`.
 *
 * @throws ImageError if it is none of these, is damaged or truncated, or has more than MAXIMUM_PIXELS pixels;
 *   MissingDecoderError if it needs the package and that is not installed
 */
export async function decodeImage(bytes: Uint8Array): Promise<DecodedImage> {
  const { format } = readImageHeader(bytes);
  if (format === "PNG") return decodePng(bytes);
  const image = format === "JPEG" ? await decodeJpeg(bytes) : undefined;
  return image ?? decodeWithMagick(bytes, format);
}
