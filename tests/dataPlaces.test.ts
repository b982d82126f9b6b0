import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunOptions, runProgram } from "./support/program.js";

/** The real data sets, if they are here. */
const DATA = process.env.LENET_DATA ?? "";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-places-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const lenet = (args: readonly string[], options?: RunOptions) => runProgram(folder, args, options);
const BRIEF = ["--val-split", "0.99", "--epochs", "1", "--quiet"];

describe("the name of a data set", () => {
  it.each(["FashionMNIST", "fashion_mnist", "Fashion-MNIST"])("may be written %s", async (name) => {
    const { code, stderr } = await lenet(["train", "--data", name, "--data-dir", "nowhere"]);
    expect(code).toBe(1);
    expect(stderr).toContain("lenet: Fashion-MNIST is missing: found neither train-images-idx3-ubyte.gz");
  });

  it.each(["cifar-10", "CIFAR10"])("may be written %s, also for lenet data fetch", async (name) => {
    const { code, stderr } = await lenet(["data", "fetch", name]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^lenet: CIFAR-10 cannot be fetched; /);
  });

  it.each([
    ["fashon-mnist", "fashion-mnist"],
    ["fmnist", "fashion-mnist"],
    ["minst", "mnist"],
    ["cifar", "cifar10"],
    ["digit", "digits"],
  ])("is suggested for %s", async (written, meant) => {
    const { code, stderr } = await lenet(["train", "--data", written]);
    expect(code).toBe(2);
    expect(stderr).toContain(`or the path of a folder (Did you mean ${meant}?); see "lenet train --help"`);
  });

  it.each(["photos", "EMNIST", "kmnist", "CIFAR-100"])("is not suggested for something else: %s", async (written) => {
    expect((await lenet(["train", "--data", written])).stderr).not.toContain("Did you mean");
  });
});

describe("a named place that lacks the data", () => {
  it("is an error of lenet train, with and without --data", async () => {
    for (const data of [[], ["--data", "fashion-mnist"]]) {
      const { code, stdout, stderr } = await lenet(["train", ...data], {
        env: { LENET_DATA: join(folder, "nowhere") },
      });
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toMatch(/^lenet: Fashion-MNIST is not on this machine: looked in .*nowhere, /);
    }
  });
});

it("CIFAR-10 as torchvision keeps it is named as what it is", async () => {
  const batches = join(folder, "torch-cifar/cifar-10-batches-py");
  await mkdir(batches, { recursive: true });
  await writeFile(join(batches, "data_batch_1"), "");
  for (const args of [
    ["--data", "cifar10", "--data-dir", "torch-cifar"],
    ["--data", "torch-cifar"],
    ["--data", "torch-cifar/cifar-10-batches-py"],
  ]) {
    const { code, stderr } = await lenet(["train", ...args]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `lenet: torch-cifar/cifar-10-batches-py holds CIFAR-10 for Python, which cannot be read: cifar-10-binary.tar.gz can, see "lenet data list"\n`,
    });
  }
});

describe.skipIf(DATA === "")("torchvision's folders", () => {
  beforeAll(async () => {
    for (const [name, below] of [
      ["fashion-mnist", "FashionMNIST/raw"],
      ["mnist", "MNIST/raw"],
    ]) {
      await mkdir(join(folder, "torch", below), { recursive: true });
      for (const file of ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"]) {
        const packed = join(DATA, name, `${file}-ubyte.gz`);
        await symlink(packed, join(folder, "torch", below, `${file}-ubyte.gz`));
      }
    }
    // Older versions of torchvision keep only the unpacked files.
    await mkdir(join(folder, "unpacked/FashionMNIST/raw"), { recursive: true });
    for (const file of ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"]) {
      const bytes = gunzipSync(await readFile(join(DATA, "fashion-mnist", `${file}.gz`)));
      await writeFile(join(folder, "unpacked/FashionMNIST/raw", file), bytes);
    }
    for (const file of ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]) {
      await cp(join(DATA, "fashion-mnist", `${file}.gz`), join(folder, "unpacked/FashionMNIST/raw", `${file}.gz`));
    }
  });

  it.each([
    ["torch", []],
    ["torch/FashionMNIST", []],
    ["unpacked", []],
  ])("are found under --data-dir %s and $LENET_DATA", async (path) => {
    const listed = await lenet(["data", "list", "--data-dir", path]);
    expect(listed.stdout).toContain(`found: ${path}`);
    const env = { LENET_DATA: join(folder, path) };
    const { code, stdout } = await lenet(["data", "list", "--json"], { env });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)[0].path).toMatch(/\/FashionMNIST\/raw$/);
    const split = ["eval", "trained", "--data", "FashionMNIST", "--data-dir", path, "--json"];
    await lenet(["train", "--data", "fashion-mnist", "--out", "trained", ...BRIEF], { env });
    expect(JSON.parse((await lenet(split)).stdout)).toMatchObject({ data: "fashion-mnist", total: 10_000 });
  });

  it("under --data are the known data set: its name, its classes, its flips", async () => {
    const { code, stdout } = await lenet(["train", "--data", "torch/FashionMNIST", "--out", "by-path", ...BRIEF]);
    expect(code).toBe(0);
    expect(stdout).not.toContain("by its checksums"); // With --quiet.
    const config = JSON.parse(await readFile(join(folder, "by-path/config.json"), "utf8"));
    expect(config.data).toMatchObject({ name: "fashion-mnist", path: join(folder, "torch/FashionMNIST") });
    expect(config.data.classes[9]).toBe("Ankle boot");
    expect(config.recipe.augmentation.flip).toBe(0.5);
    const evaluated = await lenet(["eval", "by-path"]);
    expect(evaluated.stdout).toContain("torch/FashionMNIST is Fashion-MNIST, by its checksums");
    const digits = await lenet(["eval", "by-path", "--data", "torch/MNIST/raw"]);
    expect(digits.stderr).toContain('class 0 is "T-shirt/top" there, but "0" in mnist');
  });

  it("must be named one by one if --data holds several", async () => {
    const { code, stderr } = await lenet(["train", "--data", "torch"]);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "lenet: torch holds several data sets: name the folder of one, torch/FashionMNIST or torch/MNIST\n",
    });
    const one = await lenet(["data", "preview", "unpacked", "--out", "sheet.png"]);
    expect(one).toMatchObject({ code: 0, stderr: "" });
  });
});
