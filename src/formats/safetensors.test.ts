import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../model/parameters.js";
import { FormatError } from "./errors.js";
import { isSafetensors, readSafetensors, writeSafetensors } from "./safetensors.js";

const NAN_WITH_PAYLOAD = 0x7fa00001;

function bitsOf({ data }: Tensor): number[] {
  return [...new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4)];
}

/** A file with this header and the data bytes 0, 1, 2 … */
function file(header: string | object, dataLength = 0, headerLength?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(text.length), true);
  bytes.set(text, 8);
  for (let index = 0; index < dataLength; index++) {
    bytes[8 + text.length + index] = index;
  }
  return bytes;
}

const bytes = (begin: number, end: number, shape = [end - begin]) => ({
  dtype: "U8",
  shape,
  data_offsets: [begin, end],
});

it.each(["4.0", "4e0", "0.4E1"])("refuses a number that is not written as an integer: %s", (number) => {
  const header = (end: string) =>
    `{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,${end}]},"1.5e3-":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}`;
  expect(readSafetensors(file(header("4"), 4)).tensors.get("a")!.data).toHaveLength(4);
  expect(() => readSafetensors(file(header(number), 4))).toThrow(
    new FormatError("safetensors: the header has a number that is not written as an integer"),
  );
});

it("takes at most 32 MB for its tensors, or as much as the file, counted before half precision is widened", () => {
  const half = (...counts: number[]) => {
    let end = 0;
    const header = counts.map((count, index) => {
      const begin = end;
      end += 2 * count;
      return [`t${index}`, { dtype: "F16", shape: [count], data_offsets: [begin, end] }];
    });
    return file(Object.fromEntries(header), end);
  };
  expect(readSafetensors(half(8_000_000)).tensors.get("t0")!.data).toHaveLength(8_000_000);
  expect(() => readSafetensors(half(8_000_001))).toThrow(
    new FormatError('refused: with tensor "t0" of shape [8000001], the file holds far more than a LeNet-5'),
  );
  expect(() => readSafetensors(half(4_000_000, 4_000_001))).toThrow('with tensor "t1" of shape [4000001]');
  const wide = file({ w: { dtype: "F32", shape: [8_100_000], data_offsets: [0, 32_400_000] } }, 32_400_000);
  expect(readSafetensors(wide).tensors.get("w")!.data).toHaveLength(8_100_000);
});

describe("a file from Python", () => {
  const { tensors, metadata } = readSafetensors(readFileSync("tests/fixtures/formats/dtypes.safetensors"));
  const special = [0, -0, Infinity, -Infinity, Number.NaN, 1.5, -2, 2 ** -14, 2 ** -24, -(2 ** -20)];

  it("holds every type", () => {
    const half = Float32Array.from(special);
    expect(tensors.get("half")).toEqual({ shape: [10], data: half });
    expect([...(tensors.get("bfloat16")!.data as Float32Array)]).toEqual(special);
    expect(tensors.get("double")).toEqual({ shape: [4], data: Float64Array.of(0.1, -0, Number.NaN, 1e300) });
    expect(tensors.get("int64")).toEqual({ shape: [2], data: BigInt64Array.of(-1n, 2n ** 62n) });
    expect(tensors.get("int32")).toEqual({ shape: [2], data: Int32Array.of(-1, 2 ** 30) });
    expect(tensors.get("int16")).toEqual({ shape: [2], data: Int16Array.of(-1, 2 ** 14) });
    expect(tensors.get("int8")).toEqual({ shape: [2], data: Int8Array.of(-1, 100) });
    expect(tensors.get("uint64")).toEqual({ shape: [2], data: BigUint64Array.of(1n, 2n ** 64n - 1n) });
    expect(tensors.get("uint32")).toEqual({ shape: [2], data: Uint32Array.of(1, 2 ** 32 - 1) });
    expect(tensors.get("uint16")).toEqual({ shape: [2], data: Uint16Array.of(1, 65535) });
    expect(tensors.get("uint8")).toEqual({ shape: [2], data: Uint8Array.of(1, 255) });
    expect(tensors.get("bool")).toEqual({ shape: [2], data: Uint8Array.of(1, 0) });
    expect(tensors.get("scalar")).toEqual({ shape: [], data: Float32Array.of(2.5) });
    expect(tensors.get("empty")).toEqual({ shape: [2, 0, 3], data: new Float32Array(0) });
  });

  it("holds metadata", () => {
    expect(metadata).toEqual({ maker: "Python", größe: "klein" });
  });
});

describe("writing", () => {
  const bits = Uint32Array.of(0x80000000, NAN_WITH_PAYLOAD, 0xffc12345, 0x7f800000, 0xff800000, 1);
  const tensors = new Map<string, Tensor>([
    ["bytes", { shape: [3], data: Uint8Array.of(1, 2, 3) }],
    ["bits", { shape: [2, 3], data: new Float32Array(bits.buffer) }],
    ["scalar", { shape: [], data: Float64Array.of(Math.PI) }],
    ["empty", { shape: [0, 4], data: new Float32Array(0) }],
    ["__proto__", { shape: [1], data: BigInt64Array.of(-1n) }],
    ['naïve "✓"\n', { shape: [1], data: Int16Array.of(-7) }],
  ]);
  const written = writeSafetensors(tensors, { epoch: "12" });

  it("keeps names, order, shapes and every bit", () => {
    const read = readSafetensors(written);
    expect([...read.tensors.keys()]).toEqual([...tensors.keys()]);
    expect(read.tensors).toEqual(tensors);
    expect(bitsOf(read.tensors.get("bits")!)).toEqual([...bits]);
    expect(read.metadata).toEqual({ epoch: "12" });
  });

  it("keeps long metadata with quotes and braces", () => {
    const config = JSON.stringify({ '{"a":': '"b":}\\' }).repeat(25_000);
    expect(readSafetensors(writeSafetensors(new Map(), { config })).metadata.config === config).toBe(true);
  });

  it("pads the header with spaces to a multiple of eight, and aligns the data", () => {
    const headerLength = Number(new DataView(written.buffer).getBigUint64(0, true));
    const header = new TextDecoder().decode(written.subarray(8, 8 + headerLength));
    expect(headerLength % 8).toBe(0);
    expect(header).toMatch(/^\{.*\} *$/);
    expect(JSON.parse(header).scalar.data_offsets[0]).toBe(0);
    expect(JSON.parse(header).bits.data_offsets[0] % 4).toBe(0);
  });

  it("writes wider elements first, byte for byte, and no metadata if there are none", () => {
    const narrow: Tensor = { shape: [1], data: Uint8Array.of(7) };
    const wide: Tensor = { shape: [], data: Float64Array.of(1) };
    const bytes = writeSafetensors(
      new Map([
        ["a", narrow],
        ["b", wide],
        ["c", narrow],
      ]),
    );
    const header =
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[8,9]},"b":{"dtype":"F64","shape":[],"data_offsets":[0,8]},' +
      '"c":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect(Buffer.from(bytes).toString("latin1")).toBe(
      `${String.fromCharCode(padded.length)}\0\0\0\0\0\0\0${padded}\0\0\0\0\0\0\xf0\x3f\x07\x07`,
    );
  });

  it("writes a file without tensors", () => {
    expect(readSafetensors(writeSafetensors(new Map()))).toEqual({ tensors: new Map(), metadata: {} });
  });

  it("reads at any alignment", () => {
    const shifted = new Uint8Array(written.length + 1);
    shifted.set(written, 1);
    expect(readSafetensors(shifted.subarray(1)).tensors).toEqual(tensors);
  });

  it("refuses a shape that does not fit its data, and the name of the metadata", () => {
    const data = new Float32Array(5);
    expect(() => writeSafetensors(new Map([["w", { shape: [2, 3], data }]]))).toThrow(
      'tensor "w": shape [2,3] does not fit 5 elements',
    );
    expect(() => writeSafetensors(new Map([["__metadata__", { shape: [5], data }]]))).toThrow("__metadata__");
  });
});

describe("a damaged file", () => {
  const cases: [string, Uint8Array, string][] = [
    ["nothing", new Uint8Array(0), "has only 0 bytes"],
    ["a short file", new Uint8Array(7), "has only 7 bytes"],
    ["a header past the end", file("{}", 0, 3n), "length is given as 3, but only 2 bytes follow"],
    ["a header of 2^63 bytes", file("{}", 0, 2n ** 63n), "length is given as 9223372036854775808"],
    ["a header of 2^64 - 1 bytes", file("{}", 0, 2n ** 64n - 1n), "length is given as 18446744073709551615"],
    ["a header longer than allowed", file(" ".repeat(1_000_001)), "length is given as 1000001, more than 1000000"],
    ["a header of a hundred thousand nested lists", file("[".repeat(100_000)), "not JSON"],
    ["no header", file("", 0), "not JSON"],
    ["a truncated header", file('{"a":'), "not JSON"],
    ["a header padded with NUL", file("{}\0\0"), "not JSON"],
    ["a header that is not UTF-8", file("{}..", 0).fill(0xff, 10), "not JSON"],
    ["a list as the header", file("[]"), "does not begin as a JSON object"],
    ["a header that begins with a space", file(" {}"), "does not begin as a JSON object"],
    ["a name twice", file(`{"a":${JSON.stringify(bytes(0, 1))},"\\u0061":${JSON.stringify(bytes(0, 1))}}`, 1), "twice"],
    ["a key twice", file('{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}', 1), '"dtype" twice'],
    ["a tensor that is not an object", file({ a: 3 }), 'tensor "a": its description is not a JSON object'],
    ["an unknown type", file({ a: { ...bytes(0, 1), dtype: "F8_E4M3" } }, 1), '"F8_E4M3" is not supported'],
    ["an inherited property as the type", file({ a: { ...bytes(0, 1), dtype: "toString" } }, 1), "is not supported"],
    ["a fractional extent", file({ a: bytes(0, 1, [1.5]) }, 1), "its shape [1.5] is not"],
    ["a negative extent", file({ a: bytes(0, 1, [-1]) }, 1), "its shape [-1] is not"],
    ["no shape", file({ a: { dtype: "U8", data_offsets: [0, 1] } }, 1), "its shape nothing is not"],
    ["three offsets", file({ a: { ...bytes(0, 1), data_offsets: [0, 1, 1] } }, 1), "its offsets [0,1,1] are not"],
    ["a negative offset", file({ a: { ...bytes(0, 1), data_offsets: [-1, 0] } }, 1), "its offsets [-1,0] are not"],
    ["an extent beyond the exact integers", file({ a: bytes(0, 1, [2 ** 53]) }, 1), "its shape [9007199254740992] is"],
    ["a type of a number", file({ a: { ...bytes(0, 1), dtype: 8 } }, 1), "its type 8 is not supported"],
    ["a tensor that is a list", file({ a: [] }), 'tensor "a": its description is not a JSON object'],
    ["a tensor that is null", file({ a: null }), 'tensor "a": its description is not a JSON object'],
    ["metadata that are a list", file({ __metadata__: ["a"] }), "__metadata__ is not an object of strings"],
    ["metadata that are null", file('{"__metadata__":null}'), "__metadata__ is not an object of strings"],
    ["a number as the header", file("1"), "does not begin as a JSON object"],
    [
      "a key twice in its metadata, behind a text with an escape",
      file('{"__metadata__":{"a":"\\"}","b":"{","a":""}}'),
      'has the key "a" twice',
    ],
    ["one offset", file({ a: { ...bytes(0, 1), data_offsets: [0] } }, 1), "its offsets [0] are not"],
    ["reversed offsets", file({ a: bytes(1, 0, [1]) }, 1), "do not fit"],
    ["offsets too far apart", file({ a: bytes(0, 2, [1]) }, 2), "offsets 0 to 2 do not fit the 1 bytes of U8 [1]"],
    ["an enormous shape", file({ a: bytes(0, 1, new Array(99).fill(2 ** 50)) }, 1), "do not fit"],
    ["data past the end", file({ a: bytes(0, 9) }, 8), "its data ends at 9, but the file's data ends at 8"],
    [
      "bytes that belong to no tensor",
      file({ a: bytes(0, 7) }, 8),
      "the tensors end at 7, but the file's data ends at 8",
    ],
    ["a gap", file({ a: bytes(0, 2), b: bytes(3, 4) }, 4), 'tensor "b": its data at 3 to 4 comes after a gap'],
    ["an overlap", file({ a: bytes(0, 3), b: bytes(2, 4) }, 4), 'tensor "b": its data at 2 to 4 overlaps'],
    ["two tensors at the same offsets", file({ a: bytes(0, 4), b: bytes(0, 4) }, 4), "overlaps another tensor"],
    ["metadata of numbers", file({ __metadata__: { epoch: 3 } }), "__metadata__ is not an object of strings"],
    ["a name with a newline", file({ "a\nb": 3 }), 'tensor "a?b"'],
  ];

  it.each(cases)("is refused: %s", (_, file, message) => {
    expect(() => readSafetensors(file)).toThrow(FormatError);
    expect(() => readSafetensors(file)).toThrow(message);
  });

  it("is not one with a long header, or the same key in several objects", () => {
    expect(readSafetensors(file("{}".padEnd(1_000_000))).tensors.size).toBe(0);
    const twice = file({ a: bytes(0, 1), b: bytes(1, 2), __metadata__: { a: "", dtype: "{", shape: ":" } }, 2);
    expect([...readSafetensors(twice).tensors.values()].map(({ data }) => [...data])).toEqual([[0], [1]]);
  });

  it("is recognised by the brace behind its length", () => {
    expect(isSafetensors(file("{}"))).toBe(true);
    for (const other of [file("[]"), file(""), new TextEncoder().encode("{       ")]) {
      expect(isSafetensors(other)).toBe(false);
    }
  });

  it("is not one with a zero extent, however large the others", () => {
    const shape = [0, 2 ** 50];
    expect(readSafetensors(file({ a: bytes(0, 0, shape) })).tensors.get("a")?.data.length).toBe(0);
  });
});
