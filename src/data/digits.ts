import { Purpose, permutation, RandomStream } from "../numeric/philox.js";
import type { Dataset } from "./dataset.js";
import { between, Handwriting } from "./digits/handwriting.js";
import { InkCanvas } from "./digits/rasteriser.js";
import { GLYPHS } from "./digits/strokes.js";
import { hashBytes } from "./hash.js";

/** The class names of generated digits. */
export const DIGIT_CLASSES = GLYPHS.map((_, digit) => String(digit));

/** The generated data set, described like those of the catalog: as many images as MNIST, of any size. */
export const DIGITS_DATASET = {
  name: "digits",
  title: "Generated digits",
  classes: DIGIT_CLASSES,
  shape: { channels: 1, height: 28, width: 28 },
  counts: { train: 60_000, test: 10_000 },
} as const;
const SMALLEST_SIDE = 12;
const LARGEST_SIDE = 128;
/** Items from here up draw the order of the labels, items below draw the images. */
const FIRST_ORDER_ITEM = 2 ** 31;
/** The parts differ in the stream's epoch, so they share no image. */
const PART_EPOCHS = { train: 0, test: 1 } as const;

/** What to draw. */
export interface DigitsOptions {
  /** A non-negative safe integer. */
  readonly seed: number;
  /** The number of images; it does not affect what they look like. */
  readonly count: number;
  readonly part: "train" | "test";
  /** Pixels, 12 … 128. Default: 28. */
  readonly height?: number;
  /** Pixels, 12 … 128. Default: 28. */
  readonly width?: number;
  /** 1 (light on black) or 3 (a light colour on a dark one). Default: 1. */
  readonly channels?: number;
  /** Called every 1000 images with the number of images drawn so far. */
  readonly onProgress?: (drawn: number) => void;
}

/** Images between calls of `onProgress`. */
const PROGRESS_IMAGES = 1000;

function requireInteger(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${name} must be an integer from ${low} to ${high}, not ${value}`);
  }
}

/**
 * Shuffled labels. Every ten contain each digit once, so they are balanced at any count, and a label depends only on
 * its index.
 */
function drawLabels(seed: number, epoch: number, count: number): Uint8Array {
  const labels = new Uint8Array(count);
  for (let start = 0; start < count; start += DIGIT_CLASSES.length) {
    const item = FIRST_ORDER_ITEM + start / DIGIT_CLASSES.length;
    const order = permutation(new RandomStream(seed, Purpose.digits, epoch, item), DIGIT_CLASSES.length);
    labels.set(order.subarray(0, count - start), start);
  }
  return labels;
}

/** Paints the canvas's ink into an image's channels. Colours and noise are drawn; the channels share the noise. */
function paint(
  canvas: InkCanvas,
  edge: number,
  image: Uint8ClampedArray,
  channels: number,
  stream: RandomStream,
): void {
  const pixels = canvas.height * canvas.width;
  const coverage = canvas.coverage(edge);
  const noise = between(stream, 0, 24) / 127.5;
  const colours = Array.from({ length: channels }, () => {
    const background = channels === 1 ? 0 : between(stream, 0, 80);
    const ink = channels === 1 ? between(stream, 190, 255) : between(stream, 165, 255);
    return { background, contrast: ink - background };
  });
  // One word provides the noise of four pixels, lowest byte first.
  const words = new Uint32Array(Math.ceil(pixels / 4));
  stream.fill(words);
  const bare = new Uint8ClampedArray(256);
  colours.forEach(({ background, contrast }, channel) => {
    const plane = image.subarray(channel * pixels, (channel + 1) * pixels);
    // Most of an image has no ink, so its noisy background comes from a table.
    for (let byte = 0; byte < 256; byte++) bare[byte] = background + noise * (byte - 127.5);
    for (let pixel = 0; pixel < pixels; pixel++) {
      const byte = (words[pixel >> 2] >>> (8 * (pixel & 3))) & 255;
      const ink = coverage[pixel];
      plane[pixel] = ink === 0 ? bare[byte] : background + contrast * ink + noise * (byte - 127.5);
    }
  });
}

/**
 * Draws digits that look handwritten: offline, from a seed, the same bytes on every machine. Image i depends only on
 * the seed, the part, the size and i, so a larger set starts with the images of a smaller one.
 */
export function generateDigits(options: DigitsOptions): Dataset {
  const { seed, count, part, height = 28, width = 28, channels = 1, onProgress } = options;
  requireInteger("seed", seed, 0, Number.MAX_SAFE_INTEGER);
  requireInteger("count", count, 1, FIRST_ORDER_ITEM);
  requireInteger("height", height, SMALLEST_SIDE, LARGEST_SIDE);
  requireInteger("width", width, SMALLEST_SIDE, LARGEST_SIDE);
  if (channels !== 1 && channels !== 3) throw new RangeError(`channels must be 1 or 3, not ${channels}`);
  const epoch = PART_EPOCHS[part];
  const imageSize = channels * height * width;
  // Uint8ClampedArray rounds and clamps.
  const pixels = new Uint8ClampedArray(count * imageSize);
  const labels = drawLabels(seed, epoch, count);
  const canvas = new InkCanvas(height, width);
  const handwriting = new Handwriting();
  for (let index = 0; index < count; index++) {
    const stream = new RandomStream(seed, Purpose.digits, epoch, index);
    const glyphs = GLYPHS[labels[index]];
    const edge = Math.max(1, (Math.min(height, width) / 28) * between(stream, 0.9, 1.6));
    handwriting.write(glyphs[stream.below(glyphs.length)], stream);
    canvas.clear();
    handwriting.draw(canvas, edge, stream);
    paint(canvas, edge, pixels.subarray(index * imageSize, (index + 1) * imageSize), channels, stream);
    if ((index + 1) % PROGRESS_IMAGES === 0) onProgress?.(index + 1);
  }
  const images = new Uint8Array(pixels.buffer);
  return {
    name: "digits",
    classes: DIGIT_CLASSES,
    channels,
    height,
    width,
    images,
    labels,
    // The name records the request, the hash the result, so a changed generator or engine shows.
    checksum: `digits-seed${seed}-${part}-${count}-${channels}x${height}x${width}-${hashBytes(images, labels)}`,
    generated: true,
  };
}
