import { crc32 } from "node:zlib";
import type { Dataset } from "../../data/dataset.js";
import type { DatasetImage, DividedImages } from "./parts.js";

/** Warn if a class has more than this many times the images of another one. */
const UNEVEN_CLASSES = 3;
/** Warn if an image has more than this many times the pixels of another one. */
const UNEVEN_SIZES = 16;

/** Problems that may spoil training, one line each: uneven classes, images in two parts, very uneven sizes. */
export function imageWarnings(divided: DividedImages): string[] {
  const lines = [unevenClasses(divided.parts.train), sharedImages(divided), unevenSizes(divided)];
  return lines.filter((line) => line !== undefined);
}

function unevenClasses({ classes, labels }: Dataset): string | undefined {
  const counts = classes.map(() => 0);
  for (const label of labels) counts[label]++;
  const most = counts.indexOf(Math.max(...counts));
  const least = counts.indexOf(Math.min(...counts));
  if (counts[most] <= UNEVEN_CLASSES * counts[least]) return undefined;
  return (
    `the classes are uneven: "${classes[most]}" has ${counts[most]} training images, ` +
    `"${classes[least]}" only ${counts[least]}`
  );
}

/** Test or validation images that are also among the training images, pixel for pixel. */
function sharedImages({ parts, ...images }: DividedImages): string | undefined {
  const { train, validationCount = 0, test } = parts;
  const trained = train.labels.length - validationCount;
  const heldBack = [
    ...Array.from({ length: validationCount }, (_, index) => ({ dataset: train, index: trained + index })),
    ...Array.from({ length: test?.labels.length ?? 0 }, (_, index) => ({ dataset: test!, index })),
  ];
  const byChecksum = new Map<number, typeof heldBack>();
  for (const image of heldBack) {
    const checksum = crc32(pixelsOf(image.dataset, image.index));
    const others = byChecksum.get(checksum);
    if (others) others.push(image);
    else byChecksum.set(checksum, [image]);
  }
  const shared = new Set<(typeof heldBack)[number]>();
  let example = "";
  for (let index = 0; index < trained && byChecksum.size > 0; index++) {
    const pixels = pixelsOf(train, index);
    for (const image of byChecksum.get(crc32(pixels)) ?? []) {
      if (shared.has(image) || Buffer.compare(pixels, pixelsOf(image.dataset, image.index)) !== 0) continue;
      const other = (image.dataset === train ? images.train : images.test)[image.index];
      example ||= `${images.train[index].file.path} and ${other.file.path}`;
      shared.add(image);
    }
  }
  if (shared.size === 0) return undefined;
  const part = test && validationCount > 0 ? "test and validation" : test ? "test" : "validation";
  const many = shared.size === 1 ? "1 image" : `${shared.size} images`;
  return `${many} of the ${part} ${shared.size === 1 ? "is" : "are"} also among the training images, such as ${example}: the accuracy will be too optimistic`;
}

function pixelsOf({ images, channels, height, width }: Dataset, index: number): Uint8Array {
  const bytes = channels * height * width;
  return images.subarray(index * bytes, (index + 1) * bytes);
}

function unevenSizes({ parts, train, test }: DividedImages): string | undefined {
  const pixels = (image: DatasetImage) => image.width * image.height;
  let smallest = train[0];
  let largest = train[0];
  for (const part of [train, test]) {
    for (const image of part) {
      if (pixels(image) < pixels(smallest)) smallest = image;
      if (pixels(image) > pixels(largest)) largest = image;
    }
  }
  if (pixels(largest) <= UNEVEN_SIZES * pixels(smallest)) return undefined;
  const { channels, height, width } = parts.train;
  const describe = (image: DatasetImage) => `${image.width}x${image.height} (${image.file.path})`;
  return (
    `the images' sizes are very uneven, from ${describe(smallest)} to ${describe(largest)}; ` +
    `all are resized to ${channels}x${height}x${width}`
  );
}
