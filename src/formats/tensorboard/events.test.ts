import { beforeEach, describe, expect, it } from "vitest";
import { eventRecord, fileStart, histogram, hyperparameters, image, lengthUpTo, scalar, sessionEnd } from "./events.js";
import { crc32c, readRecords, writeRecord } from "./records.js";

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

describe("event files", () => {
  // Written by TensorBoard 2.21 (RecordWriter) from the same events.
  it.each<[string, () => Uint8Array, string]>([
    ["the start", () => fileStart(1.5), "GAAAAAAAAACjf0siCQAAAAAAAPg/Gg1icmFpbi5FdmVudDoyKihkbA=="],
    [
      "a number",
      () => eventRecord(1.5, 7, [scalar("loss/train", 0.25)]),
      "IAAAAAAAAAAp7alQCQAAAAAAAPg/EAcqEwoRCgpsb3NzL3RyYWluFQAAgD7dk8St",
    ],
    [
      "an image",
      () => eventRecord(1.5, 1, [image("i", Buffer.from("png"), 3, 2)]),
      "HwAAAAAAAABRS0QYCQAAAAAAAPg/EAEqEgoQCgFpIgsIAhADGAEiA3BuZ8V4irA=",
    ],
    [
      "the end of a run",
      () => eventRecord(1.5, 1, [sessionEnd(9)]),
      "RwAAAAAAAAC6w/ubCQAAAAAAAPg/EAEqOgo4ChpfaHBhcmFtc18vc2Vzc2lvbl9lbmRfaW5mb0oaChgKB2hwYXJhbXMSDSILCAERAAAAAAAAIkBghumR",
    ],
    [
      "settings",
      () => eventRecord(1.5, 1, [hyperparameters({ lr: 0.5, recipe: "paper" }, ["loss"], 9)[0]]),
      "VAAAAAAAAABfUUWHCQAAAAAAAPg/EAEqRwpFChRfaHBhcmFtc18vZXhwZXJpbWVudEotCisKB2hwYXJhbXMSIBIeIgYKAmxyIAMiCgoGcmVjaXBlIAEqCAoGEgRsb3NzSVDR7Q==",
    ],
    [
      "the start of a run",
      () => eventRecord(1.5, 1, [hyperparameters({ recipe: "paper", lr: 0.5 }, ["loss"], 9)[1]]),
      "awAAAAAAAACH76bhCQAAAAAAAPg/EAEqXgpcChxfaHBhcmFtc18vc2Vzc2lvbl9zdGFydF9pbmZvSjwKOgoHaHBhcmFtcxIvGi0KEQoGcmVjaXBlEgcaBXBhcGVyCg8KAmxyEgkRAAAAAAAA4D8pAAAAAAAAIkBIeOVn",
    ],
  ])("hold %s as TensorBoard writes it", (_, record, expected) => {
    expect(base64(record())).toBe(expected);
  });

  it("use the CRC-32C of RFC 3720, appendix B.4", () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  });

  it("count numbers where they are, and sum them", () => {
    const { histo } = histogram("h", [-3, -3, 0.1, 1.2, 27]);
    expect(histo).toMatchObject({
      min: -3,
      max: 27,
      num: 5,
      sum: expect.closeTo(22.3, 10),
      sum_squares: expect.closeTo(748.45, 10),
    });
    const counts = new Array(31).fill(0);
    [counts[1], counts[4], counts[5], counts[30]] = [2, 1, 1, 1];
    expect(histo!.bucket).toEqual(counts);
    expect(histo!.bucket_limit!.slice(0, 3)).toEqual([-3, -2, -1]);
    const wide = histogram("w", [0, 2, 2.1, 60]).histo!.bucket!;
    expect(wide.flatMap((count, index) => (count > 0 ? [[index, count]] : []))).toEqual([
      [1, 1],
      [2, 2],
      [30, 1],
    ]);
  });

  it("hold records without content", () => {
    expect([...readRecords(writeRecord(new Uint8Array(0)))]).toEqual([{ bytes: new Uint8Array(0), end: 16 }]);
  });

  it("count every number in a bucket, whatever their range", () => {
    for (const values of [
      [0, 1, 2, 3],
      [5, 5, 5],
      [-1e30, 1e30],
      [0.1, 0.2, 0.3],
    ]) {
      const { histo } = histogram("h", values);
      expect(histo!.bucket!.reduce((sum, count) => sum + count, 0)).toBe(values.length);
      expect(histo!.bucket).toHaveLength(histo!.bucket_limit!.length);
      const limits = histo!.bucket_limit!;
      expect(limits.every((limit, index) => index === 0 || limit > limits[index - 1])).toBe(true);
      expect(limits.at(-1)).toBeGreaterThanOrEqual(Math.max(...values));
    }
  });
});

describe("lengthUpTo", () => {
  const write = () => [
    fileStart(1),
    eventRecord(1, 1, [scalar("a", 1)]),
    eventRecord(2, 2, [scalar("a", 2)]),
    eventRecord(3, 2, [scalar("test", 3), sessionEnd(3)]),
  ];
  let records: Uint8Array[];
  let file: Buffer;
  beforeEach(() => {
    records = write();
    file = Buffer.concat(records);
  });
  const lengthOf = (count: number) => records.slice(0, count).reduce((sum, { length }) => sum + length, 0);

  it("keeps the steps up to one, without the end of the run", () => {
    expect(lengthUpTo(file, 0)).toBe(lengthOf(1));
    expect(lengthUpTo(file, 1)).toBe(lengthOf(2));
    expect(lengthUpTo(file, 2)).toBe(lengthOf(3));
    expect(lengthUpTo(file, 9)).toBe(lengthOf(3));
    expect(lengthUpTo(new Uint8Array(), 1)).toBe(0);
  });

  it("takes a record that is no event for a damaged one, whatever its checksums", () => {
    const damaged = Buffer.concat([file.subarray(0, lengthOf(2)), writeRecord(Uint8Array.of(0x0f)), records[2]]);
    expect(lengthUpTo(damaged, 9)).toBe(lengthOf(2));
  });

  it("keeps only whole records, wherever the file is cut off or damaged", () => {
    for (let length = 0; length < file.length; length++) {
      const whole = [1, 2, 3].filter((count) => lengthOf(count) <= length).at(-1) ?? 0;
      expect(lengthUpTo(file.subarray(0, length), 9)).toBe(lengthOf(whole));
      const damaged = Buffer.from(file);
      damaged[length] ^= 1;
      const before = records.findIndex((_, index) => lengthOf(index + 1) > length);
      expect([...readRecords(damaged)]).toHaveLength(before);
    }
  });
});
