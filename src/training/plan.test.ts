import { expect, it } from "vitest";
import { generateDigits } from "../data/digits.js";
import type { Backend } from "../engine/backend.js";
import { compilePlan, planTraining } from "./plan.js";
import { RECIPES } from "./recipes/recipes.js";

const train = generateDigits({ seed: 0, count: 20, part: "train" });
const never = {} as Backend;

it("refuses to train on images of one class", async () => {
  const request = { recipe: RECIPES.paper, changes: {}, seed: 0 };
  const plan = planTraining(request, { train: { ...train, labels: new Uint8Array(20).fill(7) }, background: 0 });
  await expect(compilePlan(plan, never)).rejects.toThrow(
    `digits: all training images are "7", but training needs several classes`,
  );
});
