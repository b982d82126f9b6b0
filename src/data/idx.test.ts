import { describe, expect, it } from "vitest";
import { datasetFromIdx, parseIdx } from "./idx.js";

function idx(dimensions: readonly number[], values: readonly number[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * dimensions.length));
  header.setUint32(0, 0x0800 + dimensions.length);
  for (const [index, extent] of dimensions.entries()) header.setUint32(4 + 4 * index, extent);
  return Uint8Array.from([...new Uint8Array(header.buffer), ...values]);
}

describe("parseIdx", () => {
  it("reads extents and values, even from the middle of a larger buffer", () => {
    const file = idx([2, 1, 3], [1, 2, 3, 4, 5, 255]);
    const within = new Uint8Array(file.length + 7);
    within.set(file, 5);
    for (const bytes of [file, within.subarray(5, 5 + file.length), Buffer.from(file)]) {
      const { dimensions, data } = parseIdx(bytes, "images");
      expect(dimensions).toEqual([2, 1, 3]);
      expect(data).toStrictEqual(Uint8Array.of(1, 2, 3, 4, 5, 255));
    }
  });

  it("reads extents as big-endian numbers", () => {
    expect(parseIdx(idx([258], new Array(258).fill(7)), "labels").dimensions).toEqual([258]);
    expect(parseIdx(idx([1, 1, 1, 2], [5, 6]), "images").dimensions).toEqual([1, 1, 1, 2]);
  });

  it.each([
    ["an empty file", [], "f is not an IDX file: expected a header of at least 4 bytes, the file has 0"],
    ["text", [0x3c, 0x68, 0x74, 0x6d], "f is not an IDX file: expected it to start with 00 00 08, found 3c 68 74 6d"],
    [
      "a compressed file",
      [0x1f, 0x8b, 8, 0],
      "f is not an IDX file: expected it to start with 00 00 08, found 1f 8b 08 00 (it is compressed with gzip)",
    ],
    [
      "floats",
      [0, 0, 0x0d, 1],
      "f does not hold unsigned bytes: expected it to start with 00 00 08, found 00 00 0d 01",
    ],
    ["a first byte", [1, 0, 8, 1], "f is not an IDX file: expected it to start with 00 00 08, found 01 00 08 01"],
    ["a second byte", [0, 1, 8, 1], "f is not an IDX file: expected it to start with 00 00 08, found 00 01 08 01"],
    ["half a gzip", [0x1f, 0, 8, 1], "f is not an IDX file: expected it to start with 00 00 08, found 1f 00 08 01"],
    ["the other half", [1, 0x8b, 8, 1], "f is not an IDX file: expected it to start with 00 00 08, found 01 8b 08 01"],
    ["no dimensions", [0, 0, 8, 0], "f has 0 dimensions, expected 1 to 4"],
    ["too many dimensions", [0, 0, 8, 200], "f has 200 dimensions, expected 1 to 4"],
    ["half a header", [0, 0, 8, 3, 0, 0, 0, 1], "f is truncated: its header takes 16 bytes, the file has 8"],
    [
      "an extent of 0",
      [...idx([0, 28, 28], [])],
      "f has implausible dimensions: expected 1 to 2147483648 values, its header says 0 x 28 x 28",
    ],
    [
      "huge extents",
      [...idx([0xffffffff, 0xffffffff, 2], [1])],
      "f has implausible dimensions: expected 1 to 2147483648 values, its header says 4294967295 x 4294967295 x 2",
    ],
    [
      "a missing byte",
      [...idx([2, 2], [1, 2, 3])],
      "f is truncated: 2 x 2 takes 4 bytes after the header, the file has 3",
    ],
    [
      "a byte too many",
      [...idx([2, 2], [1, 2, 3, 4, 5])],
      "f is too long: 2 x 2 takes 4 bytes after the header, the file has 5",
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => parseIdx(Uint8Array.from(bytes), "f")).toThrow(new Error(message));
  });
});

describe("datasetFromIdx", () => {
  const classes = ["left", "right"];
  const images = { bytes: idx([2, 1, 3], [1, 2, 3, 4, 5, 6]), what: "images.gz" };
  const labels = { bytes: idx([2], [1, 0]), what: "labels.gz" };
  const rest = { name: "tiny", classes, checksum: "abc" };

  it("combines images and labels", () => {
    expect(datasetFromIdx({ ...rest, images, labels })).toEqual({
      name: "tiny",
      classes,
      channels: 1,
      height: 1,
      width: 3,
      images: Uint8Array.of(1, 2, 3, 4, 5, 6),
      labels: Uint8Array.of(1, 0),
      checksum: "abc",
      generated: false,
    });
  });

  it("detects swapped files", () => {
    expect(() => datasetFromIdx({ ...rest, images: labels, labels: images })).toThrow(
      new Error("images and labels are swapped: labels.gz holds labels, images.gz holds images"),
    );
  });

  it("refuses files with the wrong number of dimensions", () => {
    const flat = { bytes: idx([2, 3], [1, 2, 3, 4, 5, 6]), what: "flat.gz" };
    expect(() => datasetFromIdx({ ...rest, images: flat, labels })).toThrow(
      new Error("images in flat.gz: expected 3 dimensions, found 2 (2 x 3)"),
    );
    expect(() => datasetFromIdx({ ...rest, images: labels, labels: flat })).toThrow(
      new Error("images in labels.gz: expected 3 dimensions, found 1 (2)"),
    );
    expect(() => datasetFromIdx({ ...rest, images, labels: images })).toThrow(
      new Error("labels in images.gz: expected 1 dimension, found 3 (2 x 1 x 3)"),
    );
  });

  it("refuses counts that differ", () => {
    const three = { bytes: idx([3], [1, 0, 1]), what: "labels.gz" };
    expect(() => datasetFromIdx({ ...rest, images, labels: three })).toThrow(
      new Error("images.gz holds 2 images, but labels.gz holds 3 labels"),
    );
  });

  it("refuses a label without a class", () => {
    const wrong = { bytes: idx([2], [1, 2]), what: "labels.gz" };
    expect(() => datasetFromIdx({ ...rest, images, labels: wrong })).toThrow(
      new Error("labels.gz: expected labels 0 to 1, found label 2 at index 1"),
    );
  });
});
