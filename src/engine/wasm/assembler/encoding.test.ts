import { describe, expect, it } from "vitest";
import { float32Bytes, name, signed, unsigned, vector } from "./encoding.js";

describe("unsigned LEB128", () => {
  it.each([
    [0, [0x00]],
    [1, [0x01]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [16383, [0xff, 0x7f]],
    [16384, [0x80, 0x80, 0x01]],
    [624485, [0xe5, 0x8e, 0x26]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])("encodes %i", (value, bytes) => {
    expect(unsigned(value)).toEqual(bytes);
  });
});

describe("signed LEB128", () => {
  it.each([
    [0, [0x00]],
    [63, [0x3f]],
    [64, [0xc0, 0x00]],
    [-1, [0x7f]],
    [-64, [0x40]],
    [-65, [0xbf, 0x7f]],
    [127, [0xff, 0x00]],
    [-123456, [0xc0, 0xbb, 0x78]],
    [2 ** 31 - 1, [0xff, 0xff, 0xff, 0xff, 0x07]],
    [-(2 ** 31), [0x80, 0x80, 0x80, 0x80, 0x78]],
    [2n ** 63n - 1n, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00]],
    [-(2n ** 63n), [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f]],
  ])("encodes %i", (value, bytes) => {
    expect(signed(value)).toEqual(bytes);
  });
});

describe("composite encodings", () => {
  it("prefixes lists with their length", () => {
    expect(vector([])).toEqual([0]);
    expect(vector([[1, 2], [], [3]])).toEqual([3, 1, 2, 3]);
  });

  it("prefixes names with their length in bytes", () => {
    expect(name("añb")).toEqual([4, 0x61, 0xc3, 0xb1, 0x62]);
  });

  it("writes floats little-endian", () => {
    expect(float32Bytes(-1.5)).toEqual([0x00, 0x00, 0xc0, 0xbf]);
  });
});
