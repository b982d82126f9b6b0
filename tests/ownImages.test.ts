import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateDigits } from "../src/data/digits.js";
import { encodePng } from "../src/node/index.js";
import { runProgram } from "./support/program.js";

let folder: string;
/** Without the progress that a slow machine prints, too. */
async function lenet(args: readonly string[]) {
  const { stderr, ...outcome } = await runProgram(folder, args);
  return { ...outcome, stderr: stderr.replaceAll(/^.* \d+ % .* left.*\n/gm, "") };
}
const inFolder = (...names: string[]) => join(folder, ...names);
const lines = (text: string) => text.trimEnd().split("\n");

const PHOTOS = 100;
const HEIGHT = 120;
const WIDTH = 160;
const digits = generateDigits({ seed: 5, count: PHOTOS, part: "test" });

/** A photograph of a small digit in ink on paper, somewhere, in uneven light. */
function photo(index: number): Uint8Array {
  const pixels = new Uint8Array(HEIGHT * WIDTH);
  const top = 10 + ((index * 37) % 70);
  const left = 10 + ((index * 53) % 110);
  for (let row = 0; row < HEIGHT; row++) {
    for (let column = 0; column < WIDTH; column++) {
      const [y, x] = [row - top, column - left];
      const isInside = y >= 0 && y < 28 && x >= 0 && x < 28;
      const ink = isInside ? digits.images[index * 784 + y * 28 + x] : 0;
      const noise = ((row * 31 + column * 17 + index * 7) % 11) - 5;
      pixels[row * WIDTH + column] = 220 - (80 * column) / WIDTH - 0.5 * ink + noise;
    }
  }
  return pixels;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-own-"));
  const args = ["train", "--data", "digits", "--val-split", "0.8", "--epochs", "2", "--out", "run", "--quiet"];
  expect(await lenet(args)).toMatchObject({ code: 0, stderr: "" });
  for (let index = 0; index < PHOTOS; index++) {
    const name = inFolder("photos", String(digits.labels[index]));
    await mkdir(name, { recursive: true });
    await writeFile(join(name, `${index}.png`), await encodePng(photo(index), WIDTH, HEIGHT));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** How many photographs are predicted right. */
async function correctPhotos(...options: string[]): Promise<{ correct: number; stderr: string }> {
  const { code, stdout, stderr } = await lenet(["predict", "run", "photos", "--json", ...options]);
  expect(code).toBe(0);
  const predictions: { file: string; label: string }[] = JSON.parse(stdout);
  return { correct: predictions.filter(({ file, label }) => file.split("/")[1] === label).length, stderr };
}

describe("photographed digits", () => {
  it("are framed as MNIST's by --fit digit; without it, a warning says so", async () => {
    const plain = await correctPhotos();
    expect(plain.stderr).toBe(
      "warning: 100 images with a light background, but digits is light on black: try --fit digit\n",
    );
    const inverted = await correctPhotos("--invert");
    expect(inverted.stderr).toBe(
      "warning: 100 images with a digit that is smaller, larger or less central than those of digits: try --fit digit\n",
    );
    const framed = await correctPhotos("--fit", "digit");
    expect(framed.stderr).toBe("");
    expect(plain.correct).toBeLessThan(40);
    expect(framed.correct).toBeGreaterThanOrEqual(95);
    // As light on black, they are the same digits.
    expect((await correctPhotos("--fit", "digit", "--invert")).correct).toBeGreaterThanOrEqual(95);
  });

  it("are evaluated, and trained on, in the same frame", async () => {
    const evaluated = await lenet(["eval", "run", "--data", "photos", "--fit", "digit", "--json"]);
    expect(JSON.parse(evaluated.stdout).accuracy).toBeGreaterThan(0.9);
    const args = ["train", "--data", "photos", "--fit", "digit", "--input", "1x28x28", "--epochs", "1", "--quiet"];
    expect((await lenet([...args, "--out", "framed"])).code).toBe(0);
    const { data } = JSON.parse(await readFile(inFolder("framed/config.json"), "utf8"));
    expect(data.resize).toBe("digit");
    // Its weights frame what they predict likewise.
    expect((await lenet(["predict", "framed", "photos"])).stderr).toBe("");
  });

  it("have their files' names in a report", async () => {
    const page = await readFile(inFolder("framed/report.html"), "utf8");
    expect(page).toMatch(/<div>[0-9]\/[0-9]+\.png: <strong>/);
    expect(page).not.toContain("test image ");
  });
});

describe("IDX files", () => {
  const header = (...extents: number[]) =>
    Buffer.from([0, 0, 8, extents.length, ...extents.flatMap((n) => [0, 0, n >> 8, n & 255])]);
  const images = Buffer.concat([header(PHOTOS, 28, 28), digits.images]);

  it.each([
    ["some-images-idx3-ubyte", images],
    ["packed-images.idx3-ubyte.gz", gzipSync(images)],
  ])("are predicted image by image: %s", async (name, bytes) => {
    await writeFile(inFolder(name), bytes);
    const { code, stdout, stderr } = await lenet(["predict", "run", name, "photos/1", "--csv", "--top", "1"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const rows = lines(stdout).map((line) => line.split(","));
    expect(rows[0].slice(0, 3)).toEqual(["file", "class", "label"]);
    const ofFile = rows.filter(([file]) => file.startsWith(`${name}#`));
    expect(ofFile.map(([file]) => file)).toEqual(Array.from({ length: PHOTOS }, (_, index) => `${name}#${index}`));
    const correct = ofFile.filter(([, label], index) => Number(label) === digits.labels[index]).length;
    expect(correct).toBeGreaterThan(90);
    expect(rows.length).toBeGreaterThan(1 + PHOTOS);
    const inverted = await lenet(["predict", "run", name, "--invert", "--csv"]);
    expect(inverted.stdout).not.toBe(stdout);
  });

  it("that are damaged, or hold labels, are refused in one line", async () => {
    await writeFile(inFolder("cut-images-idx3-ubyte"), images.subarray(0, 1000));
    const { code, stderr } = await lenet(["predict", "run", "cut-images-idx3-ubyte"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^lenet: cut-images-idx3-ubyte is truncated: .*\n$/);
  });
});

describe("lenet eval --csv", () => {
  it("prints a row for each class, with its row of the confusion matrix", async () => {
    const { code, stdout, stderr } = await lenet(["eval", "run", "--csv"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const rows = lines(stdout).map((line) => line.split(","));
    expect(rows[0]).toEqual([
      ...["class", "label", "precision", "recall", "f1", "images"],
      ...digits.classes.map((name) => `as ${name}`),
    ]);
    expect(rows).toHaveLength(11);
    for (const [index, row] of rows.slice(1).entries()) {
      expect(row.slice(0, 2)).toEqual([String(index), String(index)]);
      const counts = row.slice(6).map(Number);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(Number(row[5]));
      expect(Number(row[3])).toBeCloseTo(counts[index] / Number(row[5]), 5);
    }
  });
});
