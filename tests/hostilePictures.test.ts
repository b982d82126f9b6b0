import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

// Small files that unpack to as much as possible, decoded in four threads at the same time.

const MOST_MEGABYTES = 1000;
const THREADS = 4;

/**
 * Decodes an image several times in a separate process, as a file (as for a folder) or as bytes (as from requests); prints
 * the results and the process's peak memory.
 */
const DECODER = `
  import { readFileSync } from "node:fs";
  import { decodeFiles } from "${new URL("../dist/node/images/decodeFiles.js", import.meta.url)}";
  import { ImageDecoder } from "${new URL("../dist/node/images/decoder.js", import.meta.url)}";
  const [path, files, requests] = process.argv.slice(1);
  const shape = { channels: 1, height: 28, width: 28 };
  const settings = { shape, resize: "contain", background: 0 };
  const threads = ${THREADS};
  const decoder = new ImageDecoder({ threads, secondsPerImage: 100 });
  const fitted = Array.from({ length: requests }, async () => (await decoder.fit(readFileSync(path), settings)).length);
  const { outcomes } = await decodeFiles(Array(Number(files)).fill(path), settings, { threads, secondsPerFile: 100 });
  const bytes = await Promise.all(fitted);
  decoder.close();
  console.log(JSON.stringify({ outcomes, bytes, megabytes: process.resourceUsage().maxRSS / 1000 }));
`;

function chunk(kind: string, data: Uint8Array): Buffer {
  const content = Buffer.concat([Buffer.from(kind), data]);
  const bytes = Buffer.alloc(content.length + 8);
  bytes.writeUInt32BE(data.length);
  bytes.set(content, 4);
  bytes.writeUInt32BE(crc32(content), 4 + content.length);
  return bytes;
}

/** A black PNG, grey or in colours. */
function png(width: number, height: number, channels: 1 | 4): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, channels === 1 ? 0 : 6], 8);
  const rows = deflateSync(Buffer.alloc(height * (1 + width * channels)));
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", rows), chunk("IEND", Buffer.alloc(0))]);
}

/** A grey JPEG in three components of full size, with two bits for each block: no difference, and its end. */
function jpeg(width: number, height: number): Buffer {
  const size = Buffer.from([height >> 8, height & 255, width >> 8, width & 255]);
  const segment = (marker: number, data: readonly number[]) => [
    ...[0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255],
    ...data,
  ];
  const oneCode = (table: number) => [table, 1, ...Array(15).fill(0), 0];
  const blocks = 3 * Math.ceil(width / 8) * Math.ceil(height / 8);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8, ...segment(0xdb, [0, ...Array(64).fill(1)])]),
    Buffer.from(segment(0xc0, [8, ...size, 3, ...[1, 0x11, 0], ...[2, 0x11, 0], ...[3, 0x11, 0]])),
    Buffer.from(segment(0xc4, [...oneCode(0), ...oneCode(0x10)])),
    Buffer.from(segment(0xda, [3, 1, 0, 2, 0, 3, 0, 0, 63, 0])),
    Buffer.alloc(Math.ceil((2 * blocks) / 8)),
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** A JPEG with 400,000 comments, before its frame or after its image. */
function commented(atEnd: boolean): Buffer {
  const image = readFileSync("tests/fixtures/images/color.jpg");
  const comments = Buffer.alloc(400_000 * 5, Buffer.of(0xff, 0xfe, 0, 3, 65));
  const place = atEnd ? image.length - 2 : 2;
  return Buffer.concat([image.subarray(0, place), comments, image.subarray(place)]);
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lenet-pictures-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function decode(name: string, content: Uint8Array, files = THREADS, requests = 0) {
  const path = join(folder, name);
  writeFileSync(path, content);
  const options = ["--input-type=module", "--eval", DECODER, path, String(files), String(requests)];
  return JSON.parse(execFileSync(process.execPath, options, { encoding: "utf8" }));
}

describe("is refused before it is decoded:", () => {
  it.each<[string, () => Uint8Array, string]>([
    ["wide.png", () => png(49_999_000, 1, 1), "too large: 49999000x1 pixels, the limit for one side is 65535"],
    ["high.png", () => png(1, 65_536, 1), "too large: 1x65536 pixels, the limit for one side is 65535"],
    ["comments.jpg", () => commented(false), "damaged: it has 400001 comments and application segments"],
    ["comments-at-end.jpg", () => commented(true), "damaged: it has 400001 comments and application segments"],
  ])("%s", (name, content, reason) => {
    const { outcomes, megabytes } = decode(name, content());
    expect(outcomes[0].reason).toBe(reason);
    expect(megabytes).toBeLessThan(400);
  });
});

it.each<[string, () => Buffer, number, number, number]>([
  ["four files", () => png(5100, 5100, 1), 5100, THREADS, 0],
  ["four requests", () => png(5100, 5100, 1), 5100, 0, THREADS],
  ["the largest in colours, as a file and as a request", () => png(7070, 7070, 4), 7070, 1, 1],
  ["the largest JPEG, as a file and as requests", () => jpeg(7070, 7070), 7070, 1, 2],
])(`take at most ${MOST_MEGABYTES} MB at once: %s`, (_, image, side, files, requests) => {
  const { outcomes, bytes, megabytes } = decode("square", image(), files, requests);
  expect(outcomes).toEqual(Array(files).fill({ width: side, height: side }));
  expect(bytes).toEqual(Array(requests).fill(28 * 28));
  expect(megabytes).toBeLessThan(MOST_MEGABYTES);
});
