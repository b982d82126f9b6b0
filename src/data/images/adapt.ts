import type { Dataset } from "../dataset.js";
import { type DecodedImage, luma, planesFromRgba } from "./color.js";
import { fitDigit, greyOnPaper } from "./digit.js";
import { ImageFitter, type ImageSettings } from "./resize.js";

/**
 * Converts a decoded image to the network's input: composited over the background, converted to grey or colour, then
 * resampled.
 *
 * @param target receives [channels][height][width] from `offset` on
 */
export function resizeImage(image: DecodedImage, settings: ImageSettings, target: Uint8Array, offset = 0): void {
  const { channels, height, width } = settings.shape;
  const { resize } = settings;
  if (resize === "digit") {
    fitDigit(greyOnPaper(image), 0, image, settings, target, offset);
    return;
  }
  const planes = planesFromRgba(image, channels, settings.background);
  const fitter = new ImageFitter(image, { ...settings, resize });
  const pixels = image.height * image.width;
  for (let channel = 0; channel < channels; channel++) {
    fitter.fit(planes, channel * pixels, target, offset + channel * height * width);
  }
}

/**
 * Converts a data set to another shape, each image as `resizeImage` would.
 *
 * @returns a data set with the source's name, classes, labels and checksum; the source itself if it has the shape
 *   already, unless digits are to be framed
 */
export function adaptDataset(dataset: Dataset, settings: ImageSettings): Dataset {
  const { channels, height, width } = settings.shape;
  const { resize } = settings;
  if (resize === "digit") return adaptDigits(dataset, settings);
  if (dataset.channels === channels && dataset.height === height && dataset.width === width) return dataset;
  const count = dataset.labels.length;
  const sourcePixels = dataset.height * dataset.width;
  const targetPixels = height * width;
  const images = new Uint8Array(count * channels * targetPixels);
  const fitter = new ImageFitter(dataset, { ...settings, resize });
  const toGrey = dataset.channels === 3 && channels === 1;
  const grey = new Uint8Array(sourcePixels);
  // Grey is resampled once and then repeated.
  const filtered = Math.min(dataset.channels, channels);
  for (let index = 0; index < count; index++) {
    const source = index * dataset.channels * sourcePixels;
    const target = index * channels * targetPixels;
    if (toGrey) greyPlane(dataset.images, source, grey);
    for (let channel = 0; channel < filtered; channel++) {
      if (toGrey) fitter.fit(grey, 0, images, target);
      else fitter.fit(dataset.images, source + channel * sourcePixels, images, target + channel * targetPixels);
    }
    for (let channel = filtered; channel < channels; channel++) {
      images.copyWithin(target + channel * targetPixels, target, target + targetPixels);
    }
  }
  return { ...dataset, channels, height, width, images };
}

function adaptDigits(dataset: Dataset, settings: ImageSettings): Dataset {
  const { channels, height, width } = settings.shape;
  const sourceSize = dataset.channels * dataset.height * dataset.width;
  const targetSize = channels * height * width;
  const images = new Uint8Array(dataset.labels.length * targetSize);
  const grey = new Uint8Array(dataset.height * dataset.width);
  for (let index = 0; index < dataset.labels.length; index++) {
    const isGrey = dataset.channels === 1;
    if (!isGrey) greyPlane(dataset.images, index * sourceSize, grey);
    const [plane, offset] = isGrey ? [dataset.images, index * sourceSize] : [grey, 0];
    fitDigit(plane, offset, dataset, settings, images, index * targetSize);
  }
  return { ...dataset, channels, height, width, images };
}

/** The grey of an image [3][height][width]. */
function greyPlane(images: Uint8Array, offset: number, grey: Uint8Array): void {
  const pixels = grey.length;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const red = offset + pixel;
    grey[pixel] = luma(images[red], images[red + pixels], images[red + 2 * pixels]);
  }
}
