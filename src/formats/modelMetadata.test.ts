import { describe, expect, it } from "vitest";
import type { ModelMetadata } from "../model/index.js";
import { lenet5 } from "../model/index.js";
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
