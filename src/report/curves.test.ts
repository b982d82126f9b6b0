import { describe, expect, it } from "vitest";
import { type CurvePoint, curvesSvg, MOST_OVERLAID_RUNS, overlaySvg } from "./curves.js";

const TRAIN_COLOR = "#0072b2";
const VALIDATION_COLOR = "#d55e00";

function history(epochs: number): CurvePoint[] {
  return Array.from({ length: epochs }, (_, index) => {
    const rest = Math.exp(-(index + 1) / 15);
    return {
      epoch: index + 1,
      trainLoss: 0.25 + 0.6 * rest,
      trainAccuracy: 0.91 - 0.25 * rest,
      validationLoss: 0.3 + 0.5 * rest,
      validationAccuracy: 0.89 - 0.2 * rest,
    };
  });
}

/** The texts of a chart, unescaped. */
function texts(svg: string): string[] {
  return [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map((match) => match[1]);
}

/** The paths of the curves, in the order loss train, loss validation, accuracy train, accuracy validation. */
function paths(svg: string): string[] {
  return curvePaths(svg).map(([, path]) => path);
}

/** The elements of the curves, which are in nested SVG elements, with their attributes. */
function curvePaths(svg: string): RegExpExecArray[] {
  return [...svg.matchAll(/<svg x=.*?<\/svg>/gs)].flatMap(([plot]) => [...plot.matchAll(/<path d="([^"]*)"([^>]*)>/g)]);
}

/** How many markers of a colour are on the curves of both plots; the legend's are at the origin of their group. */
function markers(svg: string, color: string): number {
  return svg.match(new RegExp(`transform="translate\\((?!0 0)[^"]*" fill="${color}"`, "g"))?.length ?? 0;
}

describe("curvesSvg", () => {
  it("labels axes, legends and the best validation epoch in both plots", () => {
    const points = history(10);
    points[6] = { ...points[6], validationAccuracy: 0.91234, validationLoss: 0.43217 };
    const found = texts(curvesSvg(points, { title: "paper", subtitle: "seed 1" }));
    expect(found).toContain("paper");
    expect(found).toContain("seed 1");
    for (const twice of ["epoch", "train", "validation"]) {
      expect(found.filter((text) => text === twice)).toHaveLength(2);
    }
    expect(found).toContain("loss");
    expect(found).toContain("accuracy (%)");
    expect(found).toContain("best validation: 91.23 % at epoch 7");
    expect(found).toContain("validation at epoch 7: 0.4322");
  });

  it("marks the first of equally good epochs", () => {
    const points = history(5).map((point) => ({ ...point, validationAccuracy: 0.5 }));
    expect(texts(curvesSvg(points, { title: "" }))).toContain("best validation: 50.00 % at epoch 1");
  });

  it("draws values at the correct positions", () => {
    const points = [0.2, 0.4].map((value, index) => ({
      epoch: index + 1,
      trainLoss: value,
      validationLoss: value / 2,
      trainAccuracy: 0.7,
      validationAccuracy: value,
    }));
    const svg = curvesSvg(points, { title: "" });
    const [trainLoss, validationLoss] = paths(svg).map((path) => path.match(/[\d.]+/g)!.map(Number));
    // The plot is 296 pixels high, from 0.1 at 414 to 0.4 at 118: 0.2 is a third of the way up.
    expect(trainLoss[1]).toBeCloseTo(414 - 296 / 3, 1);
    expect(trainLoss[3]).toBeCloseTo(118, 1);
    expect(validationLoss[1]).toBeCloseTo(414, 1);
    expect(validationLoss[3]).toBeCloseTo(414 - 296 / 3, 1);
    expect([validationLoss[0], validationLoss[2]]).toEqual([trainLoss[0], trainLoss[2]]);
    expect(texts(svg)).toEqual(expect.arrayContaining(["0.1", "0.4", "20", "70"]));
  });

  it("distinguishes training and validation by colour, marker and dash", () => {
    const svg = curvesSvg(history(10), { title: "" });
    const curve = (color: string) => [...svg.matchAll(new RegExp(`<path [^>]*stroke="${color}"[^>]*>`, "g"))];
    // Two plots, each with a curve and a legend.
    expect(curve(TRAIN_COLOR)).toHaveLength(4);
    expect(curve(VALIDATION_COLOR)).toHaveLength(4);
    for (const [path] of curve(TRAIN_COLOR)) expect(path).not.toContain("stroke-dasharray");
    for (const [path] of curve(VALIDATION_COLOR)) expect(path).toContain('stroke-dasharray="7,4"');
    const shape = (color: string) =>
      new RegExp(`d="([^"]*)" transform="translate[^"]*" fill="${color}"`).exec(svg)?.[1];
    expect(shape(TRAIN_COLOR)).toContain("A");
    expect(shape(VALIDATION_COLOR)).toMatch(/^M[^A]*Z$/);
  });

  it.each([
    [1, 2, 2],
    [2, 4, 4],
    [10, 20, 20],
    [100, 26, 24],
  ])("draws %i epochs with %i markers for training and %i for validation", (epochs, train, validation) => {
    const svg = curvesSvg(history(epochs), { title: "" });
    expect([markers(svg, TRAIN_COLOR), markers(svg, VALIDATION_COLOR)]).toEqual([train, validation]);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("labels the first epoch and round ones", () => {
    const labels = (epochs: number) => {
      const found = texts(curvesSvg(history(epochs), { title: "" })).filter((text) => /^\d+$/.test(text));
      return found.slice(found.lastIndexOf("1")).map(Number);
    };
    expect(labels(1)).toEqual([1]);
    expect(labels(10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(labels(37)).toEqual([1, 5, 10, 15, 20, 25, 30, 35]);
    expect(labels(100)).toEqual([1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  });

  it("leaves a gap at a value that is not finite, and marks an isolated one", () => {
    const whole = history(60);
    // Sparse markers are at epochs 1, 6, 11, …, 56; 23 is isolated, and 56 is missing.
    const lost = [22, 24, 55, 56, 57, 58, 59, 60];
    const broken = whole.map((point) => (lost.includes(point.epoch) ? { ...point, trainLoss: Number.NaN } : point));
    const [before, after] = [whole, broken].map((points) => curvesSvg(points, { title: "" }));
    const pieces = (svg: string) =>
      paths(svg)[0]
        .split("M")
        .filter((piece) => piece.includes("L"));
    expect(pieces(before)).toHaveLength(1);
    expect(pieces(after)).toHaveLength(2);
    const lossMarkers = (svg: string) =>
      [...svg.matchAll(/transform="translate\(([\d.]+) [\d.]+\)" fill="#0072b2"/g)]
        .map((match) => Number(match[1]))
        .filter((x) => x > 0 && x < 600);
    const epochs = (svg: string) => {
      const [first] = lossMarkers(before);
      const perEpoch = (lossMarkers(before)[1] - first) / 5;
      return lossMarkers(svg).map((x) => 1 + Math.round((x - first) / perEpoch));
    };
    expect(epochs(before)).toEqual([1, 6, 11, 16, 21, 26, 31, 36, 41, 46, 51, 56]);
    expect(epochs(after)).toEqual([1, 6, 11, 16, 21, 23, 26, 31, 36, 41, 46, 51]);
    expect(after).not.toMatch(/NaN|Infinity/);
  });

  it("says if no loss is finite, and still draws the accuracy", () => {
    const points = history(5).map((point) => ({
      ...point,
      trainLoss: Number.NaN,
      validationLoss: Number.POSITIVE_INFINITY,
    }));
    const found = texts(curvesSvg(points, { title: "" }));
    expect(found).toContain("no finite loss");
    expect(found).toContain("best validation: 74.67 % at epoch 5");
    expect(found.filter((text) => text.startsWith("validation at"))).toEqual([]);
  });

  it("never has an axis above 100 % or below 0", () => {
    const points = history(3).map((point) => ({
      ...point,
      trainAccuracy: 1,
      validationAccuracy: 1,
      trainLoss: 0,
      validationLoss: 0,
    }));
    const numbers = texts(curvesSvg(points, { title: "" }))
      .map(Number)
      .filter(Number.isFinite);
    expect(Math.max(...numbers)).toBe(100);
    expect(Math.min(...numbers)).toBe(0);
  });

  it.each([
    [3e-9, ["0", "1.0e-9", "2.0e-9", "3.0e-9"]],
    [6e8, ["0", "2.0e+8", "4.0e+8", "6.0e+8"]],
  ])("keeps labels short for a loss of %d", (largest, labels) => {
    const points = history(2).map((point, index) => ({
      ...point,
      trainLoss: index * largest,
      validationLoss: index * largest,
    }));
    expect(texts(curvesSvg(points, { title: "" }))).toEqual(expect.arrayContaining(labels));
  });

  it("escapes a title, and shortens a long one", () => {
    expect(curvesSvg(history(2), { title: `a <b> & "{c|d}"` })).toContain("a &lt;b&gt; &amp; &quot;{c|d}&quot;</text>");
    const long = texts(curvesSvg(history(2), { title: "word ".repeat(100) })).find((text) => text.startsWith("word"));
    expect(long).toMatch(/\.\.\.$/);
    expect(long!.length).toBeLessThan(120);
  });

  it("gives the same text each time, on white", () => {
    const first = curvesSvg(history(10), { title: "a" });
    expect(curvesSvg(history(10), { title: "a" })).toBe(first);
    expect(first).toContain('<rect width="1200" height="480" fill="#ffffff"/>');
    expect(first).not.toMatch(/<style|class=|ecmeta|zr\d/);
  });

  it("describes itself to screen readers", () => {
    const svg = curvesSvg(history(3), { title: "a & <b>" });
    expect(svg).toMatch(/^<svg role="img" [^>]*>\n<title>a &amp; &lt;b&gt;: loss and accuracy by epoch<\/title>/);
  });

  it("refuses an empty history", () => {
    expect(() => curvesSvg([], { title: "" })).toThrow(RangeError);
  });
});

const run = (name: string, epochs = 3, height = 0.5) => ({
  name,
  history: Array.from({ length: epochs }, (_, index) => ({
    epoch: index + 1,
    trainLoss: height + 1 / (index + 1),
    validationLoss: height + 2 / (index + 1),
    trainAccuracy: height,
    validationAccuracy: height + 0.1,
  })),
});

describe("overlaySvg", () => {
  it("draws training and validation of every run in both plots, on shared axes", () => {
    const svg = overlaySvg([run("a", 2), run("b", 4)]);
    expect(paths(svg)).toHaveLength(8);
    const ends = curvePaths(svg).map(([, path]) => Number(path.match(/[\d.]+(?=,[\d.]+$)/)![0]));
    // The run of two epochs ends a third of the way along the run of four.
    expect(new Set(ends.slice(0, 2)).size).toBe(1);
    expect(ends[2] - ends[0]).toBeGreaterThan(200);
    expect(texts(svg).filter((text) => text === "4")).toHaveLength(2);
  });

  it("distinguishes training and validation by the dash, and names the runs", () => {
    const svg = overlaySvg([run("first"), run(`<${"x".repeat(60)}>`)]);
    expect(curvePaths(svg).map(([, , attributes]) => attributes.includes("stroke-dasharray"))).toEqual(
      [0, 1, 2, 3].flatMap(() => [false, true]),
    );
    expect(texts(svg)).toContain("first");
    expect(texts(svg)).toContain(`&lt;${"x".repeat(34)}…`);
  });

  it("gives every run its own colour and marker", () => {
    const runs = Array.from({ length: MOST_OVERLAID_RUNS }, (_, index) => run(`run ${index}`, 1, index / 50));
    const svg = overlaySvg(runs);
    const looks = [...svg.matchAll(/<path d="([^"]*)" transform="(?:matrix|translate)[^"]*" fill="(#[0-9a-f]{6})"/g)];
    expect(new Set(looks.map(([, shape, color]) => `${shape} ${color}`)).size).toBeGreaterThanOrEqual(
      MOST_OVERLAID_RUNS,
    );
    for (const { name } of runs) expect(texts(svg)).toContain(name);
  });

  it("leaves room for the legend", () => {
    const height = (runs: number) =>
      Number(/height="(\d+)"/.exec(overlaySvg(Array.from({ length: runs }, (_, index) => run(`${index}`))))![1]);
    expect(height(2)).toBe(height(3));
    expect(height(4)).toBe(height(3) + 24);
  });

  it("refuses no runs, and more than can be told apart", () => {
    expect(() => overlaySvg([])).toThrow(RangeError);
    expect(() => overlaySvg(Array.from({ length: MOST_OVERLAID_RUNS + 1 }, () => run("a")))).toThrow(RangeError);
  });
});
