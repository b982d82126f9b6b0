import type { Block } from "../../../../src/model/index.js";
import type { CanvasColors } from "./colors.js";
import type { ValueRange } from "./range.js";
import { mapCorner, type SheetLayout } from "./sheetLayout.js";

/** Holds maps one below the other, a pixel a unit, before they are enlarged. */
const scratch = new OffscreenCanvas(1, 1);

/** Has a canvas be as large as a layout, in pixels of the screen, and gives what draws on it. */
export function prepare(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | undefined {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.style.width = `${width / devicePixelRatio}px`;
  canvas.style.height = `${height / devicePixelRatio}px`;
  const context = canvas.getContext("2d") ?? undefined;
  context?.clearRect(0, 0, width, height);
  return context;
}

/** Maps as pixels of ImageData, one below the other. */
export function mapPixels(values: ArrayLike<number>, { least, most }: ValueRange, colors: CanvasColors): Uint32Array {
  const table = least < 0 ? colors.diverging : colors.sequential;
  const factor = most > least ? 255 / (most - least) : 0;
  const none = least < 0 ? 128 : 0;
  const pixels = new Uint32Array(values.length);
  for (let place = 0; place < pixels.length; place++) {
    const index = factor === 0 ? none : Math.round((values[place] - least) * factor);
    pixels[place] = table[Math.min(255, Math.max(0, index))];
  }
  return pixels;
}

/** An image as pixels of ImageData: grey as ink on paper, more of it the further from background; colours as they are. */
export function imagePixels(
  image: Uint8Array,
  channels: number,
  background: 0 | 255,
  colors: CanvasColors,
): Uint32Array {
  const area = image.length / channels;
  if (channels !== 3) {
    return Uint32Array.from(image.subarray(0, area), (byte) => colors.sequential[Math.abs(byte - background)]);
  }
  const bytes = new Uint8Array(4 * area);
  for (let pixel = 0; pixel < area; pixel++) {
    for (let channel = 0; channel < 3; channel++) bytes[4 * pixel + channel] = image[channel * area + pixel];
    bytes[4 * pixel + 3] = 255;
  }
  return new Uint32Array(bytes.buffer);
}

/** Draws maps where the layout has them, every unit a square of one colour. */
export function paintMaps(context: CanvasRenderingContext2D, layout: SheetLayout, pixels: Uint32Array): void {
  const { count, width, height, scale } = layout;
  const small = scratch.getContext("2d", { willReadFrequently: true });
  // Values of another layer may come a moment before the layout that is for them.
  if (!small || pixels.length < count * width * height) return;
  if (scratch.width < width || scratch.height < count * height) {
    scratch.width = Math.max(scratch.width, width);
    scratch.height = Math.max(scratch.height, count * height);
  }
  const bytes = new Uint8ClampedArray(pixels.buffer as ArrayBuffer, 0, 4 * count * width * height);
  small.putImageData(new ImageData(bytes, width, count * height), 0, 0);
  context.imageSmoothingEnabled = false;
  for (let map = 0; map < count; map++) {
    const [left, top] = mapCorner(layout, map);
    context.drawImage(scratch, 0, map * height, width, height, left, top, width * scale, height * scale);
  }
}

/** Draws a thin line around every map. */
export function frameMaps(context: CanvasRenderingContext2D, layout: SheetLayout, color: string): void {
  const { count, width, height, scale } = layout;
  const line = Math.max(1, Math.floor(devicePixelRatio));
  context.lineWidth = line;
  context.strokeStyle = color;
  for (let map = 0; map < count; map++) {
    const [left, top] = mapCorner(layout, map);
    context.strokeRect(left - line / 2, top - line / 2, width * scale + line, height * scale + line);
  }
}

/** Outlines a block in every map that it is in. */
export function outline(
  context: CanvasRenderingContext2D,
  layout: SheetLayout,
  block: Block,
  color: string,
  halo: string,
) {
  const { scale, count } = layout;
  const { channels, rows, columns } = block;
  const line = Math.max(1, Math.round(1.5 * devicePixelRatio));
  for (let map = channels.first; map <= Math.min(count - 1, channels.last); map++) {
    const [left, top] = mapCorner(layout, map);
    const x = left + columns.first * scale;
    const y = top + rows.first * scale;
    const width = (columns.last - columns.first + 1) * scale;
    const height = (rows.last - rows.first + 1) * scale;
    context.lineWidth = 3 * line;
    context.strokeStyle = halo;
    context.strokeRect(x, y, width, height);
    context.lineWidth = line;
    context.strokeStyle = color;
    context.strokeRect(x, y, width, height);
  }
}

/** How much of the image is left where nothing lies over it. */
const GROUND = 0.4;

/** Values laid over an image: the image pale, and the colour the stronger the further its value is from nothing. */
export function overlayPixels(
  ground: Uint32Array,
  values: Float32Array,
  { most }: ValueRange,
  colors: CanvasColors,
): Uint32Array {
  const over = new Uint8Array(mapPixels(values, { least: -most, most }, colors).buffer);
  const under = new Uint8Array(ground.buffer);
  const paper = new Uint8Array(colors.sequential.buffer, 0, 4);
  const mixed = new Uint8ClampedArray(under.length);
  values.forEach((value, pixel) => {
    const share = most === 0 ? 0 : Math.min(1, Math.abs(value) / most);
    for (let channel = 0; channel < 3; channel++) {
      const place = 4 * pixel + channel;
      const pale = paper[channel] + (under[place] - paper[channel]) * GROUND;
      mixed[place] = pale + (over[place] - pale) * Math.sqrt(share) * 0.85;
    }
    mixed[4 * pixel + 3] = 255;
  });
  return new Uint32Array(mixed.buffer);
}
