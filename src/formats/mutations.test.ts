import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mutate } from "../../tests/support/mutate.js";
import { processorSeconds } from "../../tests/support/processorTime.js";
import { initializeParameters, type Model } from "../model/index.js";
import { Purpose, RandomStream } from "../numeric/philox.js";
import { TUTORIAL_NORMALIZATION } from "../training/recipes/improvedNetwork.js";
import { FormatError } from "./errors.js";
import { readPth } from "./pth/pth.js";
import { readSafetensors } from "./safetensors.js";
import { readWeights, WEIGHTS_FORMATS, writeWeights } from "./weightFiles.js";
import { openStoredZip } from "./zip/read.js";
import { writeStoredZip } from "./zip/write.js";

const MUTATIONS = 10_000;

/** Reads a file damaged in thousands of ways. Asserts that some are refused, each in one line, and some are read. */
function expectReadOrRefused(original: Uint8Array, read: (bytes: Uint8Array) => unknown): void {
  let refused = 0;
  for (let item = 0; item < MUTATIONS; item++) {
    const damaged = mutate(original, new RandomStream(1998, Purpose.split, 0, item));
    const start = processorSeconds();
    try {
      read(damaged);
    } catch (error) {
      refused++;
      if (!(error instanceof FormatError) || !/^[^\r\n]+$/.test(error.message)) {
        throw new Error(`mutation ${item}`, { cause: error });
      }
    }
    expect(processorSeconds() - start).toBeLessThan(2);
  }
  expect(refused).toBeGreaterThan(MUTATIONS / 10);
  expect(refused).toBeLessThan(MUTATIONS);
}

describe("read or refused in one line, however damaged:", () => {
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

  it("the pickle of a .pth with correct checksums", () => {
    const file = new Uint8Array(readFileSync("tests/fixtures/formats/dtypes.pth"));
    const { names, read } = openStoredZip(file);
    const [[name, pickle], ...others] = names.map((name) => [name, read(name)!] as const);
    expect(name).toBe("dtypes/data.pkl");
    expectReadOrRefused(new Uint8Array(pickle), (damaged) => readPth(writeStoredZip([[name, damaged], ...others], 64)));
  });

  it.each(WEIGHTS_FORMATS)("weights with metadata as %s", (format) => {
    const hidden = { type: "linear", outFeatures: 3 } as const;
    const model: Model = {
      input: { channels: 1, height: 16, width: 16 },
      layers: [
        { type: "conv2d", name: "conv1", outChannels: 2, kernel: 5, stride: 1, padding: 2 },
        { type: "relu" },
        { type: "maxPool2d", kernel: 2, stride: 2 },
        { type: "conv2d", name: "conv2", outChannels: 2, kernel: 5, stride: 1, padding: 0 },
        { type: "relu" },
        { type: "maxPool2d", kernel: 2, stride: 2 },
        { type: "flatten" },
        { ...hidden, name: "fc1" },
        { type: "relu" },
        { ...hidden, name: "fc2" },
        { type: "relu" },
        { ...hidden, name: "fc3" },
      ],
    };
    const weights = { model, parameters: initializeParameters(model, 3), normalization: TUTORIAL_NORMALIZATION };
    expectReadOrRefused(writeWeights(weights, format), readWeights);
  });
});
