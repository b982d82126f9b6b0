import { resizeImage } from "../../src/data/images/adapt.js";
import { type DecodedImage, invertImage, planesFromRgba } from "../../src/data/images/color.js";
import type { ImageShape } from "../../src/model/index.js";

/** MNIST scales characters to a box of 20 of 28 pixels. */
const BOX_SHARE = 20 / 28;

/** Differences from the paper below this share of the strongest ink are its grain. */
const GRAIN = 0.2;

/** With less contrast than this many bytes, an image has no ink. */
const LEAST_CONTRAST = 24;

/**
 * The ink of an image as the network's input, as MNIST was made: what differs from the paper is cropped, its longer side
 * scaled to 20 of 28 pixels, and its centre of mass moved to the middle.
 *
 * @param background the byte around the ink; ink is what is lighter than the paper if it is 0, what is darker if it is 255
 * @returns bytes [channels][height][width]
 */
export function centredImage(image: DecodedImage, shape: ImageShape, background: 0 | 255): Uint8Array {
  const { channels, height, width } = shape;
  const area = height * width;
  const output = new Uint8Array(channels * area).fill(background);
  const ink = inkOf(image, background);
  if (!ink) return output;
  const side = Math.round(BOX_SHARE * Math.min(height, width));
  const box = new Uint8Array(side * side);
  const boxShape = { channels: 1, height: side, width: side };
  resizeImage(cropped(ink, image.width), { shape: boxShape, resize: "contain", background: 0 }, box);
  const { x, y } = centreOfMass(box, side);
  const left = within(Math.round(width / 2 - x), width - side);
  const top = within(Math.round(height / 2 - y), height - side);
  for (let place = 0; place < box.length; place++) {
    const pixel = (top + Math.floor(place / side)) * width + left + (place % side);
    const byte = background === 0 ? box[place] : 255 - box[place];
    for (let channel = 0; channel < channels; channel++) output[channel * area + pixel] = byte;
  }
  return output;
}

/**
 * A photograph as the network's input: characters centred, everything else whole. Where it is as light around as the network's
 * images are dark, or the other way round, light and dark are swapped.
 *
 * @returns bytes [channels][height][width]
 */
export function photographed(
  image: DecodedImage,
  shape: ImageShape,
  background: 0 | 255,
  areCharacters: boolean,
): Uint8Array {
  const fitting = isLight(image) === (background === 255) ? image : invertImage(image);
  if (areCharacters) return centredImage(fitting, shape, background);
  const pixels = new Uint8Array(shape.channels * shape.height * shape.width);
  const source = shape.channels === 1 ? fitting : image;
  resizeImage(source, { shape, resize: "contain", background }, pixels);
  return pixels;
}

/** Whether an image is light on the whole. */
export function isLight({ rgba }: DecodedImage): boolean {
  let sum = 0;
  for (let place = 0; place < rgba.length; place += 4) sum += rgba[place] + rgba[place + 1] + rgba[place + 2];
  return sum / ((3 * rgba.length) / 4) > 127.5;
}

const within = (offset: number, most: number): number => Math.min(most, Math.max(0, offset));

/** The strength of the ink at each pixel, 0 … 255; undefined if there is none. */
function inkOf(image: DecodedImage, background: 0 | 255): Uint8Array | undefined {
  const grey = planesFromRgba(image, 1, background);
  const paper = grey.toSorted()[Math.floor(grey.length / 2)];
  const strength = Float32Array.from(grey, (byte) => Math.max(0, background === 0 ? byte - paper : paper - byte));
  const most = strength.reduce((largest, one) => Math.max(largest, one), 0);
  if (most < LEAST_CONTRAST) return undefined;
  return Uint8Array.from(strength, (one) => Math.round((255 * Math.max(0, one / most - GRAIN)) / (1 - GRAIN)));
}

/** The part of an image that has ink. */
function cropped(ink: Uint8Array, width: number): DecodedImage {
  let [left, right, top, bottom] = [width, -1, ink.length, -1];
  ink.forEach((strength, pixel) => {
    if (strength === 0) return;
    left = Math.min(left, pixel % width);
    right = Math.max(right, pixel % width);
    top = Math.min(top, Math.floor(pixel / width));
    bottom = Math.max(bottom, Math.floor(pixel / width));
  });
  const [columns, rows] = [right - left + 1, bottom - top + 1];
  const rgba = Uint8Array.from({ length: 4 * rows * columns }, (_, place) => {
    const pixel = Math.floor(place / 4);
    const source = (top + Math.floor(pixel / columns)) * width + left + (pixel % columns);
    return place % 4 === 3 ? 255 : ink[source];
  });
  return { width: columns, height: rows, rgba };
}

/** In pixels from the box's corner; pixel centres are at half-integers. */
function centreOfMass(box: Uint8Array, side: number): { readonly x: number; readonly y: number } {
  let [mass, x, y] = [0, 0, 0];
  box.forEach((strength, pixel) => {
    mass += strength;
    x += strength * ((pixel % side) + 0.5);
    y += strength * (Math.floor(pixel / side) + 0.5);
  });
  return { x: x / mass, y: y / mass };
}
