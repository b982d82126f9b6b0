import { cosine, sine } from "../numeric/elementary.js";
import { Purpose, RandomStream } from "../numeric/philox.js";
import { PLACEMENT, PLACEMENT_WORDS } from "./placement.js";

/**
 * Random transformations of an image, in this order: crop, flip, one affine map (rotation, shift, scale, shear and squeeze),
 * brightness, erasure. 0 disables each of them.
 */
export interface Augmentation {
  /** Pixels of background added on every side before a window of the original size is cropped at a random position. */
  readonly cropPadding: number;
  /** Probability of mirroring left to right. */
  readonly flip: number;
  /** The image is rotated by an angle drawn from ± this many degrees. */
  readonly degrees: number;
  /** It is shifted by an integer number of pixels, drawn from ± this fraction of its height and of its width. */
  readonly shift: number;
  /** Its size is multiplied by a factor drawn from 1 ± this value, which is below 1. */
  readonly scale: number;
  /** It is sheared along its rows by an angle drawn from ± this many degrees, which is below 90. */
  readonly shear: number;
  /**
   * Its width is multiplied by a factor drawn from 1 ± this value, which is below 1, and its height divided by it: squeezing
   * of LeCun et al. (1998), section III-B.
   */
  readonly squeeze: number;
  /** Its bytes are multiplied by a factor drawn from 1 ± this value. */
  readonly brightness: number;
  /**
   * Side of a square that is set to 0 after normalisation, as a fraction of the image's shorter side. Its centre is
   * drawn from the entire image, so the square may extend over the border: DeVries and Taylor, "Improved regularization
   * of convolutional neural networks with Cutout", 2017.
   */
  readonly erase: number;
  /** The byte, 0 or 255, that crop and affine map read outside the image. */
  readonly background: number;
}

const NONE: Augmentation = {
  cropPadding: 0,
  flip: 0,
  degrees: 0,
  shift: 0,
  scale: 0,
  shear: 0,
  squeeze: 0,
  brightness: 0,
  erase: 0,
  background: 0,
};

/** The preset augmentations by name, all with a black background. */
export const AUGMENTATIONS = {
  none: NONE,
  /** RandomCrop(28, padding 2), RandomHorizontalFlip(0.5), RandomRotation(10). */
  tutorial: { ...NONE, cropPadding: 2, flip: 0.5, degrees: 10 },
  light: { ...NONE, cropPadding: 2, flip: 0.5 },
  strong: { ...NONE, cropPadding: 4, flip: 0.5, degrees: 15, scale: 0.15, shear: 8, brightness: 0.2, erase: 0.35 },
} as const satisfies Record<string, Augmentation>;

/** Whether an augmentation changes images at all. */
export function isAugmenting(augmentation: Augmentation): boolean {
  const { cropPadding, flip, degrees } = augmentation;
  return cropPadding > 0 || flip > 0 || degrees > 0 || drawsMore(augmentation);
}

/** Whether an augmentation draws more than crop, flip and rotation. */
export function drawsMore({ shift, scale, shear, squeeze, brightness, erase }: Augmentation): boolean {
  return shift > 0 || scale > 0 || shear > 0 || squeeze > 0 || brightness > 0 || erase > 0;
}

/** The transformation of one image. */
export interface Transformation {
  /** Offset of the crop window in rows and columns. */
  readonly cropDown: number;
  readonly cropRight: number;
  /** Mirrored left to right after the crop. */
  readonly flip: boolean;
  /** Counter-clockwise about the centre. The affine map samples the nearest neighbour. */
  readonly degrees: number;
  /** Shift in rows and columns after squeeze, shear, scale and rotation. */
  readonly shiftDown: number;
  readonly shiftRight: number;
  /** Factor for the image's size. */
  readonly scale: number;
  /** Degrees along the rows; a positive shear moves rows above the centre to the right. */
  readonly shear: number;
  /** Factor for the width; the height is divided by it, before the shear. */
  readonly squeeze: number;
  /** Factor for the bytes. */
  readonly brightness: number;
  /** The erased square: its upper left corner and side in pixels. It may extend beyond the image. */
  readonly eraseTop: number;
  readonly eraseLeft: number;
  readonly eraseSide: number;
  /** The byte outside the image. */
  readonly background: number;
}

const NO_MORE: MoreDraws = {
  shiftDown: 0,
  shiftRight: 0,
  scale: 1,
  shear: 0,
  squeeze: 1,
  brightness: 1,
  eraseTop: 0,
  eraseLeft: 0,
  eraseSide: 0,
};

const UNCHANGED: Transformation = { ...NO_MORE, cropDown: 0, cropRight: 0, flip: false, degrees: 0, background: 0 };

const FIXED_POINT = 65536;
export const RADIANS_PER_DEGREE = Math.PI / 180;

/**
 * Encodes a transformation for the engine. The map's coefficients are those of torchvision's
 * `_get_inverse_affine_matrix`, in the fixed point of Pillow's `Image.transform`: the pixel in column c and row r is
 * read from source (x, y) = (w0·c + w1·r + w2, w3·c + w4·r + w5), in 16.16.
 */
export function writeTransformation(
  transformation: Transformation,
  height: number,
  width: number,
  target: Int32Array,
  offset = 0,
): void {
  const { shiftDown, shiftRight, scale, squeeze, eraseTop, eraseLeft, eraseSide } = transformation;
  // Rows run downwards and the map leads back to the source, so a counter-clockwise rotation uses the negative angle.
  const radians = -transformation.degrees * RADIANS_PER_DEGREE;
  const across = cosine(radians);
  const down = sine(radians);
  const slope = tangent(transformation.shear * RADIANS_PER_DEGREE);
  const columnStepX = (across - down * slope) / scale / squeeze;
  const rowStepX = (across * slope + down) / scale / squeeze;
  const columnStepY = (-down / scale) * squeeze;
  const rowStepY = (across / scale) * squeeze;
  const [centreX, centreY] = [width / 2, height / 2];
  const [fromX, fromY] = [-centreX - shiftRight, -centreY - shiftDown];
  const startX = columnStepX * fromX + rowStepX * fromY + centreX;
  const startY = columnStepY * fromX + rowStepY * fromY + centreY;

  target[offset + PLACEMENT.cropDown] = transformation.cropDown;
  target[offset + PLACEMENT.cropRight] = transformation.cropRight;
  target[offset + PLACEMENT.flip] = transformation.flip ? 1 : 0;
  const coefficients = offset + PLACEMENT.coefficients;
  target[coefficients] = fixedPoint(columnStepX);
  target[coefficients + 1] = fixedPoint(rowStepX);
  target[coefficients + 2] = fixedPoint(startX + columnStepX * 0.5 + rowStepX * 0.5);
  target[coefficients + 3] = fixedPoint(columnStepY);
  target[coefficients + 4] = fixedPoint(rowStepY);
  target[coefficients + 5] = fixedPoint(startY + columnStepY * 0.5 + rowStepY * 0.5);
  target[offset + PLACEMENT.background] = transformation.background;
  target[offset + PLACEMENT.brightness] = floatBits(transformation.brightness);
  target[offset + PLACEMENT.eraseFirstRow] = eraseTop;
  target[offset + PLACEMENT.eraseEndRow] = eraseTop + eraseSide;
  target[offset + PLACEMENT.eraseFirstColumn] = eraseLeft;
  target[offset + PLACEMENT.eraseEndColumn] = eraseLeft + eraseSide;
}

function fixedPoint(value: number): number {
  return Math.floor(value * FIXED_POINT + 0.5);
}

function tangent(radians: number): number {
  return radians === 0 ? 0 : sine(radians) / cosine(radians);
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

function floatBits(value: number): number {
  float[0] = value;
  return bits[0];
}

/** Encodes a single transformation, see `writeTransformation`; omitted fields change nothing. */
export function placementFor(transformation: Partial<Transformation>, height: number, width: number): Int32Array {
  const placement = new Int32Array(PLACEMENT_WORDS);
  writeTransformation({ ...UNCHANGED, ...transformation }, height, width, placement);
  return placement;
}

/** An image's height and width in pixels. */
export interface Size {
  readonly height: number;
  readonly width: number;
}

/**
 * Draws the transformation of a sample in an epoch, depending only on the image's size and (seed, epoch, sample).
 * Whether one part is enabled does not change what the others draw.
 */
export function drawTransformation(
  augmentation: Augmentation,
  size: Size,
  seed: number,
  epoch: number,
  sample: number,
): Transformation {
  const { cropPadding, background } = augmentation;
  const stream = new RandomStream(seed, Purpose.augmentation, epoch, sample);
  const cropDown = stream.below(2 * cropPadding + 1) - cropPadding;
  const cropRight = stream.below(2 * cropPadding + 1) - cropPadding;
  const flip = stream.uniform() < augmentation.flip;
  const degrees = around(stream, augmentation.degrees);
  const more = drawsMore(augmentation) ? drawMore(augmentation, size, stream) : NO_MORE;
  const { shiftDown, shiftRight, scale, shear, squeeze, brightness, eraseTop, eraseLeft, eraseSide } = more;
  // Written out because a spread takes ten times as long in Node 20.
  return {
    cropDown,
    cropRight,
    flip,
    degrees,
    shiftDown,
    shiftRight,
    scale,
    shear,
    squeeze,
    brightness,
    eraseTop,
    eraseLeft,
    eraseSide,
    background,
  };
}

type MoreDraws = Omit<Transformation, "cropDown" | "cropRight" | "flip" | "degrees" | "background">;

/** The draws after crop, flip and rotation. */
function drawMore(augmentation: Augmentation, { height, width }: Size, stream: RandomStream): MoreDraws {
  const eraseSide = Math.round(augmentation.erase * Math.min(height, width));
  return {
    shiftDown: Math.round(around(stream, augmentation.shift * height)),
    shiftRight: Math.round(around(stream, augmentation.shift * width)),
    scale: 1 + around(stream, augmentation.scale),
    shear: around(stream, augmentation.shear),
    brightness: 1 + around(stream, augmentation.brightness),
    eraseTop: stream.below(height) - Math.floor(eraseSide / 2),
    eraseLeft: stream.below(width) - Math.floor(eraseSide / 2),
    eraseSide,
    squeeze: 1 + around(stream, augmentation.squeeze),
  };
}

function around(stream: RandomStream, spread: number): number {
  return (2 * stream.uniform() - 1) * spread;
}

/** How the images of an epoch are transformed: by draws from (seed, epoch, image). */
export interface AugmentationDraw {
  readonly augmentation: Augmentation;
  readonly seed: number;
  readonly epoch: number;
}

/** The transformations of images: drawn, or given as PLACEMENT_WORDS words per image, see {@link PLACEMENT}. */
export type Placements = AugmentationDraw | Int32Array;

/** Writes the placements drawn for images[start … end − 1], PLACEMENT_WORDS words each. */
export function drawPlacements(
  { augmentation, seed, epoch }: AugmentationDraw,
  size: Size,
  images: ArrayLike<number>,
  start: number,
  end: number,
  target: Int32Array,
): void {
  for (let place = start; place < end; place++) {
    const transformation = drawTransformation(augmentation, size, seed, epoch, images[place]);
    writeTransformation(transformation, size.height, size.width, target, (place - start) * PLACEMENT_WORDS);
  }
}
