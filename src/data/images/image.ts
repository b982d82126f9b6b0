import { resizeImage } from "./adapt.js";
import type { DecodedImage } from "./color.js";
import type { ImageSettings } from "./resize.js";

/** An image's pixels, as returned by canvases (ImageData), `sharp` and `pngjs`. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /**
   * [height][width][channels], 0 … 255. The length decides between 1 (grey), 3 (red, green, blue) and 4 channels (RGB
   * with straight alpha).
   */
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** The part of CanvasRenderingContext2D and OffscreenCanvasRenderingContext2D that is used here. */
export interface Context2d {
  readonly canvas: { readonly width: number; readonly height: number };
  /** The pixels of a part of the canvas. */
  getImageData(left: number, top: number, width: number, height: number): Pixels;
}

/** The part of HTMLCanvasElement and OffscreenCanvas that is used here. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  /** Null if the canvas already has a context of another type. */
  getContext(type: "2d"): Context2d | null;
}

/**
 * An image: pixels of any size, the result of `decodeImage`, a canvas or its 2D context, or bytes in the shape of the
 * network's input, [channels][height][width].
 */
export type ImageInput = Pixels | DecodedImage | Canvas | Context2d | Uint8Array | Uint8ClampedArray;

/**
 * Converts an image to a network's input.
 *
 * @param target receives [channels][height][width] from `offset` on
 * @throws RangeError if the image's length does not fit its size, Error if a canvas cannot be read
 */
export function drawImage(image: ImageInput, settings: ImageSettings, target: Uint8Array, offset = 0): void {
  if (image instanceof Uint8Array || image instanceof Uint8ClampedArray) {
    const { channels, height, width } = settings.shape;
    if (image.length !== channels * height * width) {
      throw new RangeError(
        `the image has ${image.length} bytes, the network takes ${channels}x${height}x${width}; pass images of other sizes as { width, height, data }`,
      );
    }
    target.set(image, offset);
  } else {
    resizeImage(decoded(image), settings, target, offset);
  }
}

function decoded(image: Exclude<ImageInput, ArrayLike<number>>): DecodedImage {
  if ("rgba" in image) return image;
  if ("data" in image) return withOpacity(image);
  const context = "getContext" in image ? image.getContext("2d") : image;
  if (!context) throw new Error("the canvas has no 2D context to read its pixels from; pass its ImageData");
  const { width, height } = context.canvas;
  return withOpacity(context.getImageData(0, 0, width, height));
}

function withOpacity({ width, height, data }: Pixels): DecodedImage {
  const pixels = width * height;
  const channels = data.length / pixels;
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new RangeError(`${data.length} bytes are not a ${width}x${height} image of 1, 3 or 4 channels`);
  }
  if (channels === 4) return { width, height, rgba: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  const rgba = new Uint8Array(4 * pixels).fill(255);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let colour = 0; colour < 3; colour++) rgba[4 * pixel + colour] = data[channels * pixel + (colour % channels)];
  }
  return { width, height, rgba };
}
