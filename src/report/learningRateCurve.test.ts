import { describe, expect, it } from "vitest";
import { type LearningRatePoint, learningRateCurveSvg } from "./learningRateCurve.js";

/** A loss of 2 that halves around 1e-3 and explodes towards 10. */
const points: LearningRatePoint[] = Array.from({ length: 200 }, (_, index) => {
  const learningRate = 1e-7 * 1e8 ** (index / 200);
  return { learningRate, loss: 2 - learningRate / (learningRate + 1e-3) + learningRate ** 3 };
});
const OPTIONS = { title: "a & <b>", subtitle: "seed 1", marks: { steepest: 1e-3, valley: 1.23456e-4 } };

function texts(svg: string): { text: string; x: number; y: number }[] {
  return [...svg.matchAll(/<text ([^>]*)>([^<]*)<\/text>/g)].map(([, attributes, text]) => {
    const [x, y] = ["x", "y"].map((name) => Number(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1]));
    return { text, x, y };
  });
}

describe("learningRateCurveSvg", () => {
  const svg = learningRateCurveSvg(points, OPTIONS);

  it("labels the axes, with a tick at each power of ten", () => {
    const found = texts(svg).map(({ text }) => text);
    for (const text of ["a &amp; &lt;b&gt;", "seed 1", "learning rate", "loss, smoothed", "1e-7", "1e-3", "1e+1"]) {
      expect(found).toContain(text);
    }
    expect(svg).toMatch(/^<svg role="img" [^>]*>\n<title>a &amp; &lt;b&gt;: loss by learning rate<\/title>/);
    expect(svg).not.toMatch(/NaN|Infinity|undefined|<style|class=|ecmeta|zr\d/);
  });

  it("marks learning rates at the correct positions, each label on its own line", () => {
    const [valley, steepest] = ["valley: 0.000123", "steepest: 0.00100"].map(
      (wanted) => texts(svg).find(({ text }) => text === wanted)!,
    );
    // The axis runs from 1e-7 at 80 to 10 at 760: 85 pixels per power of ten.
    expect(steepest.x).toBeCloseTo(80 + 4 * 85, 0);
    expect(valley.x).toBeCloseTo(80 + 85 * (Math.log10(1.23456e-4) + 7), 0);
    expect(valley.y - steepest.y).toBeGreaterThanOrEqual(15);
  });

  it("cuts off an exploding loss", () => {
    const values = texts(svg).map(({ text }) => Number(text));
    expect(values).toContain(2.5);
    expect(Math.max(...values.filter(Number.isFinite).filter((value) => value !== 10))).toBe(2.5);
  });

  it("gives the same text each time, and draws a single step", () => {
    expect(learningRateCurveSvg(points, OPTIONS)).toBe(svg);
    expect(learningRateCurveSvg(points.slice(0, 1), OPTIONS)).not.toMatch(/NaN|Infinity/);
    expect(() => learningRateCurveSvg([], OPTIONS)).toThrow(RangeError);
  });
});
