import { expect, it } from "vitest";
import { RECIPES } from "../../../training/recipes/recipes.js";
import { jobName, parseJob, parseNeeds } from "./job.js";

const job = {
  run: "lr=1e-3_seed=0",
  recipe: RECIPES.improved,
  seed: 0,
} as const;
const settings = { data: "digits", resize: "contain", background: 0 };
const needs = { arithmetic: "fused", kernels: 2, data: { name: "digits", checksum: "abc", settings } };
const limits = { epochs: 100 };

it("takes a job as it comes from the queue", () => {
  expect(parseJob(JSON.parse(JSON.stringify(job)), limits)).toEqual(job);
  expect(jobName(job)).toBe("lr=1e-3_seed=0");
  expect(jobName({ ...job, pauseAfter: 4 })).toBe("lr=1e-3_seed=0@4");
});

it.each([
  [undefined, "the job is invalid: is missing: it must be an object"],
  [{ ...job, run: "a".repeat(2000) }, /^the job is invalid: run: must be at most 1000 characters long, /],
  [{ ...job, command: "rm" }, /^the job is invalid: Unrecognized key: "command"$/],
  [{ ...job, seed: -1 }, "the job is invalid: seed: must be at least 0, not -1"],
  [
    { ...job, recipe: { ...job.recipe, batchSize: 1e9 } },
    /^the job is invalid: recipe.batchSize: must be at most 16384/,
  ],
  [
    { ...job, recipe: { ...job.recipe, epochs: 101 } },
    "the job asks for 101 epochs, but the worker's limit is 100 (--max-epochs)",
  ],
])("refuses %j", (value, message) => {
  expect(() => parseJob(value, limits)).toThrow(
    typeof message === "string" ? expect.objectContaining({ message }) : message,
  );
});

it("takes what a sweep needs as it comes from the queue, and refuses anything else", () => {
  expect(parseNeeds(JSON.stringify(needs))).toEqual(needs);
  const input = { channels: 1, height: 9999, width: 28 };
  const large = { ...needs, data: { ...needs.data, settings: { ...settings, input } } };
  expect(() => parseNeeds(JSON.stringify(large))).toThrow(
    /^what the sweep needs is invalid: data.settings.input.height: must be at most 128/,
  );
  expect(() => parseNeeds("{")).toThrow("what the sweep needs is invalid: is missing: it must be an object");
});
