import { describe, expect, it } from "vitest";
import { AUGMENTATIONS } from "./augmentation.js";
import { formatAugmentation, parseAugmentation } from "./augmentationText.js";

const { none, strong, tutorial } = AUGMENTATIONS;

describe("parseAugmentation", () => {
  it.each(Object.entries(AUGMENTATIONS))("knows %s by its name", (name, augmentation) => {
    expect(parseAugmentation(name)).toEqual({ augmentation, flipGiven: false });
  });

  it("starts from none without a preset", () => {
    expect(parseAugmentation("crop=3, degrees = 12.5")).toEqual({
      augmentation: { ...none, cropPadding: 3, degrees: 12.5 },
      flipGiven: false,
    });
    const all = "crop=1,flip=.25,degrees=2,shift=0.1,scale=0.2,shear=3,brightness=0.3,erase=0.4";
    expect(parseAugmentation(all)).toEqual({
      augmentation: {
        cropPadding: 1,
        flip: 0.25,
        degrees: 2,
        shift: 0.1,
        scale: 0.2,
        shear: 3,
        brightness: 0.3,
        erase: 0.4,
        background: 0,
      },
      flipGiven: true,
    });
  });

  it("overrides a preset and tells whether flip was given", () => {
    expect(parseAugmentation("strong,flip=0")).toEqual({ augmentation: { ...strong, flip: 0 }, flipGiven: true });
    expect(parseAugmentation("tutorial,flip=0.5")).toEqual({ augmentation: tutorial, flipGiven: true });
    expect(parseAugmentation("tutorial,crop=0,shear=80")).toEqual({
      augmentation: { ...tutorial, cropPadding: 0, shear: 80 },
      flipGiven: false,
    });
  });

  const keys = "crop, flip, degrees, shift, scale, shear, brightness, erase";
  const names = `none, tutorial, light, strong, and key=value with the keys ${keys}`;
  it.each([
    ["", `there is no augmentation ""; there are ${names}`],
    ["constructor", `there is no augmentation "constructor"; there are ${names}`],
    ["weak,flip=0", `there is no augmentation "weak"; there are ${names}`],
    ["rotate=10", `there is no key "rotate" of augmentation; they are ${keys}`],
    ["strong,background=255", `there is no key "background" of augmentation; they are ${keys}`],
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
    ["crop=2.5", 'crop must be a whole number from 0 to 64, not "2.5"'],
    ["crop=65", 'crop must be a whole number from 0 to 64, not "65"'],
    ["crop=2,flip=0,crop=2", '"crop=2" repeats a key'],
  ])("refuses %j", (text, message) => {
    expect(() => parseAugmentation(text)).toThrow(new RangeError(message));
  });
});

describe("formatAugmentation", () => {
  it.each(Object.entries(AUGMENTATIONS))("says %s as it is parsed", (_, augmentation) => {
    expect(parseAugmentation(formatAugmentation(augmentation)).augmentation).toEqual(augmentation);
  });

  it("names what is done, as on the command line", () => {
    expect(formatAugmentation(tutorial)).toBe("crop=2,flip=0.5,degrees=10");
    expect(formatAugmentation(none)).toBe("none");
  });
});
