import { spawn, spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../src/formats/safetensors.js";
import { readWeights } from "../src/formats/weightFiles.js";
import { fingerprint as fingerprintOf, fold } from "../src/model/index.js";
import { scheduleAt } from "../src/training/recipes/schedules.js";
import { writeDigitFiles } from "./support/digitFiles.mjs";
import { interruptAfter, onceToldOf, type RunOptions, runProgram } from "./support/program.js";

const EPOCHS = 5;
const KILLED_AFTER = 2;
const BATCH = 32;
const IMAGES = { train: 200, test: 50 };
const STEPS_PER_EPOCH = (IMAGES.train * 0.8) / BATCH;
const TRAIN = ["train", "--data", "digits-of-200", "--batch", String(BATCH), "--seed", "11", "--json"];
const KILLS = new URL("./kills.mjs", import.meta.url).pathname;

let folder: string;
const inFolder = (...names: string[]) => join(folder, ...names);
const lines = (text: string) => text.trimEnd().split("\n");
const lenet = (args: readonly string[], options?: RunOptions) => runProgram(folder, args, options);
const resume = (run: string, options?: RunOptions) => lenet(["train", "--resume", run, "--json"], options);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-runs-"));
  await writeDigitFiles(inFolder("digits-of-200"), IMAGES);
  const whole = await lenet([...TRAIN, "--epochs", String(EPOCHS), "--out", "whole"]);
  expect(whole).toMatchObject({ code: 0 });
  const kill = onceToldOf(`"epoch":${KILLED_AFTER}`, (child) => child.kill("SIGKILL"));
  expect(await lenet([...TRAIN, "--epochs", String(EPOCHS), "--out", "killed"], kill)).toMatchObject({ code: null });
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The number of epochs in a run's history. */
async function rowsOf(run: string): Promise<string[][]> {
  const [, ...rows] = lines(await readFile(inFolder(run, "history.csv"), "utf8"));
  return rows.map((row) => row.split(",").slice(0, 6));
}

/** Asserts that a run is finished and bit-identical to another, and left nothing else in its folder. */
async function expectSameRun(run: string, other: string): Promise<void> {
  for (const name of ["model.pth", "best.safetensors", "last.ckpt"]) {
    const [bytes, others] = await Promise.all([run, other].map((path) => readFile(inFolder(path, name))));
    expect(bytes.equals(others), name).toBe(true);
  }
  expect(await rowsOf(run)).toEqual(await rowsOf(other));
  expect(await readdir(inFolder(run))).toContain("result.json");
  expect(await hiddenFiles(run)).toEqual([]);
}

const hiddenFiles = async (run: string) => (await readdir(inFolder(run))).filter((name) => name.startsWith("."));

async function copyOfKilled(run: string): Promise<void> {
  await cp(inFolder("killed"), inFolder(run), { recursive: true });
}

async function damage(run: string, name: string): Promise<void> {
  const bytes = await readFile(inFolder(run, name));
  bytes[bytes.length >> 1] ^= 16;
  await writeFile(inFolder(run, name), bytes);
}

describe("a run that was killed", () => {
  it("resumes bit-identically to an uninterrupted one, and says what it found", async () => {
    await copyOfKilled("again");
    const { code, stderr } = await resume("again");
    expect({ code, told: lines(stderr) }).toEqual({
      code: 0,
      told: expect.arrayContaining([
        expect.stringMatching(/^took over the lock of process \d+, which no longer exists$/),
        expect.stringMatching(/^resuming after epoch \d of 5$/),
      ]),
    });
    await expectSameRun("again", "whole");
  });

  it("resumes from the previous checkpoint if the last one is damaged, and says so", async () => {
    await copyOfKilled("damaged");
    await damage("damaged", "last.ckpt");
    const { code, stderr } = await resume("damaged", interruptAfter(`"epoch":${EPOCHS}`));
    expect(stderr).toMatch(
      /^the last checkpoint was damaged \(last.ckpt: its checksum does not match\): resuming from the previous one, epoch \d$/m,
    );
    expect([0, 130]).toContain(code);
    if (code === 130) await resume("damaged");
    await expectSameRun("damaged", "whole");
  });

  it("is refused in one line if it was started with another arithmetic, and resumes from an older config", async () => {
    await copyOfKilled("other");
    const path = inFolder("other", "config.json");
    const { arithmetic, ...config } = JSON.parse(await readFile(path, "utf8"));
    expect(arithmetic).toBe("wasm-fused");
    await writeFile(path, JSON.stringify({ ...config, fusedArithmetic: false }));
    const { code, stdout, stderr } = await resume("other");
    expect({ code, stdout, told: lines(stderr).at(-1) }).toEqual({
      code: 1,
      stdout: "",
      told: "lenet: other: last.ckpt does not belong to config.json, they differ in arithmetic: restore the file that was changed, or resume a folder that holds only config.json to train from scratch",
    });
    await writeFile(path, JSON.stringify({ ...config, fusedArithmetic: true }));
    expect(await resume("other")).toMatchObject({ code: 0 });
    await expectSameRun("other", "whole");
  });

  it("is refused in one line if both checkpoints are damaged", async () => {
    await copyOfKilled("lost");
    for (const name of ["last.ckpt", "previous.ckpt"]) await damage("lost", name);
    const { code, stdout, stderr } = await resume("lost");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(
      "lenet: lost has no usable checkpoint left: last.ckpt: its checksum does not match; previous.ckpt: its checksum does not match; to train from scratch, resume a folder that holds only a copy of its config.json\n",
    );
  });

  it("is resumed by only one process at a time", async () => {
    await copyOfKilled("shared");
    let second: ReturnType<typeof resume> | undefined;
    // The first process pauses while the second one tries.
    const first = await resume(
      "shared",
      onceToldOf('"epoch":', (child) => {
        child.kill("SIGSTOP");
        second = resume("shared").finally(() => child.kill("SIGCONT"));
      }),
    );
    const { code, stdout, stderr } = await second!;
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /^lenet: shared is in use by process \d+ on \S+ since \S+; if that process no longer [^\n]+\n$/,
    );
    expect(first.code).toBe(0);
    await expectSameRun("shared", "whole");
  });

  it("stops writing when its folder is removed, and does not recreate it", async () => {
    await copyOfKilled("removed");
    const { code, stderr } = await resume(
      "removed",
      onceToldOf('"epoch":', () => rmSync(inFolder("removed"), { recursive: true })),
    );
    expect(code).toBe(1);
    expect(lines(stderr).at(-1)).toMatch(
      /^lenet: (removed or its lock was removed during the run; nothing more will be written there|cannot write removed\/[a-z.]+: no such file or folder)$/,
    );
    expect(await readdir(folder)).not.toContain("removed");
  });

  it("ends bit-identically whenever it is killed", async () => {
    const child = spawn(process.execPath, [KILLS, "--kills", "6", "--train"], { stdio: ["ignore", "pipe", "inherit"] });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ code, last: lines(stdout).at(-1) }).toEqual({
      code: 0,
      last: expect.stringMatching(
        /^train: 6 kills in \d+ runs of \d+ epochs: weights and history equal the uninterrupted run's$/,
      ),
    });
  });
});

/** Whether the user may mount file systems. */
function canMount(): boolean {
  const probe = spawnSync("sh", ["-c", 'd=$(mktemp -d) && mount -t tmpfs -o size=64k tmpfs "$d" && umount "$d"']);
  return probe.status === 0;
}

describe("a run with batch normalisation", () => {
  const recipe = { extends: "best", batchNorm: true, epochs: 3, batchSize: 32 };
  const train = ["train", "--data", "digits-of-200", "--seed", "11", "--config", "normalized.json"];
  const weightsOf = async (run: string) => readWeights(await readFile(inFolder(run, "best.safetensors")));

  it("saves the plain LeNet-5 that it was tested with, or the layers with --no-fold", async () => {
    await writeFile(inFolder("normalized.json"), JSON.stringify(recipe));
    for (const [run, ...options] of [["folded"], ["unfolded", "--no-fold"]]) {
      expect(await lenet([...train, "--out", run, ...options])).toMatchObject({ code: 0 });
      const { test, fingerprint } = JSON.parse(await readFile(inFolder(run, "result.json"), "utf8"));
      const evaluated = await lenet(["eval", run, "--data", "digits-of-200", "--json"]);
      expect(JSON.parse(evaluated.stdout)).toMatchObject({ correct: test.correct, loss: test.loss });
      const { model, parameters } = await weightsOf(run);
      expect(await fingerprintOf(model, parameters)).toBe(fingerprint);
      expect(await lenet(["prove", run])).toMatchObject({ code: 0 });
    }
    const [folded, unfolded] = [await weightsOf("folded"), await weightsOf("unfolded")];
    expect(folded.model.layers.some(({ type }) => type === "batchNorm")).toBe(false);
    expect(fold(unfolded.model, unfolded.parameters)).toEqual({ model: folded.model, parameters: folded.parameters });
    // Averaged parameters are measured anew at the end, so the statistics are not the average of the checkpoint's.
    const { tensors } = readSafetensors(await readFile(inFolder("unfolded", "last.ckpt")));
    expect(tensors.get("best.bn1.weight")).toEqual(unfolded.parameters.get("bn1.weight"));
    expect(tensors.get("best.bn1.running_var")).not.toEqual(unfolded.parameters.get("bn1.running_var"));
  });

  it("resumes bit-identically", async () => {
    const kill = onceToldOf('"epoch":1', (child) => child.kill("SIGKILL"));
    expect(await lenet([...train, "--json", "--out", "broken"], kill)).toMatchObject({ code: null });
    expect(await resume("broken")).toMatchObject({ code: 0 });
    await expectSameRun("broken", "folded");
  });

  it("is refused in one line if the last batch were one image", async () => {
    const { code, stderr } = await lenet([...train, "--batch", "179", "--out", "refused"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/images in batches of 179 leave a batch of one image, but BatchNorm1d-11 needs/),
    });
    expect(lines(stderr)).toHaveLength(1);
    expect(await readdir(folder)).not.toContain("refused");
  });
});

describe("a run without room for its checkpoint", () => {
  it.runIf(canMount())(
    "says that the disk is full, and resumes from the previous checkpoint once there is room",
    async () => {
      await mkdir(inFolder("disk"));
      const mount = (options: string) => spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", inFolder("disk")]);
      // Of 2.5 MB, enough is left for the weights, but not for a checkpoint of 1 MB.
      expect(mount("size=3000k").status).toBe(0);
      try {
        await copyOfKilled("disk/run");
        const { code, stderr } = await resume("disk/run");
        expect({ code, last: lines(stderr).at(-1) }).toEqual({
          code: 1,
          last: "lenet: cannot write disk/run/last.ckpt: no space left on the device",
        });
        expect(await hiddenFiles("disk/run")).toEqual([]);
        expect(mount("remount,size=10m").status).toBe(0);
        const again = await resume("disk/run");
        expect(again.stderr).toMatch(/^resuming after epoch \d of 5$/m);
        await expectSameRun("disk/run", "whole");
      } finally {
        spawnSync("umount", [inFolder("disk")]);
      }
    },
  );

  it.runIf(process.platform !== "win32")("reports a limit on file size, and resumes without it", async () => {
    await copyOfKilled("limited");
    const { code, stderr } = await resume("limited", { before: "ulimit -f 600" });
    expect({ code, last: lines(stderr).at(-1) }).toEqual({
      code: 1,
      last: "lenet: cannot write limited/last.ckpt: the file is too large",
    });
    expect(await hiddenFiles("limited")).toEqual([]);
    expect(await resume("limited")).toMatchObject({ code: 0 });
    await expectSameRun("limited", "whole");
  });
});

describe("a finished run", () => {
  const extend = (run: string, epochs: number, options?: RunOptions) =>
    lenet(["train", "--resume", run, "--epochs", String(epochs), "--json"], options);
  const LONGER = EPOCHS + 3;

  it("restarts its schedule when extended, and says and records it", async () => {
    await cp(inFolder("whole"), inFolder("longer"), { recursive: true });
    const { code, stderr } = await extend("longer", LONGER);
    expect(code).toBe(0);
    expect(lines(stderr)).toContain(
      "extended from 5 to 8 epochs; the schedule restarts for the added ones, so the result differs from 8 epochs from the start",
    );
    const config = JSON.parse(await readFile(inFolder("longer", "config.json"), "utf8"));
    expect(config).toMatchObject({ recipe: { epochs: LONGER }, scheduleRestarts: [EPOCHS] });
    const rows = await rowsOf("longer");
    expect(rows.slice(0, EPOCHS)).toEqual(await rowsOf("whole"));
    expect(rows.slice(EPOCHS).map(([epoch, , , , , rate]) => [Number(epoch), Number(rate)])).toEqual(
      [1, 2, 3].map((added) => {
        const lastStep = added * STEPS_PER_EPOCH - 1;
        return [EPOCHS + added, scheduleAt(config.recipe.schedule, lastStep, 3 * STEPS_PER_EPOCH).learningRate];
      }),
    );
    expect(JSON.parse(await readFile(inFolder("longer", "result.json"), "utf8"))).toMatchObject({ epochs: LONGER });
  });

  it("ends bit-identically when extended, if interrupted or repeated from its config.json", async () => {
    await cp(inFolder("whole"), inFolder("broken"), { recursive: true });
    const broken = await extend("broken", LONGER, interruptAfter(`"epoch":${EPOCHS + 1}`));
    expect(broken.code).toBe(130);
    expect(broken.stderr).toMatch(/interrupted after epoch \d of 8; resume with: npx lenet train --resume broken\n$/);
    expect((await extend("broken", LONGER)).stderr).toBe(
      "lenet: broken is not finished, and only a finished run can be extended: first resume it without --epochs to complete its 8 epochs\n",
    );
    expect((await resume("broken")).code).toBe(0);
    await expectSameRun("broken", "longer");

    await mkdir(inFolder("anew"));
    await cp(inFolder("longer", "config.json"), inFolder("anew", "config.json"));
    expect((await resume("anew")).code).toBe(0);
    await expectSameRun("anew", "longer");
  });

  it("does not resume without more epochs", async () => {
    const finished = await resume("whole");
    expect(finished).toEqual({
      code: 1,
      stdout: "",
      stderr: "lenet: whole is complete (5 epochs, result in result.json); extend it with --epochs N, N above 5\n",
    });
    expect((await extend("whole", EPOCHS)).stderr).toBe("lenet: whole already has 5 epochs: --epochs must be higher\n");
    expect(await hiddenFiles("whole")).toEqual([]);
  });
});
