import { describe, expect, it } from "vitest";
import type { ModelMetadata } from "../model/index.js";
import { lenet5 } from "../model/index.js";
import { FormatError } from "./errors.js";
import { readModelMetadata, writeModelMetadata } from "./modelMetadata.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";

const metadata: ModelMetadata = {
  model: lenet5({
    input: { channels: 3, height: 32, width: 32 },
    classes: 2,
    activation: "relu",
    pooling: "maxPool2d",
    dropout: 0.25,
  }),
  classes: ["Katze 🐈", 'a "quoted" one'],
  normalization: { mean: [0.1307], std: [0.3081] },
  recipe: "improved",
  data: "fashion-mnist",
  epoch: 3,
  validationAccuracy: 1 / 3,
};

describe("a model's metadata", () => {
  it("may have one mean and std for all channels, as early versions wrote it", () => {
    const lenet = JSON.stringify({ ...metadata, normalization: { mean: 0.5, std: 0.25 } });
    expect(readModelMetadata({ lenet })?.normalization).toEqual({ mean: [0.5], std: [0.25] });
  });

  it("survives a safetensors file unchanged", () => {
    const file = readSafetensors(writeSafetensors(new Map(), writeModelMetadata(metadata)));
    expect(readModelMetadata(file.metadata)).toEqual(metadata);
  });

  const flat = (count: number) => ({ ...metadata.model, layers: new Array(count).fill({ type: "flatten" }) });
  const sized = (extent: unknown) => ({ ...metadata.model, input: { channels: 1, height: 1, width: extent } });
  const connected = (connections: unknown) => ({
    ...metadata.model,
    layers: [{ type: "conv2d", name: "c", outChannels: 1, kernel: 1, stride: 1, padding: 0, connections }],
  });
  const normalized = (mean: unknown, std: unknown) => ({ mean, std });

  it.each<[string, object]>([
    ["64 layers", { model: flat(64) }],
    ["a width of 1024", { model: sized(1024) }],
    ["a width of 0, which the model's shapes refuse", { model: sized(0) }],
    ["4096 classes", { classes: new Array(4096).fill("") }],
    ["a name of 1000 characters", { recipe: "x".repeat(1000), data: "y".repeat(1000), run: "z".repeat(1000) }],
    ["the least and the best accuracy", { validationAccuracy: 0, epoch: 0 }],
    ["an accuracy of 1", { validationAccuracy: 1 }],
    ["a small std", { normalization: normalized([-1, 0, 2], [1e-9]) }],
    ["a table of connections", { model: connected([[0, 16_384], []]) }],
    ["no connections", { model: connected([]) }],
    ["a framing", { framing: { resize: "cover", background: 255 } }],
  ])("may have %s", (_, change) => {
    const changed = { ...metadata, ...change };
    const read = readModelMetadata({ lenet: JSON.stringify(changed) });
    expect(read).toEqual(changed);
    // Unknown fields, perhaps of later versions, are left out; those of no value do not appear.
    expect(readModelMetadata({ lenet: JSON.stringify({ ...changed, later: 1 }) })).toEqual(read);
    expect(Object.keys(read!).sort()).toEqual(Object.keys(changed).sort());
  });

  it.each<[object, string]>([
    [{ model: flat(65) }, "model.layers: must be a list of at most 64, not ["],
    [{ model: { ...metadata.model, layers: {} } }, "model.layers: must be a list of numbers, not {}"],
    [{ model: { ...metadata.model, layers: [[]] } }, "model.layers.0: must be an object, not []"],
    [{ model: { ...metadata.model, layers: [null] } }, "model.layers.0: must be an object, not null"],
    [{ model: { ...metadata.model, layers: [{}] } }, "model.layers.0.type: is missing: it must be "],
    [{ model: { ...metadata.model, layers: [{ type: "toString" }] } }, "model.layers.0.type: must be "],
    [
      { model: { ...metadata.model, layers: [{ type: "linear", name: 1, outFeatures: 1 }] } },
      "model.layers.0.name: must be a string, not 1",
    ],
    [{ model: sized(1025) }, "model.input.width: must be at most 1024, not 1025"],
    [{ model: sized(-1) }, "model.input.width: must be at least 0, not -1"],
    [{ model: sized("1") }, 'model.input.width: must be a whole number, not "1"'],
    [{ model: connected([[16_385]]) }, "model.layers.0.connections.0.0: must be at most 16384, not 16385"],
    [{ model: connected(7) }, "model.layers.0.connections: must be a list of numbers, not 7"],
    [{ classes: new Array(4097).fill("") }, "classes: must be a list of at most 4096, not ["],
    [{ classes: [1] }, "classes.0: must be a string, not 1"],
    [{ run: "z".repeat(1001) }, 'run: must be at most 1000 characters long, not "zzz'],
    [{ validationAccuracy: -0.1 }, "validationAccuracy: must be at least 0, not -0.1"],
    [{ epoch: -1 }, "epoch: must be at least 0, not -1"],
    [{ epoch: 2 ** 53 }, "epoch: must be at most 9007199254740991, not 9007199254740992"],
    [{ normalization: normalized([0], 0) }, "normalization.std: must be above 0, not 0"],
    [{ normalization: normalized("0", 1) }, 'normalization.mean: must be a number or a list of numbers, not "0"'],
    [{ normalization: normalized([0, "1"], 1) }, 'normalization.mean.1: must be a number, not "1"'],
    [{ normalization: normalized([0], undefined) }, "normalization.std: is missing: it must be a number or a list"],
    [{ framing: { resize: "cover", background: 7 } }, "framing.background: must be 0 or 255, not 7"],
  ])("is refused for a field: %#", (change, message) => {
    const read = () => readModelMetadata({ lenet: JSON.stringify({ ...metadata, ...change }) });
    expect(read).toThrow(FormatError);
    expect(read).toThrow(`the metadata "lenet": ${message}`);
  });

  it("may have a million characters", () => {
    const lenet = JSON.stringify(metadata).padEnd(1_000_000);
    expect(readModelMetadata({ lenet })).toEqual(metadata);
    expect(() => readModelMetadata({ lenet: `${lenet} ` })).toThrow("has 1000001 characters, more than 1000000");
  });

  it("may have only numbers that JavaScript can hold", () => {
    const endless = JSON.stringify(metadata).replace(/"mean":\[[^\]]*\]/, '"mean":[1e999]');
    expect(() => readModelMetadata({ lenet: endless })).toThrow("normalization.mean.0: must be a number, not null");
  });

  it("may have the field names of version 0.1, at any place", () => {
    const { normalization: _, ...rest } = metadata;
    const lenet = JSON.stringify({
      ...rest,
      normalization: { mean: [0], deviation: [1] },
      pictures: { fit: "cover", background: 0 },
    });
    expect(readModelMetadata({ lenet })).toEqual({
      ...rest,
      normalization: { mean: [0], std: [1] },
      framing: { resize: "cover", background: 0 },
    });
  });

  it("is undefined if a file has none of ours", () => {
    expect(readModelMetadata({ format: "pt" })).toBeUndefined();
  });

  it.each([
    ["{", /^the metadata "lenet" is not JSON$/],
    ["[]", /^the metadata "lenet": must be an object, not /],
    [JSON.stringify({ ...metadata, classes: "ten" }), /^the metadata "lenet": classes: /],
    [
      JSON.stringify({ ...metadata, model: { ...metadata.model, layers: [{ type: "lstm" }] } }),
      /: model.layers.0.type: /,
    ],
    [
      JSON.stringify({ ...metadata, normalization: { mean: null, std: 1 } }),
      /: normalization.mean: must be a number or a list of numbers, not null$/,
    ],
    [
      JSON.stringify({ ...metadata, normalization: { mean: [0.5], std: [1, 0] } }),
      /: normalization.std.1: must be above 0, not 0$/,
    ],
    [
      JSON.stringify({ ...metadata, normalization: { mean: [], std: [1] } }),
      /: normalization.mean: must be a list of at least 1, not \[\]$/,
    ],
    [
      JSON.stringify({ ...metadata, normalization: { mean: [0], std: [1], variance: 1 } }),
      /: normalization: there is no field "variance"; there are mean, std$/,
    ],
    [
      JSON.stringify({ ...metadata, framing: { resize: "squash", background: 0 } }),
      /: framing.resize: must be "contain" or "cover" or .*, not "squash"$/,
    ],
    [JSON.stringify({ ...metadata, epoch: 1.5 }), /: epoch: must be a whole number, not 1.5$/],
    [JSON.stringify({ ...metadata, validationAccuracy: 2 }), /: validationAccuracy: must be at most 1, not 2$/],
    [JSON.stringify({ classes: [] }), /: model: is missing: it must be an object$/],
    [
      JSON.stringify({ ...metadata, model: { ...metadata.model, layers: Array(65).fill({ type: "flatten" }) } }),
      /: model.layers: must be a list of at most 64, not \[/,
    ],
  ])("is refused in one line: %s", (text, message) => {
    let failure = "";
    try {
      readModelMetadata({ lenet: text });
    } catch (error) {
      failure = (error as Error).message;
    }
    expect(failure).toMatch(message);
    expect(failure).not.toContain("\n");
  });
});
