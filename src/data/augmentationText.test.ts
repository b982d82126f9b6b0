import { describe, expect, it } from "vitest";
import { AUGMENTATIONS } from "./augmentation.js";
import { formatAsPreset, formatAugmentation, parseAugmentation } from "./augmentationText.js";

const { none, strong, tutorial } = AUGMENTATIONS;

describe("parseAugmentation", () => {
  it.each(Object.entries(AUGMENTATIONS))("knows the preset %s", (name, augmentation) => {
    expect(parseAugmentation(name)).toEqual({ augmentation, flipGiven: false });
  });

  it("starts from none if there is no preset", () => {
    expect(parseAugmentation("crop=3, degrees = 12.5")).toEqual({
      augmentation: { ...none, cropPadding: 3, degrees: 12.5 },
      flipGiven: false,
    });
    const all = "crop=1,flip=.25,degrees=2,shift=0.1,scale=0.2,shear=3,squeeze=0.5,brightness=0.3,erase=0.4";
    expect(parseAugmentation(all)).toEqual({
      augmentation: {
        cropPadding: 1,
        flip: 0.25,
        degrees: 2,
        shift: 0.1,
        scale: 0.2,
        shear: 3,
        squeeze: 0.5,
        brightness: 0.3,
        erase: 0.4,
        background: 0,
      },
      flipGiven: true,
    });
  });

  it("overrides a preset and reports whether flip was set explicitly", () => {
    expect(parseAugmentation(" strong , flip = 0 ")).toEqual(parseAugmentation("strong,flip=0"));
    expect(parseAugmentation("strong,flip=0")).toEqual({ augmentation: { ...strong, flip: 0 }, flipGiven: true });
    expect(parseAugmentation("tutorial,flip=0.5")).toEqual({ augmentation: tutorial, flipGiven: true });
    expect(parseAugmentation("tutorial,crop=0,shear=80")).toEqual({
      augmentation: { ...tutorial, cropPadding: 0, shear: 80 },
      flipGiven: false,
    });
  });

  const keys = "crop, flip, degrees, shift, scale, shear, squeeze, brightness, erase";
  const names = `none, tutorial, light, strong, or key=value with the keys ${keys}`;
  it.each([
    ["", `unknown augmentation ""; use ${names}`],
    ["constructor", `unknown augmentation "constructor"; use ${names}`],
    ["weak,flip=0", `unknown augmentation "weak"; use ${names}`],
    ["rotate=10", `unknown augmentation key "rotate"; the keys are ${keys}`],
    ["strong,background=255", `unknown augmentation key "background"; the keys are ${keys}`],
    ["flip=0,strong", '"strong" is not key=value; a preset can only come first'],
    ["strong,", '"" is not key=value; a preset can only come first'],
    ["flip=0=1", '"flip=0=1" is not key=value; a preset can only come first'],
    ["flip=1.01", 'flip must be a number from 0 to 1, not "1.01"'],
    ["flip=", 'flip must be a number from 0 to 1, not ""'],
    ["degrees=ten", 'degrees must be a number from 0 to 180, not "ten"'],
    ["degrees=-10", 'degrees must be a number from 0 to 180, not "-10"'],
    ["scale=1", 'scale must be a number from 0 to 0.9, not "1"'],
    ["shear=90", 'shear must be a number from 0 to 80, not "90"'],
    ["erase=Infinity", 'erase must be a number from 0 to 1, not "Infinity"'],
    ["crop=2.5", 'crop must be an integer from 0 to 64, not "2.5"'],
    ["crop=65", 'crop must be an integer from 0 to 64, not "65"'],
    ["crop=2,flip=0,crop=2", '"crop=2" repeats a key'],
  ])("refuses %j", (text, message) => {
    expect(() => parseAugmentation(text)).toThrow(new RangeError(message));
  });
});

describe("formatAsPreset", () => {
  it.each([
    ...Object.keys(AUGMENTATIONS),
    "none,crop=1",
    "light,crop=1",
    "tutorial,degrees=5",
    "strong,flip=0",
    "strong,shear=0,erase=0",
    // "tutorial,crop=1,flip=0" would be as short.
    "none,crop=1,degrees=10",
  ])("names the most similar preset and what is changed: %s", (text) => {
    expect(formatAsPreset(parseAugmentation(text).augmentation)).toBe(text);
  });
});

describe("formatAugmentation", () => {
  it.each(Object.entries(AUGMENTATIONS))("formats %s so that it parses back", (_, augmentation) => {
    expect(parseAugmentation(formatAugmentation(augmentation)).augmentation).toEqual(augmentation);
  });

  it("lists the enabled parts as on the command line", () => {
    expect(formatAugmentation(tutorial)).toBe("crop=2,flip=0.5,degrees=10");
    expect(formatAugmentation(none)).toBe("none");
  });
});
