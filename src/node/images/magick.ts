import { readFile } from "node:fs/promises";
import type { IMagickImage, MagickError, MagickReadSettings } from "@imagemagick/magick-wasm";
import type { DecodedImage } from "../../data/images/color.js";
import { packageFile } from "../disk/packageFile.js";
import { ImageError, type ImageFormat, MAXIMUM_PIXELS, MAXIMUM_SIDE } from "./header.js";

type ImageMagick = typeof import("@imagemagick/magick-wasm");

/** ImageMagick uses at most five bytes per pixel; rotating an image needs a second copy. */
const MAXIMUM_IMAGE_BYTES = BigInt(MAXIMUM_PIXELS) * 5n * 3n;
const MAXIMUM_PROFILE_BYTES = 64n << 20n;

/** How many pixels leave the decoder's memory at a time. */
const PIXELS_PER_COPY = 2 ** 18;

const PROGRAM = "@imagemagick/magick-wasm/magick.wasm";

/** libjpeg only warns and fills in the rest. */
const CUT_OFF = /premature end/i;

/** An image needs the optional package. It says nothing about the image itself. */
export class MissingDecoderError extends Error {
  override readonly name = "MissingDecoderError";
  readonly code = "ERR_MISSING_DECODER";
}

let started: Promise<ImageMagick> | undefined;
/** A one-pixel image, for finding the size of the decoder's memory. */
let probe: IMagickImage | undefined;

/** Loads and starts ImageMagick in this thread, once, and sets its limits. */
async function start(format: ImageFormat): Promise<ImageMagick> {
  started ??= load();
  try {
    return await started;
  } catch (error) {
    started = undefined;
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new MissingDecoderError(
      `${NAMES[format]} images need an optional package: npm install @imagemagick/magick-wasm`,
    );
  }
}

const NAMES = { PNG: "PNG", JPEG: "such JPEG", WEBP: "WebP", GIF: "GIF", BMP: "BMP", TIFF: "TIFF" } as const;

async function load(): Promise<ImageMagick> {
  // Bundlers must not look for it: it is optional.
  const magick: ImageMagick = await import(
    /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ "@imagemagick/magick-wasm"
  );
  const { initializeImageMagick, MagickColors, MagickImage, ResourceLimits } = magick;
  await initializeImageMagick(await WebAssembly.compile(new Uint8Array(await readFile(packageFile(PROGRAM)))));
  ResourceLimits.area = BigInt(MAXIMUM_PIXELS);
  ResourceLimits.width = BigInt(MAXIMUM_SIDE);
  ResourceLimits.height = BigInt(MAXIMUM_SIDE);
  ResourceLimits.memory = MAXIMUM_IMAGE_BYTES;
  ResourceLimits.maxMemoryRequest = MAXIMUM_IMAGE_BYTES;
  ResourceLimits.maxProfileSize = MAXIMUM_PROFILE_BYTES;
  ResourceLimits.disk = 0n;
  probe = MagickImage.create(MagickColors.Black, 1, 1);
  return magick;
}

/** ImageMagick's memory in this thread, in bytes; 0 if nothing has needed it. It never shrinks. */
export function decoderMemory(): number {
  return probe?.getPixels((pixels) => pixels.getReadOnlyArea(0, 0, 1, 1).buffer.byteLength) ?? 0;
}

/**
 * Decodes an image with ImageMagick, an optional package, which is loaded for the first image that needs it.
 *
 * @throws ImageError if it is damaged or truncated, MissingDecoderError if the package is not installed
 */
export async function decodeWithMagick(bytes: Uint8Array, format: ImageFormat): Promise<DecodedImage> {
  const magick = await start(format);
  try {
    return decode(magick, bytes, format);
  } catch (error) {
    if (error instanceof magick.MagickError) throw new ImageError(`damaged: ${plainMessage(error)}`);
    throw error;
  }
}

function decode(magick: ImageMagick, bytes: Uint8Array, format: ImageFormat): DecodedImage {
  const { ColorSpace, MagickImage } = magick;
  const image = MagickImage.create();
  try {
    let isCutOff = false;
    image.onWarning = ({ error }) => {
      isCutOff ||= CUT_OFF.test(error.message);
    };
    image.read(bytes, readSettings(magick, format));
    if (isCutOff) throw new ImageError("damaged: it is cut off");
    image.autoOrient();
    // The values of these colour spaces are used unchanged; others, such as CMYK, are converted. Gamma is ignored.
    const { sRGB, RGB, Gray, LinearGray } = ColorSpace;
    const displayed: readonly number[] = [sRGB, RGB, Gray, LinearGray];
    if (!displayed.includes(image.colorSpace)) image.colorSpace = sRGB;
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
function readSettings({ MagickFormat, MagickReadSettings }: ImageMagick, format: ImageFormat): MagickReadSettings {
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
