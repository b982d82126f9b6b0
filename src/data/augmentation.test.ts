import { describe, expect, it } from "vitest";
import {
  AUGMENTATIONS,
  type Augmentation,
  drawPlacements,
  drawTransformation,
  isAugmenting,
  placementFor,
} from "./augmentation.js";
import { PLACEMENT_WORDS } from "./placement.js";

/** The words for a black background, a brightness of 1 and nothing to erase. */
const PLAIN = [0, 0x3f800000, 0, 0, 0, 0];
const IMAGE = { height: 20, width: 30 };

describe("placementFor", () => {
  it("maps an image without rotation to itself", () => {
    const still = { cropDown: -2, cropRight: 1, flip: true, degrees: 0 };
    // Half a pixel in 16.16 is the centre of the first pixel.
    expect([...placementFor(still, 28, 28)]).toEqual([-2, 1, 1, 65536, 0, 32768, 0, 65536, 32768, ...PLAIN]);
  });

  it("reads a counter-clockwise quarter turn from the right edge", () => {
    const quarter = { cropDown: 0, cropRight: 0, flip: false, degrees: 90 };
    // The first pixel, top left, comes from the top right: column 27, row 0.
    expect([...placementFor(quarter, 28, 28)]).toEqual([
      ...[0, 0, 0, 0, -65536, 28 * 65536 - 32768, 65536, 0, 32768],
      ...PLAIN,
    ]);
  });

  it("matches torchvision's _get_inverse_affine_matrix in Pillow's fixed point", () => {
    // _get_inverse_affine_matrix([10.0, 16.5], -12.5, [3, -2], 0.8, [7.0, 0.0]) in torchvision 0.28.
    const map = { degrees: 12.5, shiftRight: 3, shiftDown: -2, scale: 0.8, shear: 7 };
    expect([...placementFor(map, 33, 20).subarray(3, 9)]).toEqual([82155, -7911, -260831, 17731, 79978, -259985]);
  });

  it("squeezes an image: narrower by a factor, and higher by the same", () => {
    const steps = (map: Parameters<typeof placementFor>[0]) => {
      const [columnX, rowX, , columnY, rowY] = placementFor(map, 28, 28).subarray(3, 9);
      return [columnX, rowX, columnY, rowY].map((step) => step / 65536);
    };
    // From one column to the next, the source is half a column further; from row to row, two rows.
    expect(steps({ squeeze: 0.5 })).toEqual([2, 0, 0, 0.5]);
    expect(steps({ squeeze: 2 })).toEqual([0.5, 0, 0, 2]);
    expect(steps({ squeeze: 2, degrees: 90 })).toEqual([0, -0.5, 2, 0]);
    expect(steps({ squeeze: 2, degrees: 90, scale: 0.5 })).toEqual([0, -1, 4, 0]);
  });

  it("encodes background, brightness and the erased square", () => {
    const placement = placementFor(
      { background: 255, brightness: 1.5, eraseTop: -3, eraseLeft: 20, eraseSide: 9 },
      28,
      28,
    );
    // 1.5 in float32 is 0x3fc00000.
    expect([...placement.subarray(9)]).toEqual([255, 0x3fc00000, -3, 6, 20, 29]);
  });
});

it("writes what it draws for each image, one after the other", () => {
  const draw = { augmentation: AUGMENTATIONS.strong, seed: 3, epoch: 5 };
  const images = [7, 0, 11, 4];
  const target = new Int32Array(3 * PLACEMENT_WORDS);
  drawPlacements(draw, IMAGE, images, 1, 3, target);
  const expected = [0, 11].flatMap((image) => {
    const transformation = drawTransformation(draw.augmentation, IMAGE, draw.seed, draw.epoch, image);
    return [...placementFor(transformation, IMAGE.height, IMAGE.width)];
  });
  expect([...target]).toEqual([...expected, ...Array(PLACEMENT_WORDS).fill(0)]);
});

describe("drawTransformation", () => {
  const draws = Array.from({ length: 20_000 }, (_, sample) =>
    drawTransformation(AUGMENTATIONS.tutorial, IMAGE, 3, 5, sample),
  );

  it("draws every shift, flip and angle with the expected frequency", () => {
    for (const shift of [-2, -1, 0, 1, 2]) {
      // 4,000 expected, standard deviation 57.
      expect(Math.abs(draws.filter(({ cropDown }) => cropDown === shift).length - 4000)).toBeLessThan(250);
      expect(Math.abs(draws.filter(({ cropRight }) => cropRight === shift).length - 4000)).toBeLessThan(250);
    }
    expect(Math.abs(draws.filter(({ flip }) => flip).length - 10_000)).toBeLessThan(350);
    const angles = draws.map(({ degrees }) => degrees);
    expect(Math.min(...angles)).toBeGreaterThanOrEqual(-10);
    expect(Math.min(...angles)).toBeLessThan(-9.95);
    expect(Math.max(...angles)).toBeLessThanOrEqual(10);
    expect(Math.max(...angles)).toBeGreaterThan(9.95);
    // The mean of 20,000 draws has a standard deviation of 0.041.
    expect(Math.abs(angles.reduce((sum, angle) => sum + angle, 0) / angles.length)).toBeLessThan(0.2);
  });

  it("depends only on seed, epoch and sample", () => {
    const again = drawTransformation(AUGMENTATIONS.tutorial, IMAGE, 3, 5, 17);
    expect(again).toEqual(draws[17]);
    expect(drawTransformation(AUGMENTATIONS.tutorial, IMAGE, 3, 6, 17)).not.toEqual(again);
    expect(drawTransformation(AUGMENTATIONS.tutorial, IMAGE, 4, 5, 17)).not.toEqual(again);
  });

  it("draws only the enabled parts, within their ranges", () => {
    const settings: Augmentation = {
      cropPadding: 3,
      flip: 0.3,
      degrees: 20,
      shift: 0.2,
      scale: 0.25,
      shear: 12,
      squeeze: 0.15,
      brightness: 0.4,
      erase: 0.5,
      background: 255,
    };
    const all = Array.from({ length: 20_000 }, (_, sample) => drawTransformation(settings, IMAGE, 3, 5, sample));
    const spread = (
      field: "shiftDown" | "shiftRight" | "scale" | "shear" | "squeeze" | "brightness" | "eraseTop" | "eraseLeft",
    ) => {
      const values = all.map((transformation) => transformation[field]);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return { least: Math.min(...values), most: Math.max(...values), mean };
    };
    // Means lie within four standard deviations of the expected value; the square's centre can be any pixel.
    const expected = [
      ["shiftDown", -4, 4, 0, 0.07],
      ["shiftRight", -6, 6, 0, 0.1],
      ["scale", 0.75, 1.25, 1, 0.005],
      ["shear", -12, 12, 0, 0.2],
      ["squeeze", 0.85, 1.15, 1, 0.003],
      ["brightness", 0.6, 1.4, 1, 0.007],
      ["eraseTop", -5, 14, 4.5, 0.17],
      ["eraseLeft", -5, 24, 9.5, 0.25],
    ] as const;
    for (const [field, least, most, middle, tolerance] of expected) {
      const drawn = spread(field);
      const grain = (most - least) / 1000;
      expect(drawn.least, field).toBeGreaterThanOrEqual(least);
      expect(drawn.least, field).toBeLessThan(least + grain);
      expect(drawn.most, field).toBeLessThanOrEqual(most);
      expect(drawn.most, field).toBeGreaterThan(most - grain);
      expect(Math.abs(drawn.mean - middle), field).toBeLessThan(tolerance);
    }
    expect(new Set(all.map(({ eraseSide, background }) => `${eraseSide} ${background}`))).toEqual(new Set(["10 255"]));
  });

  it("draws each part the same whichever others are enabled", () => {
    const { strong, tutorial } = AUGMENTATIONS;
    const settings: Augmentation = {
      ...strong,
      ...tutorial,
      shift: 0.3,
      scale: 0.2,
      shear: 9,
      squeeze: 0.1,
      erase: 0.4,
    };
    const all = drawTransformation(settings, IMAGE, 1, 2, 3);
    const parts = [
      ["shift", ["shiftDown", "shiftRight"]],
      ["scale", ["scale"]],
      ["shear", ["shear"]],
      ["squeeze", ["squeeze"]],
      ["brightness", ["brightness"]],
      ["erase", ["eraseTop", "eraseLeft", "eraseSide"]],
      ["degrees", ["degrees"]],
    ] as const;
    for (const [part, fields] of parts) {
      const alone = drawTransformation({ ...AUGMENTATIONS.none, [part]: settings[part] }, IMAGE, 1, 2, 3);
      const others = drawTransformation({ ...settings, [part]: 0 }, IMAGE, 1, 2, 3);
      for (const field of fields) expect(alone[field], field).toBe(all[field]);
      const kept = Object.keys(all).filter((field) => !(fields as readonly string[]).includes(field));
      for (const field of kept as (keyof typeof all)[]) expect(others[field], `${field}, no ${part}`).toBe(all[field]);
    }
    const { cropDown, cropRight, flip, degrees } = drawTransformation(tutorial, IMAGE, 1, 2, 3);
    expect(all).toMatchObject({ cropDown, cropRight, flip, degrees });
  });
});

describe("isAugmenting", () => {
  it("is true if any part is enabled; a background alone changes nothing", () => {
    const { none, ...others } = AUGMENTATIONS;
    expect(isAugmenting({ ...none, background: 255 })).toBe(false);
    for (const augmentation of Object.values(others)) expect(isAugmenting(augmentation)).toBe(true);
    for (const part of Object.keys(none).filter((field) => field !== "background")) {
      expect(isAugmenting({ ...none, [part]: 0.1 }), part).toBe(true);
    }
  });
});
