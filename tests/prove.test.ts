import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeSafetensors } from "../src/formats/safetensors.js";
import { writeDigitFiles } from "./support/digitFiles.mjs";
import { runProgram } from "./support/program.js";

let folder: string;
const inFolder = (...names: string[]) => join(folder, ...names);
const lenet = (...args: string[]) => runProgram(folder, args);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-prove-"));
  await writeDigitFiles(inFolder("digits"), { train: 100, test: 20 });
  const train = ["train", "--data", "./digits", "--epochs", "2", "--quiet", "--out", "run"];
  expect(await lenet(...train, "--threads", "2", "--arithmetic", "portable")).toMatchObject({ code: 0 });
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function changed(name: string, file: string, change: (content: Record<string, unknown>) => object) {
  await cp(inFolder("run"), inFolder(name), { recursive: true });
  const content = JSON.parse(await readFile(inFolder(name, file), "utf8"));
  await writeFile(inFolder(name, file), JSON.stringify(change(content)));
}

it("proves a run, also an extended one, and changes nothing in it", async () => {
  const { fingerprint } = JSON.parse(await readFile(inFolder("run", "result.json"), "utf8"));
  const before = await readdir(inFolder("run"));
  const { code, stdout } = await lenet("prove", "run", "--threads", "1");
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`fingerprint of the best weights: ${fingerprint}\nproved: run has the same\n$`));
  expect(await readdir(inFolder("run"))).toEqual(before);
  await cp(inFolder("run"), inFolder("longer"), { recursive: true });
  expect(await lenet("train", "--resume", "longer", "--epochs", "3", "--quiet")).toMatchObject({ code: 0 });
  const proof = await lenet("prove", "longer", "--json");
  expect(proof.code).toBe(0);
  expect(JSON.parse(proof.stdout)).toMatchObject({ proved: true, differsFromEpoch: null });
});

it("proves a run that learned from a teacher, which must be the same", async () => {
  const student = ["train", "--data", "./digits", "--epochs", "2", "--quiet"];
  const rows = Float32Array.from({ length: 100 * 10 }, (_, index) => Math.sin(index));
  await writeFile(inFolder("labels"), writeSafetensors(new Map([["logits", { shape: [100, 10], data: rows }]])));
  await cp(inFolder("run"), inFolder("teacher"), { recursive: true });
  // Crops alone, so that its answers are kept.
  const ofNetwork = [...student, "--teacher", "teacher", "--augment", "crop=1", "--out", "student"];
  expect(await lenet(...ofNetwork)).toMatchObject({ code: 0 });
  expect(await lenet(...student, "--soft-labels", "labels", "--out", "reader")).toMatchObject({ code: 0 });
  for (const run of ["student", "reader"]) {
    const { code, stdout, stderr } = await lenet("prove", run);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(`proved: ${run} has the same\n$`));
  }
  await writeFile(
    inFolder("labels"),
    writeSafetensors(new Map([["logits", { shape: [100, 10], data: rows.fill(1) }]])),
  );
  expect((await lenet("prove", "reader")).stderr).toBe(
    `lenet: ${inFolder("labels")} has changed: the run learns from a teacher that was there before\n`,
  );
  await rm(inFolder("teacher"), { recursive: true });
  expect((await lenet("prove", "student")).stderr).toBe(
    `lenet: cannot read ${inFolder("teacher")}: no such file or folder\n`,
  );
});

it("fails on a claim that is not true, and says from which epoch on", async () => {
  // A recipe that would have learned something else, in a folder from which nothing else gives it away.
  await changed("lie", "config.json", (config) => ({ ...config, seed: 1 }));
  expect((await lenet("prove", "lie")).stderr).toMatch(/^lenet: lie: best.safetensors does not belong to config.json/);
  await changed("claim", "result.json", (result) => ({ ...result, fingerprint: "0".repeat(64) }));
  expect((await lenet("prove", "claim")).stderr).toMatch(
    /^lenet: claim contradicts itself: .* 0{64}, its weights have /,
  );
  await cp(inFolder("run"), inFolder("other"), { recursive: true });
  const history = (await readFile(inFolder("other", "history.csv"), "utf8")).replace(/\n2,\d/, "\n2,9");
  await writeFile(inFolder("other", "history.csv"), history);
  const { stdout } = await lenet("prove", "other", "--json");
  expect(JSON.parse(stdout)).toMatchObject({ differsFromEpoch: 2 });
});

it("says what is missing", async () => {
  await changed("away", "config.json", (config) => ({
    ...config,
    data: { ...(config.data as object), path: "/nowhere" },
  }));
  expect((await lenet("prove", "away")).stderr).toMatch(/^lenet: .*\/nowhere/);
  await cp(inFolder("run"), inFolder("unfinished"), { recursive: true });
  await rm(inFolder("unfinished", "result.json"));
  expect((await lenet("prove", "unfinished")).stderr).toBe(
    "lenet: unfinished is not finished: it claims nothing that could be proved\n",
  );
});
