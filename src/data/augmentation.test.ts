import { describe, expect, it } from "vitest";
import { drawTransformation, placementFor, TUTORIAL_AUGMENTATION } from "./augmentation.js";

describe("placementFor", () => {
  it("leaves a picture that is not turned where it is", () => {
    const still = { shiftDown: -2, shiftRight: 1, flip: true, degrees: 0 };
    // Half a pixel in 16.16 is the centre of the first pixel.
    expect([...placementFor(still, 28, 28)]).toEqual([-2, 1, 1, 65536, 0, 32768, 0, 65536, 32768]);
  });

  it("takes the source of a quarter turn counter-clockwise from the right edge", () => {
    const quarter = { shiftDown: 0, shiftRight: 0, flip: false, degrees: 90 };
    // The first pixel, top left, comes from the top right: column 27, row 0.
    expect([...placementFor(quarter, 28, 28)]).toEqual([0, 0, 0, 0, -65536, 28 * 65536 - 32768, 65536, 0, 32768]);
  });
});

describe("drawTransformation", () => {
  const draws = Array.from({ length: 20_000 }, (_, sample) => drawTransformation(TUTORIAL_AUGMENTATION, 3, 5, sample));

  it("draws every shift, flip and angle as often as it should", () => {
    for (const shift of [-2, -1, 0, 1, 2]) {
      // 4,000 expected, standard deviation 57.
      expect(Math.abs(draws.filter(({ shiftDown }) => shiftDown === shift).length - 4000)).toBeLessThan(250);
      expect(Math.abs(draws.filter(({ shiftRight }) => shiftRight === shift).length - 4000)).toBeLessThan(250);
    }
    expect(Math.abs(draws.filter(({ flip }) => flip).length - 10_000)).toBeLessThan(350);
    const angles = draws.map(({ degrees }) => degrees);
    expect(Math.min(...angles)).toBeGreaterThanOrEqual(-10);
    expect(Math.min(...angles)).toBeLessThan(-9.95);
    expect(Math.max(...angles)).toBeLessThanOrEqual(10);
    expect(Math.max(...angles)).toBeGreaterThan(9.95);
    // The mean of 20,000 has a standard deviation of 0.041.
    expect(Math.abs(angles.reduce((sum, angle) => sum + angle, 0) / angles.length)).toBeLessThan(0.2);
  });

  it("depends on seed, epoch and sample alone", () => {
    const again = drawTransformation(TUTORIAL_AUGMENTATION, 3, 5, 17);
    expect(again).toEqual(draws[17]);
    expect(drawTransformation(TUTORIAL_AUGMENTATION, 3, 6, 17)).not.toEqual(again);
    expect(drawTransformation(TUTORIAL_AUGMENTATION, 4, 5, 17)).not.toEqual(again);
  });
});
