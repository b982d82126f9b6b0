import type { RandomStream } from "../../numeric/philox.js";
import type { InkCanvas } from "./rasteriser.js";
import type { Glyph, Stroke } from "./strokes.js";

/** Straight segments per curve between two stroke points. */
const PIECES = 5;
/** More vertices than the longest glyph needs. */
const MAXIMUM_VERTICES = 256;
/** Pixels that stay empty along the border, in addition to the ink's soft edge. */
const FREE_BORDER = 0.5;

/**
 * An approximately normal draw: mean 0, standard deviation 1, clipped to ±2.5 to keep digits readable. It is the sum of
 * a word's four bytes, which is exact in every JavaScript engine; Math.log and Math.cos are not.
 */
export function bell(stream: RandomStream): number {
  const word = stream.word();
  const sum = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24);
  return Math.max(-2.5, Math.min(2.5, (sum - 510) / 147.8));
}

/** A uniform draw from low to high. */
export function between(stream: RandomStream, low: number, high: number): number {
  return low + (high - low) * stream.uniform();
}

/** The variations of one handwritten glyph, before it is placed in the image. */
interface Hand {
  readonly tremor: number;
  readonly aspect: number;
  readonly slant: number;
  readonly taper: number;
  readonly bend: number;
  readonly waist: number;
  readonly cosine: number;
  readonly sine: number;
  readonly radius: number;
  readonly pressure: number;
}

function drawHand(stream: RandomStream): Hand {
  // The tangent of half the angle yields sine and cosine without calling either function.
  const halfTangent = 0.06 * bell(stream);
  const scale = 1 / (1 + halfTangent * halfTangent);
  return {
    tremor: between(stream, 0.02, 0.054),
    aspect: between(stream, 0.72, 1.28),
    slant: 0.06 + 0.15 * bell(stream),
    taper: 0.12 * bell(stream),
    bend: 0.065 * bell(stream),
    waist: 0.12 * bell(stream),
    cosine: (1 - halfTangent * halfTangent) * scale,
    sine: 2 * halfTangent * scale,
    radius: between(stream, 0.035, 0.085),
    pressure: 0.12 * bell(stream),
  };
}

/** One handwritten glyph: vertices of pen strokes, in units of the digit's nominal height. */
export class Handwriting {
  private readonly x = new Float64Array(MAXIMUM_VERTICES);
  private readonly y = new Float64Array(MAXIMUM_VERTICES);
  private readonly radius = new Float64Array(MAXIMUM_VERTICES);
  /** Whether a line connects a vertex to the previous one. */
  private readonly joined = new Uint8Array(MAXIMUM_VERTICES);
  private count = 0;

  /** Replaces the current glyph, with variations drawn from the stream. */
  write(glyph: Glyph, stream: RandomStream): void {
    const hand = drawHand(stream);
    this.count = 0;
    for (const stroke of glyph) this.writeStroke(stroke, hand, stream);
  }

  /** Draws the glyph entirely inside the canvas, with size and position drawn from the stream. */
  draw(canvas: InkCanvas, edge: number, stream: RandomStream): void {
    const { x, y, radius, joined, count } = this;
    let left = Infinity;
    let right = -Infinity;
    let top = Infinity;
    let bottom = -Infinity;
    for (let vertex = 0; vertex < count; vertex++) {
      left = Math.min(left, x[vertex] - radius[vertex]);
      right = Math.max(right, x[vertex] + radius[vertex]);
      top = Math.min(top, y[vertex] - radius[vertex]);
      bottom = Math.max(bottom, y[vertex] + radius[vertex]);
    }
    const side = Math.min(canvas.height, canvas.width);
    const largest = side - 2 * FREE_BORDER - edge;
    const wanted = between(stream, 0.6, 0.82) * side;
    const scale = Math.min(wanted / (bottom - top), Math.min(largest, 0.84 * side) / (right - left));
    const shiftX = placeAlong(canvas.width, scale * (right - left), 0.034 * side * bell(stream), edge) - scale * left;
    const shiftY = placeAlong(canvas.height, scale * (bottom - top), 0.034 * side * bell(stream), edge) - scale * top;
    for (let to = 1; to < count; to++) {
      if (joined[to] === 0) continue;
      const from = to - 1;
      canvas.line(
        scale * x[from] + shiftX,
        scale * y[from] + shiftY,
        scale * radius[from],
        scale * x[to] + shiftX,
        scale * y[to] + shiftY,
        scale * radius[to],
        edge,
      );
    }
  }

  private writeStroke(stroke: Stroke, hand: Hand, stream: RandomStream): void {
    const xs: number[] = [];
    const ys: number[] = [];
    for (const point of stroke) {
      const x = (point.x / 100 - 0.5 + hand.tremor * bell(stream)) * hand.aspect;
      const y = point.y / 100 - 0.5 + hand.tremor * bell(stream);
      const bentX = x * (1 + hand.taper * 2 * y) - hand.slant * y + hand.bend * (4 * y * y - 0.5);
      const bentY = y + hand.waist * (4 * y * y - 1) * 0.5;
      xs.push(hand.cosine * bentX - hand.sine * bentY);
      ys.push(hand.sine * bentX + hand.cosine * bentY);
    }
    const last = stroke.length - 1;
    this.addVertex(xs[0], ys[0], penRadius(hand, 0), 0);
    for (let start = 0; start < last; start++) {
      const end = start + 1;
      // At a corner or an end, the curve heads straight for its other point.
      const before = start === 0 || stroke[start].corner ? start : start - 1;
      const after = end === last || stroke[end].corner ? end : end + 1;
      const startX = (xs[end] - xs[before]) / (end - before);
      const startY = (ys[end] - ys[before]) / (end - before);
      const endX = (xs[after] - xs[start]) / (after - start);
      const endY = (ys[after] - ys[start]) / (after - start);
      for (let piece = 1; piece <= PIECES; piece++) {
        const t = piece / PIECES;
        this.addVertex(
          hermite(xs[start], startX, xs[end], endX, t),
          hermite(ys[start], startY, ys[end], endY, t),
          penRadius(hand, (start + t) / last),
          1,
        );
      }
    }
  }

  private addVertex(x: number, y: number, radius: number, joined: number): void {
    this.x[this.count] = x;
    this.y[this.count] = y;
    this.radius[this.count] = radius;
    this.joined[this.count] = joined;
    this.count++;
  }
}

/** The pen's radius at a place from 0 (the stroke's start) to 1 (its end). */
function penRadius(hand: Hand, place: number): number {
  return hand.radius * (1 + hand.pressure * (2 * place - 1));
}

/** The Hermite cubic from value `a` with slope `slopeA` at 0 to value `b` with slope `slopeB` at 1. */
function hermite(a: number, slopeA: number, b: number, slopeB: number, t: number): number {
  const rest = 1 - t;
  return (a * (1 + 2 * t) + slopeA * t) * rest * rest + (b * (3 - 2 * t) - slopeB * rest) * t * t;
}

/** Where ink of the given size begins along an axis: off-centre by `offset`, but clear of the border. */
function placeAlong(length: number, size: number, offset: number, edge: number): number {
  const border = FREE_BORDER + edge / 2;
  const middle = (length - size) / 2;
  return Math.max(border, Math.min(length - border - size, middle + offset));
}
