import { describe, expect, it } from "vitest";
import { confusionSvg, rowShares } from "./confusion.js";
import { SHADES } from "./palette.js";

const INK_FRAME = /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="[\d.]+" fill="none" stroke="#222222"/g;

function matrixOf(classes: number) {
  return {
    title: "a <b>",
    subtitle: "c & d",
    classes: Array.from({ length: classes }, (_, index) => `class ${index}`),
    counts: Array.from({ length: classes }, (_, row) =>
      Array.from({ length: classes }, (_, column) => (row === column ? 12_345 : row < column ? 7 : 0)),
    ),
  };
}

const texts = (svg: string) => [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);

describe("confusionSvg", () => {
  it("shows the count and the percentage of the row in each cell that is not empty", () => {
    const svg = confusionSvg({
      ...matrixOf(3),
      counts: [
        [3, 1, 0],
        [0, 1000, 0],
        [0, 0, 0],
      ],
    });
    const cells = texts(svg).slice(texts(svg).lastIndexOf("class 2") + 1);
    expect(cells.slice(0, 6)).toEqual(["3", "75.0 %", "1", "25.0 %", "1,000", "100.0 %"]);
    expect(cells[6]).toBe("≤ 1 %");
    for (const [share, level] of [
      [0.75, 9],
      [0.25, 5],
    ]) {
      expect(svg, String(share)).toContain(`height="60" fill="${SHADES[level].fill}"`);
    }
  });

  it("names every class at its row and column", () => {
    const found = texts(confusionSvg(matrixOf(10)));
    for (let index = 0; index < 10; index++) expect(found.filter((text) => text === `class ${index}`)).toHaveLength(2);
    expect(found).toContain("true class");
    expect(found).toContain("predicted class");
  });

  it.each([2, 12, 13, 24, 25, 40, 41, 256])(
    "frames the diagonal of %i classes, and lies within its image",
    (classes) => {
      const svg = confusionSvg(matrixOf(classes));
      const frames = [...svg.matchAll(INK_FRAME)].map(([, ...numbers]) => numbers.map(Number));
      expect(frames).toHaveLength(classes);
      for (const [x, y] of frames) expect(x - frames[0][0]).toBeCloseTo(y - frames[0][1], 6);
      const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!.map(Number);
      const [x, y, side] = frames[classes - 1];
      expect(x + side).toBeLessThan(width);
      expect(y + side).toBeLessThan(height);
      const legend = [...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="44"/g)].map(([, x]) => Number(x));
      expect(legend).toHaveLength(SHADES.length - 1);
      expect(Math.max(...legend) + 44).toBeLessThan(width);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    },
  );

  it("has no numbers with more than 40 classes", () => {
    expect(texts(confusionSvg(matrixOf(40))).filter((text) => text === "12,345")).toHaveLength(40);
    expect(texts(confusionSvg(matrixOf(41)))).not.toContain("12,345");
  });

  it("fits a long number into its cell", () => {
    const size = Number(/font-size="([\d.]+)"[^>]*>12,345</.exec(confusionSvg(matrixOf(40)))![1]);
    // A bold digit of DejaVu Sans is 0.7 times its font size wide.
    expect(size * (5 * 0.7 + 0.38)).toBeLessThan(40);
    expect(size).toBeGreaterThan(7);
  });

  it("has room for names in Chinese, which are twice as wide", () => {
    const left = (label: string) =>
      Number(INK_FRAME.exec(confusionSvg({ ...matrixOf(2), classes: [label, label] }))![1]);
    INK_FRAME.lastIndex = 0;
    const wide = left("猫和狗");
    INK_FRAME.lastIndex = 0;
    expect(wide).toBe(left("catdog"));
  });

  it("escapes names, and shortens long ones", () => {
    const svg = confusionSvg({ ...matrixOf(2), classes: ["<script>alert(1)</script>", "x".repeat(50)] });
    expect(svg).not.toContain("<script");
    expect(texts(svg)).toEqual(expect.arrayContaining(["a &lt;b&gt;", "c &amp; d", `${"x".repeat(19)}…`]));
  });
});

it("gives an empty row shares of 0", () => {
  expect(rowShares([0, 0])).toEqual([0, 0]);
  expect(rowShares([1, 3])).toEqual([0.25, 0.75]);
});
