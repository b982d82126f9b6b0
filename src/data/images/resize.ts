import type { Framing, ImageShape } from "../../model/index.js";
import { type AxisFilter, axisFilter, filterAcross, filterDown, type Plane } from "./resample.js";

/** How images are fitted to one size. */
export interface ImageSettings extends Framing {
  readonly shape: ImageShape;
}

/** Settings that treat all images of a size alike. */
interface FitterSettings extends ImageSettings {
  readonly resize: Exclude<ImageSettings["resize"], "digit">;
}

/** Height and width in pixels. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** A scaled image's position on the target: the offset of its upper left corner, negative if it is cropped. */
interface Frame {
  readonly scaled: ImageSize;
  readonly top: number;
  readonly left: number;
}

/**
 * An image that would grow by less than this factor is padded instead of enlarged: 28 × 28 becomes 32 × 32 with two
 * pixels on each side, as is usual for LeNet-5, and stays sharp.
 */
const LEAST_ENLARGEMENT = 1.25;

/** a × b / c rounded half up, at least 1. Computed in integers, so it is the same everywhere. */
function scaleLength(a: number, b: number, c: number): number {
  return Math.max(1, Math.floor((2 * a * b + c) / (2 * c)));
}

/** The size with the source's proportions and the target's width or height. */
function scaledSize(source: ImageSize, target: ImageSize, byWidth: boolean): ImageSize {
  return byWidth
    ? { width: target.width, height: scaleLength(source.height, target.width, source.width) }
    : { height: target.height, width: scaleLength(source.width, target.height, source.height) };
}

function frameSize(source: ImageSize, target: ImageSize, resize: FitterSettings["resize"]): ImageSize {
  if (resize === "stretch") return target;
  const wider = source.width * target.height >= target.width * source.height;
  if (resize === "cover") return scaledSize(source, target, !wider);
  const growth = Math.min(target.width / source.width, target.height / source.height);
  return growth >= 1 && growth < LEAST_ENLARGEMENT ? source : scaledSize(source, target, wider);
}

/** Centres the image. If the margin or the crop is odd, the larger half is below and to the right. */
function frame(source: ImageSize, target: ImageSize, resize: FitterSettings["resize"]): Frame {
  const scaled = frameSize(source, target, resize);
  const corner = (room: number) => (room >= 0 ? Math.floor(room / 2) : -Math.floor(-room / 2));
  return { scaled, top: corner(target.height - scaled.height), left: corner(target.width - scaled.width) };
}

/** Fits images of one size to the target's size. */
export class ImageFitter {
  private readonly source: ImageSize;
  private readonly target: ImageSize;
  private readonly background: number;
  private readonly top: number;
  private readonly left: number;
  /** Undefined if the length does not change. */
  private readonly across: AxisFilter | undefined;
  private readonly down: AxisFilter | undefined;
  /** The part of the target that the image covers. */
  private readonly visible: ImageSize;
  private readonly sums: Int32Array;

  constructor(source: ImageSize, settings: FitterSettings) {
    const target = settings.shape;
    const { scaled, top, left } = frame(source, target, settings.resize);
    const height = Math.min(scaled.height, target.height);
    const width = Math.min(scaled.width, target.width);
    this.source = source;
    this.target = target;
    this.background = settings.background;
    this.top = top;
    this.left = left;
    this.visible = { height, width };
    this.sums = new Int32Array(height * width);
    if (scaled.width !== source.width) this.across = axisFilter(source.width, scaled.width, Math.max(0, -left), width);
    if (scaled.height !== source.height)
      this.down = axisFilter(source.height, scaled.height, Math.max(0, -top), height);
  }

  /**
   * Fits one channel of an image, byte for byte as Pillow's resize(BILINEAR): filters the rows, rounds, then filters
   * the columns.
   *
   * @param source contains [height][width] from `sourceOffset` on
   * @param target receives the channel from `targetOffset` on
   */
  fit(source: Uint8Array, sourceOffset: number, target: Uint8Array, targetOffset: number): void {
    const { source: from, target: to, visible, across, down } = this;
    if (visible.height < to.height || visible.width < to.width) {
      target.fill(this.background, targetOffset, targetOffset + to.height * to.width);
    }
    const corner = Math.max(0, this.top) * to.width + Math.max(0, this.left);
    const output: Plane = { bytes: target, offset: targetOffset + corner, stride: to.width };
    // On an axis without a filter, skip the cropped part; the filters already start at the target's edge.
    const skipped = (down ? 0 : Math.max(0, -this.top)) * from.width + (across ? 0 : Math.max(0, -this.left));
    const input: Plane = { bytes: source, offset: sourceOffset + skipped, stride: from.width };
    if (down) {
      filterDown(down, across, input, output, this.sums);
    } else if (across) {
      filterAcross(across, visible.height, input, output);
    } else {
      copy(input, output, visible);
    }
  }
}

function copy(source: Plane, target: Plane, { height, width }: ImageSize): void {
  for (let row = 0; row < height; row++) {
    const from = source.offset + row * source.stride;
    const to = target.offset + row * target.stride;
    // Rows are short: a loop is faster than creating a view.
    for (let column = 0; column < width; column++) target.bytes[to + column] = source.bytes[from + column];
  }
}
