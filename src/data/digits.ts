import { Purpose, permutation, RandomStream } from "../numeric/philox.js";
import type { Dataset } from "./dataset.js";
import { between, Handwriting } from "./digits/handwriting.js";
import { InkCanvas } from "./digits/rasteriser.js";
import { GLYPHS } from "./digits/strokes.js";
import { hashBytes } from "./hash.js";

/** The names of the classes of generated digits. */
export const DIGIT_CLASSES = GLYPHS.map((_, digit) => String(digit));

/** The generated data set, described as those of the catalog are; as many images as MNIST has, of any size asked for. */
export const DIGITS_DATASET = {
  name: "digits",
  title: "Generated digits",
  classes: DIGIT_CLASSES,
  shape: { channels: 1, height: 28, width: 28 },
  counts: { train: 60_000, test: 10_000 },
} as const;
const SMALLEST_SIDE = 12;
const LARGEST_SIDE = 128;
/** Items from here on draw the order of labels; those below draw the images. */
const FIRST_ORDER_ITEM = 2 ** 31;
/** The two parts differ in the stream's epoch, so no image of one is an image of the other. */
const PART_EPOCHS = { train: 0, test: 1 } as const;

/** What to draw. */
export interface DigitsOptions {
  /** A non-negative safe integer. */
  readonly seed: number;
  /** How many images; it does not change any of them. */
  readonly count: number;
  readonly part: "train" | "test";
  /** Pixels, 12 … 128; 28 where not given. */
  readonly height?: number;
  /** Pixels, 12 … 128; 28 where not given. */
  readonly width?: number;
  /** 1 (light on black) or 3 (a light colour on a dark one); 1 where not given. */
  readonly channels?: number;
  /** Called now and then with the number of images drawn so far. */
  readonly onProgress?: (drawn: number) => void;
}

/** Images between two calls of `onProgress`. */
const PROGRESS_IMAGES = 1000;

function requireInteger(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new RangeError(`${name} must be an integer from ${low} to ${high}, not ${value}`);
  }
}

/**
 * Labels in shuffled order, every ten of them holding each digit once: balanced at any count, and a
 * label depends on nothing but its place.
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

/** Paints the canvas's ink into an image's channels, in colours and with noise (the same in all) drawn from the stream. */
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
  // A word serves four pixels, its lowest byte first.
  const words = new Uint32Array(Math.ceil(pixels / 4));
  stream.fill(words);
  const bare = new Uint8ClampedArray(256);
  colours.forEach(({ background, contrast }, channel) => {
    const plane = image.subarray(channel * pixels, (channel + 1) * pixels);
    // Most of an image is bare: what noise makes of that is worked out once.
    for (let byte = 0; byte < 256; byte++) bare[byte] = background + noise * (byte - 127.5);
    for (let pixel = 0; pixel < pixels; pixel++) {
      const byte = (words[pixel >> 2] >>> (8 * (pixel & 3))) & 255;
      const ink = coverage[pixel];
      plane[pixel] = ink === 0 ? bare[byte] : background + contrast * ink + noise * (byte - 127.5);
    }
  });
}

/**
 * Draws handwritten-looking digits: offline, from a seed, the same bytes on every machine.
 *
 * Image i is a function of the seed, the part, the size and i alone, so a longer set starts with a
 * shorter one.
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
  // Rounds and clamps what is written to it.
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
    // The name says what was asked for, the hash what was drawn: a changed generator or engine shows.
    checksum: `digits-seed${seed}-${part}-${count}-${channels}x${height}x${width}-${hashBytes(images, labels)}`,
    generated: true,
  };
}
