import { crc32, deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodeImage, encodePng } from "./codec.js";
import { decodePlainPng, isPlainPng } from "./plainPng.js";

function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32BE(data.length);
  numbers.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([numbers.subarray(0, 4), named, numbers.subarray(4)]);
}

interface Parts {
  readonly width?: number;
  readonly height?: number;
  readonly colorType?: number;
  readonly interlace?: number;
  readonly rows: Uint8Array;
  readonly before?: readonly Buffer[];
}

function png({ width = 5, height = 4, colorType = 0, interlace = 0, rows, before = [] }: Parts): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, colorType, 0, 0, interlace], 8);
  const data = deflateSync(rows);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
  // Two pieces, as large files have.
  const pieces = [data.subarray(0, 7), data.subarray(7)].map((piece) => chunk("IDAT", piece));
  return Buffer.concat([signature, chunk("IHDR", header), ...before, ...pieces, chunk("IEND", Buffer.alloc(0))]);
}

/** Rows that use every filter, with bytes that wrap around. */
function filteredRows(height: number, rowBytes: number): Uint8Array {
  return Uint8Array.from({ length: height * (rowBytes + 1) }, (_, index) => {
    const row = Math.floor(index / (rowBytes + 1));
    return index % (rowBytes + 1) === 0 ? row % 5 : (index * 73 + row * 31) % 256;
  });
}

describe("decodePlainPng", () => {
  it.each([
    ["grey", 0, 1],
    ["RGB", 2, 3],
    ["grey with alpha", 4, 2],
    ["RGBA", 6, 4],
  ])("decodes %s with every filter as ImageMagick does", async (_, colorType, channels) => {
    const file = png({ width: 9, height: 10, colorType, rows: filteredRows(10, 9 * channels) });
    expect(isPlainPng(file)).toBe(true);
    expect(decodePlainPng(file)).toEqual(await decodeImage(file));
  });

  it("decodes what we encode", async () => {
    const pixels = Uint8Array.from({ length: 28 * 28 }, (_, index) => (index * index) % 251);
    const file = await encodePng(pixels, 28, 28);
    expect(isPlainPng(file)).toBe(true);
    expect(decodePlainPng(file)).toEqual(await decodeImage(file));
  });

  const rows = filteredRows(4, 5);
  it.each<[string, Uint8Array]>([
    ["a palette", png({ colorType: 3, rows })],
    ["interlacing", png({ interlace: 1, rows })],
    ["an orientation", png({ rows, before: [chunk("eXIf", Buffer.from("MM"))] })],
    ["transparency by colour", png({ rows, before: [chunk("tRNS", Buffer.alloc(2))] })],
    ["many pixels", png({ width: 65536, height: 2, rows })],
    ["no end", png({ rows }).subarray(0, -12)],
    ["a JPEG", Buffer.from([0xff, 0xd8, 0xff, 0xe0])],
    ["nothing", new Uint8Array()],
  ])("leaves %s to the other decoder", (_, file) => {
    expect(isPlainPng(file)).toBe(false);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["more pixels than its size", png({ rows: new Uint8Array(1e6) }), /^damaged: /],
    [
      "fewer pixels than its size",
      png({ rows: rows.subarray(6) }),
      /^damaged: it has 18 bytes of pixels instead of 24$/,
    ],
    ["an unknown filter", png({ rows: new Uint8Array(24).fill(5) }), /^damaged: a row has the filter 5$/],
    ["a wrong checksum", png({ rows }).map((byte, index) => (index === 45 ? byte ^ 1 : byte)), /checksum/],
  ])("refuses %s", (_, file, message) => {
    expect(isPlainPng(file)).toBe(true);
    expect(() => decodePlainPng(file)).toThrow(message);
  });
});
