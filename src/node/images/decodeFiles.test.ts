import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { blackPng } from "../../../tests/support/images.js";
import { resizeImage } from "../../data/images/adapt.js";
import type { ImageSettings } from "../../data/images/resize.js";
import { Purpose, RandomStream } from "../../numeric/philox.js";
import { decodeImage } from "./codec.js";
import { type DecodingProgress, decodeFiles } from "./decodeFiles.js";

const FIXTURES = "tests/fixtures/images";
const images = readdirSync(FIXTURES)
  .filter((name) => !/\.(json|py)$/.test(name))
  .map((name) => join(FIXTURES, name));
const settings: ImageSettings = { shape: { channels: 3, height: 12, width: 10 }, resize: "contain", background: 255 };
const BYTES = 3 * 12 * 10;
const MUTATIONS = 900;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lenet-decode-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Damages a file: flipped bits, a truncated end, another beginning, or four bytes of 255. */
function mutate(original: Uint8Array, stream: RandomStream): Uint8Array {
  const bytes = original.slice();
  const kind = stream.below(8);
  if (kind === 0) return bytes.subarray(0, stream.below(bytes.length));
  if (kind === 1) bytes.fill(stream.below(256), 0, 1 + stream.below(4));
  // Sizes are within the first bytes.
  else if (kind === 2) bytes.fill(0xff, 2 + stream.below(40)).set(original.subarray(46), 46);
  else if (kind === 3) bytes.set([0x7f, 0xff, 0xff, 0xff], stream.below(bytes.length - 4));
  else
    for (let flips = 1 + stream.below(6); flips > 0; flips--) bytes[stream.below(bytes.length)] ^= 1 << stream.below(8);
  return bytes;
}

describe("decodeFiles", () => {
  it("returns every file's pixels and size in its slot, and reports progress", async () => {
    const seen: DecodingProgress[] = [];
    const { pixels, outcomes } = await decodeFiles(images, settings, { onProgress: (step) => seen.push(step) });
    for (const [slot, path] of images.entries()) {
      const image = await decodeImage(new Uint8Array(readFileSync(path)));
      const expected = new Uint8Array(BYTES);
      resizeImage(image, settings, expected);
      expect(outcomes[slot]).toEqual({ width: image.width, height: image.height });
      expect(pixels.slice(slot * BYTES, (slot + 1) * BYTES)).toEqual(expected);
    }
    expect(seen.at(-1)).toEqual({ done: images.length, total: images.length });
    expect(seen.every(({ done }, index) => index === 0 || done > seen[index - 1].done)).toBe(true);
  });

  it("says why a file has no image", async () => {
    const paths = [
      put("empty.jpg", ""),
      put("text.png", "no image"),
      join(folder, "gone.png"),
      put("bomb.png", blackPng(30_000, 30_000, 100_000)),
      images[0],
    ];
    const { outcomes } = await decodeFiles(paths, settings);
    expect(outcomes.map((outcome) => ("reason" in outcome ? [outcome.reason, outcome.lasting] : "decoded"))).toEqual([
      ["the file is empty", true],
      ["not a supported image (JPEG, PNG, WebP, GIF, BMP or TIFF)", true],
      ["cannot read it: no such file or folder", false],
      ["too large: 30000x30000 pixels, the limit is 50 million", true],
      "decoded",
    ]);
  });

  it(`decodes ${MUTATIONS} damaged files or refuses them in one line`, async () => {
    const paths = Array.from({ length: MUTATIONS }, (_, item) => {
      const original = images[item % images.length];
      const damaged = mutate(readFileSync(original), new RandomStream(2024, Purpose.split, 0, item));
      return put(`${item}`, damaged);
    });
    const before = process.memoryUsage().rss;
    const { outcomes } = await decodeFiles(paths, settings);
    expect(outcomes.length).toBe(MUTATIONS);
    const reasons = outcomes.flatMap((outcome) => ("reason" in outcome ? [outcome.reason] : []));
    for (const reason of reasons)
      expect(reason).toMatch(/^(damaged: |too large: |not a supported image |the file is empty)[^\r\n]*$/);
    expect(reasons.length).toBeGreaterThan(MUTATIONS / 5);
    expect(reasons.length).toBeLessThan(MUTATIONS);
    expect(process.memoryUsage().rss - before).toBeLessThan(800e6);
  });

  // Where other programs take all cores away, any file may take too long.
  it("gives up on a file that takes too long, and decodes the others", { retry: 3 }, async () => {
    const large = blackPng(7000, 7000);
    const slow = put("slow.png", large);
    // A busy machine is slow with all files.
    const start = performance.now();
    await decodeImage(large);
    const secondsPerFile = (performance.now() - start) / 2000;
    // Not those for which a thread starts ImageMagick first.
    const quick = images.filter((path) => path.endsWith(".png"));
    const { outcomes } = await decodeFiles([...quick, slow, ...quick], settings, { secondsPerFile });
    expect(outcomes[quick.length]).toEqual({
      reason: `it takes longer than ${secondsPerFile} seconds to decode`,
      lasting: true,
    });
    expect(outcomes.filter((outcome) => "width" in outcome).length).toBe(2 * quick.length);
  });

  it("throws the signal's reason, aborted before or during the work, and promptly", async () => {
    const many = Array.from({ length: 3000 }, (_, index) => images[index % images.length]);
    const controller = new AbortController();
    let done = 0;
    const work = decodeFiles(many, settings, {
      signal: controller.signal,
      onProgress: (progress) => {
        done = progress.done;
        controller.abort(new Error("interrupted"));
      },
    });
    await expect(work).rejects.toThrow("interrupted");
    expect(done).toBeLessThan(many.length / 2);
    await expect(decodeFiles(many, settings, { signal: controller.signal })).rejects.toThrow("interrupted");
  });
});
