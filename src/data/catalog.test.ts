import { describe, expect, it } from "vitest";
import { CATALOG, catalogEntry, catalogFiles } from "./catalog.js";

describe("CATALOG", () => {
  it("lists the files with their published names and sizes", () => {
    const filesOf = (name: string) => catalogFiles(catalogEntry(name)).map(({ name, bytes }) => [name, bytes]);
    for (const name of ["fashion-mnist", "mnist"]) {
      expect(filesOf(name)).toEqual([
        ["train-images-idx3-ubyte.gz", 47_040_016],
        ["train-labels-idx1-ubyte.gz", 60_008],
        ["t10k-images-idx3-ubyte.gz", 7_840_016],
        ["t10k-labels-idx1-ubyte.gz", 10_008],
      ]);
    }
    expect(filesOf("cifar10")).toEqual([["cifar-10-binary.tar.gz", 170_052_171]]);
  });

  it("has a distinct checksum for every file, and mirrors that a file name can be appended to", () => {
    const checksums = CATALOG.flatMap(catalogFiles).map(({ sha256 }) => sha256);
    for (const checksum of checksums) expect(checksum).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(checksums).size).toBe(9);
    for (const mirror of CATALOG.flatMap(({ mirrors }) => mirrors)) expect(mirror).toMatch(/^https?:\/\/.+\/$/);
  });
});

describe("catalogEntry", () => {
  it("finds a data set by name, and lists the known names if there is none", () => {
    expect(catalogEntry("fashion-mnist").classes[9]).toBe("Ankle boot");
    expect(catalogEntry("cifar10").classes[9]).toBe("truck");
    expect(() => catalogEntry("fashion")).toThrow(
      new Error('unknown data set "fashion"; known: fashion-mnist, mnist, cifar10'),
    );
  });
});
