import { describe, expect, it } from "vitest";
import { compareFields } from "./compareFields.js";
import {
  choice,
  flag,
  names,
  number,
  optionalChoice,
  optionalNumber,
  optionalText,
  readFields,
  writeFields,
} from "./fields.js";
import { inspectFields } from "./inspectFields.js";
import { networkFields } from "./networkFields.js";
import { stageFields } from "./stageFields.js";
import { trainFields } from "./trainFields.js";
import { understandFields } from "./understandFields.js";

const FIELDS = {
  data: choice(["digits", "mnist"], "digits"),
  epochs: number({ least: 1, most: 100, whole: true }, 10),
  lr: optionalNumber({ least: 1e-6, most: 10 }),
  theme: optionalChoice(["light", "dark"]),
  keys: flag(true),
};
const INITIAL = { data: "digits", epochs: 10, lr: undefined, theme: undefined, keys: true };

describe("fields", () => {
  it("have their initial values if the text omits them, and are not written then", () => {
    expect(readFields(FIELDS, "")).toEqual(INITIAL);
    expect(writeFields(FIELDS, readFields(FIELDS, ""))).toBe("");
  });

  it("survive a round trip, in the order of the fields", () => {
    const values = { data: "mnist", epochs: 3, lr: 2e-5, theme: "dark", keys: false } as const;
    const text = writeFields(FIELDS, values);
    expect(text).toBe("data=mnist&epochs=3&lr=0.00002&theme=dark&keys=off");
    expect(readFields(FIELDS, text)).toEqual(values);
  });

  it("take 1 and 0 for on and off", () => {
    expect(readFields(FIELDS, "keys=0").keys).toBe(false);
    expect(readFields({ embed: flag(false) }, "embed=1").embed).toBe(true);
  });

  it.each([
    "data=cifar",
    "data=",
    "epochs=0",
    "epochs=101",
    "epochs=2.5",
    "epochs=ten",
    "epochs=",
    "epochs=Infinity",
    "lr=-1",
    "lr=NaN",
    "theme=blue",
    "keys=maybe",
    "unknown=1",
    "__proto__=1",
  ])("pass over %s", (text) => {
    expect(readFields(FIELDS, text)).toEqual(INITIAL);
  });

  it("hold text in a given form, and names", () => {
    const fields = { layer: optionalText((text) => (/^C\d$/.test(text) ? text : undefined)), runs: names() };
    expect(readFields(fields, "layer=C3&runs=one/two")).toEqual({ layer: "C3", runs: ["one", "two"] });
    expect(readFields(fields, "layer=c3&runs=")).toEqual({ layer: undefined, runs: [] });
    expect(writeFields(fields, { layer: "C3", runs: ["one", "two"] })).toBe("layer=C3&runs=one%2Ftwo");
    expect(writeFields(fields, { layer: undefined, runs: [] })).toBe("");
  });

  it("of different views have different names", () => {
    const views = [
      stageFields,
      networkFields,
      trainFields,
      inspectFields,
      understandFields,
      compareFields,
      { lang: 0, theme: 0, keys: 0 },
    ];
    const all = views.flatMap((fields) => Object.keys(fields));
    expect(all).toEqual([...new Set(all)]);
  });
});
