import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Purpose, RandomStream } from "../numeric/philox.js";
import { FormatError } from "./errors.js";
import { readPth } from "./pth.js";
import { readSafetensors } from "./safetensors.js";

const MUTATIONS = 4000;
const EDGES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/** A file after one to four small accidents. */
function mutate(original: Uint8Array, stream: RandomStream): Uint8Array {
  let bytes = [...original];
  for (let count = 1 + stream.below(4); count > 0; count--) {
    const place = stream.below(bytes.length);
    const length = 1 + stream.below(8);
    switch (stream.below(6)) {
      case 0:
        bytes[place] ^= 1 << stream.below(8);
        break;
      case 1:
        bytes[place] = stream.below(256);
        break;
      case 2:
        bytes.fill(EDGES[stream.below(EDGES.length)], place, place + length);
        break;
      case 3:
        bytes.splice(place, length);
        break;
      case 4:
        bytes.splice(place, 0, ...bytes.slice(stream.below(bytes.length)).slice(0, length));
        break;
      default:
        if (stream.below(8) === 0) {
          bytes = bytes.slice(0, place + 1);
        }
    }
  }
  return Uint8Array.from(bytes);
}

it.each([
  ["zip.pth", readPth],
  ["legacy.pth", readPth],
  ["checkpoint.pth", readPth],
  ["dtypes.pth", readPth],
  ["strided.legacy.pth", readPth],
  ["dtypes.safetensors", readSafetensors],
] as const)("%s, damaged in thousands of ways, is read or refused in one line", (name, read) => {
  const original = readFileSync(`tests/fixtures/formats/${name}`);
  let refused = 0;
  for (let item = 0; item < MUTATIONS; item++) {
    const damaged = mutate(original, new RandomStream(1998, Purpose.split, 0, item));
    const start = performance.now();
    try {
      read(damaged);
    } catch (error) {
      refused++;
      if (!(error instanceof FormatError) || !/^[^\r\n]+$/.test(error.message)) {
        throw new Error(`mutation ${item} of ${name}`, { cause: error });
      }
    }
    expect(performance.now() - start).toBeLessThan(2000);
  }
  expect(refused).toBeGreaterThan(MUTATIONS / 10);
  expect(refused).toBeLessThan(MUTATIONS);
});
