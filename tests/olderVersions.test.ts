import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSweepConfig } from "../src/cli/sweep/sweepFolder.js";
import { generateDigits } from "../src/data/digits.js";
import { readRecipeFile } from "../src/formats/recipeFile.js";
import { encodePng } from "../src/node/images/png.js";
import { loadWeights } from "../src/node/loadWeights.js";
import { runProgram } from "./support/program.js";

// Version 0.1 had other names for some fields; its files still open. See fixtures/version-0.1/README.md.

const FIXTURES = fileURLToPath(new URL("fixtures/version-0.1/", import.meta.url));

let folder: string;
let images: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-older-"));
  images = join(folder, "digits12");
  const digits = generateDigits({ seed: 3, count: 200, part: "train", channels: 1, height: 12, width: 12 });
  for (const [index, label] of digits.labels.entries()) {
    const place = join(images, `class-${digits.classes[label]}`);
    await mkdir(place, { recursive: true });
    const pixels = digits.images.subarray(144 * index, 144 * (index + 1));
    await writeFile(join(place, `${index}.png`), await encodePng(pixels, 12, 12));
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** A copy of the run, with the path of the images on this machine. */
async function copyRun(name: string): Promise<string> {
  const run = join(folder, name);
  await cp(join(FIXTURES, "run"), run, { recursive: true });
  const config = await readFile(join(run, "config.json"), "utf8");
  await writeFile(join(run, "config.json"), config.replace("/home/user/digits12", images));
  return run;
}

describe("files of version 0.1", () => {
  it.each(["best.safetensors", "model.pth", "model.onnx"])("open: %s", async (file) => {
    const weights = await loadWeights(join(FIXTURES, "run", file));
    expect(weights.normalization).toEqual({ mean: [0.1], std: [0.3] });
    expect(weights.metadata?.framing).toEqual({ resize: "cover", background: 0 });
    expect(weights.metadata?.classes?.[3]).toBe("class-3");
    const run = await copyRun(`eval-${file}`);
    const { stdout } = await runProgram(folder, ["eval", join(run, file), "--data", images, "--json"]);
    const { correct, total, loss } = JSON.parse(stdout);
    expect({ correct, total }).toEqual({ correct: 7, total: 40 });
    expect(loss).toBeCloseTo(2.2996124982833863, 6);
  });

  it("open: an ONNX file with preprocessing, whose input had another name", async () => {
    const { model, normalization } = await loadWeights(join(FIXTURES, "with-preprocessing.onnx"));
    expect(model.layers).toHaveLength(12);
    expect(normalization.std).toHaveLength(model.input.channels);
  });

  it("resume: a run, to the weights that the older version reached, but for rounding, which is said and noted", async () => {
    const run = await copyRun("resumed");
    const best = join(run, "best.safetensors");
    const expected = (await loadWeights(best)).parameters;
    await rm(best);
    const { code, stderr } = await runProgram(folder, ["train", "--resume", run]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `lenet: ${run} was trained with wasm-fused arithmetic, but this computes with wasm-fused arithmetic (kernels 2): resume it where wasm-fused arithmetic is available, or accept other bits with --device cpu\n`,
    });
    const { stdout } = await runProgram(folder, ["train", "--resume", run, "--device", "cpu"]);
    expect(stdout).toContain("moving from wasm-fused arithmetic to wasm-fused arithmetic (kernels 2) after epoch 1");
    expect(stdout).toContain("best validation accuracy 7.50 % in epoch 2");
    expect(JSON.parse(await readFile(join(run, "config.json"), "utf8"))).toMatchObject({
      kernels: 2,
      earlierDevices: [{ lastEpoch: 1, arithmetic: "wasm-fused" }],
    });
    for (const [name, { data }] of (await loadWeights(best)).parameters) {
      const before = Float32Array.from(expected.get(name)!.data as Float32Array);
      const differences = before.map((value, place) => Math.abs(value - Number(data[place])));
      expect(Math.max(...differences), name).toBeLessThan(1e-6);
    }
  });

  it("are not proved, as the kernels of then are not here", async () => {
    const run = await copyRun("claimed");
    await writeFile(
      join(run, "result.json"),
      JSON.stringify({ bestEpoch: 1, bestValidationAccuracy: 0.025, seconds: 1 }),
    );
    const { code, stderr } = await runProgram(folder, ["prove", run]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `lenet: ${run} was trained with wasm-fused arithmetic, but this version has kernels 2, which come to other bits\n`,
    });
  });

  it("open: a recipe with every field", async () => {
    const { recipe } = readRecipeFile(await readFile(join(FIXTURES, "recipe.json"), "utf8"), "recipe");
    const config = JSON.parse(await readFile(join(FIXTURES, "run/config.json"), "utf8"));
    expect(recipe.epochs).toBe(config.recipe.epochs);
    expect(recipe.validationFraction).toBe(0.25);
    expect(recipe.schedule).toMatchObject({ warmupFraction: 0.4 });
    expect(recipe.normalization).toEqual({ mean: [0.1], std: [0.3] });
  });

  it("open: the settings of a sweep", async () => {
    const sweep = join(folder, "sweep");
    await mkdir(sweep);
    await cp(join(FIXTURES, "sweep.config.json"), join(sweep, "sweep.config.json"));
    const { data, seeds } = await readSweepConfig(sweep);
    expect(data.settings).toMatchObject({ data: "/home/user/digits12", resize: "contain", background: 0 });
    expect(seeds).toEqual([0, 1]);
  });
});
