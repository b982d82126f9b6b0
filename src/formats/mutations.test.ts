import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { initializeParameters, type Model } from "../model/index.js";
import { Purpose, RandomStream } from "../numeric/philox.js";
import { TUTORIAL_NORMALIZATION } from "../training/recipes/index.js";
import { FormatError } from "./errors.js";
import { readPth } from "./pth.js";
import { readSafetensors } from "./safetensors.js";
import { readWeights, WEIGHTS_FORMATS, writeWeights } from "./weights.js";
import { readStoredZip } from "./zip/read.js";
import { writeStoredZip } from "./zip/write.js";

const MUTATIONS = 10_000;
const EDGES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

/** A file after one to four small accidents. */
function mutate(original: Uint8Array, stream: RandomStream): Uint8Array {
  let bytes = original.slice();
  for (let count = 1 + stream.below(4); count > 0; count--) {
    const place = stream.below(bytes.length);
    const end = Math.min(place + 1 + stream.below(8), bytes.length);
    switch (stream.below(6)) {
      case 0:
        bytes[place] ^= 1 << stream.below(8);
        break;
      case 1:
        bytes[place] = stream.below(256);
        break;
      case 2:
        bytes.fill(EDGES[stream.below(EDGES.length)], place, end);
        break;
      case 3:
        bytes = joined(bytes.subarray(0, place), bytes.subarray(end));
        break;
      case 4: {
        const from = stream.below(bytes.length);
        bytes = joined(bytes.subarray(0, place), bytes.subarray(from, from + end - place), bytes.subarray(place));
        break;
      }
      default:
        if (stream.below(8) === 0) bytes = bytes.subarray(0, place + 1);
    }
  }
  return bytes;
}

function joined(...pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let place = 0;
  for (const piece of pieces) {
    whole.set(piece, place);
    place += piece.length;
  }
  return whole;
}

/** Reads a file, damaged in thousands of ways, and asserts that some are refused, in one line, and some are not. */
function expectReadOrRefused(original: Uint8Array, read: (bytes: Uint8Array) => unknown): void {
  let refused = 0;
  for (let item = 0; item < MUTATIONS; item++) {
    const damaged = mutate(original, new RandomStream(1998, Purpose.split, 0, item));
    const start = performance.now();
    try {
      read(damaged);
    } catch (error) {
      refused++;
      if (!(error instanceof FormatError) || !/^[^\r\n]+$/.test(error.message)) {
        throw new Error(`mutation ${item}`, { cause: error });
      }
    }
    expect(performance.now() - start).toBeLessThan(2000);
  }
  expect(refused).toBeGreaterThan(MUTATIONS / 10);
  expect(refused).toBeLessThan(MUTATIONS);
}

describe("damaged in thousands of ways, it is read or refused in one line:", () => {
  it.each([
    ["zip.pth", readPth],
    ["legacy.pth", readPth],
    ["checkpoint.pth", readPth],
    ["dtypes.pth", readPth],
    ["strided.legacy.pth", readPth],
    ["dtypes.safetensors", readSafetensors],
  ] as const)("%s", (name, read) => {
    expectReadOrRefused(new Uint8Array(readFileSync(`tests/fixtures/formats/${name}`)), read);
  });

  it("the pickle of a .pth whose checksums are right", () => {
    const file = new Uint8Array(readFileSync("tests/fixtures/formats/dtypes.pth"));
    const [[name, pickle], ...others] = readStoredZip(file, () => true);
    expect(name).toBe("dtypes/data.pkl");
    expectReadOrRefused(new Uint8Array(pickle), (damaged) => readPth(writeStoredZip([[name, damaged], ...others], 64)));
  });

  it.each(WEIGHTS_FORMATS)("weights with metadata as %s", (format) => {
    const model: Model = {
      input: { channels: 1, height: 4, width: 4 },
      layers: [
        { type: "conv2d", name: "conv", outChannels: 2, kernel: 3, stride: 1, padding: 1 },
        { type: "flatten" },
        { type: "linear", name: "fc", outFeatures: 2 },
      ],
    };
    const weights = { model, parameters: initializeParameters(model, 3), normalization: TUTORIAL_NORMALIZATION };
    expectReadOrRefused(writeWeights(weights, format), readWeights);
  });
});
