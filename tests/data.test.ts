import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateDigits } from "../src/data/index.js";
import { readModelMetadata } from "../src/formats/modelMetadata.js";
import { readSafetensors } from "../src/formats/safetensors.js";
import { decodeImage, encodePng } from "../src/node/index.js";
import { runProgram } from "./support/program.js";

const CLASSES = ["circle", "cross", "dash"];
const SIZE = 20;
const COUNTS = { train: 12, val: 4, test: 5 };

let folder: string;
const inFolder = (name: string) => join(folder, name);
const lenet = (...args: string[]) => runProgram(folder, args);
const lines = (text: string) => text.trimEnd().split("\n");
const config = async (run: string) => JSON.parse(await readFile(inFolder(join(run, "config.json")), "utf8"));

/** A coloured image of a class: a shape in one of three colours, with random variation. */
function drawing(label: number, seed: number): Promise<Uint8Array> {
  const pixels = new Uint8Array(SIZE * SIZE * 3);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const [across, down] = [x - SIZE / 2 + (seed % 3), y - SIZE / 2 - (seed % 2)];
      const radius = Math.hypot(across, down);
      const inked = [
        radius > 4 && radius < 7,
        Math.abs(across) < 2 || Math.abs(down) < 2,
        Math.abs(down) < 2 && Math.abs(across) < 8,
      ][label];
      const place = 3 * (y * SIZE + x);
      pixels[place] = seed * 7;
      pixels[place + label] = inked ? 250 - seed : 20 + seed;
    }
  }
  return encodePng(pixels, SIZE, SIZE);
}

/** Writes a folder of images with the given parts; "" stands for no parts. */
async function writeImages(root: string, parts: Readonly<Record<string, number>>): Promise<void> {
  let seed = 0;
  for (const [part, count] of Object.entries(parts)) {
    for (const [label, name] of CLASSES.entries()) {
      const classFolder = inFolder(join(root, part, name));
      await mkdir(classFolder, { recursive: true });
      for (let index = 0; index < count; index++) {
        await writeFile(join(classFolder, `${index}.png`), await drawing(label, seed++));
      }
    }
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-data-"));
  await writeImages("shapes", COUNTS);
  await writeImages("untested", { train: 8, val: 4 });
  await writeImages("plain", { "": 10 });
  await writeFile(inFolder("shapes/train/cross/broken.png"), (await drawing(1, 1)).subarray(0, 60));
  await writeFile(inFolder("shapes/test/dash/notes.txt"), "no image");
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("a folder of images", () => {
  it("is trained on, tested and evaluated again, and its unusable files are listed at the end", async () => {
    const trained = await lenet("train", "--data", "shapes", "--epochs", "3", "--batch", "8", "--out", "run");
    expect(trained).toMatchObject({
      code: 0,
      stderr: "warning: shapes: skipping 2 files that cannot be used\n",
    });
    const told = lines(trained.stdout);
    expect([told[0], told.at(-1)]).toEqual(["run folder: run", "report: run/report.html"]);
    expect(told[1]).toContain("LeNet-5 improved: 82,531 parameters, 3x32x32 images of shapes, seed 0, ");
    expect(told.at(-4)).toBe("skipped 2 files:");
    expect(told.at(-3)).toMatch(/^ {2}test\/dash\/notes\.txt: \S/);
    expect(told.at(-2)).toMatch(/^ {2}train\/cross\/broken\.png: \S/);
    const { data, model } = await config("run");
    expect(model.input).toEqual({ channels: 3, height: 32, width: 32 });
    // 12 + 4 of each class, without the broken file.
    expect(data).toMatchObject({ name: "shapes", path: inFolder("shapes"), images: 48, classes: CLASSES });
    const tested = /test accuracy (\S+) % \((\d+) of 15 test images\)/.exec(trained.stdout);
    const evaluated = JSON.parse((await lenet("eval", "run", "--json")).stdout);
    expect(evaluated).toMatchObject({ data: "shapes", total: 15, correct: Number(tested?.[2]) });
    const validated = JSON.parse((await lenet("eval", "run", "--split", "val", "--json")).stdout);
    expect(validated.total).toBe(12);
  });

  it("is found when resuming from any folder", async () => {
    await rm(inFolder("run/result.json"));
    const resumed = await runProgram(inFolder("plain"), ["train", "--resume", inFolder("run")], {
      env: { XDG_CACHE_HOME: inFolder(".cache") },
    });
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toContain("resuming after epoch 3 of 3");
  });

  it("fails with --strict if a file cannot be used", async () => {
    const { code, stdout, stderr } = await lenet("train", "--data", "shapes", "--strict", "--out", "strict");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^lenet: shapes\/test\/dash\/notes\.txt: .+ \(and 1 more that cannot be used\)\n$/);
  });

  it("may have no test set", async () => {
    const { code, stdout } = await lenet("train", "--data", "untested", "--epochs", "1", "--out", "untested-run");
    expect(code).toBe(0);
    expect(lines(stdout).at(-3)).toBe("untested has no test images, so there is only a validation accuracy");
    const { code: failed, stderr } = await lenet("eval", "untested-run");
    expect({ failed, stderr }).toEqual({
      failed: 1,
      stderr: "lenet: untested has no test images: try --split val\n",
    });
  });

  it("cannot be guessed from weights", async () => {
    const { code, stderr } = await lenet("eval", "run/best.safetensors");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'lenet: run/best.safetensors was trained on "shapes", which is not a known data set: give its folder with --data\n',
    });
    const named = await lenet("eval", "run/best.safetensors", "--data", "shapes", "--json");
    expect(JSON.parse(named.stdout)).toMatchObject({ data: "shapes", total: 15 });
  });
});

describe("the network's input", () => {
  const FEW = ["--val-split", "0.98", "--epochs", "1"];

  it("is set by --input for any data set, normalised by the data set's own mean and std", async () => {
    const args = ["--data", "digits", "--input", "3x32x32", "--normalize", "dataset", "--out", "colours"];
    expect((await lenet("train", ...args, ...FEW)).code).toBe(0);
    const { parameterCount, recipe } = await config("colours");
    expect(parameterCount).toBe(83_126);
    const { metadata } = readSafetensors(await readFile(inFolder("colours/best.safetensors")));
    expect(readModelMetadata(metadata)?.normalization).toEqual(recipe.normalization);
    // They are measured on the training images: of a sample, nearly the same.
    const sample = generateDigits({ seed: 0, count: 5000, part: "train", channels: 3, height: 32, width: 32 });
    const bytes = sample.images.filter((_, index) => Math.floor(index / 1024) % 3 === 1);
    const mean = bytes.reduce((sum, byte) => sum + byte, 0) / bytes.length / 255;
    expect(recipe.normalization.mean).toHaveLength(3);
    expect(recipe.normalization.mean[1]).toBeCloseTo(mean, 2);
    const evaluated = await lenet("eval", "colours", "--json");
    expect(JSON.parse(evaluated.stdout).total).toBe(10_000);
  });

  it("does not flip digits unless flip is given", async () => {
    const flipOf = async (out: string, ...augment: string[]) => {
      await lenet("train", "--data", "digits", ...FEW, ...augment, "--out", out);
      return (await config(out)).recipe.augmentation.flip;
    };
    expect(await flipOf("plain-digits")).toBe(0);
    expect(await flipOf("flipped-digits", "--augment", "light,flip=0.25")).toBe(0.25);
  });

  it("has a white background on request", async () => {
    const args = ["--data", "plain", "--background", "white", "--fit", "cover", "--epochs", "1", "--out", "white"];
    expect((await lenet("train", ...args)).code).toBe(0);
    const { data, recipe } = await config("white");
    expect([data.background, data.resize, recipe.augmentation.background]).toEqual([255, "cover", 255]);
  });
});

describe("lenet data preview", () => {
  it("draws a contact sheet, and overwrites no file", async () => {
    const drawn = await lenet("data", "preview", "plain", "--augment", "strong", "--out", "sheet.png");
    expect(drawn).toEqual({ code: 0, stdout: "contact sheet: sheet.png\n", stderr: "" });
    const bytes = await readFile(inFolder("sheet.png"));
    const { width, height } = await decodeImage(bytes);
    expect(width).toBeGreaterThan(height);
    expect(height).toBeGreaterThan(400);
    const again = await lenet("data", "preview", "plain", "--out", "sheet.png");
    expect(again).toEqual({
      code: 1,
      stdout: "",
      stderr: "lenet: sheet.png already exists: choose another file with --out, or replace it with --force\n",
    });
    expect(await readFile(inFolder("sheet.png"))).toEqual(bytes);
  });

  it.each([
    [
      ["nowhere"],
      /argument 'nowhere' is invalid for <name>. It must be fashion-mnist, mnist, cifar10, digits or the path of a folder/,
    ],
    [["plain", "--augment", "blur=1"], /unknown augmentation key "blur"; the keys are crop, flip, /],
    [["plain", "--augment", "flip=2"], /flip must be a number from 0 to 1, not "2"/],
    [["plain", "--input", "3x300x300"], /It must be CxHxW, such as 1x28x28 or 3x32x32/],
  ])("reports wrong usage in one line: %j", async (args, message) => {
    const { code, stdout, stderr } = await lenet("data", "preview", ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(lines(stderr)).toHaveLength(1);
  });
});
