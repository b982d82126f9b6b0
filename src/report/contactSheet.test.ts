import { expect, test } from "vitest";
import { contactSheetSvg } from "./contactSheet.js";

const group = (name: string) => ({ original: `data:${name}`, augmented: [`data:${name}1`, `data:${name}2`] });

const sheet = {
  title: "pets <2>",
  subtitle: "crop & flip",
  image: { width: 32, height: 16 },
  rows: [
    { label: "cat", note: "7 images", groups: [group("a"), group("b")] },
    { label: "a label that is far too long for its column\u0000", note: "1 image", groups: [group("c")] },
  ],
};

const imagesOf = (svg: string) =>
  [...svg.matchAll(/<image href="([^"]*)" x="([^"]*)" y="([^"]*)" width="([^"]*)" height="([^"]*)"/g)].map(
    ([, href, ...numbers]) => [href, ...numbers.map(Number)] as [string, number, number, number, number],
  );

test("draws every image next to its augmented versions, in its class's row, in proportion", () => {
  const images = imagesOf(contactSheetSvg(sheet));
  expect(images.map(([href]) => href)).toEqual(
    ["a", "a1", "a2", "b", "b1", "b2", "c", "c1", "c2"].map((name) => `data:${name}`),
  );
  for (const [, , , width, height] of images) expect(width).toBe(2 * height);
  const tops = images.map(([, , top]) => top);
  expect(new Set(tops.slice(0, 6)).size).toBe(1);
  expect(tops[6]).toBeGreaterThan(tops[0] + images[0][4]);
  // Left to right without overlap.
  for (const row of [images.slice(0, 6), images.slice(6)]) {
    for (let index = 1; index < row.length; index++) {
      expect(row[index][1]).toBeGreaterThan(row[index - 1][1] + row[index - 1][3]);
    }
  }
});

test("draws everything inside the sheet", () => {
  const svg = contactSheetSvg(sheet);
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!.map(Number);
  for (const [, left, top, across, down] of imagesOf(svg)) {
    expect(left + across).toBeLessThan(width);
    expect(top + down).toBeLessThan(height);
  }
});

test("escapes text and shortens long labels", () => {
  const svg = contactSheetSvg(sheet);
  for (const text of ["pets &lt;2&gt;", "crop &amp; flip", "cat", "7 images", "a label that is far…"]) {
    expect(svg).toContain(`>${text}</text>`);
  }
});
