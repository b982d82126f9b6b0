import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { createTar } from "nanotar";
import { describe, expect, it } from "vitest";
import { readTar } from "./tar.js";

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const archive = () =>
  createTar([{ name: "a/one.txt", data: "first" }, { name: "a/" }, { name: "b/two.txt", data: "2" }]);

/** Writes a field of a header and corrects its checksum. */
function forge(bytes: Uint8Array, place: number, value: string): Uint8Array {
  const header = bytes.subarray(0, 512);
  header.set(Buffer.from(value), place);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(Buffer.from(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return bytes;
}

describe("readTar", () => {
  it.each(["ustar", "gnu", "pax"])("reads an archive in Python's %s format", (format) => {
    const packed = readFileSync(`tests/fixtures/datasets/${format}.tar.gz`);
    const files = readTar(gunzipSync(packed), "a.tar");
    expect([...files].map(([name, bytes]) => [name, bytes.length])).toEqual([
      ["batches.meta.txt", 16],
      ["data_batch_10.bin", 3073],
      ["data_batch_2.bin", 2 * 3073],
      ["readme.html", 19],
      ["test_batch.bin", 3 * 3073],
    ]);
    expect(text(files.get("batches.meta.txt"))).toBe("red\ngreen\nblue\n\n");
  });

  it("reads from the middle of a larger buffer, and keeps the later of two files with the same name", () => {
    const bytes = createTar([
      { name: "a/x", data: "old" },
      { name: "b/x", data: "new" },
    ]);
    const within = new Uint8Array(bytes.length + 1000).fill(7);
    within.set(bytes, 99);
    const files = readTar(within.subarray(99, 99 + bytes.length), "a.tar");
    expect([...files.keys()]).toEqual(["x"]);
    expect(text(files.get("x"))).toBe("new");
  });

  it("reads an archive without the mark of its end, and of as many files as it may hold", () => {
    const first = (length: number) => [...readTar(archive().subarray(0, length), "a.tar").keys()];
    expect([first(517), first(1024)]).toEqual([["one.txt"], ["one.txt"]]);
    const most = createTar(Array.from({ length: 1000 }, (_, index) => ({ name: `${index}`, data: "1" })));
    expect(readTar(most, "a.tar").size).toBe(1000);
  });

  it("ignores folders and anything after the end", () => {
    const bytes = Buffer.concat([archive(), Buffer.from("rubbish")]);
    expect([...readTar(bytes, "a.tar").keys()]).toEqual(["one.txt", "two.txt"]);
  });

  it.each([
    ["text", Buffer.alloc(2000, "<html>"), "a.tar is not a tar archive: found no file header at byte 0"],
    ["a stub", Buffer.from("abc"), "a.tar is not a tar archive: found no file header at byte 0"],
    ["a damaged name", damaged(1024 + 3), "a.tar is damaged: found no file header at byte 1024"],
    ["half a mark of the end", archive().subarray(0, 2660), "a.tar is damaged: found no file header at byte 2560"],
    ["no name", forge(archive(), 0, "\0"), "a.tar is not a tar archive: found no file header at byte 0"],
    ["a name of zeros", damaged(1024, 0), "a.tar is damaged: found no file header at byte 1024"],
    [
      "a file that is cut off",
      archive().subarray(0, 515),
      "a.tar is truncated: a file takes 517 bytes, but the archive has 515",
    ],
    ["a truncated header", archive().subarray(0, 1100), "a.tar is damaged: found no file header at byte 1024"],
    ["no size", forge(archive(), 124, "?"), "a.tar is damaged: the header at byte 0 has an impossible size"],
    [
      "a negative size",
      forge(archive(), 124, "-0000001024"),
      "a.tar is damaged: the header at byte 0 has an impossible size",
    ],
    [
      "a huge size",
      forge(archive(), 124, "77777777777"),
      "a.tar is truncated: a file takes 8589935103 bytes, but the archive has 10240",
    ],
    [
      "an extended header of no sense",
      forge(createTar([{ name: "x", data: new Uint8Array(70_000) }]), 156, "g"),
      "a.tar is damaged: the header at byte 0 has an impossible size",
    ],
    [
      "very many files",
      createTar(Array.from({ length: 1001 }, (_, index) => ({ name: `${index}`, data: "" }))),
      "a.tar holds more than 1000 files: unpack it and name the folder",
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readTar(bytes, "a.tar")).toThrow(new Error(message));
  });

  function damaged(place: number, value = 0xff): Uint8Array {
    const bytes = archive();
    bytes[place] = value;
    return bytes;
  }
});
