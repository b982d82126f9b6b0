import { expect, test } from "vitest";
import { lenet5 } from "../../../src/model/index.js";
import { RECIPES } from "../../../src/training/recipes/recipes.js";
import { derive } from "./derivation/derive.js";
import { layOut } from "./drawingLayout.js";

const GREY = lenet5({ ...RECIPES.improved, input: { channels: 1, height: 28, width: 28 }, classes: 10 });

test("the drawing has a block for the input and for each layer of the paper, from left to right", () => {
  const { blocks, steps, width } = layOut(derive(GREY));
  expect(blocks.map(({ term }) => term)).toEqual(["input", "C1", "S2", "C3", "S4", "C5", "F6", "output"]);
  expect(blocks.map(({ extents }) => extents.join("x"))).toEqual([
    "1x28x28",
    "6x28x28",
    "6x14x14",
    "16x10x10",
    "16x5x5",
    "120",
    "84",
    "10",
  ]);
  expect(steps).toHaveLength(blocks.length - 1);
  for (const [index, block] of blocks.entries()) {
    const right = block.x + block.width + (block.sheets - 1) * block.offset;
    expect(right).toBeLessThanOrEqual(blocks[index + 1]?.x ?? width);
  }
});
