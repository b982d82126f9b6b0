import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parseRunConfig } from "./config.js";
import { identityHash, identityOf } from "./identity.js";

const text = readFileSync(new URL("../../tests/fixtures/claims/paper-fused/config.json", import.meta.url), "utf8");
const hashOf = async (config: ReturnType<typeof parseRunConfig>) => identityHash(await identityOf(config, 1));

it("is that of versions whose recipes had fewer fields, unless one of the others is set", async () => {
  const config = parseRunConfig(text);
  const { recipe } = config;
  // As the version before batch normalisation and squeezing hashed it.
  const before = "ba025e252e79dc9d8c3b4d5ff0da70d374dfa59cce0405cd656446d072c88ad6";
  expect(await hashOf(config)).toBe(before);
  const squeezing = { ...recipe, augmentation: { ...recipe.augmentation, squeeze: 0.1 } };
  const hashes = await Promise.all(
    [squeezing, { ...recipe, batchNorm: true }].map((recipe) => hashOf({ ...config, recipe })),
  );
  expect(new Set([before, ...hashes]).size).toBe(3);
});

it("is that of the shorter run in an epoch before it was extended, however often it was", async () => {
  const config = parseRunConfig(text);
  const scheduleRestarts = Array.from({ length: 50_000 }, (_, index) => 2 * index + 2);
  const short = (epochs: number, restarts: number[]) => ({
    ...config,
    recipe: { ...config.recipe, epochs },
    scheduleRestarts: restarts,
  });
  const extended = short(100_000, scheduleRestarts);
  expect(await identityOf(extended, 2)).toEqual(await identityOf(short(2, []), 2));
  expect(await identityOf(extended, 3)).toEqual(await identityOf(short(4, [2]), 3));
  expect(await identityOf({ ...extended, epochsBefore: [9, 8] }, 3)).toEqual(await identityOf(short(8, [2]), 3));
});
