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
import { ImageError, type ImageFormat, MAXIMUM_PIXELS, MAXIMUM_SIDE, readImageHeader } from "./header.js";

/** Part of the cache's key. Change it when files may be decoded to different pixels, or different files are refused. */
export const DECODER_VERSION = "magick-wasm 0.0.43, 2";

/** ImageMagick uses at most five bytes per pixel; rotating an image needs a second copy. */
const MAXIMUM_IMAGE_BYTES = BigInt(MAXIMUM_PIXELS) * 5n * 3n;
const MAXIMUM_PROFILE_BYTES = 64n << 20n;

/** Colour spaces whose values are used unchanged. Others, such as CMYK, are converted. Gamma is ignored. */
const DISPLAYED: ReadonlySet<ColorSpace> = new Set([
  ColorSpace.sRGB,
  ColorSpace.RGB,
  ColorSpace.Gray,
  ColorSpace.LinearGray,
]);

/** How many pixels leave the decoder's memory at a time. */
const PIXELS_PER_COPY = 2 ** 18;

/** libjpeg only warns and fills in the rest. */
const CUT_OFF = /premature end/i;

let compiled: Promise<WebAssembly.Module> | undefined;
let started: Promise<void> | undefined;
/** A one-pixel image, for finding the size of the decoder's memory. */
let probe: IMagickImage | undefined;

/** Compiles ImageMagick's module, once. Other threads can start from it. */
export function compileDecoder(): Promise<WebAssembly.Module> {
  compiled ??= (async () => {
    const { resolve } = createRequire(import.meta.url);
    return WebAssembly.compile(new Uint8Array(await readFile(resolve("@imagemagick/magick-wasm/magick.wasm"))));
  })();
  return compiled;
}

/**
 * Starts ImageMagick in this thread, once, and sets its limits.
 *
 * @param module the result of `compileDecoder` in this or another thread
 */
export function startDecoder(module: WebAssembly.Module | Promise<WebAssembly.Module> = compileDecoder()) {
  started ??= (async () => {
    await initializeImageMagick(await module);
    ResourceLimits.area = BigInt(MAXIMUM_PIXELS);
    ResourceLimits.width = BigInt(MAXIMUM_SIDE);
    ResourceLimits.height = BigInt(MAXIMUM_SIDE);
    ResourceLimits.memory = MAXIMUM_IMAGE_BYTES;
    ResourceLimits.maxMemoryRequest = MAXIMUM_IMAGE_BYTES;
    ResourceLimits.maxProfileSize = MAXIMUM_PROFILE_BYTES;
    ResourceLimits.disk = 0n;
    probe = MagickImage.create(MagickColors.Black, 1, 1);
  })();
  return started;
}

/** The decoder's memory in this thread, in bytes. It never shrinks. */
export function decoderMemory(): number {
  return probe?.getPixels((pixels) => pixels.getReadOnlyArea(0, 0, 1, 1).buffer.byteLength) ?? 0;
}

/**
 * Decodes a JPEG, PNG, WebP, GIF, BMP or TIFF image, recognised by its first bytes. Takes the first of several frames,
 * applies the EXIF orientation, and converts grey, palettes, CMYK and 16 bits to 8-bit red, green, blue and opacity.
 * Colour profiles are ignored, as in Pillow.
 *
 * @throws ImageError if it is none of these, is damaged or truncated, or has more than MAXIMUM_PIXELS pixels
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
    const rgba = pixelsOf(image);
    return format === "GIF" ? onScreen(image, { width, height, rgba }) : { width, height, rgba };
  } finally {
    image.dispose();
  }
}

/** Copied by rows, so that the decoder's memory does not grow by all of them. */
function pixelsOf(image: IMagickImage): Uint8Array {
  const { width, height } = image;
  const rgba = new Uint8Array(width * height * 4);
  const most = Math.max(1, Math.floor(PIXELS_PER_COPY / width));
  image.getPixels((pixels) => {
    for (let row = 0; row < height; row += most) {
      const rows = pixels.toByteArray(0, row, width, Math.min(most, height - row), "RGBA");
      if (rows === null) throw new ImageError("damaged: it has no pixels");
      rgba.set(rows, 4 * row * width);
    }
  });
  return rgba;
}

/** Naming the format keeps ImageMagick from trying others, such as SVG, scripts and URLs. */
function readSettings(format: ImageFormat): MagickReadSettings {
  const settings = new MagickReadSettings({ format, frameIndex: 0, frameCount: 1 });
  // Photoshop stores layers in a TIFF tag, in its own format.
  if (format === "TIFF") settings.setDefine(MagickFormat.Tiff, "ignore-layers", true);
  return settings;
}

/** A GIF's frame may cover only part of its screen; the rest is transparent. */
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

/**
 * Turns ImageMagick's message, such as "CorruptImage `' @ error/gif.c/DecodeImage/505", into words without the source
 * line.
 */
function plainMessage(error: MagickError): string {
  const text = error.message.split(/\s*`|\n/, 1)[0];
  const words = text.includes(" ") ? text : text.replace(/([a-z])([A-Z])/g, (_, end, start) => `${end} ${start}`);
  return words.toLowerCase() || "it cannot be decoded";
}

/**
 * Encodes an image as a PNG.
 *
 * @param pixels [height][width][channels], 1 (grey), 3 (red, green, blue) or 4 (and opacity) channels, depending on its
 *   length
 * @throws RangeError if the length is none of these
 */
export async function encodePng(pixels: Uint8Array, width: number, height: number): Promise<Uint8Array> {
  const channels = pixels.length / (width * height);
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new RangeError(`${pixels.length} bytes are not a ${width}x${height} image with 1, 3 or 4 channels`);
  }
  await startDecoder();
  const format = { 1: MagickFormat.Gray, 3: MagickFormat.Rgb, 4: MagickFormat.Rgba }[channels];
  const image = MagickImage.create(pixels, new MagickReadSettings({ format, width, height, depth: 8 }));
  try {
    // Otherwise it writes the time to the file.
    image.settings.setDefine(MagickFormat.Png, "exclude-chunks", "date,time");
    return image.write(MagickFormat.Png, (png) => png.slice());
  } finally {
    image.dispose();
  }
}
