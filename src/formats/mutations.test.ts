import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { mutate } from "../../tests/support/mutate.js";
import { Purpose, RandomStream } from "../numeric/philox.js";
import { FormatError } from "./errors.js";
import { readPth } from "./pth.js";
import { readSafetensors } from "./safetensors.js";

const MUTATIONS = 4000;

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
