import { InkCanvas } from "../../src/data/digits/rasteriser.js";
import type { ImageShape } from "../../src/model/index.js";

/** A point of the drawing; the pad's side is 1, y points down. */
export interface PadPoint {
  readonly x: number;
  readonly y: number;
}

/** The points of one stroke, from pen down to pen up. */
export type PadStroke = readonly PadPoint[];

/** A three, made of two arcs: what pads show before anything is drawn. */
export const EXAMPLE_STROKE: PadStroke = [...arc(0.49, 0.335, 0.165, -155, 85), ...arc(0.48, 0.68, 0.19, -88, 150)];

function arc(x: number, y: number, radius: number, from: number, to: number): PadStroke {
  return Array.from({ length: 25 }, (_, step) => {
    const angle = ((from + ((to - from) * step) / 24) * Math.PI) / 180;
    return { x: x + 1.15 * radius * Math.cos(angle), y: y + radius * Math.sin(angle) };
  });
}

/** The pen's radius as a fraction of the pad's side: a line about 2½ of 28 pixels wide, as in MNIST. */
export const PEN_RADIUS = 0.045;

/** MNIST scales characters to a box of 20 of 28 pixels. */
const BOX_SHARE = 20 / 28;

/** The maximum magnification, so that a dot does not become a character. */
const MOST_GROWTH = 4;

/** The width of the ink's soft edge, in pixels. */
const EDGE = 1;

/** Maps pad coordinates to pixels. */
interface Transform {
  readonly scale: number;
  readonly right: number;
  readonly down: number;
}

/**
 * Renders a drawing as the network's input, with a round pen of the same thickness at any size of drawing.
 *
 * @param background the byte around the ink, which itself is the opposite extreme
 * @param centred as MNIST does: scales the longer side to a box of 20 of 28 pixels and moves the centre of mass to row and
 *   column 14
 * @returns bytes [channels][height][width]
 */
export function inkImage(
  strokes: readonly PadStroke[],
  shape: ImageShape,
  background: 0 | 255,
  centred: boolean,
): Uint8Array {
  const { channels, height, width } = shape;
  const canvas = new InkCanvas(height, width);
  const plain: Transform = {
    scale: Math.min(height, width),
    right: padOffset(width, height),
    down: padOffset(height, width),
  };
  let ink = inked(canvas, strokes, shape, plain);
  if (centred && strokes.length > 0) {
    const boxed = boxTransform(strokes, shape);
    ink = inked(canvas, strokes, shape, boxed);
    const { x, y } = centreOfMass(ink, shape);
    ink = inked(canvas, strokes, shape, {
      ...boxed,
      right: boxed.right + width / 2 - x,
      down: boxed.down + height / 2 - y,
    });
  }
  const plane = Uint8Array.from(ink, (share) => Math.round(background === 0 ? 255 * share : 255 * (1 - share)));
  const image = new Uint8Array(channels * plane.length);
  for (let channel = 0; channel < channels; channel++) image.set(plane, channel * plane.length);
  return image;
}

/** The pad is square and centred on a longer side. */
function padOffset(side: number, other: number): number {
  return (side - Math.min(side, other)) / 2;
}

function inked(
  canvas: InkCanvas,
  strokes: readonly PadStroke[],
  { height, width }: ImageShape,
  { scale, right, down }: Transform,
): Float64Array {
  const radius = PEN_RADIUS * Math.min(height, width);
  canvas.clear();
  for (const stroke of strokes) {
    stroke.forEach(({ x, y }, index) => {
      const from = stroke[Math.max(0, index - 1)];
      const [x0, y0] = [scale * from.x + right, scale * from.y + down];
      canvas.line(x0, y0, radius, scale * x + right, scale * y + down, radius, EDGE);
    });
  }
  return canvas.coverage(EDGE);
}

/** Maps the drawing's bounding box, ink included, to MNIST's box in the middle of the image. */
function boxTransform(strokes: readonly PadStroke[], { height, width }: ImageShape): Transform {
  const points = strokes.flat();
  const [left, right] = extremes(points.map(({ x }) => x));
  const [top, bottom] = extremes(points.map(({ y }) => y));
  const side = Math.min(height, width);
  const room = (BOX_SHARE - 2 * PEN_RADIUS) * side;
  const scale = Math.min(room / Math.max(right - left, bottom - top, 1e-9), MOST_GROWTH * side);
  return {
    scale,
    right: width / 2 - (scale * (left + right)) / 2,
    down: height / 2 - (scale * (top + bottom)) / 2,
  };
}

function extremes(values: readonly number[]): readonly [least: number, most: number] {
  return [
    values.reduce((least, value) => Math.min(least, value)),
    values.reduce((most, value) => Math.max(most, value)),
  ];
}

/** In rows and columns counted from 0: MNIST's centre of mass is at 14 of 28, as `fitDigit` has it. */
function centreOfMass(ink: Float64Array, { width }: ImageShape): PadPoint {
  let [mass, x, y] = [0, 0, 0];
  ink.forEach((share, pixel) => {
    mass += share;
    x += share * (pixel % width);
    y += share * Math.floor(pixel / width);
  });
  return { x: x / mass, y: y / mass };
}
