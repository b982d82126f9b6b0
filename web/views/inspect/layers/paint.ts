import { type Block, unitBlock } from "../../../../src/model/index.js";
import { selectedFields, selection } from "../state/response.js";
import { structure } from "../state/shownNetwork.js";
import { stepPlace } from "../state/steps.js";
import type { ValueRange } from "./colors.js";
import { type CanvasColors, canvasColors } from "./colors.js";
import { mapCorner, type SheetLayout } from "./sheetLayout.js";

/** Maps below each other, one pixel per unit, before they are scaled up. */
const scratch = new OffscreenCanvas(1, 1);

/** Resizes a canvas to device pixels, clears it and returns its context. */
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

/** Maps as ImageData pixels, one below the other. */
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

/** An image as ImageData pixels: grey as ink on paper, darker the further from the background; colours unchanged. */
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

/** Draws the maps at their places in the layout, each unit a solid square. */
export function paintMaps(context: CanvasRenderingContext2D, layout: SheetLayout, pixels: Uint32Array): void {
  const { count, width, height, scale } = layout;
  const small = scratch.getContext("2d", { willReadFrequently: true });
  // The values may change to another layer's shortly before the layout does.
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

/** Draws a thin frame around every map. */
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

/** Outlines a block in each map that it covers. */
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

/** The opacity of the image under an overlay value of zero. */
const GROUND = 0.4;

/** Overlays values on a faded image; the colour is stronger the further a value is from zero. */
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

/**
 * Outlines the receptive field of the selected unit and, while stepping through its sum, the value added last.
 *
 * @param position the layer's index among the paper's layers; −1 for the input
 */
export function paintMarks(context: CanvasRenderingContext2D, layout: SheetLayout, position: number): void {
  const selected = selection.value;
  if (!structure.value || !selected || position > selected.position) return;
  const { mark, halo, ink } = canvasColors.value;
  const { papers } = structure.value;
  const block = selectedFields.value[position === -1 ? 0 : papers[position].last + 1];
  if (block) outline(context, layout, block, mark, halo);
  if (stepPlace.value === undefined || position !== selected.position - 1) return;
  const { count, height, width } = layout;
  const place = unitBlock([count, height, width], stepPlace.value % (count * height * width));
  outline(context, layout, place, ink, halo);
}
