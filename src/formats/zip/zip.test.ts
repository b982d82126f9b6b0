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

/** An archive whose first entry has sizes and an offset to be found in an extra field, and a comment. */
function withExtra(extra: readonly number[], comment: readonly number[] = []): Uint8Array {
  const archive = stored();
  const header = centralHeader(archive, 0);
  const nameEnd = header + 46 + "a/one".length;
  const more = Uint8Array.from([...extra, ...comment]);
  const longer = new Uint8Array(archive.length + more.length);
  longer.set(archive.subarray(0, nameEnd));
  longer.set(more, nameEnd);
  longer.set(archive.subarray(nameEnd), nameEnd + more.length);
  const view = new DataView(longer.buffer);
  for (const offset of [20, 24, 42]) view.setUint32(header + offset, 0xffffffff, true);
  view.setUint16(header + 30, extra.length, true);
  view.setUint16(header + 32, comment.length, true);
  const size = longer.length - 10;
  view.setUint32(size, view.getUint32(size, true) + more.length, true);
  return longer;
}

/** 64 bits for each value. */
const words = (...values: number[]) => values.flatMap((value) => [value, 0, 0, 0, 0, 0, 0, 0]);

function setCount64(view: DataView, end64: number, count: number): void {
  for (const offset of [24, 32]) view.setUint32(end64 + offset, count, true);
}

/** An archive that also has an end in 64 bits; that in 32 bits refers to it. */
function withEnd64(change: (view: DataView, end64: number, locator: number) => void = () => {}): Uint8Array {
  const archive = stored();
  const end = archive.length - 22;
  const [size, begin] = [12, 16].map((offset) => new DataView(archive.buffer).getUint32(end + offset, true));
  const longer = new Uint8Array(archive.length + 76);
  longer.set(archive.subarray(0, end));
  longer.set(archive.subarray(end), end + 76);
  const view = new DataView(longer.buffer);
  view.setUint32(end, 0x06064b50, true);
  for (const [index, value] of [3, 3, size, begin].entries()) {
    view.setBigUint64(end + 24 + 8 * index, BigInt(value), true);
  }
  const locator = end + 56;
  view.setUint32(locator, 0x07064b50, true);
  view.setBigUint64(locator + 8, BigInt(end), true);
  view.setUint32(locator + 16, 1, true);
  setCount(new DataView(longer.buffer, end + 76), 0xffff);
  for (const offset of [12, 16]) view.setUint32(end + 76 + offset, 0xffffffff, true);
  change(view, end, locator);
  return longer;
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
    const longer = withExtra([1, 0, 24, 0, ...words(3, 3, 0)]);
    expect(openStoredZip(longer).read("a/one")).toEqual(contents["a/one"]);
    const sizes = centralHeader(longer, 0) + 46 + "a/one".length + 4;
    for (const offset of [0, 8]) new DataView(longer.buffer).setBigUint64(sizes + offset, 2n ** 63n, true);
    expect(() => openStoredZip(longer)).toThrow("entry a/one extends beyond the archive's data");
  });

  it("takes 64 bits only for what does not fit, after other extra fields", () => {
    const other = [0x75, 0x70, 2, 0, 9, 9];
    const archive = withExtra([...other, 1, 0, 16, 0, ...words(3, 3)]);
    new DataView(archive.buffer).setUint32(centralHeader(archive, 0) + 42, 0, true);
    expect(read(archive)).toEqual(contents);
    // A field that says it is longer than all extra fields does not reach into the comment.
    const beyond = withExtra([1, 0, 24, 0, ...words(3, 3)], words(0));
    expect(() => read(beyond)).toThrow("is cut short");
  });

  it("reads the end in 64 bits", () => {
    expect(read(withEnd64())).toEqual(contents);
  });

  it.each<[string, (view: DataView, end64: number, locator: number) => void, string]>([
    ["on another disk", (view, _, locator) => view.setUint32(locator + 4, 1, true), "is a part of several"],
    ["on several disks", (view, _, locator) => view.setUint32(locator + 16, 2, true), "is a part of several"],
    ["of another disk", (view, end64) => view.setUint32(end64 + 16, 1, true), "is a part of several"],
    ["whose directory is elsewhere", (view, end64) => view.setUint32(end64 + 20, 1, true), "is a part of several"],
    ["with entries elsewhere", (view, end64) => view.setUint32(end64 + 32, 4, true), "is a part of several"],
    ["within the directory", (view, end64) => view.setUint32(end64 + 40, 9999, true), "is not before its end"],
    ["without a signature", (view, end64) => view.setUint32(end64, 0, true), "has no end record where it says"],
    ["outside the file", (view, _, locator) => view.setUint32(locator + 8, 2 ** 31, true), "is cut short"],
    ["with more entries", (view, end64) => setCount64(view, end64, 4), "something other than an entry"],
  ])("refuses an end in 64 bits %s", (_, change, message) => {
    expect(() => read(withEnd64(change))).toThrow(message);
  });

  it("finds the end before the longest comment, and not further away", () => {
    const commented = (length: number) => Uint8Array.from([...stored(), ...new Uint8Array(length)]);
    expect(openStoredZip(commented(0xffff)).names.length).toBe(3);
    expect(() => openStoredZip(commented(0x10000))).toThrow("it has no end record");
  });

  it("reads entries with comments, in any order of the directory", () => {
    const { "a/one": one, ...others } = contents;
    const archive = zipSync({ "a/one": [one, { comment: "a note" }], ...others }, { level: 0 });
    expect(read(archive)).toEqual(contents);
    const plain = stored();
    const [first, second, third] = [0, 1, 2].map((index) => centralHeader(plain, index));
    const end = plain.length - 22;
    const headers = [plain.slice(third, end), plain.slice(second, third), plain.slice(first, second)];
    plain.set(Uint8Array.from(headers.flatMap((header) => [...header])), first);
    expect(openStoredZip(plain).names).toEqual(Object.keys(contents).reverse());
  });

  it("recognises an archive by its first four bytes", () => {
    expect(isZip(Uint8Array.of(0x50, 0x4b, 3, 4))).toBe(true);
    expect(isZip(Uint8Array.of(0x50, 0x4b, 3))).toBe(false);
    expect(isZip(Uint8Array.of(0x50, 0x4b, 5, 6, 0))).toBe(false);
  });

  it("takes at most 10,000 entries", () => {
    const withCount = (count: number) => changedEnd((view) => setCount(view, count));
    expect(() => read(withCount(10_000))).toThrow("something other than an entry");
    expect(() => read(withCount(10_001))).toThrow("has 10001 entries, more than 10000");
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
    ["two sizes", changedEntry(0, (view) => view.setUint32(24, 2, true)), "entry a/one has two sizes that do not fit"],
    ["another method", changedEntry(0, (view) => view.setUint16(10, 9, true)), "entry a/one is compressed by method 9"],
    [
      "compressed nothing",
      changedEntry(0, (view) => {
        view.setUint16(10, 8, true);
        view.setUint32(20, 0, true);
      }),
      "entry a/one has two sizes that do not fit",
    ],
    [
      "a comment longer than the directory",
      changedEntry(2, (view) => view.setUint16(32, 1, true)),
      "its directory is longer than it says",
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
