import { describe, expect, it } from "vitest";
import { CATALOG, catalogEntry } from "./catalog.js";

describe("CATALOG", () => {
  it("names the files and their sizes as their authors publish them", () => {
    for (const entry of CATALOG) {
      const { train, test } = entry.parts;
      expect([train.images, train.labels, test.images, test.labels].map(({ name, bytes }) => [name, bytes])).toEqual([
        ["train-images-idx3-ubyte", 47_040_016],
        ["train-labels-idx1-ubyte", 60_008],
        ["t10k-images-idx3-ubyte", 7_840_016],
        ["t10k-labels-idx1-ubyte", 10_008],
      ]);
    }
  });

  it("has a checksum of its own for every file, and addresses that a file's name can follow", () => {
    const files = CATALOG.flatMap(({ parts }) =>
      [parts.train, parts.test].flatMap((part) => [part.images, part.labels]),
    );
    for (const { sha256 } of files) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(files.map(({ sha256 }) => sha256)).size).toBe(8);
    for (const mirror of CATALOG.flatMap(({ mirrors }) => mirrors)) expect(mirror).toMatch(/^https?:\/\/.+\/$/);
  });
});

describe("catalogEntry", () => {
  it("finds a data set by its name and says which there are", () => {
    expect(catalogEntry("fashion-mnist").classes[9]).toBe("Ankle boot");
    expect(() => catalogEntry("fashion")).toThrow(
      new Error('no data set is called "fashion"; known: fashion-mnist, mnist'),
    );
  });
});
