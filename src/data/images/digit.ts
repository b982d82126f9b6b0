import type { DecodedImage } from "./color.js";
import { luma } from "./color.js";
import { ImageFitter, type ImageSettings, type ImageSize } from "./resize.js";

// A digit on paper is framed as the pages of MNIST describe it: separated from the paper, cropped, fitted into 20×20 with
// its proportions, and moved so that its centre of mass is in the middle of 28×28. http://yann.lecun.com/exdb/mnist/

/** The side of MNIST's images, and of the box that a digit fits into. */
const SIDE = 28;
const BOX = 20;
/** Inputs up to this size get the box of MNIST with a wider margin, as LeNet-5's 32×32 has it. */
const LARGEST_PADDED = 35;
/** Larger images are shrunk before the digit is looked for. */
const SEARCHED_SIDE = 320;
/** Light falls unevenly on paper: its brightness is the mean over a window of this fraction of the image. */
const WINDOW = 0.25;
/** The strongest contrasts, of which the mean is the contrast of ink. */
const STRONGEST = 12;
/** Weaker ink is noise. */
const LEAST_CONTRAST = 24;
/** Ink begins at this fraction of its contrast. */
const THRESHOLD = 0.4;
/** Where a stroke's edge begins and where it is full, as fractions of the contrast of ink. */
const EDGE = { from: 0.1, to: 0.9 } as const;
/** Specks smaller than this fraction of the largest piece of ink are dust. */
const DUST = 0.05;
/** What touches more than this fraction of the image's border is not the digit, but what the paper lies on. */
const MOST_BORDER = 0.15;
/** The strokes of MNIST are wider, in pixels of 28×28. A thin pen's are widened to this. */
const LEAST_STROKE = 1.6;

/**
 * Frames a handwritten digit as MNIST's are, whatever its size, place and paper. The result is light on black, or dark on
 * white for a white background; without ink, it is all background.
 *
 * @param grey contains [height][width] from `offset` on
 * @param target receives the settings' [channels][height][width] from `targetOffset` on
 */
export function fitDigit(
  grey: Uint8Array,
  offset: number,
  size: ImageSize,
  { shape: { channels, height, width }, background }: ImageSettings,
  target: Uint8Array,
  targetOffset: number,
): void {
  const pixels = height * width;
  const plane = target.subarray(targetOffset, targetOffset + pixels).fill(0);
  const { values, size: searched } = searchedImage(grey, offset, size);
  const ink = inkOf(values, searched);
  if (ink !== undefined) placeInk(ink, searched, plane, { height, width });
  if (background === 255) for (let pixel = 0; pixel < pixels; pixel++) plane[pixel] = 255 - plane[pixel];
  for (let channel = 1; channel < channels; channel++) target.set(plane, targetOffset + channel * pixels);
}

/** The grey values of a decoded image. What is transparent gets the brightness that its ink does not have. */
export function greyOnPaper({ width, height, rgba }: DecodedImage): Uint8Array {
  const grey = new Uint8Array(width * height);
  let [sum, opacity] = [0, 0];
  for (let pixel = 0; pixel < grey.length; pixel++) {
    const [red, green, blue, alpha] = rgba.subarray(4 * pixel, 4 * pixel + 4);
    grey[pixel] = luma(red, green, blue);
    sum += grey[pixel] * alpha;
    opacity += alpha;
  }
  if (opacity === 255 * grey.length) return grey;
  const paper = sum < 128 * opacity ? 255 : 0;
  return grey.map((value, pixel) => paper + Math.round(((value - paper) * rgba[4 * pixel + 3]) / 255));
}

/** The image, not larger than what is searched. */
function searchedImage(grey: Uint8Array, offset: number, size: ImageSize): { values: Uint8Array; size: ImageSize } {
  const scale = SEARCHED_SIDE / Math.max(size.height, size.width);
  if (scale >= 1) return { values: grey.subarray(offset, offset + size.height * size.width), size };
  const height = Math.max(1, Math.round(size.height * scale));
  const width = Math.max(1, Math.round(size.width * scale));
  const values = new Uint8Array(height * width);
  const settings = { shape: { channels: 1, height, width }, resize: "stretch", background: 0 } as const;
  new ImageFitter(size, settings).fit(grey, offset, values, 0);
  return { values, size: { height, width } };
}

/** How much ink there is at each pixel, 0 … 255; undefined if there is none. */
function inkOf(values: Uint8Array, size: ImageSize): Float32Array | undefined {
  const everywhere = new Uint8Array(values.length).fill(1);
  const rough = difference(values, paperOf(values, everywhere, size));
  // Ink is rare, so it is what differs most from the mean.
  const sign = rough.reduce((sum, value) => sum + value ** 3, 0) < 0 ? -1 : 1;
  const strongest = (contrast: Float32Array) => {
    const top = contrast.toSorted().subarray(-STRONGEST);
    return Math.max(0, top.reduce((sum, value) => sum + value, 0) / top.length);
  };
  const signed = rough.map((value) => sign * value);
  const level = THRESHOLD * strongest(signed);
  const paper = Uint8Array.from(signed, (value) => (value < level ? 1 : 0));
  const contrast = difference(values, paperOf(values, paper, size)).map((value) => sign * value);
  const full = strongest(contrast);
  if (full < LEAST_CONTRAST) return undefined;
  const kept = withoutDirt(
    Uint8Array.from(contrast, (value) => (value > THRESHOLD * full ? 1 : 0)),
    size,
  );
  if (!kept.includes(1)) return undefined;
  const near = widened(Float32Array.from(kept), size, 1);
  return contrast.map((value, pixel) => {
    const share = (value / full - EDGE.from) / (EDGE.to - EDGE.from);
    return near[pixel] === 0 ? 0 : 255 * Math.min(1, Math.max(0, share));
  });
}

/** The brightness of the paper at each pixel: the mean of the pixels of paper around it. */
function paperOf(values: Uint8Array, isPaper: Uint8Array, { height, width }: ImageSize): Float32Array {
  const reach = Math.max(1, Math.round((WINDOW * Math.max(height, width)) / 2));
  const stride = width + 1;
  // [row][column]: the sums over all rows above and columns to the left.
  const sums = new Float64Array((height + 1) * stride);
  const counts = new Float64Array((height + 1) * stride);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const pixel = row * width + column;
      const corner = (row + 1) * stride + column + 1;
      const before = (table: Float64Array) => table[corner - 1] + table[corner - stride] - table[corner - stride - 1];
      sums[corner] = isPaper[pixel] * values[pixel] + before(sums);
      counts[corner] = isPaper[pixel] + before(counts);
    }
  }
  const overall = counts[counts.length - 1] > 0 ? sums[sums.length - 1] / counts[counts.length - 1] : 0;
  return Float32Array.from(values, (_, pixel) => {
    const row = Math.floor(pixel / width);
    const column = pixel - row * width;
    const [top, bottom] = [Math.max(0, row - reach), Math.min(height, row + reach + 1)];
    const [left, right] = [Math.max(0, column - reach), Math.min(width, column + reach + 1)];
    const over = (table: Float64Array) =>
      table[bottom * stride + right] -
      table[top * stride + right] -
      table[bottom * stride + left] +
      table[top * stride + left];
    const count = over(counts);
    return count > 0 ? over(sums) / count : overall;
  });
}

function difference(values: Uint8Array, paper: Float32Array): Float32Array {
  return paper.map((value, pixel) => values[pixel] - value);
}

/** The pieces of ink that are neither dust nor the edge of the paper. */
function withoutDirt(mask: Uint8Array, { height, width }: ImageSize): Uint8Array {
  const pieces: { readonly pixels: number[]; readonly border: number }[] = [];
  const seen = new Uint8Array(mask.length);
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || seen[start] === 1) continue;
    const pixels = [start];
    seen[start] = 1;
    let border = 0;
    for (const pixel of pixels) {
      const row = Math.floor(pixel / width);
      const column = pixel - row * width;
      if (row === 0 || column === 0 || row === height - 1 || column === width - 1) border++;
      for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
        for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) {
          const neighbour = y * width + x;
          if (mask[neighbour] === 0 || seen[neighbour] === 1) continue;
          seen[neighbour] = 1;
          pixels.push(neighbour);
        }
      }
    }
    pieces.push({ pixels, border });
  }
  const inside = pieces.filter(({ border }) => border <= MOST_BORDER * 2 * (height + width));
  const largest = inside.reduce((most, { pixels }) => Math.max(most, pixels.length), 0);
  const kept = new Uint8Array(mask.length);
  for (const { pixels } of inside) {
    if (pixels.length >= DUST * largest) for (const pixel of pixels) kept[pixel] = 1;
  }
  return kept;
}

/** The largest value within some pixels of each, along rows and then columns. */
function widened(ink: Float32Array, { height, width }: ImageSize, reach: number): Float32Array {
  const along = (values: Float32Array, count: number, step: number, lines: number, lineStep: number) => {
    const result = new Float32Array(values.length);
    for (let line = 0; line < lines; line++) {
      for (let place = 0; place < count; place++) {
        let most = 0;
        const end = Math.min(count - 1, place + reach);
        for (let near = Math.max(0, place - reach); near <= end; near++) {
          most = Math.max(most, values[line * lineStep + near * step]);
        }
        result[line * lineStep + place * step] = most;
      }
    }
    return result;
  };
  return along(along(ink, width, 1, height, width), height, width, width, 1);
}

/** Crops the ink, fits it into the box, and places it by its centre of mass. */
function placeInk(found: Float32Array, size: ImageSize, plane: Uint8Array, input: ImageSize): void {
  const side = Math.min(input.height, input.width);
  const box = side >= SIDE && side <= LARGEST_PADDED ? BOX : Math.round((side * BOX) / SIDE);
  const scale = box / longerSide(boundsOf(found, size));
  const stroke = strokeOf(found, size) * scale;
  const least = (LEAST_STROKE * box) / BOX;
  const reach = Math.round((least - stroke) / scale / 2);
  const ink = reach > 0 ? widened(found, size, reach) : found;
  const { top, left, height, width } = boundsOf(ink, size);
  const crop = new Uint8Array(height * width);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      crop[row * width + column] = Math.round(ink[(top + row) * size.width + left + column]);
    }
  }
  const fitted = {
    channels: 1,
    height: Math.max(1, Math.round((height * box) / longerSide({ height, width }))),
    width: Math.max(1, Math.round((width * box) / longerSide({ height, width }))),
  };
  const digit = new Uint8Array(fitted.height * fitted.width);
  new ImageFitter({ height, width }, { shape: fitted, resize: "stretch", background: 0 }).fit(crop, 0, digit, 0);
  const centre = centreOf(digit, fitted);
  // MNIST's centre of mass is at row and column 14, counted from 0.
  const corner = (length: number, own: number, mass: number) =>
    Math.min(length - own, Math.max(0, Math.round(length / 2 - mass)));
  const row = corner(input.height, fitted.height, centre.row);
  const column = corner(input.width, fitted.width, centre.column);
  for (let y = 0; y < fitted.height; y++) {
    plane.set(digit.subarray(y * fitted.width, (y + 1) * fitted.width), (row + y) * input.width + column);
  }
}

function longerSide({ height, width }: ImageSize): number {
  return Math.max(height, width);
}

/** The smallest rectangle that holds all ink. */
function boundsOf(
  ink: Float32Array,
  { width }: ImageSize,
): ImageSize & { readonly top: number; readonly left: number } {
  let [top, bottom, left, right] = [Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY, 0];
  for (let pixel = 0; pixel < ink.length; pixel++) {
    if (ink[pixel] < 1) continue;
    const row = Math.floor(pixel / width);
    const column = pixel - row * width;
    top = Math.min(top, row);
    bottom = Math.max(bottom, row);
    left = Math.min(left, column);
    right = Math.max(right, column);
  }
  return { top, left, height: bottom - top + 1, width: right - left + 1 };
}

/** The mean width of strokes: the area of ink over half the length of its outline. */
function strokeOf(ink: Float32Array, { width }: ImageSize): number {
  let [area, outline] = [0, 0];
  const isInk = (pixel: number) => ink[pixel] > 127;
  for (let pixel = 0; pixel < ink.length; pixel++) {
    if (!isInk(pixel)) continue;
    area++;
    for (const neighbour of [pixel - 1, pixel + 1, pixel - width, pixel + width]) if (!isInk(neighbour)) outline++;
  }
  return outline === 0 ? 0 : (2 * area) / outline;
}

/** The centre of mass. */
function centreOf(digit: Uint8Array, { width }: ImageSize): { readonly row: number; readonly column: number } {
  let [mass, rows, columns] = [0, 0, 0];
  digit.forEach((value, pixel) => {
    const row = Math.floor(pixel / width);
    mass += value;
    rows += value * row;
    columns += value * (pixel - row * width);
  });
  return mass === 0 ? { row: 0, column: 0 } : { row: rows / mass, column: columns / mass };
}
