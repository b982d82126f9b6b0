import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RECIPES } from "../src/index.js";
import { encodePng } from "../src/node/index.js";
import { interruptAfter, PROGRAM, type RunOptions, runProgram } from "./support/program.js";

let folder: string;

const lenet = (args: readonly string[], options?: RunOptions) => runProgram(folder, args, options);
const inFolder = (...names: string[]) => join(folder, ...names);
const readJson = async (...names: string[]) => JSON.parse(await readFile(inFolder(...names), "utf8"));
const lines = (text: string) => text.trimEnd().split("\n");

const TRAIN = ["train", "--data", "digits", "--val-split", "0.98", "--epochs", "2"];

/** Trains, and expects it to work. */
async function trained(args: readonly string[]): Promise<void> {
  const { code, stderr } = await lenet([...args, "--quiet"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-paths-"));
  await trained([
    ...TRAIN,
    "--seed",
    "3",
    "--out",
    "runs/one",
    "--batch",
    "50",
    "--augment",
    "shear=3",
    "--arithmetic",
    "portable",
  ]);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("a recipe file", () => {
  const text = JSON.stringify({ extends: "best", epochs: 1, validationFraction: 0.98 });
  it.each([
    ["UTF-8", Buffer.from(`\ufeff${text}`, "utf8")],
    ["UTF-16", Buffer.from(`\ufeff${text}`, "utf16le")],
  ])("may begin with a byte-order mark: %s", async (name, bytes) => {
    await writeFile(inFolder(`${name}.json`), bytes);
    await trained(["train", "--config", `${name}.json`, "--data", "digits", "--out", `runs of ${name}`]);
    expect(await readJson(`runs of ${name}`, "config.json")).toMatchObject({
      recipe: { name, averaging: RECIPES.best.averaging },
    });
  });

  it("is what lenet recipe show prints", async () => {
    const { code, stdout, stderr } = await lenet(["recipe", "show", "best"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await writeFile(inFolder("printed.json"), stdout);
    await trained([
      "train",
      "--config",
      "printed.json",
      "--data",
      "digits",
      "--val-split",
      "0.98",
      "--epochs",
      "1",
      "--out",
      "printed",
    ]);
    await trained([
      "train",
      "--recipe",
      "best",
      "--data",
      "digits",
      "--val-split",
      "0.98",
      "--epochs",
      "1",
      "--out",
      "named",
    ]);
    expect((await readJson("printed", "config.json")).recipe).toEqual((await readJson("named", "config.json")).recipe);
    const result = async (run: string) => (await readJson(run, "result.json")).fingerprint;
    expect(await result("printed")).toBe(await result("named"));
  });

  it("is suggested: lenet recipe list, and near misses", async () => {
    const { stdout } = await lenet(["recipe", "list"]);
    expect(lines(stdout).map((line) => line.split(" ")[0])).toEqual([
      "recipe",
      ...["paper", "improved", "best", "teacher", "distilled", "lenet-1998"],
    ]);
    expect(stdout).toMatch(/^improved +relu +maxPool2d +adamw +100 +32 +0\.002 +61,706$/m);
    expect((await lenet(["recipe", "show", "improve"])).stderr).toContain("Allowed choices are paper, improved");
  });
});

describe("--config RUN/config.json", () => {
  it.each(["runs/one/config.json", "runs/one"])("trains the same run again: recipe, data, seed: %s", async (config) => {
    await rm(inFolder("again"), { recursive: true, force: true });
    await trained(["train", "--config", config, "--out", "again"]);
    const [one, again] = await Promise.all(["runs/one", "again"].map((run) => readJson(run, "result.json")));
    expect(again.fingerprint).toBe(one.fingerprint);
    expect(await readJson("again", "config.json")).toMatchObject({
      seed: 3,
      arithmetic: "wasm-portable",
      data: { name: "digits" },
    });
  });

  it("gives way to options", async () => {
    await trained(["train", "--config", "runs/one/config.json", "--seed", "4", "--epochs", "1", "--out", "other"]);
    expect(await readJson("other", "config.json")).toMatchObject({ seed: 4, recipe: { epochs: 1, batchSize: 50 } });
  });
});

describe("a file of a run stands for its folder", () => {
  it("for --resume, report, prove, compare and plot", async () => {
    await cp(inFolder("runs/one"), inFolder("copy"), { recursive: true });
    for (const file of ["last.ckpt", "model.pth"]) {
      const { code, stderr } = await lenet(["train", "--resume", `copy/${file}`]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^lenet: copy is complete \(2 epochs, /);
    }
    const { code } = await lenet([...TRAIN, "--epochs", "40", "--out", "broken"], interruptAfter("epoch  1/40"));
    expect(code).toBe(130);
    const resumed = await lenet(["train", "--resume", "broken/model.pth"], interruptAfter("resuming after epoch"));
    expect(resumed.stdout).toContain("\nresuming after epoch ");
    expect((await lenet(["report", "copy/best.safetensors"])).stdout).toMatch(/^report: copy\/report\.html$/m);
    expect((await lenet(["prove", "copy/model.pth"])).stdout).toContain("proved: copy has the same");
    expect((await lenet(["compare", "copy/result.json"])).stdout).toContain("\ncopy ");
    expect((await lenet(["plot", "copy/history.csv", "--out", "copy.svg"])).code).toBe(0);
  });
});

describe("a folder of images that has moved", () => {
  beforeAll(async () => {
    for (const [index, name] of ["cat", "dog"].entries()) {
      await mkdir(inFolder("pets", name), { recursive: true });
      for (let image = 0; image < 20; image++) {
        const png = await encodePng(new Uint8Array(256).fill(100 * index + image), 16, 16);
        await writeFile(inFolder("pets", name, `${image}.png`), png);
      }
    }
    await trained(["train", "--data", "pets", "--epochs", "1", "--out", "of-pets"]);
    await trained(["sweep", "--data", "pets", "--epochs", "1", "--seeds", "2", "--out", "pets-sweep"]);
    await rename(inFolder("pets"), inFolder("animals"));
  });

  it("is named with --data, for report, prove, eval and --resume", async () => {
    const lost = await lenet(["report", "of-pets"]);
    expect(lost.code).toBe(1);
    expect(lost.stderr.replaceAll(folder, "FOLDER")).toMatchInlineSnapshot(`
      "lenet: FOLDER/pets, the data of this run, does not exist: if it has moved, name its folder with --data DIR
      "
    `);
    expect(await lenet(["report", "of-pets", "--data", "animals"])).toMatchObject({ code: 0, stderr: "" });
    expect((await lenet(["prove", "of-pets", "--data", "animals"])).stdout).toContain("proved");
    expect((await lenet(["eval", "of-pets", "--data", "animals"])).stdout).toMatch(
      /^of-pets on the test images of animals$/m,
    );
    const resumed = await lenet(["train", "--resume", "of-pets", "--epochs", "2", "--data", "animals", "--quiet"]);
    expect(resumed).toMatchObject({ code: 0, stderr: "" });
    // From now on, the run knows.
    expect((await readJson("of-pets", "config.json")).data).toMatchObject({ name: "pets", path: inFolder("animals") });
    expect(await lenet(["report", "of-pets"])).toMatchObject({ code: 0, stderr: "" });
  });

  it("is named with --data for a sweep, too", async () => {
    const lost = await lenet(["sweep", "--resume", "pets-sweep", "--seeds", "3"]);
    expect(lost.code).toBe(1);
    expect(lost.stderr.replaceAll(folder, "FOLDER")).toBe(
      "lenet: FOLDER/pets, the data of this sweep, does not exist: if it has moved, name its folder with --data DIR\n",
    );
    const others = await lenet(["sweep", "--resume", "pets-sweep", "--data", "digits"]);
    expect(others.stderr).toBe("lenet: pets-sweep was trained on other images: the checksum of pets has changed\n");
    const resumed = await lenet(["sweep", "--resume", "pets-sweep", "--seeds", "3", "--data", "animals", "--quiet"]);
    expect(resumed).toMatchObject({ code: 0, stderr: "" });
    const { name, settings } = (await readJson("pets-sweep", "sweep.config.json")).data;
    expect({ name, data: settings.data }).toEqual({ name: "pets", data: inFolder("animals") });
    // From now on, the sweep knows.
    expect(await lenet(["sweep", "--resume", "pets-sweep", "--seeds", "4", "--quiet"])).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect((await readJson("pets-sweep", "sweep.json")).runs).toHaveLength(4);
  });

  it("must hold the same images", async () => {
    const { code, stderr } = await lenet(["train", "--resume", "of-pets", "--epochs", "9", "--data", "digits"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "lenet: of-pets was trained on other images: the checksum of pets has changed\n",
    });
  });
});

describe("sweeps and folders of runs", () => {
  beforeAll(async () => {
    const args = ["sweep", "--data", "digits", "--config", "sweep.json", "--seeds", "2", "--set", "lr=1e-5,2e-3"];
    await writeFile(
      inFolder("sweep.json"),
      JSON.stringify({ extends: "improved", epochs: 1, validationFraction: 0.98 }),
    );
    await trained([...args, "--out", "runs/sweep"]);
    await mkdir(inFolder("runs/damaged"));
    await writeFile(inFolder("runs/damaged/config.json"), "{");
  });

  it("are compared, the best first; a damaged run is named and left out", async () => {
    const { code, stdout, stderr } = await lenet(["compare", "runs", "--json"]);
    expect(code).toBe(0);
    const runs: { run: string; bestValidationAccuracy: number }[] = JSON.parse(stdout);
    expect(runs).toHaveLength(5);
    const accuracies = runs.map(({ bestValidationAccuracy }) => bestValidationAccuracy);
    expect(accuracies).toEqual(accuracies.toSorted((a, b) => b - a));
    expect(new Set(accuracies).size).toBeGreaterThan(2);
    expect(stderr).toMatch(/^warning: runs\/damaged: config\.json is not JSON\n$/);
  });

  // With the options that `script` has on Linux.
  it.runIf(process.platform === "linux").each(["compare runs", "compare runs/sweep", "runs"])(
    "are listed no wider than the terminal: lenet %s",
    (args) => {
      const widest = (columns: number) => {
        const command = `stty cols ${columns}; ${process.execPath} ${PROGRAM} ${args}`;
        const env = { PATH: process.env.PATH, HOME: folder, TERM: "xterm", NO_COLOR: "1" };
        const shown = execFileSync("script", ["-qec", command, "/dev/null"], { cwd: folder, env, encoding: "utf8" });
        return Math.max(...lines(shown).map((line) => line.trimEnd().length));
      };
      expect(widest(200)).toBeGreaterThan(70);
      expect(widest(70)).toBeLessThanOrEqual(70);
      expect(widest(56)).toBeLessThanOrEqual(56);
    },
  );

  it("are drawn in one chart, which is replaced with --force", async () => {
    expect((await lenet(["plot", "runs/sweep", "--out", "sweep.svg"])).code).toBe(0);
    const refused = await lenet(["plot", "runs/sweep", "--out", "sweep.svg"]);
    expect(refused).toMatchObject({
      code: 1,
      stderr: "lenet: sweep.svg already exists: choose another file with --out, or replace it with --force\n",
    });
    expect((await lenet(["plot", "runs", "--out", "sweep.svg", "--force"])).code).toBe(0);
    expect(await readFile(inFolder("sweep.svg"), "utf8")).toContain(">one</text>");
  });

  it("are listed by lenet runs, newest first", async () => {
    const { code, stdout } = await lenet(["runs"]);
    expect(code).toBe(0);
    const rows = lines(stdout);
    expect(rows[0]).toMatch(/^run +data +recipe +started +seed +epochs +best validation +test$/);
    expect(rows).toHaveLength(6);
    expect(rows[5]).toMatch(/^one +digits +improved +20\d\d-\d\d-\d\d \d\d:\d\d +3 +2 +[\d.]+ % +[\d.]+ %$/);
    expect(rows[1]).toMatch(/^sweep\/\S+ +digits/);
    await mkdir(inFolder("nothing"));
    expect((await lenet(["runs", "nothing"])).stdout).toBe("no runs in nothing yet; train one with: lenet train\n");
    for (const command of ["compare", "plot"]) {
      expect((await lenet([command, "nothing"])).stderr).toBe("lenet: no runs in nothing\n");
    }
    expect(await lenet(["runs", "nowhere"])).toMatchObject({ code: 1, stderr: "lenet: nowhere does not exist\n" });
  });
});
