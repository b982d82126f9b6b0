import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodePng } from "../src/node/index.js";
import { runProgram } from "./support/program.js";

// Names that would clear the screen, change colours, or turn the text around: of data, classes, a recipe and files.

const EVIL = "\x1b[2J\x07\x9b31m\u202e";
const DATA = `data${EVIL}`;
const RECIPE = `recipe${EVIL}`;
const RUN = `run${EVIL}`;
const CLASSES = [`cat${EVIL}`, `dog${EVIL}`];
const IMAGES_PER_CLASS = 20;

/** Everything that is not text or the end of a line. */
const CONTROL = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/u;

let folder: string;
const lenet = (args: readonly string[]) => runProgram(folder, args);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-terminal-"));
  for (const [index, name] of CLASSES.entries()) {
    await mkdir(join(folder, DATA, name), { recursive: true });
    for (let image = 0; image < IMAGES_PER_CLASS; image++) {
      const png = await encodePng(new Uint8Array(256).fill(100 * index + image), 16, 16);
      await writeFile(join(folder, DATA, name, `${image}${EVIL}.png`), png);
    }
  }
  await writeFile(join(folder, DATA, CLASSES[0], `damaged${EVIL}.png`), "no image");
  await writeFile(join(folder, `${RECIPE}.json`), JSON.stringify({ extends: "paper", epochs: 1 }));
  const trained = await lenet(["train", "--data", DATA, "--epochs", "1", "--out", RUN]);
  expect(trained, trained.stderr).toMatchObject({ code: 0 });
  expect(trained.stdout + trained.stderr).not.toMatch(CONTROL);
  expect(trained.stdout + trained.stderr).toContain("\\u{1b}");
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const image = () => readdir(join(folder, DATA, CLASSES[0])).then(([name]) => join(DATA, CLASSES[0], name));

describe("no command prints a control character:", () => {
  it.concurrent.each<[string, number, () => string[] | Promise<string[]>]>([
    ["train, which exists", 1, () => ["train", "--data", DATA, "--out", RUN]],
    ["train, a recipe", 1, () => ["train", "--data", DATA, "--config", `${RECIPE}.json`]],
    ["train --resume", 1, () => ["train", "--resume", RUN, "--data", "digits"]],
    ["train --teacher", 1, () => ["train", "--data", "digits", "--teacher", RUN]],
    ["train --soft-labels", 1, () => ["train", "--data", DATA, "--soft-labels", `missing${EVIL}.npy`]],
    ["train --json", 0, () => ["train", "--data", DATA, "--epochs", "1", "--json", "--out", `json${EVIL}`]],
    ["eval", 0, () => ["eval", RUN]],
    ["eval --json", 0, () => ["eval", RUN, "--json"]],
    ["predict", 0, async () => ["predict", RUN, await image()]],
    ["predict --json", 0, async () => ["predict", RUN, await image(), "--json"]],
    ["predict --csv", 0, async () => ["predict", RUN, await image(), "--csv"]],
    ["predict, a missing image", 1, () => ["predict", RUN, `missing${EVIL}.png`]],
    ["runs", 0, () => ["runs", "."]],
    ["runs --json", 0, () => ["runs", ".", "--json"]],
    ["compare", 0, () => ["compare", RUN, RUN]],
    ["compare --json", 0, () => ["compare", RUN, "--json"]],
    ["plot", 0, () => ["plot", RUN, "--out", `plot${EVIL}.svg`]],
    ["report", 0, () => ["report", RUN]],
    ["export", 0, () => ["export", RUN, "--to", "onnx", "--out", `model${EVIL}.onnx`]],
    ["export --json", 0, () => ["export", RUN, "--to", "safetensors", "--out", `model${EVIL}.st`, "--json"]],
    ["prove", 0, () => ["prove", RUN]],
    ["prove --json", 0, () => ["prove", RUN, "--json"]],
    ["lr-find", 0, () => ["lr-find", "--data", DATA, "--out", `rates${EVIL}.svg`]],
    ["sweep", 0, () => ["sweep", "--data", DATA, "--seeds", "2", "--set", "epochs=1", "--out", `sweep${EVIL}`]],
    ["verify", 1, () => ["verify", DATA]],
    ["serve", 1, () => ["serve", `missing${EVIL}.pth`]],
    ["summary", 1, () => ["summary", "--config", `missing${EVIL}.json`]],
    ["worker", 2, () => ["worker", `redis://${EVIL}`]],
    ["data preview", 0, () => ["data", "preview", DATA, "--out", `sheet${EVIL}.png`]],
    ["data list", 0, () => ["data", "list", "--data-dir", DATA]],
    ["an unknown command", 2, () => [`unknown${EVIL}`]],
    ["an unknown option", 2, () => ["eval", RUN, `--unknown${EVIL}`]],
  ])("%s", async (_, code, args) => {
    const { stdout, stderr, ...ended } = await lenet(await args());
    const printed = stdout + stderr;
    expect(printed).not.toMatch(CONTROL);
    expect({ ...ended, printed }).toEqual({ code, printed });
    expect(printed).not.toBe("");
  });
});
