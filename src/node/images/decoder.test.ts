import { afterEach, describe, expect, it, vi } from "vitest";
import { DecoderBusyError, ImageDecoder, type ImageDecoderOptions } from "./decoder.js";
import { encodePng } from "./png.js";

const decoders: ImageDecoder[] = [];
afterEach(() => {
  for (const decoder of decoders.splice(0)) decoder.close();
});
function decoderWith(options: ImageDecoderOptions): ImageDecoder {
  const decoder = new ImageDecoder(options);
  decoders.push(decoder);
  return decoder;
}

const small = () =>
  encodePng(
    Uint8Array.from({ length: 12 }, (_, index) => 20 * index),
    4,
    3,
  );

describe("ImageDecoder", () => {
  it("decodes and fits images", async () => {
    const decoder = decoderWith({ threads: 2 });
    const images = await Promise.all(Array.from({ length: 5 }, async () => decoder.decode(await small())));
    for (const { width, height, rgba } of images) {
      expect([width, height]).toEqual([4, 3]);
      expect(rgba.filter((_, index) => index % 4 === 0)).toEqual(Uint8Array.from({ length: 12 }, (_, i) => 20 * i));
    }
    const settings = { shape: { channels: 1, height: 3, width: 4 }, resize: "contain", background: 0 } as const;
    const inverted = await decoder.fit(await small(), settings, { invert: true });
    expect(inverted).toEqual(Uint8Array.from({ length: 12 }, (_, index) => 255 - 20 * index));
  });

  it("refuses damaged and large images, and goes on", async () => {
    const decoder = decoderWith({ threads: 1, maximumPixels: 12 });
    const file = await small();
    await expect(decoder.decode(file.subarray(0, 50))).rejects.toMatchObject({ name: "ImageError" });
    await expect(decoder.decode(Buffer.from("text"))).rejects.toThrow(/not a supported image/);
    await expect(decoder.decode(await encodePng(new Uint8Array(13), 13, 1))).rejects.toThrow(/^too large: 13x1 pixels/);
    await expect(decoder.decode(file)).resolves.toMatchObject({ width: 4 });
  });

  it("gives up on an image that takes too long, and replaces the thread", async () => {
    const decoder = decoderWith({ threads: 1, secondsPerImage: 0.05 });
    const large = await encodePng(new Uint8Array(6000 * 6000), 6000, 6000);
    await expect(decoder.decode(large)).rejects.toThrow(/^it takes longer than 0.05 seconds to decode$/);
    // On a busy machine even a small image may take longer than that.
    const next = await small();
    await vi.waitFor(async () => expect(await decoder.decode(next)).toMatchObject({ width: 4 }), { timeout: 60_000 });
  });

  it("bounds the images that wait, and gives up on those that are aborted", async () => {
    const decoder = decoderWith({ threads: 1, maximumWaiting: 1 });
    const file = await small();
    const controller = new AbortController();
    const first = decoder.decode(file);
    const second = decoder.decode(file, { signal: controller.signal });
    await expect(decoder.decode(file)).rejects.toThrow(DecoderBusyError);
    controller.abort(new Error("gone"));
    await expect(second).rejects.toThrow("gone");
    await expect(first).resolves.toMatchObject({ width: 4 });
  });

  it("refuses what is not done when it is closed", async () => {
    const decoder = decoderWith({ threads: 1 });
    const image = decoder.decode(await small());
    const refused = expect(image).rejects.toThrow("the decoder was closed");
    // The module is compiled by then, so the image is with a thread.
    await new Promise((resolve) => setTimeout(resolve, 20));
    decoder.close();
    await refused;
  });
});
