import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import * as targets from "./fuzz/targets.mjs";

// What fuzzing has found before: each of these files leads to code that no other one reaches.

const CORPUS = "tests/fuzz/corpus";

it("has a corpus for each target", () => {
  expect(readdirSync(CORPUS).sort()).toEqual(Object.keys(targets).sort());
});

it.each(Object.entries(targets))("%s keeps its promises for the whole corpus", async (name, target) => {
  const files = readdirSync(`${CORPUS}/${name}`);
  expect(files).not.toEqual([]);
  for (const file of files) {
    try {
      await target(new Uint8Array(readFileSync(`${CORPUS}/${name}/${file}`)));
    } catch (error) {
      throw new Error(`${CORPUS}/${name}/${file}`, { cause: error });
    }
  }
});
