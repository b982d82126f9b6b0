import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../dataset.js";
import { adaptDataset, resizeImage } from "./adapt.js";
import type { DecodedImage } from "./color.js";
import type { ImageSettings } from "./resize.js";

interface Reference {
  readonly sources: { readonly width: number; readonly height: number; readonly rgba: string }[];
  readonly cases: { readonly source: number; readonly settings: ImageSettings; readonly planes: string }[];
}

const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
const reference: Reference = JSON.parse(readFileSync("tests/fixtures/images/fitted.json", "utf8"));
const sources: DecodedImage[] = reference.sources.map((source) => ({ ...source, rgba: bytes(source.rgba) }));

function fitted(image: DecodedImage, settings: ImageSettings): Uint8Array {
  const { channels, height, width } = settings.shape;
  const target = new Uint8Array(channels * height * width);
  resizeImage(image, settings, target);
  return target;
}

/** An opaque image with one grey value per pixel. */
function greyImage(width: number, height: number, values: (pixel: number) => number): DecodedImage {
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let pixel = 0; pixel < width * height; pixel++) rgba.fill(values(pixel), 4 * pixel, 4 * pixel + 3);
  return { width, height, rgba };
}

describe("resizeImage", () => {
  it.each(
    reference.cases.map(({ source, settings, planes }) => {
      const { width, height } = sources[source];
      const { shape, resize, background } = settings;
      const title = `${height}x${width} to ${shape.channels}x${shape.height}x${shape.width}, ${resize} over ${background}`;
      return { title, source, settings, planes };
    }),
  )("matches Pillow byte for byte: $title", ({ source, settings, planes }) => {
    expect(fitted(sources[source], settings)).toEqual(bytes(planes));
  });

  it("pads a slightly smaller image instead of enlarging it", () => {
    const image = greyImage(28, 28, (pixel) => 1 + (pixel % 200));
    const target = fitted(image, { shape: { channels: 1, height: 32, width: 32 }, resize: "contain", background: 0 });
    for (let row = 0; row < 32; row++) {
      for (let column = 0; column < 32; column++) {
        const inside = row >= 2 && row < 30 && column >= 2 && column < 30;
        const expected = inside ? 1 + (((row - 2) * 28 + column - 2) % 200) : 0;
        expect(target[row * 32 + column]).toBe(expected);
      }
    }
  });

  it("resizes an image of millions of rows", () => {
    const image = greyImage(1, 3_000_000, () => 77);
    for (const fitting of ["contain", "cover", "stretch"] as const) {
      const settings: ImageSettings = { shape: { channels: 1, height: 32, width: 32 }, resize: fitting, background: 0 };
      expect(fitted(image, settings)[16 * 32 + 15]).toBe(77);
    }
  });
});

function dataset(channels: number, height: number, width: number, count: number): Dataset {
  const images = Uint8Array.from({ length: count * channels * height * width }, (_, index) => (index * 7919) % 253);
  const labels = Uint8Array.from({ length: count }, (_, index) => index % 2);
  return { name: "few", classes: ["a", "b"], channels, height, width, images, labels, checksum: "c", generated: false };
}

describe("adaptDataset", () => {
  it("returns the data set itself if it has the shape already", () => {
    const source = dataset(1, 28, 28, 3);
    expect(adaptDataset(source, { shape: source, resize: "cover", background: 0 })).toBe(source);
  });

  it.each([
    [1, 28, 28, 3, 32, 32, "contain"],
    [3, 32, 32, 1, 28, 28, "contain"],
    [3, 9, 14, 3, 20, 20, "cover"],
    [1, 30, 20, 1, 13, 40, "stretch"],
    [3, 12, 12, 1, 12, 12, "stretch"],
    [1, 40, 20, 3, 20, 20, "cover"],
  ] as const)("converts each image as resizeImage does: %ix%ix%i to %ix%ix%i, %s", (...numbers) => {
    const [fromChannels, fromHeight, fromWidth, channels, height, width, fitting] = numbers;
    const source = dataset(fromChannels, fromHeight, fromWidth, 3);
    const settings: ImageSettings = { shape: { channels, height, width }, resize: fitting, background: 255 };
    const adapted = adaptDataset(source, settings);
    const pixels = fromHeight * fromWidth;
    const expected = [0, 1, 2].map((index) => {
      const rgba = new Uint8Array(pixels * 4).fill(255);
      for (let pixel = 0; pixel < pixels; pixel++) {
        for (let channel = 0; channel < 3; channel++) {
          const plane = index * fromChannels + Math.min(channel, fromChannels - 1);
          rgba[4 * pixel + channel] = source.images[plane * pixels + pixel];
        }
      }
      return fitted({ width: fromWidth, height: fromHeight, rgba }, settings);
    });
    expect(Buffer.from(adapted.images).equals(Buffer.concat(expected))).toBe(true);
    expect(adapted).toEqual({ ...source, channels, height, width, images: adapted.images });
  });
});
