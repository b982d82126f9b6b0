import { describe, expect, it } from "vitest";
import { readFields } from "../../address/fields.js";
import { trainFields } from "../../address/trainFields.js";
import { commandLine } from "./commandLine.js";

const lineOf = (query: string) => commandLine(readFields(trainFields, query));

describe("commandLine", () => {
  it("contains what differs from the recipe", () => {
    expect(lineOf("count=60000")).toBe(
      "npx lenet train --recipe improved --data digits --epochs 10 --seed 0 --device cpu",
    );
    expect(lineOf("data=mnist&recipe=paper&epochs=3&seed=5&lr=0.01&batch=64&augment=light,flip=0&val=0.1")).toBe(
      "npx lenet train --recipe paper --data mnist --epochs 3 --batch 64 --lr 0.01 --augment light,flip=0 --val-split 0.1 --seed 5 --device cpu",
    );
  });

  it("is about a network of a fleet, on the device that trained it", () => {
    const fields = readFields(trainFields, "data=mnist&seed=5&networks=4&device=gpu");
    expect(commandLine(fields, 7)).toBe(
      "npx lenet train --recipe improved --data mnist --epochs 10 --seed 7 --device gpu",
    );
  });

  it.each([
    "count=500",
    "data=own",
    "count=60000&dropout=0.2",
    "count=60000&activation=tanh",
    "count=60000&pooling=averagePool2d",
  ])("is none where the command line cannot do it: %s", (query) => {
    expect(lineOf(query)).toBeUndefined();
  });
});
