import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { supportsFusedArithmetic } from "../src/engine.js";
import { enableFusedArithmetic } from "../src/node/threads.js";
import { writeDigitFiles } from "./support/digitFiles.mjs";
import { PROGRAM } from "./support/program.js";

enableFusedArithmetic();

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "lenet-arithmetic-"));
  await writeDigitFiles(join(parent, "digits"), { train: 100, test: 20 });
});
afterAll(() => rm(parent, { recursive: true, force: true }));

/** Runs the program in Node with options of V8's. */
function run(options: readonly string[], ...args: string[]) {
  const command = [...options, PROGRAM, ...args];
  const env = { ...process.env, XDG_CACHE_HOME: parent };
  return spawnSync(process.execPath, command, { cwd: parent, env, encoding: "utf8", timeout: 60_000 });
}

const NO_FMA = ["--no-enable-fma3"];

async function train(out: string, options: readonly string[], ...more: string[]) {
  const settings = ["--data", "./digits", "--epochs", "1", "--threads", "2", "--quiet"];
  const { status, stderr } = run(options, "train", ...settings, "--out", out, ...more);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const text = async (name: string) => JSON.parse(await readFile(join(parent, out, name), "utf8"));
  const { arithmetic } = await text("config.json");
  const { fingerprint } = await text("result.json");
  return { arithmetic, fingerprint };
}

describe.runIf(supportsFusedArithmetic())("arithmetic", () => {
  it("is fused only where multiply-add rounds once, and portable gives the same bits everywhere", async () => {
    const fused = await train("fused", []);
    const unfused = await train("unfused", NO_FMA);
    const portable = await train("portable", [], "--arithmetic", "portable");
    expect(fused.arithmetic).toBe("wasm-fused");
    expect(unfused.arithmetic).toBe("wasm-portable");
    expect(portable).toEqual(unfused);
    expect(portable.fingerprint).not.toBe(fused.fingerprint);
  });

  it("is refused where it is not real, for a new run and for one to resume", async () => {
    await train("whole", []);
    const refused = run(NO_FMA, "train", "--data", "./digits", "--arithmetic", "fused");
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/^lenet: fused arithmetic is not available here: .* rounds twice .*\n$/);
    const resumed = run(NO_FMA, "train", "--resume", "whole", "--epochs", "2");
    expect(resumed.status).toBe(1);
    expect(resumed.stderr).toBe(
      "lenet: whole was trained with wasm-fused arithmetic (kernels 2), which is not available here: resume it where it is, or accept other bits with --device cpu\n",
    );
  });
});

it("says that WebAssembly is switched off", () => {
  const { status, stderr } = run(["--jitless"], "train", "--data", "./digits");
  expect(status).toBe(1);
  expect(stderr).toMatch(/^lenet: this program needs WebAssembly, which is switched off here \(node --jitless/m);
  const fetched = run(["--jitless"], "data", "fetch", "mnist");
  expect(fetched.status).toBe(1);
  expect(fetched.stderr).toMatch(
    /^lenet: MNIST cannot be fetched; the download failed: Node cannot download without WebAssembly, /m,
  );
});
