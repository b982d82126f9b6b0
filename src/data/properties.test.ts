import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { datasetFromCifar } from "./cifar.js";
import { parseIdx } from "./idx.js";

/** An IDX file of bytes. */
function idxFile(dimensions: readonly number[], values: Uint8Array): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * dimensions.length));
  header.setUint32(0, 0x0800 + dimensions.length);
  for (const [index, extent] of dimensions.entries()) header.setUint32(4 + 4 * index, extent);
  return Uint8Array.from([...new Uint8Array(header.buffer), ...values]);
}

const RECORD_BYTES = 3073;
const classes = ["a", "b", "c"];

/** Records with one value in each image. */
const records = fc.array(fc.record({ label: fc.nat(2), value: fc.nat(255) }), { minLength: 1, maxLength: 4 });

function batchOf(content: readonly { readonly label: number; readonly value: number }[]): Uint8Array {
  const bytes = new Uint8Array(content.length * RECORD_BYTES);
  for (const [index, { label, value }] of content.entries()) {
    bytes.fill(value, index * RECORD_BYTES, (index + 1) * RECORD_BYTES)[index * RECORD_BYTES] = label;
  }
  return bytes;
}

describe("every property holds for", () => {
  const file = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }).chain((dimensions) => {
    const count = dimensions.reduce((product, extent) => product * extent, 1);
    return fc.record({
      dimensions: fc.constant(dimensions),
      values: fc.uint8Array({ minLength: count, maxLength: count }),
    });
  });

  it("IDX: the array in it is the one that was written, wherever the bytes lie", () => {
    fc.assert(
      fc.property(file, fc.nat(9), ({ dimensions, values }, offset) => {
        const bytes = Uint8Array.from([...new Uint8Array(offset), ...idxFile(dimensions, values)]).subarray(offset);
        expect(parseIdx(bytes, "file")).toEqual({ dimensions, data: values });
      }),
    );
  });

  it("IDX: any other length is refused", () => {
    fc.assert(
      fc.property(file, fc.integer({ min: -8, max: 8 }), ({ dimensions, values }, more) => {
        fc.pre(more !== 0);
        const bytes = idxFile(dimensions, values);
        const other = new Uint8Array(Math.max(0, bytes.length + more));
        other.set(bytes.subarray(0, other.length));
        expect(() => parseIdx(other, "file")).toThrow(/^file (is truncated|is too long|is not an IDX file)/);
      }),
    );
  });

  it("CIFAR: the records of all batches in order", () => {
    fc.assert(
      fc.property(fc.array(records, { minLength: 1, maxLength: 3 }), (parts) => {
        const batches = parts.map((part, index) => ({ bytes: batchOf(part), what: `batch ${index}` }));
        const { images, labels } = datasetFromCifar({ name: "tiny", classes, batches, checksum: "abc" });
        const all = parts.flat();
        expect([...labels]).toEqual(all.map(({ label }) => label));
        expect(images.length).toBe(all.length * (RECORD_BYTES - 1));
        for (const [index, { value }] of all.entries()) {
          const image = images.subarray(index * (RECORD_BYTES - 1), (index + 1) * (RECORD_BYTES - 1));
          expect(image.every((byte) => byte === value)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("CIFAR: a batch that ends within a record, or has a label without a class, is refused", () => {
    const options = (bytes: Uint8Array) => ({
      name: "tiny",
      classes,
      batches: [{ bytes, what: "batch" }],
      checksum: "",
    });
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: RECORD_BYTES - 1 }), (content, cut) => {
        const bytes = batchOf(content);
        expect(() => datasetFromCifar(options(bytes.subarray(0, bytes.length - cut)))).toThrow(/^batch is not a CIFAR/);
      }),
    );
    fc.assert(
      fc.property(records, fc.integer({ min: 3, max: 255 }), fc.nat(), (content, label, place) => {
        const index = place % content.length;
        const bytes = batchOf(content);
        bytes[index * RECORD_BYTES] = label;
        expect(() => datasetFromCifar(options(bytes))).toThrow(
          `batch: expected labels 0 to 2, found label ${label} in record ${index}`,
        );
      }),
    );
  });
});
