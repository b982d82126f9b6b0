import { unzipSync, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { crc32 } from "./format.js";
import { isZip, openStoredZip } from "./read.js";
import { writeStoredZip } from "./write.js";

const CENTRAL = 0x02014b50;
const END = 0x06054b50;

const contents = {
  "a/one": Uint8Array.of(1, 2, 3),
  "a/empty": new Uint8Array(0),
  "a/two": new Uint8Array(300).fill(7),
};
const bytes = contents["a/one"];
const stored = () => zipSync(contents, { level: 0 });

/** All entries. */
function read(archive: Uint8Array): Record<string, Uint8Array | undefined> {
  const { names, read } = openStoredZip(archive);
  return Object.fromEntries(names.map((name) => [name, read(name)]));
}

/** Where an entry's central header begins. */
function centralHeader(archive: Uint8Array, index: number): number {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const found: number[] = [];
  for (let place = 0; place + 4 <= archive.length; place++)
    if (view.getUint32(place, true) === CENTRAL) found.push(place);
  return found[index];
}

/** An archive with a changed central header or end record. */
function changed(change: (view: DataView) => void, place: (archive: Uint8Array) => number): Uint8Array {
  const archive = stored();
  change(new DataView(archive.buffer, place(archive)));
  return archive;
}

const changedEntry = (index: number, change: (view: DataView) => void) =>
  changed(change, (archive) => centralHeader(archive, index));
const changedEnd = (change: (view: DataView) => void) => changed(change, (archive) => archive.length - 22);

function setCount(view: DataView, count: number): void {
  for (const offset of [8, 10]) view.setUint16(offset, count, true);
}

it("computes known checksums", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
});

describe("reading", () => {
  it("returns what another library stored", () => {
    const archive = stored();
    expect(isZip(archive)).toBe(true);
    expect(read(archive)).toEqual(contents);
    expect(openStoredZip(archive).names).toEqual(Object.keys(contents));
    expect(openStoredZip(archive).read("a/three")).toBeUndefined();
  });

  it("skips a comment at the end, and compressed entries that are not needed", () => {
    const archive = zipSync({ "a/text": [new Uint8Array(1000), { level: 9 }], ...contents }, { level: 0 });
    const commented = new Uint8Array(archive.length + 3);
    commented.set(archive);
    new DataView(commented.buffer).setUint16(archive.length - 2, 3, true);
    expect(openStoredZip(commented).read("a/one")).toEqual(contents["a/one"]);
  });

  it("reads 64-bit sizes", () => {
    // The first entry's sizes and offset move to an extra field, which lengthens its central header.
    const archive = stored();
    const header = centralHeader(archive, 0);
    const nameEnd = header + 46 + "a/one".length;
    const longer = new Uint8Array(archive.length + 28);
    longer.set(archive.subarray(0, nameEnd));
    longer.set(archive.subarray(nameEnd), nameEnd + 28);
    const view = new DataView(longer.buffer);
    for (const offset of [20, 24, 42]) view.setUint32(header + offset, 0xffffffff, true);
    view.setUint16(header + 30, 28, true);
    view.setUint16(nameEnd, 1, true);
    view.setUint16(nameEnd + 2, 24, true);
    for (const [index, value] of [3n, 3n, 0n].entries()) view.setBigUint64(nameEnd + 4 + 8 * index, value, true);
    expect(openStoredZip(longer).read("a/one")).toEqual(contents["a/one"]);
    view.setBigUint64(nameEnd + 4, 2n ** 63n, true);
    view.setBigUint64(nameEnd + 12, 2n ** 63n, true);
    expect(() => openStoredZip(longer)).toThrow("entry a/one extends beyond the archive's data");
  });

  const longer = (index: number, bytes: number) =>
    changedEntry(index, (view) => {
      for (const offset of [20, 24]) view.setUint32(offset, view.getUint32(offset, true) + bytes, true);
    });

  it.each([1, 7, 8, 9])("refuses an entry that reaches %i bytes into the next one", (bytes) => {
    expect(() => read(longer(0, bytes))).toThrow("entry a/empty overlaps another one");
  });

  it("refuses an entry that reaches a byte into the directory", () => {
    expect(() => read(longer(2, 1))).toThrow("entry a/two extends beyond the archive's data");
    // Up to the directory, it only has a wrong checksum.
    expect(() => read(longer(1, 0))).not.toThrow();
  });

  it.each<[string, Uint8Array, string]>([
    ["only a beginning", stored().subarray(0, 40), "it has no end record"],
    ["only an end", stored().subarray(-22), "its directory is not before its end"],
    ["a changed byte", stored().fill(9, 36, 37), "the checksum of its entry a/one does not match"],
    ["compression", zipSync(contents, { level: 9 }), "entry a/one is compressed"],
    ["encryption", changedEntry(0, (view) => view.setUint16(8, 1, true)), "entry a/one is encrypted"],
    [
      "two sizes",
      changedEntry(0, (view) => view.setUint32(24, 2, true)),
      "entry a/one is uncompressed but has two different sizes",
    ],
    [
      "an entry past the directory",
      changedEntry(2, (view) => {
        for (const offset of [20, 24]) view.setUint32(offset, 2 ** 31, true);
      }),
      "entry a/two extends beyond the archive's data",
    ],
    [
      "an entry at another offset",
      changedEntry(2, (view) => view.setUint32(42, 5, true)),
      "is not where its directory says",
    ],
    ["an entry outside the file", changedEntry(2, (view) => view.setUint32(42, 2 ** 31, true)), "is cut short"],
    ["two entries at the same offset", changedEntry(1, (view) => view.setUint32(42, 0, true)), "overlaps another one"],
    [
      "a duplicate name",
      changedEntry(2, (view) => {
        for (const [index, letter] of [..."one"].entries()) view.setUint8(48 + index, letter.charCodeAt(0));
      }),
      "two entries with the same name, a/one and a/one",
    ],
    ["names that differ by case alone", zipSync({ "a/one": bytes, "A/ONE": bytes }, { level: 0 }), "a/one and A/ONE"],
    ["the same in other letters", zipSync({ "a/é": bytes, "a/É": bytes }, { level: 0 }), "a/é and a/É"],
    ["too high a number of entries", changedEnd((view) => setCount(view, 9)), "something other than an entry"],
    ["an entry on another disk", changedEntry(0, (view) => view.setUint16(34, 1, true)), "is a part of several"],
    ["a part of several", changedEnd((view) => view.setUint16(4, 1, true)), "is a part of several"],
    ["a directory on another disk", changedEnd((view) => view.setUint16(6, 1, true)), "is a part of several"],
    ["entries on another disk", changedEnd((view) => view.setUint16(8, 2, true)), "is a part of several"],
    ["a directory of another size", changedEnd((view) => view.setUint32(12, 400, true)), "is not before its end"],
    ["a patch", changedEntry(0, (view) => view.setUint16(8, 0x20, true)), "entry a/one is encrypted or a patch"],
    ["a masked header", changedEntry(0, (view) => view.setUint16(8, 0x2000, true)), "is encrypted or a patch"],
    ["a folder with content", changedEntry(0, (view) => view.setUint32(38, 0x10, true)), "entry a/one is a folder"],
    ["a folder by its name", zipSync({ "a/": [bytes, { level: 0 }] }), "entry a/ is a folder"],
    ["a name that is not UTF-8", changedEntry(0, (view) => view.setUint8(46, 0xff)), "is not UTF-8"],
    ["no directory", changedEnd((view) => view.setUint32(16, 0, true)), "something other than an entry"],
    ["60,000 entries", changedEnd((view) => setCount(view, 60_000)), "has 60000 entries, more than 10000"],
  ])("refuses %s", (_, archive, message) => {
    expect(() => read(archive)).toThrow(message);
  });
});

describe("writing", () => {
  it("is readable by another library, with aligned contents", () => {
    const archive = writeStoredZip(Object.entries(contents), 64);
    expect(unzipSync(archive)).toEqual(contents);
    expect(read(archive)).toEqual(contents);
    for (const data of Object.values(read(archive))) expect(data!.byteOffset % 64).toBe(0);
    expect(new DataView(archive.buffer).getUint32(archive.length - 22, true)).toBe(END);
  });
});
