import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { NamedTensors, Tensor } from "../model/index.js";
import { RECIPES } from "../training/recipes/recipes.js";
import { readPth, writePth } from "./pth/pth.js";
import { readRecipeFile } from "./recipeFile.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";
import { openStoredZip } from "./zip/read.js";
import { writeStoredZip } from "./zip/write.js";

// Whatever is written comes back, bit for bit.

/** A tensor of up to three dimensions, with any bits. */
const tensor = fc
  .record({
    shape: fc.array(fc.nat(4), { maxLength: 3 }),
    array: fc.constantFrom(Float32Array, Float64Array, Int8Array, Uint8Array, Int16Array, Int32Array, BigInt64Array),
    bytes: fc.uint8Array({ minLength: 512, maxLength: 512 }),
  })
  .map(({ shape, array, bytes }): Tensor => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    return { shape, data: new array(bytes.slice().buffer, 0, count) };
  });

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const name = text.filter((each) => each !== "__metadata__");
const tensors = fc.array(fc.tuple(name, tensor), { maxLength: 6 }).map((entries) => new Map(entries));
const metadata = fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), text);

/** Names, shapes and bits, in order. Integers as keys of objects would change the order. */
function content(named: NamedTensors) {
  return [...named].map(([name, { shape, data }]) => {
    return [name, shape, data.constructor.name, [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]];
  });
}

describe("every property holds for", () => {
  it("safetensors", () => {
    const ordered = tensors.filter((named) => ![...named.keys()].some((key) => /^\d+$/.test(key)));
    fc.assert(
      fc.property(ordered, metadata, (named, texts) => {
        const read = readSafetensors(writeSafetensors(named, texts));
        expect(content(read.tensors)).toEqual(content(named));
        expect(read.metadata).toEqual(texts);
      }),
    );
  });

  it(".pth, which has no prefix common to all names, and no float64 when it is read", () => {
    const kept = tensors.filter(
      (named) =>
        named.size > 0 &&
        ![...named].some(([key, { data }]) => /^(module|_orig_mod)\./.test(key) || data instanceof Float64Array),
    );
    fc.assert(
      fc.property(kept, metadata, (named, texts) => {
        const read = readPth(writePth(named, texts));
        expect(content(read.tensors)).toEqual(content(named));
        expect(read.metadata).toEqual(texts);
      }),
    );
  });

  it("zip archives", () => {
    const entry = fc.tuple(fc.stringMatching(/^a\/[a-z0-9_]{1,12}$/), fc.uint8Array({ maxLength: 300 }));
    const entries = fc.uniqueArray(entry, { selector: ([key]) => key, minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(entries, fc.constantFrom(1, 8, 64), (stored, alignment) => {
        const archive = openStoredZip(writeStoredZip(stored, alignment));
        const names = stored.map(([key]) => key);
        expect([...archive.names].sort()).toEqual(names.sort());
        for (const [key, bytes] of stored) expect([...archive.read(key)!]).toEqual([...bytes]);
      }),
    );
  });

  it("recipes: a complete one says the same after it is written, and nothing reads a broken one", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const changes = fc.record(
      {
        epochs: fc.integer({ min: 1, max: 100_000 }),
        batchSize: fc.integer({ min: 1, max: 16_384 }),
        dropout: share,
        labelSmoothing: share,
        patience: fc.nat(50),
        augmentation: fc.record({ flip: share, degrees: fc.double({ min: 0, max: 180, noNaN: true }) }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(RECIPES)), changes, (base, changed) => {
        const { recipe } = readRecipeFile(JSON.stringify({ extends: base, ...changed }), "mine");
        expect(readRecipeFile(JSON.stringify(recipe), "other").recipe).toEqual(JSON.parse(JSON.stringify(recipe)));
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom("epochs", "batchSize", "dropout", "schedule"), fc.jsonValue(), (field, value) => {
        fc.pre(typeof value !== "number" && (typeof value !== "object" || value === null));
        expect(() => readRecipeFile(JSON.stringify({ extends: "paper", [field]: value }), "mine")).toThrow();
      }),
    );
  });
});
