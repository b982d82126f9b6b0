import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeDigitFiles } from "./support/digitFiles.mjs";
import { runProgram } from "./support/program.js";

let folder: string;
const inFolder = (...names: string[]) => join(folder, ...names);
const lenet = (...args: string[]) => runProgram(folder, args);
const TRAIN = ["train", "--data", "./digits", "--epochs", "1", "--threads", "1", "--quiet"];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-endings-"));
  await writeDigitFiles(inFolder("digits"), { train: 100, test: 20 });
  expect(await lenet(...TRAIN, "--out", "whole")).toMatchObject({ code: 0 });
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

it("finds a name for each of six trainings that start at once", async () => {
  const runs = await Promise.all(Array.from({ length: 6 }, () => lenet(...TRAIN)));
  expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(6).fill({ code: 0, stderr: "" }));
  const name = "digits-improved-seed0";
  const names = [name, ...[2, 3, 4, 5, 6].map((number) => `${name}-${number}`)];
  expect((await readdir(inFolder("runs"))).sort()).toEqual(names.sort());
});

describe("a run that was killed after its result was written", () => {
  const REPORT = ["report.html", "confusion.svg"];
  const files = (run: string) => Promise.all(REPORT.map((name) => readFile(inFolder(run, name), "utf8")));

  it("gets its report when it is resumed, and is complete then", async () => {
    await cp(inFolder("whole"), inFolder("killed"), { recursive: true });
    for (const name of REPORT) await rm(inFolder("killed", name));
    expect(await lenet("train", "--resume", "killed", "--quiet")).toMatchObject({ code: 0, stderr: "" });
    expect(await files("killed")).toEqual(await files("whole"));
    expect((await lenet("train", "--resume", "killed")).stderr).toMatch(/^lenet: killed is complete /);
  });

  it("gets its report when its sweep is resumed", async () => {
    const sweep = ["sweep", "--data", "./digits", "--seeds", "1", "--set", "epochs=1", "--jobs", "1", "--quiet"];
    expect(await lenet(...sweep, "--out", "swept")).toMatchObject({ code: 0 });
    const [run] = (await readdir(inFolder("swept"))).filter((name) => !name.includes("."));
    const before = await files(join("swept", run));
    for (const name of REPORT) await rm(inFolder("swept", run, name));
    expect(await lenet("sweep", "--resume", "swept", "--quiet")).toMatchObject({ code: 0 });
    expect(await files(join("swept", run))).toEqual(before);
  });
});

it("says at its end that nothing was learned", async () => {
  const { code, stderr } = await lenet(...TRAIN, "--lr", "10", "--out", "collapsed");
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^warning: the network has learned nothing: it predicts "\d" for all 20 images; try a lower learning rate, or more epochs\n$/,
  );
});

it("judges a training without test images by its validation images", async () => {
  await cp(inFolder("digits"), inFolder("untested"), { recursive: true });
  for (const part of ["images-idx3", "labels-idx1"]) await rm(inFolder("untested", `t10k-${part}-ubyte`));
  const { code, stdout, stderr } = await lenet(...TRAIN, "--data", "./untested", "--lr", "10", "--out", "unjudged");
  expect(code).toBe(0);
  expect(stdout).toContain("untested has no test images, so there is only a validation accuracy\n");
  expect(stderr).toMatch(
    /^warning: the network has learned nothing: it predicts "\d" for all 20 images; try a lower learning rate, or more epochs\n$/,
  );
});

describe("a run is refused by name", () => {
  it("with other test images", async () => {
    await cp(inFolder("whole"), inFolder("moved"), { recursive: true });
    await writeDigitFiles(inFolder("others"), { train: 100, test: 21 });
    const path = inFolder("moved", "config.json");
    const config = JSON.parse(await readFile(path, "utf8"));
    config.data.path = inFolder("others");
    await writeFile(path, JSON.stringify(config));
    expect((await lenet("train", "--resume", "moved", "--epochs", "2")).stderr).toBe(
      "lenet: moved was started with other test images: the checksum of those of digits has changed\n",
    );
  });

  it("with a hundred thousand threads", async () => {
    await cp(inFolder("whole"), inFolder("many"), { recursive: true });
    const path = inFolder("many", "config.json");
    await writeFile(path, (await readFile(path, "utf8")).replace(/"threads": \d+/, '"threads": 100000'));
    expect((await lenet("train", "--resume", "many", "--epochs", "2")).stderr).toBe(
      "lenet: the number of threads must be an integer from 1 to 64, not 100000\n",
    );
  });
});

describe.runIf(process.platform === "linux")("a pipe", () => {
  beforeAll(() => {
    execFileSync("mkfifo", [inFolder("pipe.png")]);
  });

  it("is refused as weights", async () => {
    expect((await lenet("predict", "pipe.png", "digits")).stderr).toBe(
      "lenet: cannot read pipe.png: it is not a regular file\n",
    );
  });

  it("is refused as an image", async () => {
    const { code, stderr } = await lenet("predict", "whole", "pipe.png");
    expect(code).toBe(1);
    expect(stderr).toContain("pipe.png: not a regular file\n");
  });

  it("is refused as a recipe", async () => {
    expect((await lenet("train", "--config", "pipe.png")).stderr).toBe(
      "lenet: cannot read pipe.png: it is not a regular file\n",
    );
  });
});

it("ends at SIGTERM even if the command does not", async () => {
  const program = `
    import { withInterrupt } from ${JSON.stringify(new URL("../dist/cli/interrupt.js", import.meta.url).href)};
    await withInterrupt(() => {
      console.log("begun");
      return new Promise(() => setInterval(() => {}, 1000));
    }, 300);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([130, null]);
});

const mayMount = spawnSync("sh", ["-c", 'd=$(mktemp -d) && mount -t tmpfs tmpfs "$d" && umount "$d"']).status === 0;
it.runIf(mayMount)("says that a disk is read-only", async () => {
  execFileSync("mkdir", [inFolder("disk")]);
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", inFolder("disk")]);
  try {
    await cp(inFolder("whole"), inFolder("disk", "run"), { recursive: true });
    execFileSync("mount", ["-o", "remount,ro", inFolder("disk")]);
    expect((await lenet("train", "--resume", "disk/run", "--epochs", "2")).stderr).toMatch(
      /^lenet: cannot write disk\/run\/\.lenet-\d+-[0-9a-f]{8}\.lock: the file system is read-only\n$/,
    );
  } finally {
    execFileSync("umount", [inFolder("disk")]);
  }
});
