import { describe, expect, it, vi } from "vitest";
import { initializeParameters, lenet5, type Model } from "../../src/model/index.js";
import { SceneNetwork, structureOf } from "./arithmetic.js";
import { type Picture, ScenePainter } from "./paint.js";

// They draw, which needs a page.
vi.mock("./colors.js", () => ({}));
vi.mock("./joint.js", () => ({}));

const modelOf = (side: number): Model =>
  lenet5({
    input: { channels: 1, height: side, width: side },
    classes: 10,
    activation: "relu",
    pooling: "maxPool2d",
    dropout: 0,
  });
const MODEL = modelOf(28);
const SMALLER = modelOf(20);

/** What a network makes of an image: the unit of its output, or another. */
function picture(model: Model, seed: number, unit?: Picture["chosen"]): Picture {
  const structure = structureOf(model);
  const { channels, height, width } = model.input;
  const network = new SceneNetwork(structure, initializeParameters(model, seed));
  const all = network.forward(Float64Array.from({ length: channels * height * width }, (_, place) => (place % 7) / 7));
  const shown = unit ?? { stage: structure.stages.length - 1, index: 0 };
  return {
    structure,
    values: structure.stages.map(({ last }) => all[last + 1]),
    contributions: network.contributions(all, shown),
    probabilities: Float64Array.from({ length: 10 }, () => 0.1),
    classes: [..."0123456789"],
    chosen: unit,
    sum: undefined,
  };
}

/** A painter that shows a picture as it is. */
function settled(shown: Picture): ScenePainter {
  const painter = new ScenePainter();
  painter.show(shown, true);
  painter.settle();
  return painter;
}

const copies = (painter: ScenePainter) => {
  const { shown, edges } = painter.state!;
  return { shown: shown.map((own) => own.slice()), edges: edges.map((own) => own.slice()) };
};
const distance = (one: readonly Float32Array[], other: readonly Float32Array[]) =>
  Math.max(...one.flatMap((own, index) => [...own].map((value, place) => Math.abs(value - other[index][place]))));

describe("a scene", () => {
  it("eases from one network to another of the same shape", () => {
    const painter = settled(picture(MODEL, 1));
    const [before, after] = [copies(painter), copies(settled(picture(MODEL, 2)))];
    painter.show(picture(MODEL, 2), true);
    expect(copies(painter)).toEqual(before);
    painter.advance(55);
    for (const part of ["shown", "edges"] as const) {
      const [whole, rest] = [distance(before[part], after[part]), distance(copies(painter)[part], after[part])];
      expect(rest / whole).toBeCloseTo(0.5, 3);
    }
    for (let frame = 0; painter.advance(50); frame++) expect(frame).toBeLessThan(100);
    expect(copies(painter)).toEqual(after);
  });

  it("eases its edges from one unit to another", () => {
    const painter = settled(picture(MODEL, 1));
    const [before, next] = [copies(painter), picture(MODEL, 1, { stage: 3, index: 40 })];
    painter.show(next, true);
    expect(copies(painter)).toEqual(before);
    painter.advance(55);
    const after = copies(settled(next));
    expect(distance(copies(painter).edges, after.edges) / distance(before.edges, after.edges)).toBeCloseTo(0.5, 3);
  });

  it("shows a network of another shape at once, and what a pen draws", () => {
    const painter = settled(picture(MODEL, 1));
    painter.show(picture(MODEL, 2), false);
    expect(copies(painter).shown).toEqual(copies(settled(picture(MODEL, 2))).shown);
    painter.show(picture(SMALLER, 1), true);
    expect(copies(painter).shown).toEqual(copies(settled(picture(SMALLER, 1))).shown);
  });
});
