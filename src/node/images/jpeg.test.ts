import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { initializeImageMagick, MagickFormat, MagickImage, MagickReadSettings } from "@imagemagick/magick-wasm";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeImage } from "./codec.js";
import { ImageError } from "./header.js";
import { decodeJpeg } from "./jpeg.js";
import { decodeWithMagick } from "./magick.js";

const FOLDER = "tests/fixtures/images";
const file = (name: string) => new Uint8Array(readFileSync(`${FOLDER}/${name}`));

/** A JPEG, encoded by ImageMagick. */
interface Kind {
  readonly width: number;
  readonly height: number;
  readonly sampling: string;
  readonly quality: number;
  readonly progressive: boolean;
  readonly channels: 1 | 3;
}

/** Waves with some noise, so that all coefficients occur. */
function encode({ width, height, sampling, quality, progressive, channels }: Kind): Uint8Array {
  const pixels = Uint8Array.from({ length: width * height * channels }, (_, index) => {
    const [x, y] = [Math.floor(index / channels) % width, Math.floor(index / channels / width)];
    const noise = Math.imul(index + 1, 0x9e3779b1) >>> 27;
    return 112 + 100 * Math.sin((x * (1 + (index % channels))) / 5 + y / 3) + noise;
  });
  const format = channels === 1 ? MagickFormat.Gray : MagickFormat.Rgb;
  const image = MagickImage.create(pixels, new MagickReadSettings({ format, width, height, depth: 8 }));
  image.quality = quality;
  image.settings.setDefine(MagickFormat.Jpeg, "sampling-factor", sampling);
  try {
    return image.write(progressive ? MagickFormat.Pjpeg : MagickFormat.Jpeg, (jpeg) => jpeg.slice());
  } finally {
    image.dispose();
  }
}

beforeAll(async () => {
  const program = createRequire(import.meta.url).resolve("@imagemagick/magick-wasm/magick.wasm");
  await initializeImageMagick(new Uint8Array(readFileSync(program)));
});

const SIZES = [
  [1, 1],
  [3, 2],
  [4, 5],
  [8, 8],
  [17, 15],
  [31, 33],
  [70, 41],
] as const;

describe("decodeJpeg", () => {
  const kinds = ["1x1", "2x1", "2x2", "4x1", "4x2"].flatMap((sampling) =>
    [false, true].map((progressive) => ({ sampling, progressive })),
  );
  it.each(kinds)("decodes sampling $sampling (progressive: $progressive) as libjpeg does", async (kind) => {
    for (const [width, height] of SIZES) {
      for (const quality of [15, 60, 97]) {
        const jpeg = encode({ ...kind, width, height, quality, channels: 3 });
        const found = await decodeJpeg(jpeg);
        expect(found, `${width}x${height}, quality ${quality}`).toEqual(await decodeWithMagick(jpeg, "JPEG"));
      }
    }
  });

  it.each([false, true])("decodes grey images (progressive: %s) as libjpeg does", async (progressive) => {
    for (const [width, height] of SIZES) {
      const jpeg = encode({ width, height, sampling: "1x1", quality: 80, progressive, channels: 1 });
      expect(await decodeJpeg(jpeg)).toEqual(await decodeWithMagick(jpeg, "JPEG"));
    }
  });

  it("leaves colours of half the height to ImageMagick", async () => {
    const kind = { width: 9, height: 12, quality: 60, progressive: false } as const;
    expect(await decodeJpeg(encode({ ...kind, sampling: "1x2", channels: 3 }))).toBeUndefined();
    expect(await decodeJpeg(encode({ ...kind, sampling: "1x2", channels: 1 }))).toBeDefined();
  });

  it("leaves CMYK to ImageMagick", async () => expect(await decodeJpeg(file("cmyk.jpg"))).toBeUndefined());

  const color = file("color.jpg");
  const scan = color.findIndex((byte, index) => byte === 0xff && color[index + 1] === 0xda);
  it.each<[string, Uint8Array, string]>([
    ["no end", color.subarray(0, -2), "damaged: it is cut off"],
    ["a cut within its samples", color.subarray(0, scan + 40), "damaged: it is cut off"],
    [
      "an end within its samples",
      Buffer.concat([color.subarray(0, scan + 40), Buffer.of(0xff, 0xd9)]),
      "damaged: it is cut off",
    ],
    ["a cut within its header", color.subarray(0, 60), "damaged: it ends within its header"],
    [
      "no scan",
      Buffer.concat([color.subarray(0, scan), Buffer.of(0xff, 0xd9)]),
      "damaged: invalid jpeg file structure: missing sos marker",
    ],
    [
      "many scans",
      Buffer.concat([color.subarray(0, -2), ...Array(100).fill(color.subarray(scan))]),
      "damaged: it has 101 scans",
    ],
  ])("refuses %s", async (_, bytes, message) => {
    await expect(decodeImage(bytes)).rejects.toThrow(new ImageError(message));
    // The next image is not the worse for it.
    expect(await decodeJpeg(color)).toMatchObject({ width: 19, height: 17 });
  });

  it("decodes damaged images, or refuses them", async () => {
    for (const name of ["color.jpg", "progressive.jpg", "half-color.jpg", "grey.jpg"]) {
      const original = file(name);
      for (let place = 3; place < original.length; place++) {
        const damaged = original.slice();
        damaged[place] ^= 1 << (place % 8);
        try {
          await decodeImage(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(ImageError);
          expect((error as Error).message).toMatch(/^(damaged|too large): [^\n]+$/);
        }
      }
    }
  });
});
