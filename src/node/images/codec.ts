import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import {
  ColorSpace,
  type IMagickImage,
  initializeImageMagick,
  MagickColors,
  MagickError,
  MagickFormat,
  MagickImage,
  MagickReadSettings,
  ResourceLimits,
} from "@imagemagick/magick-wasm";
import type { DecodedImage } from "../../data/images/color.js";
import { ImageError, type ImageFormat, MAXIMUM_PIXELS, readImageHeader } from "./header.js";

/** Changes where the same file may be decoded to other pixels or other files are refused; in the cache's key. */
export const DECODER_VERSION = "magick-wasm 0.0.43, 1";

/** ImageMagick keeps at most five bytes a pixel; turning an image takes a second copy. */
const MAXIMUM_IMAGE_BYTES = BigInt(MAXIMUM_PIXELS) * 5n * 3n;
const MAXIMUM_PROFILE_BYTES = 64n << 20n;

/** The colour spaces whose values are shown as they are: others, as CMYK, are converted. A gamma is ignored. */
const DISPLAYED: ReadonlySet<ColorSpace> = new Set([
  ColorSpace.sRGB,
  ColorSpace.RGB,
  ColorSpace.Gray,
  ColorSpace.LinearGray,
]);

/** libjpeg warns of it only and makes up the rest. */
const CUT_OFF = /premature end/i;

let compiled: Promise<WebAssembly.Module> | undefined;
let started: Promise<void> | undefined;
/** A pixel in the decoder's memory, to tell how large that is. */
let probe: IMagickImage | undefined;

/** ImageMagick's module, compiled once; other threads can start from it. */
export function compileDecoder(): Promise<WebAssembly.Module> {
  compiled ??= (async () => {
    const { resolve } = createRequire(import.meta.url);
    return WebAssembly.compile(new Uint8Array(await readFile(resolve("@imagemagick/magick-wasm/magick.wasm"))));
  })();
  return compiled;
}

/**
 * Starts ImageMagick in this thread, once, with its limits set.
 *
 * @param module what `compileDecoder` gave, here or in another thread
 */
export function startDecoder(module: WebAssembly.Module | Promise<WebAssembly.Module> = compileDecoder()) {
  started ??= (async () => {
    await initializeImageMagick(await module);
    ResourceLimits.area = BigInt(MAXIMUM_PIXELS);
    ResourceLimits.width = BigInt(MAXIMUM_PIXELS);
    ResourceLimits.height = BigInt(MAXIMUM_PIXELS);
    ResourceLimits.memory = MAXIMUM_IMAGE_BYTES;
    ResourceLimits.maxMemoryRequest = MAXIMUM_IMAGE_BYTES;
    ResourceLimits.maxProfileSize = MAXIMUM_PROFILE_BYTES;
    ResourceLimits.disk = 0n;
    probe = MagickImage.create(MagickColors.Black, 1, 1);
  })();
  return started;
}

/** The bytes of memory that the decoder has taken in this thread; it never gives any back. */
export function decoderMemory(): number {
  return probe?.getPixels((pixels) => pixels.getReadOnlyArea(0, 0, 1, 1).buffer.byteLength) ?? 0;
}

/**
 * Decodes an image: JPEG, PNG, WebP, GIF, BMP or TIFF, told by its first bytes, whatever its name says. Of several
 * frames the first is taken; it is turned upright as its EXIF orientation says; grey, palettes, CMYK and 16 bits become
 * 8-bit red, green, blue and opacity; colour profiles are ignored, as by Pillow.
 *
 * @throws ImageError where it is none of these, is damaged or cut off, or has more than MAXIMUM_PIXELS pixels
 */
export async function decodeImage(bytes: Uint8Array): Promise<DecodedImage> {
  const header = readImageHeader(bytes);
  await startDecoder();
  try {
    return decode(bytes, header.format);
  } catch (error) {
    if (error instanceof MagickError) throw new ImageError(`damaged: ${plainMessage(error)}`);
    throw error;
  }
}

function decode(bytes: Uint8Array, format: ImageFormat): DecodedImage {
  const image = MagickImage.create();
  try {
    let isCutOff = false;
    image.onWarning = ({ error }) => {
      isCutOff ||= CUT_OFF.test(error.message);
    };
    image.read(bytes, readSettings(format));
    if (isCutOff) throw new ImageError("damaged: it is cut off");
    image.autoOrient();
    if (!DISPLAYED.has(image.colorSpace)) image.colorSpace = ColorSpace.sRGB;
    const { width, height } = image;
    const rgba = image.getPixels((pixels) => pixels.toByteArray(0, 0, width, height, "RGBA"));
    if (rgba === null) throw new ImageError("damaged: it has no pixels");
    return format === "GIF" ? onScreen(image, { width, height, rgba }) : { width, height, rgba };
  } finally {
    image.dispose();
  }
}

/** With the format named, ImageMagick tries no other one; SVG, scripts and addresses are out of reach. */
function readSettings(format: ImageFormat): MagickReadSettings {
  const settings = new MagickReadSettings({ format, frameIndex: 0, frameCount: 1 });
  // Photoshop keeps its layers in a TIFF's tag, in a format of its own.
  if (format === "TIFF") settings.setDefine(MagickFormat.Tiff, "ignore-layers", true);
  return settings;
}

/** A GIF's frame can cover a part of its screen; the rest is transparent. */
function onScreen(image: IMagickImage, frame: DecodedImage): DecodedImage {
  const { x, y, width, height } = image.page;
  if (width === frame.width && height === frame.height && x === 0 && y === 0) return frame;
  const rgba = new Uint8Array(width * height * 4);
  const left = Math.max(0, x);
  const right = Math.min(width, x + frame.width);
  for (let row = Math.max(0, y); row < Math.min(height, y + frame.height) && left < right; row++) {
    const from = (row - y) * frame.width - x;
    rgba.set(frame.rgba.subarray(4 * (from + left), 4 * (from + right)), 4 * (row * width + left));
  }
  return { width, height, rgba };
}

/** ImageMagick's message without its source line, as "CorruptImage `' @ error/gif.c/DecodeImage/505", in words. */
function plainMessage(error: MagickError): string {
  const text = error.message.split(/\s*`|\n/, 1)[0];
  const words = text.includes(" ") ? text : text.replace(/([a-z])([A-Z])/g, (_, end, start) => `${end} ${start}`);
  return words.toLowerCase() || "it cannot be decoded";
}

/**
 * Encodes an image as a PNG.
 *
 * @param pixels [height][width][channels], 1 (grey), 3 (red, green, blue) or 4 (and opacity) channels by its length
 * @throws RangeError where the length is none of these
 */
export async function encodePng(pixels: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  const channels = pixels.length / (width * height);
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new RangeError(`${pixels.length} bytes are no ${width}x${height} image of 1, 3 or 4 channels`);
  }
  await startDecoder();
  const format = { 1: MagickFormat.Gray, 3: MagickFormat.Rgb, 4: MagickFormat.Rgba }[channels];
  const image = MagickImage.create(pixels, new MagickReadSettings({ format, width, height, depth: 8 }));
  try {
    // Else it writes the time into the file.
    image.settings.setDefine(MagickFormat.Png, "exclude-chunks", "date,time");
    return image.write(MagickFormat.Png, (png) => png.slice());
  } finally {
    image.dispose();
  }
}
