import { expect, it } from "vitest";
import { writeSafetensors } from "./safetensors.js";
import { readSoftLabels } from "./softLabels.js";

/** A .npy file as NumPy writes it. */
function npy(descr: string, shape: string, data: ArrayBufferView, order = "False"): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
  const header = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const start = [0x93, ..."NUMPY"].map((part) => (typeof part === "string" ? part.charCodeAt(0) : part));
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Uint8Array.from([
    ...start,
    1,
    0,
    header.length & 255,
    header.length >> 8,
    ...new TextEncoder().encode(header),
    ...bytes,
  ]);
}

const LOGITS = Float32Array.of(1, -2, 3, 0.5, 0, 7);

it("reads logits from .npy and safetensors", () => {
  const expected = { shape: [2, 3], data: LOGITS };
  expect(readSoftLabels(npy("<f4", "(2, 3)", LOGITS))).toEqual(expected);
  expect(readSoftLabels(npy("<f8", "(2, 3)", Float64Array.from(LOGITS)))).toEqual(expected);
  expect(readSoftLabels(npy("<f2", "(2, 3)", Uint16Array.of(0x3c00, 0xc000, 0x4200, 0x3800, 0, 0x4700)))).toEqual(
    expected,
  );
  expect(readSoftLabels(writeSafetensors(new Map([["logits", expected]])))).toEqual(expected);
});

it("reads more half-precision labels than a file of weights may hold", () => {
  const rows = 1_700_000;
  const header = JSON.stringify({ logits: { dtype: "F16", shape: [rows, 5], data_offsets: [0, 10 * rows] } });
  const file = new Uint8Array(8 + header.length + 10 * rows);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(new TextEncoder().encode(header), 8);
  expect(readSoftLabels(file)).toMatchObject({ shape: [rows, 5], data: { length: 5 * rows } });
});

it("reads a .npy file of version 2, at any offset of a buffer, with any spaces in its header", () => {
  const bytes = npy("<f4", "( 2 ,3,)", LOGITS);
  const second = Uint8Array.from([
    ...bytes.subarray(0, 6),
    2,
    0,
    ...bytes.subarray(8, 10),
    0,
    0,
    ...bytes.subarray(10),
  ]);
  const shifted = new Uint8Array(second.length + 4);
  shifted.set(second, 4);
  expect(readSoftLabels(shifted.subarray(4))).toEqual({ shape: [2, 3], data: LOGITS });
  expect(readSoftLabels(second.with(6, 3))).toEqual({ shape: [2, 3], data: LOGITS });
});

it("reads sizes of several digits", () => {
  const data = Float32Array.from({ length: 24 }, (_, index) => index);
  expect(readSoftLabels(npy("<f4", "(2, 12)", data))).toEqual({ shape: [2, 12], data });
});

it("tells .npy from safetensors by all of its first bytes", () => {
  const bytes = npy("<f4", "(2, 3)", LOGITS);
  for (let place = 0; place < 6; place++) {
    expect(() => readSoftLabels(bytes.with(place, bytes[place] ^ 1))).toThrow(/^safetensors: /);
  }
});

it.each<[string, number[], boolean]>([
  ["sums a little above 1", [0.5, 0.509, 1, 0], true],
  ["sums a little below 1", [0.5, 0.491, 1, 0], true],
  ["a sum of 1.02", [0.5, 0.52, 1, 0], false],
  ["a sum of 0.98 in another row", [1, 0, 0.5, 0.48], false],
  ["a negative number", [1.5, -0.5, 1, 0], false],
])("takes rows with %s for probabilities: %j, %s", (_, values, areProbabilities) => {
  const { data } = readSoftLabels(npy("<f8", "(2, 2)", Float64Array.from(values)));
  expect(data[2]).toBe(Math.fround(areProbabilities ? Math.log(values[2]) : values[2]));
  expect(data[0]).toBe(Math.fround(areProbabilities ? Math.log(values[0]) : values[0]));
});

it("takes the logarithms of probabilities", () => {
  const { data } = readSoftLabels(npy("<f8", "(2, 2)", Float64Array.of(0.25, 0.75, 1, 0)));
  expect([...data]).toEqual([
    Math.fround(Math.log(0.25)),
    Math.fround(Math.log(0.75)),
    0,
    Math.fround(Math.log(1e-30)),
  ]);
});

it.each([
  ["soft labels are floats [images, classes], not of shape [6]", npy("<f4", "(6,)", LOGITS)],
  ["npy: its elements are '<i8', expected float16, float32 or float64", npy("<i8", "(2, 3)", LOGITS)],
  ["npy: its elements are '>f4', expected float16, float32 or float64", npy(">f4", "(2, 3)", LOGITS)],
  ["npy: its elements are 'toString', expected float16", npy("toString", "(2, 3)", LOGITS)],
  ["npy: its header is not a dictionary of descr, fortran_order and shape", npy("<f4", "2, 3", LOGITS)],
  ["npy: its header is not a dictionary", npy("<f4", "(2, 3), 'descr': '<f4'", LOGITS)],
  ["npy: its header is not a dictionary", npy("<f4', 'x': '", "(2, 3)", LOGITS)],
  ["npy: its header is not a dictionary", npy("<f4', #, 'x': '", "(2, 3)", LOGITS)],
  ["npy: its shape is given as (6)", npy("<f4", "(6)", LOGITS)],
  ["npy: its shape is given as (2 3)", npy("<f4", "(2 3)", LOGITS)],
  ["npy: its shape is given as (2,,3)", npy("<f4", "(2,,3)", LOGITS)],
  ["npy: its shape is given as (-2, -3)", npy("<f4", "(-2, -3)", LOGITS)],
  ["npy: version 0.0 is not supported", npy("<f4", "(2, 3)", LOGITS).with(6, 0)],
  ["npy: version 1.1 is not supported", npy("<f4", "(2, 3)", LOGITS).with(7, 1)],
  ["npy: version 4.0 is not supported", npy("<f4", "(2, 3)", LOGITS).with(6, 4)],
  ["npy: it is not a .npy file", npy("<f4", "(2, 3)", LOGITS).subarray(0, 11)],
  ["npy: the header's length is given as 10001", npy("<f4", "(2, 3)", LOGITS).with(8, 0x11).with(9, 0x27)],
  ["soft labels are floats [images, classes], not of shape [1,2,3]", npy("<f4", "(1, 2, 3)", LOGITS)],
  [
    "soft labels are floats [images, classes], not of shape [2,1]",
    writeSafetensors(new Map([["a", { shape: [2, 1], data: Int32Array.of(1, 2) }]])),
  ],
  ["soft labels are one tensor, but the file has 0", writeSafetensors(new Map())],
  ["npy: it is not in C order", npy("<f4", "(2, 3)", LOGITS, "True")],
  ["npy: shape [2,4] does not fit 24 bytes", npy("<f4", "(2, 4)", LOGITS)],
  ["npy: the header's length is given as 118", npy("<f4", "(2, 3)", LOGITS).subarray(0, 60)],
  ["the soft labels have values that are not finite", npy("<f4", "(1, 2)", Float32Array.of(1, Infinity))],
  ["the soft labels have values that are not finite", npy("<f4", "(1, 2)", Float32Array.of(1, Number.NaN))],
  ["the soft labels have values that are not finite", npy("<f8", "(1, 2)", Float64Array.of(1, 1e39))],
  [
    "soft labels are one tensor, but the file has 2",
    writeSafetensors(new Map(["a", "b"].map((name) => [name, { shape: [2, 3], data: LOGITS }]))),
  ],
])("refuses: %s", (message, bytes) => {
  expect(() => readSoftLabels(bytes)).toThrow(message);
});
