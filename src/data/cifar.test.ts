import { describe, expect, it } from "vitest";
import { cifarBatchNames, datasetFromCifar } from "./cifar.js";

const RECORD_BYTES = 3073;
const classes = ["cat", "dog", "frog"];
const rest = { name: "tiny", classes, checksum: "abc" };

/** Records with constant planes. */
function batch(...records: [label: number, red: number, green: number, blue: number][]): Uint8Array {
  const bytes = new Uint8Array(records.length * RECORD_BYTES);
  for (const [index, [label, ...planes]] of records.entries()) {
    bytes[index * RECORD_BYTES] = label;
    for (const [plane, value] of planes.entries()) {
      const start = index * RECORD_BYTES + 1 + plane * 1024;
      bytes.fill(value, start, start + 1024);
    }
  }
  return bytes;
}

describe("datasetFromCifar", () => {
  it("concatenates the records of all batches and keeps their planes", () => {
    const first = batch([2, 10, 20, 30], [0, 11, 21, 31]);
    const within = new Uint8Array(RECORD_BYTES + 9);
    within.set(batch([1, 12, 22, 32]), 5);
    const second = Buffer.from(within.buffer, 5, RECORD_BYTES);
    const dataset = datasetFromCifar({
      ...rest,
      batches: [
        { bytes: first, what: "one" },
        { bytes: second, what: "two" },
      ],
    });
    const { images, labels, ...description } = dataset;
    expect(description).toEqual({ ...rest, channels: 3, height: 32, width: 32, generated: false });
    expect(labels).toStrictEqual(Uint8Array.of(2, 0, 1));
    expect(images.length).toBe(3 * 3072);
    const firstOfPlanes = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((plane) => images[plane * 1024]);
    const lastOfPlanes = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((plane) => images[plane * 1024 + 1023]);
    expect(firstOfPlanes).toEqual([10, 20, 30, 11, 21, 31, 12, 22, 32]);
    expect(lastOfPlanes).toEqual(firstOfPlanes);
  });

  it.each([
    ["an empty file", new Uint8Array(), "b.bin is empty: expected records of 3073 bytes"],
    [
      "half a record",
      batch([0, 1, 2, 3], [1, 1, 2, 3]).subarray(0, 5000),
      "b.bin is not a CIFAR batch or is truncated: expected records of 3073 bytes, found 1927 bytes in record 1",
    ],
    [
      "a label without a class",
      batch([0, 1, 2, 3], [2, 1, 2, 3], [3, 1, 2, 3]),
      "b.bin: expected labels 0 to 2, found label 3 in record 2",
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => datasetFromCifar({ ...rest, batches: [{ bytes, what: "b.bin" }] })).toThrow(new Error(message));
  });
});

describe("cifarBatchNames", () => {
  it("finds a part's batches, ordered by number", () => {
    const names = [
      "._data_batch_1.bin",
      "data_batch_10.bin",
      "data_batch_2.bin",
      "test_batch.bin",
      "test_batch.bin.gz",
    ];
    expect(cifarBatchNames(names, "train")).toEqual(["data_batch_2.bin", "data_batch_10.bin"]);
    expect(cifarBatchNames(names, "test")).toEqual(["test_batch.bin"]);
  });
});
