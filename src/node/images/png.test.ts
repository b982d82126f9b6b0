import { crc32, deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodeWithMagick } from "./magick.js";
import { decodePng, encodePng, isPlainPng } from "./png.js";

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
  readonly depth?: number;
  readonly colorType?: number;
  readonly interlace?: number;
  readonly rows: Uint8Array;
  readonly before?: readonly Buffer[];
}

function png({ width = 5, height = 4, depth = 8, colorType = 0, interlace = 0, rows, before = [] }: Parts): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([depth, colorType, 0, 0, interlace], 8);
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

describe("small plain images", () => {
  it.each([
    ["grey", 0, 1],
    ["RGB", 2, 3],
    ["grey with alpha", 4, 2],
    ["RGBA", 6, 4],
  ])("decodes %s with every filter as ImageMagick does", async (_, colorType, channels) => {
    const file = png({ width: 9, height: 10, colorType, rows: filteredRows(10, 9 * channels) });
    expect(isPlainPng(file)).toBe(true);
    expect(decodePng(file)).toEqual(await decodeWithMagick(file, "PNG"));
  });

  it("decodes what we encode", async () => {
    const pixels = Uint8Array.from({ length: 28 * 28 }, (_, index) => (index * index) % 251);
    const file = await encodePng(pixels, 28, 28);
    expect(isPlainPng(file)).toBe(true);
    expect(decodePng(file)).toEqual(await decodeWithMagick(file, "PNG"));
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
  ])("leaves %s to other threads", (_, file) => {
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
    expect(() => decodePng(file)).toThrow(message);
  });
});

/** The sizes of an image's passes (section 8.2 of the specification). */
function passSizes(width: number, height: number, interlace: number): [width: number, height: number][] {
  if (interlace === 0) return [[width, height]];
  const starts = [0, 4, 0, 2, 0, 1, 0].map((left, pass) => [left, [0, 0, 4, 0, 2, 0, 1][pass]]);
  const steps = [8, 8, 4, 4, 2, 2, 1].map((across, pass) => [across, [8, 8, 8, 4, 4, 2, 2][pass]]);
  return starts
    .map(([left, top], pass): [number, number] => [
      Math.ceil((width - left) / steps[pass][0]),
      Math.ceil((height - top) / steps[pass][1]),
    ])
    .filter(([across, down]) => across > 0 && down > 0);
}

describe("decodePng", () => {
  const KINDS = [
    ["grey", 0, 1, [1, 2, 4, 8, 16]],
    ["RGB", 2, 3, [8, 16]],
    ["palette", 3, 1, [1, 2, 4, 8]],
    ["grey with alpha", 4, 2, [8, 16]],
    ["RGBA", 6, 4, [8, 16]],
  ] as const;
  const cases = KINDS.flatMap(([name, colorType, samples, depths]) =>
    depths.flatMap((depth) =>
      [0, 1].flatMap((interlace) =>
        [false, true].map((clear) => ({ name, colorType, samples, depth, interlace, clear })),
      ),
    ),
  );

  it.each(cases)(
    "decodes $name of $depth bits (interlaced: $interlace, tRNS: $clear) as ImageMagick does",
    async (kind) => {
      const { colorType, samples, depth, interlace, clear } = kind;
      for (const [width, height] of [
        [1, 1],
        [3, 2],
        [9, 7],
        [17, 20],
      ]) {
        let state = width;
        const byte = () => {
          state = (Math.imul(state, 1103515245) + 12345) >>> 0;
          return state >>> 24;
        };
        const lines = passSizes(width, height, interlace).flatMap(([across, down]) =>
          Array.from({ length: down }, () => [
            byte() % 5,
            ...Array.from({ length: Math.ceil((across * depth * samples) / 8) }, byte),
          ]),
        );
        const before = [chunk("gAMA", Buffer.from([0, 1, 0x86, 0xa0]))];
        if (colorType === 3) before.push(chunk("PLTE", Buffer.from(Array.from({ length: 3 << depth }, byte))));
        if (clear && colorType === 3) before.push(chunk("tRNS", Buffer.from([byte()])));
        if (clear && colorType === 0) before.push(chunk("tRNS", Buffer.from([0, 1])));
        if (clear && colorType === 2) {
          before.push(chunk("tRNS", Buffer.from([0, lines[0][1], 0, lines[0][2], 0, lines[0][3]])));
        }
        const file = png({ width, height, depth, colorType, interlace, rows: Uint8Array.from(lines.flat()), before });
        const expected = await decodeWithMagick(file, "PNG");
        const found = decodePng(file);
        // Pixels that are not seen have no colour.
        for (const { rgba } of [expected, found]) {
          for (let place = 0; place < rgba.length; place += 4)
            if (rgba[place + 3] === 0) rgba.fill(0, place, place + 3);
        }
        expect(found).toEqual(expected);
      }
    },
  );

  it.each<[string, Uint8Array, RegExp]>([
    [
      "a palette that lacks a colour",
      png({ colorType: 3, rows: new Uint8Array(24), before: [chunk("PLTE", Buffer.alloc(0))] }),
      /no colour in the palette/,
    ],
    ["no palette", png({ colorType: 3, rows: new Uint8Array(24) }), /it has no palette/],
    ["a depth that there is not", png({ depth: 3, rows: new Uint8Array(24) }), /its header is invalid/],
    ["another interlacing", png({ interlace: 2, rows: new Uint8Array(24) }), /its header is invalid/],
    ["a size that it cannot have", png({ width: 50_000, height: 1000, rows: new Uint8Array(24) }), /it is cut off/],
  ])("refuses %s", (_, file, message) => {
    expect(() => decodePng(file)).toThrow(message);
  });
});

describe("encodePng", () => {
  it.each([1, 3, 4])("writes %i channels that ImageMagick reads", async (channels) => {
    const pixels = Uint8Array.from({ length: 9 * 8 * channels }, (_, index) => (index * index) % 256);
    const file = await encodePng(pixels, 9, 8);
    expect(await decodeWithMagick(file, "PNG")).toEqual(decodePng(file));
  });
});
