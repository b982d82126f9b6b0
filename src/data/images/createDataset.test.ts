import { describe, expect, it } from "vitest";
import { createDataset } from "./createDataset.js";

describe("createDataset", () => {
  const two = { classes: ["a", "b"], shape: { channels: 3, height: 12, width: 12 } };

  it("takes separate images, or the bytes of all of them", () => {
    const grey = { width: 12, height: 12, data: new Uint8Array(144).fill(7) };
    const colour = { width: 12, height: 12, data: Uint8Array.from({ length: 432 }, (_, index) => index % 3) };
    const dataset = createDataset({ ...two, images: [grey, colour], labels: [1, 0] });
    const planes = [0, 1, 2].flatMap((channel) => new Array(144).fill(channel));
    expect([...dataset.images]).toEqual([...new Array(432).fill(7), ...planes]);
    expect(dataset).toMatchObject({ name: "data", channels: 3, height: 12, width: 12, generated: false });
    expect(createDataset({ ...two, images: dataset.images, labels: [1, 0] })).toEqual(dataset);
    expect(createDataset({ ...two, images: dataset.images, labels: [0, 1] }).checksum).not.toBe(dataset.checksum);
  });

  it("takes grey images, and as many classes as a byte can name", () => {
    const classes = Array.from({ length: 256 }, String);
    const grey = { classes, shape: { channels: 1, height: 2, width: 3 }, images: new Uint8Array(12), labels: [255, 0] };
    expect(createDataset(grey)).toMatchObject({ channels: 1, labels: Uint8Array.of(255, 0) });
  });

  it.each<[string, Partial<Parameters<typeof createDataset>[0]>, RegExp]>([
    ["an empty data set", { images: [], labels: [] }, /^data: there are no images$/],
    ["a label without a class", { labels: [0, 2] }, /^data: label 1 is 2, expected 0 to 1$/],
    ["such a label first", { labels: [2, 0] }, /^data: label 0 is 2, expected 0 to 1$/],
    ["a label that is not an index", { labels: [0.5, 1] }, /^data: label 0 is 0\.5, expected the index of a class$/],
    ["too few labels", { images: [new Uint8Array(432)] }, /^data: 1 images and 2 labels$/],
    ["too few bytes", { images: new Uint8Array(5) }, /^data: 5 bytes of images, but 2 labels .* need 864$/],
    ["one class", { classes: ["a"] }, /^data: 1 classes, expected 2 to 256$/],
    ["too many classes", { classes: Array.from({ length: 257 }, String) }, /^data: 257 classes, expected 2 to 256$/],
    [
      "no height",
      { shape: { channels: 3, height: 0, width: 12 } },
      /^data: images of 3x0x12, expected .* integer height/,
    ],
    ["half a width", { shape: { channels: 3, height: 12, width: 1.5 } }, /^data: images of 3x12x1.5, expected /],
    ["two channels", { shape: { channels: 2, height: 12, width: 12 } }, /^data: images of 2x12x12, expected 1 or 3 /],
    ["four channels", { shape: { channels: 4, height: 12, width: 12 } }, /^data: images of 4x12x12, expected 1 or 3 /],
  ])("refuses %s", (_, wrong, message) => {
    expect(() => createDataset({ ...two, images: new Uint8Array(864), labels: [0, 1], ...wrong })).toThrow(message);
  });
});
