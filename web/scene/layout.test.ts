import { describe, expect, it } from "vitest";
import { initializeParameters, type LeNet5Options, lenet5 } from "../../src/model/index.js";
import { SceneNetwork, structureOf } from "./arithmetic.js";
import { type AcrossSize, hitAt, layoutAcross, layoutDown, type Rect, type SceneLayout } from "./layout.js";
import { isOpen, layoutBetween, layoutOpen } from "./openLayout.js";

const LENET: LeNet5Options = {
  input: { channels: 1, height: 28, width: 28 },
  classes: 10,
  activation: "relu",
  pooling: "maxPool2d",
  dropout: 0,
};
const MODELS: Readonly<Record<string, LeNet5Options>> = {
  LeNet: LENET,
  "four times as wide": { ...LENET, width: 4 },
  "colour, three classes": { ...LENET, input: { channels: 3, height: 32, width: 32 }, classes: 3 },
};
const SIZES = [
  { width: 1080, height: 430, unit: 0.82 },
  { width: 1440, height: 520, unit: 1 },
  { width: 2560, height: 850, unit: 1.69 },
].map((size): AcrossSize => ({ ...size, hasWords: false }));
/** Also two scenes above one another. */
const ALL_SIZES: readonly AcrossSize[] = [
  ...SIZES,
  { ...SIZES[1], height: 380, pad: "upper half" },
  { ...SIZES[1], height: 380, pad: "lower half" },
];
/** Under a chosen unit: four lines, in units of the design. */
const RESULT = 104;

/** How far one rectangle lies in another, in both directions. */
function overlap(one: Rect, other: Rect): number {
  const along = (start: "x" | "y", length: "width" | "height") =>
    Math.min(one[start] + one[length], other[start] + other[length]) - Math.max(one[start], other[start]);
  return Math.min(along("x", "width"), along("y", "height"));
}

/** The largest overlap of two maps or units. */
function mostOverlap({ stages }: SceneLayout): number {
  const all = stages.slice(1).flat();
  let most = Number.NEGATIVE_INFINITY;
  for (const [index, one] of all.entries()) {
    for (const other of all.slice(index + 1)) most = Math.max(most, overlap(one, other));
  }
  return most;
}

describe.each(Object.entries(MODELS))("the layout of %s", (_, options) => {
  const structure = structureOf(lenet5(options));

  it.each(ALL_SIZES)("has its own place for everything, in $width × $height", (size) => {
    const layout = layoutAcross(structure, size);
    expect(layout.stages.map(({ length }) => length)).toEqual(structure.stages.map(({ count }) => count));
    expect(mostOverlap(layout)).toBeLessThanOrEqual(0);
    for (const rect of layout.stages.flat()) {
      expect(rect.x).toBeGreaterThanOrEqual(0);
      expect(rect.x + rect.width).toBeLessThanOrEqual(layout.width);
      expect(rect.y).toBeGreaterThanOrEqual(0);
      expect(rect.y + rect.height).toBeLessThanOrEqual(layout.height + 1e-9);
    }
  });

  it("has its own place for everything downwards, in 390", () => {
    const layout = layoutDown(structure, 390);
    expect(mostOverlap(layout)).toBeLessThanOrEqual(0);
    for (const rect of layout.stages.slice(1).flat()) {
      expect(rect.x).toBeGreaterThanOrEqual(0);
      expect(rect.x + rect.width).toBeLessThanOrEqual(390);
    }
  });

  it.each(SIZES)("finds every map and unit at its middle, in $width × $height", (size) => {
    const layout = layoutAcross(structure, size);
    for (const [stage, rects] of layout.stages.entries()) {
      if (stage === 0) continue;
      for (const [map, { x, y, width, height }] of rects.entries()) {
        expect(hitAt(layout, structure, x + width / 2, y + height / 2)).toMatchObject({ stage, map });
      }
    }
    expect(hitAt(layout, structure, 1, 1)).toBeUndefined();
  });

  it.each(ALL_SIZES)("has room for the sum of any unit, in $width × $height", (size) => {
    const network = new SceneNetwork(structure, initializeParameters(lenet5(options), 0));
    const { count, height, width } = structure.stages[0];
    const values = network.forward(new Float64Array(count * height * width).map((_, place) => Math.sin(place)));
    for (const stage of structure.stages.keys()) {
      const unit = { stage, index: 0 };
      const sum = stage === 0 ? undefined : network.sumOf(values, unit);
      if (!sum) continue;
      const layout = layoutOpen(structure, size, unit, sum);
      const { rows, columns, left, right, others } = layout.joint;
      const tall = sum.addends[0].seen.length / sum.width;
      for (const [index, { y, cell }] of rows.entries()) {
        expect(y - (tall * cell) / 2).toBeGreaterThanOrEqual(layout.top - 1e-9);
        if (index > 0) expect(y).toBeGreaterThan(rows[index - 1].y);
      }
      expect(rows.length + (others?.count ?? 0)).toBe(sum.addends.length);
      expect(left).toBeLessThan(columns[0]);
      expect(columns[3]).toBeLessThanOrEqual(right);
      // What comes out stands under the chosen one, and its siblings under that.
      const [chosen, ...siblings] = layout.stages[stage].toSorted((one, another) => another.width - one.width);
      for (const { y } of siblings) expect(y).toBeGreaterThan(chosen.y + chosen.height + RESULT * layout.unit);
      // The stages before it stand left of it.
      for (const rect of layout.stages.slice(1, stage).flat()) expect(rect.x + rect.width).toBeLessThan(left);
    }
  });
});

it("a layout between two others begins with one and ends with the other", () => {
  const structure = structureOf(lenet5(LENET));
  const network = new SceneNetwork(structure, initializeParameters(lenet5(LENET), 0));
  const unit = { stage: 3, index: 5 };
  const sum = network.sumOf(network.forward(new Float64Array(784).fill(1)), unit)!;
  const closed = layoutAcross(structure, SIZES[1]);
  const open = layoutOpen(structure, SIZES[1], unit, sum, 2);
  expect(isOpen(closed)).toBe(false);
  expect(isOpen(open)).toBe(true);
  expect(open.joint.rows.map(({ isOpen }) => isOpen)).toEqual([false, false, true, false, false, false]);
  expect(layoutBetween(closed, open, 0).stages).toEqual(closed.stages);
  expect(layoutBetween(closed, open, 1).stages).toEqual(open.stages);
});
