import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inferShapes, type Model, type NamedTensors, parameterSpecs, type Tensor } from "../model/index.js";
import { RECIPES } from "../training/recipes/recipes.js";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { readOnnx } from "./onnx/read.js";
import { writeOnnx } from "./onnx/write.js";
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

/** A small network in LeNet-5's order, for images of 12x12 to 20x20. */
const network = fc
  .record({
    channels: fc.constantFrom(1, 3),
    height: fc.integer({ min: 12, max: 20 }),
    width: fc.integer({ min: 12, max: 20 }),
    activation: fc.constantFrom("sigmoid", "tanh", "relu"),
    pooling: fc.constantFrom("averagePool2d", "maxPool2d"),
    widths: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 4, maxLength: 4 }),
    classes: fc.integer({ min: 2, max: 11 }),
  })
  .map(({ channels, height, width, activation, pooling, widths: [conv1, conv2, fc1, fc2], classes }): Model => {
    const pool = { type: pooling, kernel: 2, stride: 2 } as const;
    const act = { type: activation } as const;
    return {
      input: { channels, height, width },
      layers: [
        { type: "conv2d", name: "conv1", outChannels: conv1, kernel: 5, stride: 1, padding: 2 },
        ...[act, pool],
        { type: "conv2d", name: "conv2", outChannels: conv2, kernel: 5, stride: 1, padding: 0 },
        ...[act, pool, { type: "flatten" } as const],
        ...[{ type: "linear", name: "fc1", outFeatures: fc1 } as const, act],
        ...[{ type: "linear", name: "fc2", outFeatures: fc2 } as const, act],
        { type: "linear", name: "fc3", outFeatures: classes },
      ],
    };
  });

/** Any float32 values, but no NaN and nothing infinite, repeated as often as a tensor needs them. */
const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 50 });

function parametersOf(model: Model, pattern: readonly number[]): Map<string, Tensor> {
  return new Map(
    parameterSpecs(inferShapes(model)).map(({ name, shape }) => {
      const count = shape.reduce((product, extent) => product * extent, 1);
      return [
        name,
        { shape, data: Float32Array.from({ length: count }, (_, place) => pattern[place % pattern.length]) },
      ];
    }),
  );
}

describe("every property holds for", () => {
  it("ONNX: the network, its weights and its normalization, with and without preprocessing", () => {
    const each = fc.double({ min: 0.01, max: 1, noNaN: true });
    const property = fc.property(network, values, each, each, fc.boolean(), (model, pattern, mean, std, withAll) => {
      const parameters = parametersOf(model, pattern);
      const normalization = { mean: [mean], std: [std] };
      const metadata = { model, normalization };
      const written = writeOnnx({ model, parameters, normalization, metadata }, { withPreprocessing: withAll });
      const read = readOnnx(written);
      expect(read.model).toEqual(model);
      expect(content(read.tensors)).toEqual(content(parameters));
      expect(JSON.parse(read.metadata.mean)).toEqual([mean]);
      expect(read.normalization !== undefined).toBe(withAll);
      // Without our metadata, the graph itself says the same.
      const plain = readOnnx(writeOnnx({ model, parameters, normalization }));
      expect(plain.model).toEqual(model);
      expect(content(plain.tensors)).toEqual(content(parameters));
    });
    fc.assert(property, { numRuns: 50 });
  });

  it("checkpoints", () => {
    const floats = tensor.filter(({ data }) => data instanceof Float32Array) as fc.Arbitrary<
      Tensor & { data: Float32Array }
    >;
    const named = fc.array(fc.tuple(text, floats), { minLength: 1, maxLength: 3 }).map((entries) => new Map(entries));
    const epoch = fc.integer({ min: 1, max: 100_000 });
    const state = fc.record({
      epoch,
      parameters: named,
      optimizer: fc.record({ first: named, second: named, average: named }, { requiredKeys: ["first", "second"] }),
      best: fc.record({
        epoch,
        validationAccuracy: fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0),
        parameters: named,
      }),
      identity: fc.dictionary(fc.stringMatching(/^[a-z ]{1,9}$/), text),
    });
    const all = ({ parameters, optimizer, best }: ReturnType<typeof readCheckpoint>) =>
      [parameters, optimizer.first, optimizer.second, optimizer.average ?? new Map(), best.parameters].map(content);
    fc.assert(
      fc.property(state, (written) => {
        const read = readCheckpoint(writeCheckpoint(written));
        expect(all(read)).toEqual(all(written));
        const { epoch, best, identity } = written;
        expect(read).toMatchObject({ epoch, identity });
        expect([read.best.epoch, read.best.validationAccuracy]).toEqual([best.epoch, best.validationAccuracy]);
      }),
    );
  });

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
