import { describe, expect, it } from "vitest";
import { MOST_OVERLAID_RUNS, overlaySvg } from "./overlay.js";

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

const texts = (svg: string) => [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
/** The curves' paths, in the order of plots, runs and parts. */
const paths = (svg: string) => [...svg.matchAll(/<g clip-path[^>]*>\s*<path d="([^"]*)"([^>]*)>/g)];

describe("overlaySvg", () => {
  it("draws training and validation of every run in both plots, on common axes", () => {
    const svg = overlaySvg([run("a", 2), run("b", 4)]);
    expect(paths(svg)).toHaveLength(8);
    const ends = paths(svg).map(([, path]) => Number(path.match(/[\d.]+(?= [\d.]+$)/)![0]));
    // The run of two epochs ends at a third of the way to the end of the one of four.
    expect(new Set(ends.slice(0, 2)).size).toBe(1);
    expect(ends[2] - ends[0]).toBeGreaterThan(200);
    expect(texts(svg).filter((text) => text === "4")).toHaveLength(2);
  });

  it("tells training from validation by the dash, and names the runs", () => {
    const svg = overlaySvg([run("first"), run(`<${"x".repeat(60)}>`)]);
    expect(paths(svg).map(([, , attributes]) => attributes.includes("stroke-dasharray"))).toEqual(
      [0, 1, 2, 3].flatMap(() => [false, true]),
    );
    expect(texts(svg)).toContain("first");
    expect(texts(svg)).toContain(`&lt;${"x".repeat(34)}…`);
  });

  it("gives every run a colour and marker of its own", () => {
    const runs = Array.from({ length: MOST_OVERLAID_RUNS }, (_, index) => run(`run ${index}`, 1, index / 50));
    const svg = overlaySvg(runs);
    const looks = [...svg.matchAll(/<path d="([^"]*)" transform="(?:matrix|translate)[^"]*" fill="(#[0-9a-f]{6})"/g)];
    expect(new Set(looks.map(([, shape, color]) => `${shape} ${color}`)).size).toBeGreaterThanOrEqual(
      MOST_OVERLAID_RUNS,
    );
    for (const { name } of runs) expect(texts(svg)).toContain(name);
  });

  it("makes room for the legend", () => {
    const height = (runs: number) =>
      Number(/height="(\d+)"/.exec(overlaySvg(Array.from({ length: runs }, (_, index) => run(`${index}`))))![1]);
    expect(height(2)).toBe(height(3));
    expect(height(4)).toBe(height(3) + 24);
  });

  it("refuses none, and more than can be told apart", () => {
    expect(() => overlaySvg([])).toThrow(RangeError);
    expect(() => overlaySvg(Array.from({ length: MOST_OVERLAID_RUNS + 1 }, () => run("a")))).toThrow(RangeError);
  });
});
