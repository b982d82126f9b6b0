import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { blackPng } from "../../../tests/support/images.js";
import { decodeImage } from "./codec.js";
import { ImageError, readImageHeader } from "./header.js";
import { decoderMemory } from "./magick.js";
import { encodePng } from "./png.js";

const FOLDER = "tests/fixtures/images";
const file = (name: string) => new Uint8Array(readFileSync(`${FOLDER}/${name}`));
const decoded: Record<string, { width: number; height: number; rgba: string }> = JSON.parse(
  readFileSync(`${FOLDER}/decoded.json`, "utf8"),
);

/** Where Pillow rounds differently: 16 bits per sample to 8, and the product of colour and black. */
const TOLERANCES: Record<string, number> = {
  "deep.png": 1,
  "deep-clear.png": 1,
  "deep-grey.png": 1,
  "palette.tif": 1,
  "cmyk.jpg": 1,
  "cmyk.tif": 1,
};

/** Compares visible colours: a fully transparent pixel has none. */
function largestDifference(found: Uint8Array, expected: Uint8Array): number {
  return found.reduce((largest, value, index) => {
    const isSeen = index % 4 === 3 || expected[index | 3] > 0;
    return isSeen ? Math.max(largest, Math.abs(value - expected[index])) : largest;
  }, 0);
}

describe("decodeImage", () => {
  it.each(Object.keys(decoded))("decodes %s to Pillow's pixels", async (name) => {
    const expected = decoded[name];
    const rgba = new Uint8Array(Buffer.from(expected.rgba, "base64"));
    const image = await decodeImage(file(name));
    expect([image.width, image.height]).toEqual([expected.width, expected.height]);
    expect(image.rgba.length).toBe(rgba.length);
    expect(largestDifference(image.rgba, rgba)).toBeLessThanOrEqual(TOLERANCES[name] ?? 0);
  });

  it("applies all eight orientations", async () => {
    const images = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => decodeImage(file(`orientation-${orientation}.jpg`))),
    );
    expect(images.map(({ width, height }) => `${width}x${height}`)).toEqual([
      ...Array(4).fill("8x5"),
      ...Array(4).fill("5x8"),
    ]);
    expect(new Set(images.map(({ rgba }) => rgba.join())).size).toBe(8);
  });

  it.each([
    ["an empty file", new Uint8Array(), "the file is empty"],
    ["text", Buffer.from("label: cat"), "not a supported image (JPEG, PNG, WebP, GIF, BMP or TIFF)"],
    ["SVG", Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), "not a supported image"],
    [
      "a script of ImageMagick",
      Buffer.from('<?xml version="1.0"?><image><read filename="x"/></image>'),
      "not a supported image",
    ],
    ["an image without rows", blackPng(5, 0), "damaged: its header says 5x0 pixels"],
    ["a truncated header", file("color.png").subarray(0, 18), "damaged: it ends within its header"],
    ["a truncated JPEG", file("color.jpg").subarray(0, 750), "damaged: it is cut off"],
    ["a truncated PNG", file("color.png").subarray(0, 300), "damaged: unexpected end of file"],
    ["a truncated WebP", file("color.webp").subarray(0, 300), "damaged: insufficient image data in file"],
    ["a JPEG without a frame", file("color.jpg").subarray(0, 158), "damaged: "],
    [
      "a decompression bomb",
      blackPng(30_000, 30_000, 1_000_000),
      "too large: 30000x30000 pixels, the limit is 50 million",
    ],
    ["a long bomb", blackPng(2 ** 31 - 1, 1, 1), "too large: 2147483647x1 pixels"],
  ])("refuses %s in one line", async (_, bytes, message) => {
    const failure = await decodeImage(bytes).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ImageError);
    expect((failure as Error).message).toContain(message);
    expect((failure as Error).message).not.toContain("\n");
  });

  it("refuses a frame that is larger than its header says", async () => {
    const bomb = file("palette.gif").slice();
    const frame = bomb.indexOf(0x2c, 13 + 3 * 2 ** ((bomb[10] & 7) + 1));
    bomb.set([0xff, 0xff, 0xff, 0xff], frame + 5);
    expect(readImageHeader(bomb)).toEqual({ format: "GIF", width: 13, height: 9 });
    await expect(decodeImage(bomb)).rejects.toThrow(ImageError);
    expect(decoderMemory()).toBeLessThan(100e6);
  });

  it("reads at most 50 million pixels, long or square", async () => {
    const image = await decodeImage(blackPng(40_000, 100));
    expect([image.width, image.height]).toEqual([40_000, 100]);
  });
});

describe("readImageHeader", () => {
  it.each(Object.keys(decoded))("finds the size of %s", (name) => {
    const { width, height } = readImageHeader(file(name));
    const { width: upright, height: high } = decoded[name];
    expect([`${upright}x${high}`, `${high}x${upright}`]).toContain(`${width}x${height}`);
  });
});

describe("encodePng", () => {
  it.each([1, 3, 4])("encodes %i channels losslessly, with the same bytes each time", async (channels) => {
    const [width, height] = [7, 5];
    const pixels = Uint8Array.from({ length: width * height * channels }, (_, index) => (index * 37) % 256);
    const png = await encodePng(pixels, width, height);
    expect(readImageHeader(png)).toEqual({ format: "PNG", width, height });
    const { rgba } = await decodeImage(png);
    for (let pixel = 0; pixel < width * height; pixel++) {
      const samples = [...pixels.subarray(pixel * channels, (pixel + 1) * channels)];
      const [red, green = red, blue = red, opacity = 255] = samples;
      expect([...rgba.subarray(4 * pixel, 4 * pixel + 4)]).toEqual([red, green, blue, opacity]);
    }
    expect(await encodePng(pixels, width, height)).toEqual(png);
  });

  it("refuses a length that fits no image", async () => {
    await expect(encodePng(new Uint8Array(10), 2, 2)).rejects.toThrow("10 bytes are not a 2x2 image");
  });
});
