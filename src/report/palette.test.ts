import { describe, expect, it } from "vitest";
import { DARK_SHADES, largestShare, SHADES, shadeLevel, signedColor } from "./palette.js";

/** Relative luminance as WCAG 2.2 defines it. */
function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const value = Number.parseInt(color.slice(start, start + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe.each([
  ["on white", SHADES, -1],
  ["on a dark page", DARK_SHADES, 1],
])("the shades %s", (_, shades, direction) => {
  it("have text with a contrast of at least 4.5, as WCAG requires", () => {
    for (const { fill, ink } of shades) {
      const [dark, light] = [luminance(fill), luminance(ink)].sort((one, other) => one - other);
      expect((light + 0.05) / (dark + 0.05), fill).toBeGreaterThan(4.5);
    }
  });

  it("change lightness in one direction, so that they can be told apart without colour", () => {
    for (let level = 1; level < shades.length; level++) {
      expect(direction * (luminance(shades[level].fill) - luminance(shades[level - 1].fill))).toBeGreaterThan(0);
    }
  });
});

it("has a separate level for 0, and the highest for 1", () => {
  expect([0, 1e-6, 0.01, 0.0101, 0.25, 0.81, 0.82, 1].map(shadeLevel)).toEqual([0, 1, 1, 2, 5, 9, 10, 10]);
  for (let level = 0; level < SHADES.length; level++) expect(shadeLevel(largestShare(level))).toBe(level);
});

it("is blue below 0, white at 0, orange above, and darker further away", () => {
  expect([-1, 0, 1, -2].map(signedColor)).toEqual(["#004488", "#ffffff", "#be5000", "#004488"]);
  for (const sign of [-1, 1]) {
    const lights = [0.1, 0.4, 0.7, 1].map((size) => luminance(signedColor(sign * size)));
    expect(lights).toEqual([...lights].sort((one, other) => other - one));
  }
});
