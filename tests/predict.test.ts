import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initializeParameters, lenet5, wasmBackend } from "../src/engine.js";
import { writePth } from "../src/formats/pth/pth.js";
import { writeWeights } from "../src/formats/weightFiles.js";
import { type ModelMetadata, RECIPES } from "../src/index.js";
import { loadDataset } from "../src/node/datasets.js";
import { encodePng, loadWeights } from "../src/node/index.js";
import { evaluateDataset } from "../src/training/evaluate.js";
import { PROGRAM, type RunOptions, runProgram } from "./support/program.js";

const CLASSES = ["plain", "with, comma", 'with "quotes"'];
const model = lenet5({ ...RECIPES.improved, input: { channels: 1, height: 28, width: 28 }, classes: 3 });
const parameters = initializeParameters(model, 4);
const metadata: ModelMetadata = { model, normalization: { mean: [0.5], std: [0.5] }, classes: CLASSES };
const weights = { model, parameters, normalization: metadata.normalization, metadata };

let folder: string;
const inFolder = (name: string) => join(folder, name);
const lenet = (args: readonly string[], options?: RunOptions) => runProgram(folder, args, options);
const lines = (text: string) => text.trimEnd().split("\n");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-predict-"));
  writeFileSync(inFolder("weights.safetensors"), writeWeights(weights, "safetensors"));
  writeFileSync(inFolder("bare.pth"), writePth(parameters));
  mkdirSync(inFolder("shoes/old"), { recursive: true });
  copyFileSync("tests/fixtures/images/color.png", inFolder("shoes/b.png"));
  copyFileSync("tests/fixtures/images/grey.jpg", inFolder("shoes/a.jpg"));
  copyFileSync("tests/fixtures/images/lossy.webp", inFolder("shoes/old/c, d.webp"));
  writeFileSync(inFolder("shoes/notes.txt"), "no image");
  writeFileSync(inFolder("damaged.png"), readFileSync("tests/fixtures/images/color.png").subarray(0, 200));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The output of `lenet predict --json`. */
async function predicted(args: readonly string[]) {
  const { code, stdout, stderr } = await lenet(["predict", ...args, "--json"]);
  expect({ code, stderr: stderr.replace("ignored 1 other file\n", "") }).toEqual({
    code: 0,
    stderr: "",
  });
  return JSON.parse(stdout) as {
    file: string;
    class: number;
    label: string;
    probabilities: number[];
    logits: number[];
  }[];
}

describe("lenet predict", () => {
  it("prints file, class, label, probabilities and logits of each image as JSON", async () => {
    const results = await predicted(["weights.safetensors", "shoes", "shoes/b.png"]);
    expect(results.map(({ file }) => file)).toEqual([
      "shoes/a.jpg",
      "shoes/b.png",
      "shoes/old/c, d.webp",
      "shoes/b.png",
    ]);
    expect(results[3]).toEqual(results[1]);
    for (const result of results) {
      expect(Object.keys(result)).toEqual(["file", "class", "label", "probabilities", "logits"]);
      const { class: index, label, probabilities, logits } = result;
      expect(label).toBe(CLASSES[index]);
      expect(logits).toHaveLength(3);
      expect(Math.max(...logits)).toBe(logits[index]);
      expect(probabilities.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
      expect(Math.log(probabilities[0] / probabilities[2])).toBeCloseTo(logits[0] - logits[2], 5);
    }
  });

  it("prints a table with the next classes after the most probable one", async () => {
    const results = await predicted(["weights.safetensors", "shoes"]);
    const { code, stdout, stderr } = await lenet(["predict", "weights.safetensors", "shoes", "--top", "2"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "ignored 1 other file\n" });
    const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
    const rows = results.map(({ file, probabilities }) => {
      const [first, second] = [0, 1, 2].sort((a, b) => probabilities[b] - probabilities[a]);
      const probability = percent(probabilities[first]).padStart(11);
      const next = `${CLASSES[second]} ${percent(probabilities[second])}`;
      return `${file.padEnd(19)}  ${CLASSES[first].padEnd(13)}  ${probability}  ${next}`;
    });
    expect(lines(stdout)).toEqual(["image                class          probability  next", ...rows]);
    const topOne = await lenet(["predict", "weights.safetensors", "shoes", "--top", "1"]);
    expect(lines(topOne.stdout)).toEqual(
      lines(stdout).map((line) => line.slice(0, "image                class          probability".length)),
    );
  });

  it("prints CSV, quoted where necessary", async () => {
    const results = await predicted(["weights.safetensors", "shoes"]);
    const { stdout } = await lenet(["predict", "weights.safetensors", "shoes", "--csv", "--top", "9"]);
    const quoted = (text: string) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const rows = results.map(({ file, class: index, probabilities }) => {
      const order = [0, 1, 2].sort((a, b) => probabilities[b] - probabilities[a]);
      const pairs = order.flatMap((place) => [quoted(CLASSES[place]), probabilities[place].toFixed(6)]);
      return [quoted(file), index, ...pairs].join(",");
    });
    const header = "file,class,label,probability,label_2,probability_2,label_3,probability_3";
    expect(lines(stdout)).toEqual([header, ...rows]);
    expect(stdout).toContain('"shoes/old/c, d.webp",');
  });

  it("reports the files that it cannot read, continues with the rest, and fails at the end", async () => {
    const images = ["shoes/a.jpg", "damaged.png", "nowhere.png", "shoes/notes.txt", "shoes/b.png"];
    const { code, stdout, stderr } = await lenet(["predict", "weights.safetensors", ...images, "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout).map(({ file }: { file: string }) => file)).toEqual(["shoes/a.jpg", "shoes/b.png"]);
    expect(lines(stderr)).toEqual([
      expect.stringMatching(/^damaged\.png: damaged: /),
      "nowhere.png: cannot read it: no such file or folder",
      "shoes/notes.txt: not a supported image (JPEG, PNG, WebP, GIF, BMP or TIFF)",
      "lenet: 3 of 5 images cannot be read",
    ]);
  });

  it("reads standard input", async () => {
    const [expected] = await predicted(["weights.safetensors", "shoes/b.png"]);
    const child = spawn(process.execPath, [PROGRAM, "predict", "weights.safetensors", "-", "--json"], { cwd: folder });
    child.stdin.end(readFileSync(inFolder("shoes/b.png")));
    let stdout = "";
    for await (const text of child.stdout.setEncoding("utf8")) stdout += text;
    expect(JSON.parse(stdout)).toEqual([{ ...expected, file: "-" }]);
  });

  it("numbers the classes of weights without metadata, given their recipe", async () => {
    const results = await predicted(["bare.pth", "shoes/b.png", "--recipe", "improved"]);
    const [{ class: index, label }] = results;
    expect(label).toBe(String(index));
    const { code, stderr } = await lenet(["predict", "bare.pth", "shoes/b.png"]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      "lenet: bare.pth: the file does not say which activation and pooling its model has; name its recipe with --recipe\n",
    );
  });

  it("resizes images as in training, or as the options say", async () => {
    const framing = { resize: "stretch", background: 255 } as const;
    writeFileSync(inFolder("stretch.pth"), writeWeights({ ...weights, metadata: { ...metadata, framing } }, "pth"));
    const logits = async (...args: string[]) => (await predicted([...args, "shoes/b.png"]))[0].logits;
    const stretched = await logits("stretch.pth");
    const contained = await logits("weights.safetensors");
    expect(stretched).not.toEqual(contained);
    expect(await logits("weights.safetensors", "--fit", "stretch", "--background", "white")).toEqual(stretched);
    expect(await logits("stretch.pth", "--fit", "contain", "--background", "black")).toEqual(contained);
    expect(await logits("stretch.pth", "--fit", "contain")).not.toEqual(contained);
  });

  it("suggests --invert for ink on paper if the weights were trained on light on black", async () => {
    const isInk = (place: number) => place % 40 > 15 && place % 40 < 25 && place > 200 && place < 600;
    const ink = Uint8Array.from({ length: 40 * 20 }, (_, place) => (isInk(place) ? 20 : 250));
    writeFileSync(inFolder("ink.png"), await encodePng(ink, 40, 20));
    writeFileSync(
      inFolder("chalk.png"),
      await encodePng(
        ink.map((byte) => 255 - byte),
        40,
        20,
      ),
    );
    for (const data of ["fashion-mnist", "somebody's"]) {
      writeFileSync(inFolder(`${data}.pth`), writeWeights({ ...weights, metadata: { ...metadata, data } }, "pth"));
    }
    const warningOf = async (...args: string[]) => (await lenet(["predict", ...args])).stderr;
    const warning = "warning: 1 image with a light background, but fashion-mnist is light on black: try --invert\n";
    expect(await warningOf("fashion-mnist.pth", "ink.png")).toBe(warning);
    expect(await warningOf("fashion-mnist.pth", "ink.png", "chalk.png")).toBe("");
    expect(await warningOf("somebody's.pth", "ink.png")).toBe("");
    expect(await warningOf("fashion-mnist.pth", "ink.png", "--invert")).toBe("");
    const [chalk] = await predicted(["weights.safetensors", "chalk.png"]);
    const [inverted] = await predicted(["weights.safetensors", "ink.png", "--invert"]);
    expect(inverted.logits).toEqual(chalk.logits);
  });

  it("does not let a file name move the cursor", async () => {
    const name = "a\x1b[2Jb.png";
    copyFileSync("tests/fixtures/images/color.png", inFolder(name));
    const { stdout } = await lenet(["predict", "weights.safetensors", name]);
    expect(lines(stdout)[1]).toMatch(/^a\\u\{1b\}\[2Jb\.png {2}/);
  });

  it.each([
    ["weights.safetensors", 2, `missing required argument 'images'; see "lenet predict --help"`],
    [
      "weights.safetensors a.png --top 0",
      2,
      `option '--top <k>' argument '0' is invalid. It must be an integer from 1 to 1,000; see "lenet predict --help"`,
    ],
    [
      "weights.safetensors a.png --json --csv",
      2,
      `option '--csv' cannot be used with option '--json'; see "lenet predict --help"`,
    ],
    ["nowhere.pth a.png", 1, "cannot read nowhere.pth: no such file or folder"],
    ["shoes/a.jpg a.png", 1, "shoes/a.jpg: the file is not a .pth, .safetensors or .onnx file"],
    ["weights.safetensors empty", 1, "no images in empty"],
  ])("fails in one line: lenet predict %s", async (args, code, message) => {
    mkdirSync(inFolder("empty"), { recursive: true });
    expect(await lenet(["predict", ...args.split(" ")])).toEqual({ code, stdout: "", stderr: `lenet: ${message}\n` });
  });

  it("exits silently if its reader goes away", async () => {
    const before = `exec > >(head -n 1)`;
    const { code, stdout, stderr } = await lenet(
      ["predict", "weights.safetensors", ...new Array(50).fill("shoes/a.jpg")],
      {
        before,
      },
    );
    expect({ code, stderr, rows: lines(stdout).length }).toEqual({ code: 0, stderr: "", rows: 1 });
  });
});

const DATA = process.env.LENET_DATA ?? "";
const REFERENCE = join(DATA, "../reference/fashion-improved-pytorch.pth");

// PyTorch's predictions for the same weights and images: tests/fixtures/predictions/make_fixture.py.
it.skipIf(!existsSync(REFERENCE))("makes the same 10,000 predictions as PyTorch", async () => {
  const expected = gunzipSync(readFileSync("tests/fixtures/predictions/fashion-improved-pytorch.classes.gz"));
  const { model, normalization, parameters } = await loadWeights(REFERENCE, RECIPES.improved);
  const engine = await wasmBackend().compile([{ model, normalization }], { batchSize: 64 });
  await engine.setParameters(parameters);
  const images = await loadDataset("fashion-mnist", "test");
  // With PyTorch's predictions as labels, every prediction must be correct.
  const { correct, total } = await evaluateDataset(engine, { ...images, labels: new Uint8Array(expected) });
  expect({ correct, total }).toEqual({ correct: 10_000, total: 10_000 });
});
