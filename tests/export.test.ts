import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isOnnx } from "../src/formats/onnx/index.js";
import { isPth } from "../src/formats/pth/pth.js";
import { isSafetensors } from "../src/formats/safetensors.js";
import { readWeights, type WeightsFormat } from "../src/formats/weightFiles.js";
import { writeDigitFiles } from "./support/digitFiles.mjs";
import { runProgram } from "./support/program.js";

let folder: string;
const lenet = (...args: string[]) => runProgram(folder, args);
const bytesOf = (name: string) => new Uint8Array(readFileSync(join(folder, name)));

const IS: Record<WeightsFormat, (bytes: Uint8Array) => boolean> = {
  pth: isPth,
  safetensors: isSafetensors,
  onnx: isOnnx,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-export-"));
  await writeDigitFiles(join(folder, "idx"), { train: 200, test: 100 });
  const train = ["train", "--data", "./idx", "--epochs", "1", "--out", "run", "--quiet"];
  expect((await lenet(...train)).code).toBe(0);
  writeFileSync(join(folder, "torch.pth"), readFileSync("tests/golden/improved-1x28x28.pth"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("lenet export", () => {
  it.each([
    [
      "onnx",
      "run/model.onnx",
      'onnxruntime.InferenceSession("run/model.onnx").run(None, {"input": float32 [n, 1, 28, 28]})',
    ],
    [
      "safetensors",
      "run/model.safetensors",
      'model.load_state_dict(safetensors.torch.load_file("run/model.safetensors"))',
    ],
  ] as const)(
    "writes a run's best weights as %s to its folder, and prints how to load them",
    async (format, file, load) => {
      const { code, stdout, stderr } = await lenet("export", "run", "--to", format);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const kilobytes = Math.ceil(bytesOf(file).length / 1000);
      expect(stdout).toBe(`${format}: ${file} (${kilobytes} kB)\nload it in Python: ${load}\n`);
      expect(IS[format](bytesOf(file))).toBe(true);
      expect(readWeights(bytesOf(file))).toEqual(readWeights(bytesOf("run/best.safetensors")));
    },
  );

  it("writes the same file whichever formats it went through", async () => {
    const ways: WeightsFormat[] = ["pth", "onnx", "safetensors", "onnx", "pth", "safetensors"];
    let from = "run";
    for (const [index, format] of ways.entries()) {
      const to = `way-${index}.${format}`;
      expect((await lenet("export", from, "--to", format, "--out", to)).code).toBe(0);
      from = to;
    }
    expect(bytesOf("way-0.pth")).toEqual(bytesOf("run/model.pth"));
    expect(bytesOf("way-3.onnx")).toEqual(bytesOf("way-1.onnx"));
    expect(bytesOf("way-4.pth")).toEqual(bytesOf("run/model.pth"));
    expect(bytesOf("way-5.safetensors")).toEqual(bytesOf("run/best.safetensors"));
  });

  it("writes weights that evaluate to the same numbers", async () => {
    const evaluated = async (path: string) => {
      const { code, stdout } = await lenet("eval", path, "--data", "./idx", "--json");
      expect(code).toBe(0);
      return JSON.parse(stdout);
    };
    const expected = await evaluated("run");
    expect(expected.total).toBe(100);
    for (const path of ["way-0.pth", "way-1.onnx", "way-2.safetensors"])
      expect(await evaluated(path)).toEqual(expected);
  });

  it("writes PyTorch's weights next to the original, with the recipe's activation", async () => {
    const { stdout } = await lenet("export", "torch.pth", "--to", "onnx", "--recipe", "improved", "--json");
    expect(JSON.parse(stdout)).toEqual({
      file: "torch.onnx",
      format: "onnx",
      bytes: bytesOf("torch.onnx").length,
      load: 'onnxruntime.InferenceSession("torch.onnx").run(None, {"input": float32 [n, 1, 28, 28]})',
    });
    expect(readWeights(bytesOf("torch.onnx")).model.layers[1]).toEqual({ type: "relu" });
  });

  it("writes an ONNX graph that takes bytes", async () => {
    const args = ["export", "run", "--to", "onnx", "--with-preprocessing", "--out", "bytes.onnx"];
    expect((await lenet(...args)).stdout).toContain('.run(None, {"images": uint8 [n, 28, 28, 1]})');
    expect(readWeights(bytesOf("bytes.onnx"))).toEqual(readWeights(bytesOf("run/best.safetensors")));
  });

  it.each([
    ["run", 2, `required option '--to <format>' not specified; see "lenet export --help"`],
    [
      "run --to h5",
      2,
      `option '--to <format>' argument 'h5' is invalid. Allowed choices are pth, safetensors, onnx; see "lenet export --help"`,
    ],
    [
      "run --to pth --with-preprocessing",
      2,
      `option '--with-preprocessing' requires '--to onnx'; see "lenet export --help"`,
    ],
    ["run --to pth", 1, "run/model.pth already exists: choose another file with --out, or replace it with --force"],
    [
      "torch.pth --to pth --recipe paper",
      1,
      "torch.pth already exists: choose another file with --out, or replace it with --force",
    ],
    ["nowhere --to pth", 1, "cannot read nowhere: no such file or folder"],
    ["run --to pth --out nowhere/model.pth", 1, "cannot write nowhere/model.pth: no such file or folder"],
    [
      "torch.pth --to safetensors",
      1,
      "torch.pth: the file does not say which activation and pooling its model has; name its recipe with --recipe",
    ],
  ])("fails in one line: lenet export %s", async (args, code, message) => {
    const before = readdirSync(folder);
    expect(await lenet("export", ...args.split(" "))).toEqual({ code, stdout: "", stderr: `lenet: ${message}\n` });
    expect(readdirSync(folder)).toEqual(before);
  });
});
