import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { verify } from "../src/cli/commands/verify.js";
import { supportsFusedArithmetic } from "../src/engine/wasm/features.js";
import { wasmBackend } from "../src/engine/wasm/wasmBackend.js";
import { readSafetensors, writeSafetensors } from "../src/formats/safetensors.js";
import type { TensorData } from "../src/model/index.js";
import { enableFusedArithmetic } from "../src/node/threads.js";
import {
  formatReport,
  isReferenceFile,
  reportProblems,
  type VerificationRow,
  verifyFiles,
} from "../src/verification/index.js";

enableFusedArithmetic();
const GOLDEN = fileURLToPath(new URL("golden/", import.meta.url));
const MODEL = "improved-1x28x28.safetensors";
const backend = wasmBackend();

let golden: Map<string, Uint8Array>;
beforeAll(async () => {
  const names = (await readdir(GOLDEN)).filter(isReferenceFile);
  golden = new Map(await Promise.all(names.map(async (name) => [name, await readFile(join(GOLDEN, name))] as const)));
});

/** A subset of the reference files. */
function only(...names: string[]): Map<string, Uint8Array> {
  return new Map(names.map((name) => [name, golden.get(name)!]));
}

/** A file with one of its tensors changed. */
function withChanged(
  file: string,
  tensor: string,
  change: (data: Exclude<TensorData, BigInt64Array | BigUint64Array>) => void,
) {
  const { tensors } = readSafetensors(golden.get(file)!);
  const { data } = tensors.get(tensor)!;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    throw new TypeError(`${tensor} contains integers`);
  change(data);
  return writeSafetensors(tensors);
}

function failed(rows: readonly VerificationRow[]): string[] {
  return rows.filter(({ passed }) => !passed).map(({ file, tensor }) => `${file} ${tensor}`);
}

function kindOf({ file, tensor }: VerificationRow): string {
  if (file.endsWith(".pth")) return "state dict";
  if (file === "schedules.json") return tensor.endsWith(": beta1") ? "schedule's momentum" : "schedule's learning rate";
  if (file.startsWith("augment")) return "augmentation";
  if (tensor.startsWith("act.")) return "activation";
  if (tensor.endsWith(".loss")) return "loss";
  if (tensor === "losses") return "training losses";
  if (tensor === "step5.logits") return "trained logits";
  if (/^train\.bn\d\.running_/.test(tensor)) return "running statistics";
  return tensor.startsWith("step5.") ? "trained parameter" : tensor.includes(".grad.") ? "gradient" : tensor;
}

describe("PyTorch's reference values", () => {
  test.each(["fused", "portable"] as const)("match the engine, with %s arithmetic", async (arithmetic) => {
    expect(supportsFusedArithmetic()).toBe(true);
    const report = await verifyFiles(golden, wasmBackend({ arithmetic }));
    expect(report.failures).toEqual([]);
    expect(report.skipped).toEqual([]);
    expect(failed(report.rows)).toEqual([]);
    expect(reportProblems(report)).toEqual([]);

    const counts: Record<string, number> = {};
    for (const kind of report.rows.map(kindOf)) counts[kind] = (counts[kind] ?? 0) + 1;
    expect(counts).toEqual({
      activation: 5 * 7 + 11,
      loss: 5 * 2 + 3 + 3,
      // With batch normalisation: 18 outside training, and in training all but the biases without effect.
      gradient: 4 * 2 * 10 + 10 + 18 + 14 + 3 * 10,
      "training losses": 6,
      "trained parameter": 5 * 10 + 26,
      "trained logits": 1,
      "running statistics": 8,
      "state dict": 5 * 10 + 26,
      "schedule's learning rate": 7,
      "schedule's momentum": 7,
      augmentation: 5 + 4,
    });
    expect(new Set(report.rows.map(({ file }) => file))).toEqual(new Set(golden.keys()));
  });
});

describe("verification fails for", () => {
  test("a gradient changed by one percent", async () => {
    const tensor = "smooth0.1.grad.conv2.weight";
    const changed = withChanged(MODEL, tensor, (data) => {
      data[data.indexOf(Math.max(...data))] *= 1.01;
    });
    const report = await verifyFiles(new Map([[MODEL, changed]]), backend);
    expect(failed(report.rows)).toEqual([`${MODEL} ${tensor}`]);
    expect(reportProblems(report)).toEqual(["1 of 29 tensors in 1 file exceed their tolerance"]);
    const row = report.rows.find((each) => each.tensor === tensor)!;
    expect(row.error).toBeCloseTo(0.01 / 1.01, 5);
    expect(formatReport(report)).toMatch(
      / {2}smooth0\.1\.grad\.conv2\.weight +9\.9e-3 {2}1e-4 of the largest +FAILED\n/,
    );
  });

  test.each([
    ["act.pool1", 1.2e-5],
    ["act.logits", -1.2e-5],
    ["smooth0.loss", 1.2e-5],
    ["smooth0.1.loss", Number.NaN],
  ])("%s changed by %d", async (tensor, difference) => {
    const changed = withChanged(MODEL, tensor, (data) => {
      data[data.length - 1] += difference;
    });
    const { rows } = await verifyFiles(new Map([[MODEL, changed]]), backend);
    expect(failed(rows)).toEqual([`${MODEL} ${tensor}`]);
  });

  test.each([
    ["train.bn1.running_var", 1.1e-5],
    ["train.loss", 1.1e-5],
    ["train.grad.bn2.weight", 1e-3],
  ])("batch normalisation: %s changed by %d", async (tensor, difference) => {
    const file = "improved-1x28x28-batchnorm.safetensors";
    const changed = withChanged(file, tensor, (data) => {
      data[0] += difference;
    });
    const { rows } = await verifyFiles(new Map([[file, changed]]), backend);
    expect(failed(rows)).toEqual([`${file} ${tensor}`]);
  });

  test.each(["adamw", "adam", "sgd-momentum", "sgd-nesterov", "muon"])(
    "a parameter trained with %s",
    async (optimizer) => {
      const file = `improved-1x28x28.${optimizer}.safetensors`;
      const changed = withChanged(file, "step5.fc1.bias", (data) => {
        data[3] += 2.1e-5;
      });
      const { rows } = await verifyFiles(new Map([...only(MODEL), [file, changed]]), backend);
      expect(failed(rows)).toEqual([`${file} step5.fc1.bias`]);
    },
  );

  test("a gradient with a teacher changed by one percent", async () => {
    const file = "improved-1x28x28.losses.safetensors";
    const changed = withChanged(file, "distilled.grad.conv2.weight", (data) => {
      data[data.indexOf(Math.max(...data))] *= 1.01;
    });
    const { rows } = await verifyFiles(new Map([...only(MODEL), [file, changed]]), backend);
    expect(failed(rows)).toEqual([`${file} distilled.grad.conv2.weight`]);
  });

  test("a stored parameter with its last bit flipped", async () => {
    const changed = withChanged(MODEL, "param.conv1.weight", (data) => {
      new Uint32Array(data.buffer)[7] ^= 1;
    });
    const report = await verifyFiles(
      new Map([...only("improved-1x28x28.pth", "improved-1x28x28.legacy.pth"), [MODEL, changed]]),
      backend,
    );
    expect(failed(report.rows)).toEqual([
      "improved-1x28x28.legacy.pth conv1.weight",
      "improved-1x28x28.pth conv1.weight",
    ]);
    expect(report.rows.find(({ passed }) => !passed)).toMatchObject({ error: 1, tolerance: 0, measure: "unequal" });
  });

  test.each([
    ["augment.safetensors", "rotate.out"],
    ["augment.safetensors", "rotate-large.out"],
    ["augment.safetensors", "crop.out"],
    ["augment.safetensors", "chain.out"],
    ["augment-affine.safetensors", "affine.out"],
    ["augment-affine.safetensors", "brightness.out"],
  ])("a changed pixel in %s %s", async (file, tensor) => {
    const changed = withChanged(file, tensor, (data) => {
      data[400] ^= 1;
    });
    const { rows } = await verifyFiles(new Map([[file, changed]]), backend);
    expect(failed(rows)).toEqual([`${file} ${tensor}`]);
    expect(rows.find((row) => row.tensor === tensor)!.error).toBe(1);
  });

  test("an erased pixel that is not 0", async () => {
    const file = "augment-affine.safetensors";
    const changed = withChanged(file, "full.normalised", (data) => {
      data[data.indexOf(0)] = 1;
    });
    const { rows } = await verifyFiles(new Map([[file, changed]]), backend);
    expect(failed(rows)).toEqual([`${file} full.normalised`]);
  });

  test("a scheduled value changed in its last digits", async () => {
    const schedules = JSON.parse(new TextDecoder().decode(golden.get("schedules.json")));
    const [name] = Object.keys(schedules);
    schedules[name].lr_and_beta1[17][0] += 1e-15;
    schedules[name].lr_and_beta1[17][1] += 1e-13;
    const bytes = new TextEncoder().encode(JSON.stringify(schedules));
    const { rows } = await verifyFiles(new Map([["schedules.json", bytes]]), backend);
    expect(failed(rows)).toEqual([`schedules.json ${name}: learning rate`, `schedules.json ${name}: beta1`]);
  });

  test("any truncated file", async () => {
    for (const [file, bytes] of golden) {
      const modelFiles = [...golden].filter(([model]) => file.startsWith(model.replace("safetensors", "")));
      const truncated = bytes.subarray(0, bytes.length - 100);
      const report = await verifyFiles(new Map([...modelFiles, [file, truncated]]), backend);
      expect(reportProblems(report)).toContainEqual(expect.stringContaining(`cannot verify ${file}: `));
    }
  });

  test.each([
    ["an unknown tensor", MODEL, "act.conv3", "it has an unknown tensor act.conv3"],
    ["a model of unknown kind", "modern.safetensors", undefined, "its name starts with neither paper nor improved"],
  ])("%s", async (_, file, extra, reason) => {
    const { tensors } = readSafetensors(golden.get(MODEL)!);
    const changed = new Map(tensors);
    if (extra) changed.set(extra, { shape: [1], data: Float32Array.of(0) });
    const report = await verifyFiles(new Map([[file, writeSafetensors(changed)]]), backend);
    expect(report.failures).toEqual([{ file, reason }]);
  });
});

test("tensors of another shape are reported", async () => {
  const { tensors } = readSafetensors(golden.get(MODEL)!);
  const flat = new Map(
    [...tensors].map(([name, { shape, data }]) => [name, { shape: name === "act.fc1" ? [data.length] : shape, data }]),
  );
  const { failures } = await verifyFiles(new Map([[MODEL, writeSafetensors(flat)]]), backend);
  expect(failures).toEqual([{ file: MODEL, reason: "act.fc1: expected shape [5, 12], the reference has [60]" }]);
});

describe("lenet verify", () => {
  let folder: string;
  let output: { stdout: string; stderr: string };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "lenet-verify-"));
    output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      vi.spyOn(process[stream], "write").mockImplementation((text) => {
        output[stream] += text;
        return true;
      });
    }
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(folder, { recursive: true });
  });

  const put = (name: string, bytes: Uint8Array | string) => writeFile(join(folder, name), bytes);

  test("prints a table and succeeds", async () => {
    await put(
      "schedules.json",
      JSON.stringify({
        "two steps": {
          max_lr: 0.01,
          total_steps: 2,
          lr_and_beta1: [
            [0.00811745653949763, 0.8688255099070633],
            [4e-8, 0.95],
          ],
        },
      }),
    );
    await put("improved.pth", golden.get("improved-1x28x28.pth")!);
    await put("README.md", "not a reference");
    expect(await verify(folder)).toBe(0);
    expect(output.stderr).toBe("");
    expect(output.stdout.replace(/ \d(\.\d)?e-1[67]/g, "       0")).toMatchInlineSnapshot(`
      "schedules.json
        tensor                          error  tolerance
        two steps: learning rate            0  1e-14 of the largest
        two steps: beta1                    0  1e-14 of the largest

      improved.pth: not verified, improved.safetensors is missing
      2 tensors in 1 file are within tolerance
      "
    `);
  });

  test("fails if a value exceeds its tolerance", async () => {
    const changed = withChanged("augment.safetensors", "normalised", (data) => {
      data[0] = 0;
    });
    await put("augment.safetensors", changed);
    expect(await verify(folder)).toBe(1);
    expect(output.stdout).toMatch(/ {2}normalised +1 {2}0 unequal +FAILED\n/);
    expect(output.stderr).toBe(`lenet: ${folder}: 1 of 5 tensors in 1 file exceed their tolerance\n`);
  });

  test("fails with one line if a file is damaged, and verifies the others", async () => {
    await put(MODEL, golden.get(MODEL)!.subarray(0, 1000));
    await put("schedules.json", golden.get("schedules.json")!);
    expect(await verify(folder)).toBe(1);
    expect(output.stderr).toMatch(/^lenet: \S+: cannot verify improved-1x28x28\.safetensors: safetensors: .+\n$/);
    expect(output.stdout).toContain("max_lr=0.01 total_steps=2: beta1");
    expect(output.stdout).not.toContain("within");
  });

  test("fails if a file is damaged, even if its model file is missing", async () => {
    await put("improved.pth", golden.get("improved-1x28x28.pth")!.subarray(0, 5000));
    await put("schedules.json", golden.get("schedules.json")!);
    expect(await verify(folder)).toBe(1);
    expect(output.stderr).toMatch(/^lenet: \S+: cannot verify improved\.pth: .+\n$/);
  });

  test("fails with one line if there is nothing to verify", async () => {
    expect(await verify(folder)).toBe(1);
    await put("improved-1x28x28.pth", golden.get("improved-1x28x28.pth")!);
    expect(await verify(folder)).toBe(1);
    expect(output.stderr).toBe(`lenet: ${folder}: there is nothing to verify\n`.repeat(2));
    const missing = join(folder, "missing");
    await expect(verify(missing)).rejects.toThrow(`cannot read the folder ${missing}: no such file or folder`);
  });
});
