import { createHash } from "node:crypto";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Dataset } from "./dataset.js";
import { generateDigits } from "./digits.js";

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function imageOf(dataset: Dataset, index: number): Uint8Array {
  const size = dataset.channels * dataset.height * dataset.width;
  return dataset.images.subarray(index * size, (index + 1) * size);
}

/** The fraction of equal elements. */
function agreement(a: ArrayLike<unknown>, b: ArrayLike<unknown>): number {
  let equal = 0;
  for (let index = 0; index < a.length; index++) if (a[index] === b[index]) equal++;
  return equal / a.length;
}

/** Whether each value is above the midpoint between the smallest and the largest. */
function inkMask(plane: Uint8Array): boolean[] {
  const middle = (Math.min(...plane) + Math.max(...plane)) / 2;
  return Array.from(plane, (value) => value > middle);
}

describe("reproducibility", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test("the bytes match pinned hashes", () => {
    const grey = generateDigits({ seed: 7, count: 20, part: "train" });
    expect(sha256(grey.images)).toBe("c9d13f1db2b7b2d6109b344628c14cfdade45371389d5880cb55306e4303fd25");
    expect(Array.from(grey.labels)).toEqual([9, 3, 0, 2, 5, 4, 8, 6, 7, 1, 4, 5, 7, 6, 0, 3, 1, 2, 9, 8]);
    expect(grey.checksum).toBe("digits-seed7-train-20-1x28x28-b98b08b5");
    const coloured = generateDigits({ seed: 7, count: 20, part: "test", height: 32, width: 48, channels: 3 });
    expect(sha256(coloured.images)).toBe("32f01324d41434083a45cb4ee9f7e6a50b072de9e7aea95d04d3b02533c4337a");
    expect(coloured.checksum).toBe("digits-seed7-test-20-3x32x48-ecbf8894");
  });

  test("the checksum ends in the FNV-1a hash of the images and the labels", () => {
    const { images, labels, checksum } = generateDigits({ seed: 3, count: 10, part: "train", height: 12, width: 12 });
    let hash = 0x811c9dc5n;
    for (const byte of [...images, ...labels]) hash = ((hash ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn;
    expect(checksum.split("-").at(-1)).toBe(hash.toString(16).padStart(8, "0"));
  });

  test("no function is called whose last bits differ between engines", () => {
    const inexact = ["sin", "cos", "tan", "atan2", "exp", "log", "pow", "hypot", "cbrt", "random"] as const;
    const spies = inexact.map((name) => vi.spyOn(Math, name));
    generateDigits({ seed: 1, count: 20, part: "train", channels: 3 });
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
  });

  test("an image and its label do not depend on the count", () => {
    const few = generateDigits({ seed: 1, count: 7, part: "train" });
    const many = generateDigits({ seed: 1, count: 33, part: "train" });
    expect(many.images.subarray(0, few.images.length)).toEqual(few.images);
    expect(many.labels.subarray(0, 7)).toEqual(few.labels);
  });

  test("other parts, seeds and indices yield other images", () => {
    const options = { seed: 0, count: 300, part: "train" } as const;
    const sets = [
      generateDigits(options),
      generateDigits({ ...options, part: "test" }),
      generateDigits({ ...options, seed: 1 }),
      generateDigits({ ...options, seed: 2 ** 32 }),
    ];
    const hashes = sets.flatMap((set) => Array.from(set.labels, (_, index) => sha256(imageOf(set, index))));
    expect(new Set(hashes).size).toBe(4 * 300);
    for (const set of sets.slice(1)) expect(agreement(set.labels, sets[0].labels)).toBeLessThan(0.25);
  });
});

describe("labels", () => {
  const { labels, classes } = generateDigits({ seed: 0, count: 1000, part: "train", height: 12, width: 12 });

  test("every ten contain each digit once", () => {
    for (let start = 0; start < 1000; start += 10) {
      expect(Array.from(labels.subarray(start, start + 10)).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }
    expect(classes).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  });

  test("every ten have a different order", () => {
    const orders = new Set<string>();
    for (let start = 0; start < 1000; start += 10) orders.add(labels.subarray(start, start + 10).join());
    expect(orders.size).toBe(100);
  });

  test("the count need not be a multiple of ten", () => {
    const cut = generateDigits({ seed: 0, count: 13, part: "train", height: 12, width: 12 });
    expect(cut.labels).toEqual(labels.slice(0, 13));
    expect(cut.images.length).toBe(13 * 144);
  });
});

describe("images", () => {
  test.each([
    [12, 12, 1],
    [28, 28, 1],
    [32, 32, 3],
    [128, 128, 1],
    [20, 60, 3],
    [60, 20, 1],
  ])("%i x %i with %i channels have ink, but none on the border", (height, width, channels) => {
    const dataset = generateDigits({ seed: 5, count: 200, part: "test", height, width, channels });
    expect(dataset).toMatchObject({ name: "digits", generated: true, height, width, channels });
    expect(dataset.images.length).toBe(200 * channels * height * width);
    for (let index = 0; index < 200; index++) {
      const plane = imageOf(dataset, index).subarray(0, height * width);
      const ink = inkMask(plane);
      expect(Math.max(...plane) - Math.min(...plane)).toBeGreaterThan(80);
      const onBorder = ink.filter((_, pixel) => {
        const row = Math.floor(pixel / width);
        const column = pixel % width;
        return row === 0 || row === height - 1 || column === 0 || column === width - 1;
      });
      expect(onBorder).not.toContain(true);
      const share = ink.filter(Boolean).length / Math.min(height, width) ** 2;
      expect(share).toBeGreaterThan(0.015);
      expect(share).toBeLessThan(0.4);
    }
  });

  test("are light on black if they have one channel", () => {
    const { images } = generateDigits({ seed: 0, count: 200, part: "train" });
    const sorted = Uint8Array.from(images).sort();
    expect(sorted[sorted.length / 2]).toBeLessThan(16);
    expect(sorted[Math.floor(sorted.length * 0.95)]).toBeGreaterThan(160);
  });

  test("show the same writing in every channel, in other colours", () => {
    const options = { seed: 0, count: 50, part: "train" } as const;
    const grey = generateDigits(options);
    const coloured = generateDigits({ ...options, channels: 3 });
    const brightest = [0, 1, 2].map(() => new Set<number>());
    for (let index = 0; index < 50; index++) {
      const writing = inkMask(imageOf(grey, index));
      for (let channel = 0; channel < 3; channel++) {
        const plane = imageOf(coloured, index).subarray(channel * 784, (channel + 1) * 784);
        expect(agreement(inkMask(plane), writing)).toBeGreaterThan(0.95);
        brightest[channel].add(Math.max(...plane));
      }
    }
    for (const values of brightest) expect(values.size).toBeGreaterThan(20);
  });

  test("are partly, but not entirely, separable by the nearest centroid", () => {
    const train = generateDigits({ seed: 0, count: 3000, part: "train" });
    const test = generateDigits({ seed: 0, count: 1000, part: "test" });
    const centroids = train.classes.map(() => new Float64Array(784));
    train.labels.forEach((label, index) => {
      imageOf(train, index).forEach((value, pixel) => {
        centroids[label][pixel] += value / 300;
      });
    });
    const predictions = Array.from(test.labels, (_, index) => {
      const image = imageOf(test, index);
      const distances = centroids.map((centroid) =>
        centroid.reduce((sum, mean, pixel) => sum + (mean - image[pixel]) ** 2, 0),
      );
      return distances.indexOf(Math.min(...distances));
    });
    const accuracy = agreement(predictions, test.labels);
    expect(accuracy).toBeGreaterThan(0.5);
    expect(accuracy).toBeLessThan(0.9);
  });
});

test("invalid options are refused", () => {
  const options = { seed: 0, count: 1, part: "train" } as const;
  expect(() => generateDigits({ ...options, height: 11 })).toThrow("height must be an integer from 12 to 128, not 11");
  expect(() => generateDigits({ ...options, width: 129 })).toThrow("width must be");
  expect(() => generateDigits({ ...options, channels: 2 })).toThrow("channels must be 1 or 3, not 2");
  expect(() => generateDigits({ ...options, count: 0 })).toThrow("count must be");
  expect(() => generateDigits({ ...options, seed: -1 })).toThrow("seed must be");
  expect(() => generateDigits({ ...options, seed: 0.5 })).toThrow("seed must be");
});

test("reports progress every 1000 images", () => {
  const drawn: number[] = [];
  generateDigits({ seed: 0, count: 2500, part: "test", onProgress: (count) => drawn.push(count) });
  expect(drawn).toEqual([1000, 2000]);
});
