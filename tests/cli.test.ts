import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initializeParameters, lenet5 } from "../src/engine.js";
import { writeModelMetadata } from "../src/formats/modelMetadata.js";
import { readPth, writePth } from "../src/formats/pth/pth.js";
import { writeSafetensors } from "../src/formats/safetensors.js";
import { RECIPES } from "../src/index.js";
import { interruptAfter, type Outcome, PROGRAM, type RunOptions, runProgram } from "./support/program.js";

const VERSION = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8")).version;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-cli-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const lenet = (args: readonly string[], options?: RunOptions) => runProgram(folder, args, options);

// Few training images and many for validation: an epoch takes a fraction of a second.
const EPOCHS = 3;
const TRAIN = ["train", "--data", "digits", "--val-split", "0.98", "--epochs", String(EPOCHS), "--seed", "11"];

const inFolder = (name: string) => join(folder, name);
const readJson = async (name: string) => JSON.parse(await readFile(inFolder(name), "utf8"));
const lines = (text: string) => text.trimEnd().split("\n");
/** A slow machine prints progress lines, too. */
const withoutProgress = (text: string) => text.replaceAll(/^.* \d+ % .* left.*\n/gm, "");

/** A run's history without the seconds. */
async function historyOf(run: string): Promise<string[][]> {
  return lines(await readFile(inFolder(join(run, "history.csv")), "utf8")).map((row) => row.split(",").slice(0, 6));
}

/** Asserts that two runs have the same bits: best weights, last state with both moments, history. */
async function expectSameRun(run: string, other: string): Promise<void> {
  for (const name of ["model.pth", "best.safetensors", "last.ckpt"]) {
    const [bytes, others] = await Promise.all([run, other].map((path) => readFile(inFolder(join(path, name)))));
    expect(bytes.equals(others), name).toBe(true);
  }
  expect(await historyOf(run)).toEqual(await historyOf(other));
}

describe("wrong usage is reported in one line, with exit code 2", () => {
  const number = (option: string, value: string, allowed: string) =>
    `option '${option}' argument '${value}' is invalid. It must be ${allowed}; see "lenet train --help"`;
  it.each([
    ["train --epochs 0", number("--epochs <n>", "0", "an integer from 1 to 100,000")],
    ["train --lr nan", number("--lr <x>", "nan", "a number above 0 and below 100")],
    ["train --lr 0", number("--lr <x>", "0", "a number above 0 and below 100")],
    ["train --lr -0.1", number("--lr <x>", "-0.1", "a number above 0 and below 100")],
    ["train --threads 0", number("--threads <n>", "0", "an integer from 1 to 64")],
    ["train --batch 70000", number("--batch <n>", "70000", "an integer from 1 to 16,384")],
    ["train --seed -1", number("--seed <n>", "-1", "an integer from 0 to 9,007,199,254,740,991")],
    ["train --seed 1.5", number("--seed <n>", "1.5", "an integer from 0 to 9,007,199,254,740,991")],
    ["train --val-split 1", number("--val-split <fraction>", "1", "a number of at least 0 and below 1")],
    ["train --out", `option '--out <dir>' argument missing; see "lenet train --help"`],
    ["train --frobnicate", `unknown option '--frobnicate'; see "lenet train --help"`],
    ["train --epoch 3", `unknown option '--epoch' (Did you mean --epochs?); see "lenet train --help"`],
    [
      "train --data cifar",
      `option '--data <name>' argument 'cifar' is invalid. It must be fashion-mnist, mnist, cifar10, digits or the path of a folder (Did you mean cifar10?); see "lenet train --help"`,
    ],
    [
      "train --recipe paper --config my.json",
      `option '--config <file>' cannot be used with option '--recipe <name>'; see "lenet train --help"`,
    ],
    [
      "lr-find --out curve.jpg",
      `option '--out <file>' argument 'curve.jpg' is invalid. It must end in .svg or .png; see "lenet lr-find --help"`,
    ],
    [
      "train --resume run --seed 3",
      `option '--resume <run>' cannot be used with option '--seed <n>'; see "lenet train --help"`,
    ],
    ["train run", `unexpected argument 'run'; see "lenet train --help"`],
    ["train MNIST", `unexpected argument 'MNIST' (Did you mean --data mnist?); see "lenet train --help"`],
    ["export run model.onnx --to onnx", `unexpected argument 'model.onnx'; see "lenet export --help"`],
    ["sweep --lr 1e-3", `unknown option '--lr' (Did you mean --set lr=…?); see "lenet sweep --help"`],
    [
      "train --recipe imroved",
      `option '--recipe <name>' argument 'imroved' is invalid. Allowed choices are paper, improved, best, teacher, distilled, lenet-1998 (Did you mean improved?); see "lenet train --help"`,
    ],
    [
      "recipe show bset",
      `argument 'bset' is invalid for <name>. Allowed choices are paper, improved, best, teacher, distilled, lenet-1998 (Did you mean best?); see "lenet recipe show --help"`,
    ],
    [
      "plot run --out run.pdf",
      `option '--out <file>' argument 'run.pdf' is invalid. It must end in .svg or .png; see "lenet plot --help"`,
    ],
    ["compare", `missing required argument 'runs'; see "lenet compare --help"`],
    ["trian", `unknown command 'trian' (Did you mean train?); see "lenet --help"`],
    ["eval", `missing required argument 'weights'; see "lenet eval --help"`],
    [
      "data fetch digits",
      `argument 'digits' is invalid for <name>. Allowed choices are fashion-mnist, mnist, cifar10; see "lenet data fetch --help"`,
    ],
    ["data lists", `unknown command 'lists' (Did you mean list?); see "lenet data --help"`],
    [
      "eval run --split all",
      `option '--split <part>' argument 'all' is invalid. Allowed choices are test, val, train; see "lenet eval --help"`,
    ],
    [
      "summary --input 2x28x28",
      `option '--input <CxHxW>' argument '2x28x28' is invalid. It must be CxHxW, such as 1x28x28 or 3x32x32, with 1 or 3 channels and 12 to 128 rows and columns; see "lenet summary --help"`,
    ],
  ])("lenet %s", async (args, message) => {
    expect(await lenet(args.split(" "))).toEqual({ code: 2, stdout: "", stderr: `lenet: ${message}\n` });
  });
});

describe("help", () => {
  it("is printed by lenet without arguments, as wrong usage", async () => {
    const { code, stdout, stderr } = await lenet([]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^Usage: lenet \[options\] \[command\]\n/);
    const commands = [
      "train",
      "sweep",
      "lr-find",
      "eval",
      "predict",
      "export",
      "compare",
      "plot",
      "report",
      "summary",
      "data",
      "verify",
      "demo",
    ];
    for (const command of commands) expect(stderr).toContain(`\n  ${command} `);
    const titles = stderr.match(/^\S.*:$/gm);
    expect(titles).toEqual(["Options:", "Train:", "Use a network:", "Runs:", "Data:", "This machine:"]);
  });

  it.each(["help train", "train --help"])("explains a command: lenet %s", async (args) => {
    const { code, stdout, stderr } = await lenet(args.split(" "));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Usage: lenet train \[options\]\n/);
    const options = ["recipe", "data", "data-dir", "epochs", "batch", "lr", "seed", "threads", "val-split", "out"];
    for (const option of [...options, "resume", "json", "quiet"]) expect(stdout).toContain(`\n  --${option} `);
    const titles = ["Recipe:", "Data:", "Training:", "Processor or graphics card:", "Output:", "Options:"];
    expect(stdout.match(/^\S.*:$/gm)).toEqual(titles);
  });

  it("prints the version", async () => {
    expect(await lenet(["--version"])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: "" });
  });
});

describe("summary", () => {
  it("prints the network's table", async () => {
    const { code, stdout } = await lenet(["summary"]);
    expect(code).toBe(0);
    expect(stdout).toContain("\n            Conv2d-1            [-1, 6, 28, 28]             156\n");
    expect(stdout).toContain("\nTotal params: 61,706\n");
  });

  it("prints it as JSON, with the multiply-adds per image", async () => {
    const { code, stdout, stderr } = await lenet(["summary", "--json", "--recipe", "improved", "--input", "3x32x32"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ totalParameters: 83_126, multiplyAdds: 886_440 });
  });

  it("prints that of a recipe file, and that of a run from its config.json", async () => {
    const { stdout: shown } = await lenet(["recipe", "show", "improved"]);
    await writeFile(inFolder("wide.json"), JSON.stringify({ ...JSON.parse(shown), width: 2 }));
    const wide = await lenet(["summary", "--config", inFolder("wide.json"), "--classes", "3", "--json"]);
    expect(JSON.parse(wide.stdout).layers.at(-1).outputShape).toEqual([3]);
    const train = ["train", "--data", "digits", "--recipe", "paper", "--input", "3x32x32", "--val-split", "0.98"];
    expect((await lenet([...train, "--epochs", "1", "--quiet", "--out", inFolder("summarized")])).code).toBe(0);
    const { stdout } = await lenet(["summary", "--config", inFolder("summarized/config.json"), "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ totalParameters: 83_126 });
  });
});

describe("data list", () => {
  it("lists the known data sets, where they are, and where the others can be downloaded from", async () => {
    const data = inFolder("listed");
    const path = join(data, "cifar10", "cifar-10-batches-bin");
    await mkdir(path, { recursive: true });
    for (const name of ["data_batch_1.bin", "test_batch.bin"]) await writeFile(join(path, name), "");
    const { code, stdout, stderr } = await lenet(["data", "list"], { env: { LENET_DATA: data } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const line of lines(stdout)) expect(line.replace(folder, "").length).toBeLessThanOrEqual(100);
    expect(stdout.replaceAll(folder, "FOLDER")).toMatchInlineSnapshot(`
      "name           title                train      test    images   classes
      fashion-mnist  Fashion-MNIST       60,000    10,000   1x28x28        10
                     T-shirt/top, Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot
                     not downloaded; 31 MB from:
                       https://fashion-mnist.s3.eu-central-1.amazonaws.com/
                       http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/
                       https://dataset.bj.bcebos.com/fashion_mnist/
                       train-images-idx3-ubyte.gz
                       train-labels-idx1-ubyte.gz
                       t10k-images-idx3-ubyte.gz
                       t10k-labels-idx1-ubyte.gz
      mnist          MNIST               60,000    10,000   1x28x28        10
                     0, 1, 2, 3, 4, 5, 6, 7, 8, 9
                     not downloaded; 12 MB from:
                       https://ossci-datasets.s3.amazonaws.com/mnist/
                       https://storage.googleapis.com/cvdf-datasets/mnist/
                       https://dataset.bj.bcebos.com/mnist/
                       train-images-idx3-ubyte.gz
                       train-labels-idx1-ubyte.gz
                       t10k-images-idx3-ubyte.gz
                       t10k-labels-idx1-ubyte.gz
      cifar10        CIFAR-10            50,000    10,000   3x32x32        10
                     airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck
                     found: FOLDER/listed/cifar10/cifar-10-batches-bin
      digits         Generated digits    60,000    10,000   1x28x28        10
                     0, 1, 2, 3, 4, 5, 6, 7, 8, 9
                     generated by this program
      "
    `);

    const json = await lenet(["data", "list", "--json", "--data-dir", data]);
    const listed = JSON.parse(json.stdout);
    expect(listed.map(({ name }: { name: string }) => name)).toEqual(["fashion-mnist", "mnist", "cifar10", "digits"]);
    expect(listed[2]).toEqual({
      name: "cifar10",
      title: "CIFAR-10",
      classes: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
      channels: 3,
      height: 32,
      width: 32,
      train: 50_000,
      test: 10_000,
      generated: false,
      path,
      download: {
        addresses: [
          "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
          "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/cifar-10-binary.tar.gz",
        ],
        bytes: 170_052_171,
      },
    });
    expect(listed[3]).toMatchObject({ generated: true, path: null, download: null });
  });
});

describe("a failure is reported in one line, with exit code 1", () => {
  async function failureOf(args: readonly string[], env?: Record<string, string>): Promise<string> {
    const { code, stdout, stderr } = await lenet(args, { env });
    expect({ code, lines: lines(stderr).length }).toEqual({ code: 1, lines: 1 });
    expect(withoutProgress(stdout).replace(/^run folder: .*\n.*GENERATED.*\nLeNet-5 .*\n(epoch .*\n)*/, "")).toBe("");
    return stderr.trimEnd().replaceAll(folder, "FOLDER");
  }

  it("a data set that is missing and cannot be downloaded", async () => {
    expect(await failureOf(["train", "--data", "fashion-mnist"])).toMatchInlineSnapshot(
      `"lenet: Fashion-MNIST is not on this machine: looked in FOLDER/.cache/lenet, /usr/share/datasets/fashion-mnist; the download failed: https://fashion-mnist.s3.eu-central-1.amazonaws.com/train-images-idx3-ubyte.gz: the host is not found, http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-images-idx3-ubyte.gz: the host is not found, https://dataset.bj.bcebos.com/fashion_mnist/train-images-idx3-ubyte.gz: the host is not found; run "apt-get install dataset-fashion-mnist" or name a folder that holds its files with --data-dir DIR"`,
    );
    expect(await failureOf(["train", "--data", "mnist"], { LENET_DATA: inFolder("nowhere") })).toMatchInlineSnapshot(
      `"lenet: MNIST is not on this machine: looked in FOLDER/nowhere, FOLDER/.cache/lenet; the download failed: https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz: the host is not found, https://storage.googleapis.com/cvdf-datasets/mnist/train-images-idx3-ubyte.gz: the host is not found, https://dataset.bj.bcebos.com/mnist/train-images-idx3-ubyte.gz: the host is not found; name a folder that holds its files with --data-dir DIR"`,
    );
  });

  it("a data set that cannot be fetched", async () => {
    expect(await failureOf(["data", "fetch", "cifar10"])).toBe(
      "lenet: CIFAR-10 cannot be fetched; the download failed: https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz: the host is not found, https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/cifar-10-binary.tar.gz: the host is not found; name a folder that holds its files with --data-dir DIR",
    );
  });

  it("a missing data folder", async () => {
    expect(await failureOf(["train", "--data-dir", inFolder("nowhere")])).toMatchInlineSnapshot(
      `"lenet: Fashion-MNIST is missing: found neither train-images-idx3-ubyte.gz nor train-images-idx3-ubyte in FOLDER/nowhere/fashion-mnist, FOLDER/nowhere/FashionMNIST/raw, FOLDER/nowhere/raw or FOLDER/nowhere"`,
    );
  });

  it("a data file that is truncated or another file", async () => {
    const data = inFolder("data");
    await mkdir(data);
    await writeFile(join(data, "train-images-idx3-ubyte.gz"), Buffer.from("1f8b0800000000000003", "hex"));
    expect(await failureOf(["train", "--data-dir", data])).toMatchInlineSnapshot(
      `"lenet: FOLDER/data/train-images-idx3-ubyte.gz is truncated: the packed file ends after 10 bytes; replace the file or name another folder"`,
    );
    await writeFile(join(data, "train-images-idx3-ubyte.gz"), Buffer.from([0, 0, 8, 1, 0, 0, 0, 1, 7]));
    expect(await failureOf(["train", "--data-dir", data])).toMatchInlineSnapshot(
      `"lenet: FOLDER/data/train-images-idx3-ubyte.gz is not the right file: expected 47040016 bytes with sha256 c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888, found 9 bytes with sha256 c564aa0aa783b8862ae6128a973a6f6b213b9428d39b5c8acfbda3c630d40f1e; replace the file or name another folder"`,
    );
  });

  it("a run folder that exists or cannot be created", async () => {
    await mkdir(inFolder("taken"));
    await writeFile(inFolder("file"), "");
    expect(await failureOf([...TRAIN, "--out", "taken"])).toBe(
      "lenet: taken already exists: choose another folder with --out",
    );
    expect(await readdir(inFolder("taken"))).toEqual([]);
    await mkdir(inFolder("a run"));
    await writeFile(inFolder("a run/config.json"), "{}");
    expect(await failureOf([...TRAIN, "--out", "a run"])).toBe(
      "lenet: a run already exists: choose another folder with --out, or continue the run in it with --resume 'a run'",
    );
    expect(await failureOf([...TRAIN, "--out", "file/run"])).toMatch(/^lenet: cannot create the folder file\/run: /);
  });

  it("a run that cannot be resumed", async () => {
    expect(await failureOf(["train", "--resume", "nowhere"])).toBe("lenet: nowhere does not exist");
    await mkdir(inFolder("empty"));
    expect(await failureOf(["train", "--resume", "empty"])).toBe(
      "lenet: empty is not a run folder: it has no config.json",
    );
    await writeFile(inFolder("a-file.json"), "{}");
    for (const args of [["train", "--resume"], ["report"], ["prove"], ["compare"], ["plot"], ["runs"]]) {
      expect(await failureOf([...args, "a-file.json"])).toBe("lenet: a-file.json is not a run folder");
    }
  });

  it("weights that are missing, damaged, in another format or for other classes", async () => {
    const input = { channels: 3, height: 32, width: 32 };
    const model = lenet5({ ...RECIPES.paper, input, classes: 7 });
    const metadata = writeModelMetadata({
      model,
      classes: Array.from({ length: 7 }, String),
      normalization: RECIPES.paper.normalization,
      recipe: "paper",
      data: "digits",
      epoch: 1,
      validationAccuracy: 0,
    });
    const bytes = writeSafetensors(initializeParameters(model, 0), metadata);
    await writeFile(inFolder("seven.safetensors"), bytes);
    await writeFile(inFolder("cut.safetensors"), bytes.subarray(0, 1000));
    await writeFile(inFolder("text.pth"), "These are not weights.\n");
    await writeFile(inFolder("weights.txt"), "");
    const names = ["nowhere.pth", "cut.safetensors", "text.pth", "weights.txt", "seven.safetensors"];
    const failures = [];
    for (const name of names) failures.push(await failureOf(["eval", name, "--recipe", "paper"]));
    expect(failures).toMatchInlineSnapshot(`
      [
        "lenet: cannot read nowhere.pth: no such file or folder",
        "lenet: cut.safetensors: safetensors: the header's length is given as 1680, but only 992 bytes follow",
        "lenet: text.pth: the file is not a .pth, .safetensors or .onnx file",
        "lenet: weights.txt: the file is not a .pth, .safetensors or .onnx file",
        "lenet: seven.safetensors has 7 classes, digits has 10",
      ]
    `);
  });

  it("a recipe file that is missing, not JSON or wrong; one line per mistake", async () => {
    expect(await failureOf(["train", "--config", "nowhere.json"])).toBe(
      "lenet: cannot read nowhere.json: no such file or folder",
    );
    await writeFile(inFolder("text.json"), "epochs: 3\n");
    expect(await failureOf(["train", "--config", "text.json"])).toMatch(/^lenet: text.json: it is not JSON: /);
    await writeFile(inFolder("wrong.json"), JSON.stringify({ extends: "improved", epochs: 0, dropout: "none" }));
    expect(await lenet(["train", "--config", "wrong.json"])).toEqual({
      code: 1,
      stdout: "",
      stderr: [
        'lenet: wrong.json: dropout: must be a number, not "none"\n',
        "lenet: wrong.json: epochs: must be at least 1, not 0\n",
      ].join(""),
    });
    await writeFile(inFolder("changes.json"), JSON.stringify({ epochs: 5, batchSize: 32 }));
    expect(await failureOf(["train", "--config", "changes.json"])).toMatch(
      /^lenet: changes.json: activation, pooling, .* and normalization are missing: name the recipe that has them, such as "extends": "improved"$/,
    );
  });

  it("a missing folder of reference values", async () => {
    expect(await failureOf(["verify", "nowhere"])).toMatch(/^lenet: cannot read the folder nowhere: /);
  });

  it.runIf(process.platform === "linux")("standard output that cannot be written", async () => {
    const args = ["-c", '"$@" > /dev/full', "sh", process.execPath, PROGRAM, "summary"];
    const child = spawn("sh", args, { stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "lenet: cannot write to standard output: no space left on the device\n",
    });
  });
});

describe("a run", () => {
  let training: Outcome;
  let events: Record<string, unknown>[];

  beforeAll(async () => {
    training = await lenet([...TRAIN, "--threads", "2", "--json", "--out", "whole"]);
    events = lines(training.stdout).map((line) => JSON.parse(line));
  });

  it("prints one object per epoch, then the result, and everything else to standard error", async () => {
    expect(training.code).toBe(0);
    expect(events.map(({ event }) => event)).toEqual([...Array(EPOCHS).fill("epoch"), "done"]);
    expect(events.slice(0, EPOCHS).map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    const { event, ...result } = events[EPOCHS];
    expect(result).toEqual(await readJson("whole/result.json"));
    const text = lines(training.stderr);
    expect(text[0]).toBe("run folder: whole");
    expect(text.at(-1)).toBe("report: whole/report.html");
    expect(text.filter((line) => /^epoch \d\/\d {2}train loss /.test(line))).toHaveLength(EPOCHS);
  });

  it("leaves all its files in its folder", async () => {
    expect((await readdir(inFolder("whole"))).sort()).toEqual([
      ...["best.safetensors", "config.json", "confusion.svg", "curves.png", "curves.svg", "history.csv"],
      ...["last.ckpt", "model.pth", "previous.ckpt", "report.html", "result.json"],
    ]);
    const history = await historyOf("whole");
    expect(history[0]).toEqual(["epoch", "train_loss_all", "train_acc_all", "val_loss_all", "val_acc_all", "lr"]);
    expect(history.slice(1)).toEqual(
      events
        .slice(0, EPOCHS)
        .map((epoch) =>
          [epoch.epoch, epoch.trainLoss, epoch.trainAccuracy, epoch.validationLoss, epoch.validationAccuracy].concat(
            epoch.learningRate,
          ),
        )
        .map((row) => row.map(String)),
    );
    expect(await readJson("whole/config.json")).toMatchObject({
      versions: { lenet: VERSION, node: process.versions.node, v8: process.versions.v8 },
      seed: 11,
      recipe: { name: "improved", epochs: EPOCHS, validationFraction: 0.98, augmentation: { flip: 0 } },
      parameterCount: 61_706,
      data: {
        name: "digits",
        images: 60_000,
        generated: true,
        checksum: expect.stringMatching(/^digits-seed0-train-/),
      },
      threads: 2,
    });
  });

  it("says everywhere that its images are generated", async () => {
    expect(training.stderr).toContain('the data set "digits" is GENERATED by this program');
    expect(training.stderr).toMatch(/^test accuracy .* of 10,000 GENERATED test images\)/m);
    expect(await readJson("whole/result.json")).toMatchObject({ generated: true, data: "digits" });
    expect(await readFile(inFolder("whole/curves.svg"), "utf8")).toContain(
      "LeNet-5 improved on digits (generated data)",
    );
  });

  it("is reproduced bit-identically from only its config.json, on another number of threads", async () => {
    await mkdir(inFolder("again"));
    await cp(inFolder("whole/config.json"), inFolder("again/config.json"));
    const { code, stdout, stderr } = await lenet(["train", "--resume", "again", "--threads", "1", "--quiet"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    await expectSameRun("again", "whole");
    const { bestEpoch, fingerprint } = await readJson("whole/result.json");
    expect(lines(stdout)).toEqual([
      "run folder: again",
      'the data set "digits" is GENERATED by this program: its accuracies say nothing about real images',
      expect.stringMatching(`^best validation accuracy [\\d.]+ % in epoch ${bestEpoch}, total time \\d:\\d\\d$`),
      expect.stringMatching(/^test accuracy [\d.]+ % \([\d,]+ of 10,000 GENERATED test images\), loss [\d.]+$/),
      `fingerprint of the best weights: ${fingerprint}`,
      "report: again/report.html",
    ]);
  });

  it("says how to resume after an interruption, and resumes bit-identically", async () => {
    const interrupted = await lenet([...TRAIN, "--json", "--out", "it's broken"], interruptAfter('"epoch":1'));
    expect(interrupted.code).toBe(130);
    const last = lines(interrupted.stderr).at(-1)!;
    const [, epoch] = /^lenet: interrupted after epoch (\d) of 3; /.exec(last) ?? [];
    expect(last).toMatch(/resume with: npx lenet train --resume 'it'\\''s broken'$/);
    expect(Number(epoch)).toBeLessThan(EPOCHS);
    const files = await readdir(inFolder("it's broken"));
    expect(files).toEqual(
      expect.arrayContaining(["last.ckpt", "model.pth", "history.csv", "curves.svg", "curves.png"]),
    );
    expect(files).not.toContain("result.json");

    const resumed = await lenet(["train", "--resume", "it's broken", "--json"]);
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain(`\nresuming after epoch ${epoch} of 3\n`);
    const events = lines(resumed.stdout).map((line) => JSON.parse(line));
    expect(events.map((event) => event.epoch)).toEqual([
      ...Array.from({ length: EPOCHS - Number(epoch) }, (_, index) => Number(epoch) + 1 + index),
      undefined,
    ]);
    await expectSameRun("it's broken", "whole");
    expect(events.at(-1).test).toEqual((await readJson("whole/result.json")).test);
    expect((await lenet(["train", "--resume", "it's broken"])).stderr).toBe(
      "lenet: it's broken is complete (3 epochs, result in result.json); extend it with --epochs N, N above 3\n",
    );
  });

  it("reports a full disk, keeps complete files and resumes once there is room", async () => {
    const diskSize = { TEST_DISK_BYTES: "2500000" };
    const full = await lenet([...TRAIN, "--json", "--out", "full"], { env: diskSize });
    expect(full.code).toBe(1);
    expect(lines(full.stderr).at(-1)).toMatch(/^lenet: cannot write full\/[a-z.]+: no space left on the device$/);
    expect((await readdir(inFolder("full"))).filter((name) => name.startsWith("."))).toEqual([]);
    expect((await lenet(["train", "--resume", "full", "--quiet"])).code).toBe(0);
    await expectSameRun("full", "whole");
  });

  it("is evaluated with the same numbers as its result", async () => {
    const { test, bestValidationAccuracy, fingerprint } = await readJson("whole/result.json");
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    const evaluation = await lenet(["eval", "whole", "--json"]);
    expect(evaluation).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(evaluation.stdout)).toEqual({ ...test, data: "digits", split: "test", fingerprint });
    expect(Object.keys(test)).toEqual(["accuracy", "correct", "total", "loss", "perClass", "confusion"]);
    const confusion: number[][] = test.confusion;
    expect(confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(10_000);
    expect(confusion.reduce((sum, row, index) => sum + row[index], 0)).toBe(test.correct);

    const options = ["--recipe", "improved", "--data", "digits", "--threads", "1", "--json"];
    const pth = await lenet(["eval", "whole/model.pth", ...options]);
    expect(JSON.parse(pth.stdout)).toEqual({ ...test, data: "digits", split: "test", fingerprint });

    const validation = JSON.parse((await lenet(["eval", "whole", "--split", "val", "--json"])).stdout);
    expect(validation).toMatchObject({ accuracy: bestValidationAccuracy, total: 58_800, split: "val" });
  });

  it("is evaluated regardless of the order of its tensors", async () => {
    const { tensors: parameters } = readPth(await readFile(inFolder("whole/model.pth")));
    await writeFile(inFolder("reversed.pth"), writePth(new Map([...parameters].reverse())));
    const options = ["--recipe", "improved", "--data", "digits", "--json"];
    const { code, stdout, stderr } = await lenet(["eval", "reversed.pth", ...options]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { test, fingerprint } = await readJson("whole/result.json");
    expect(JSON.parse(stdout)).toMatchObject({ correct: test.correct, fingerprint });
  });

  it("is evaluated as text with totals, classes and confusion matrix", async () => {
    const { code, stdout } = await lenet(["eval", "whole"]);
    const { correct } = (await readJson("whole/result.json")).test;
    expect(code).toBe(0);
    expect(lines(stdout)[0]).toBe("whole on the test images of digits (generated)");
    expect(stdout).toContain(`(${correct.toLocaleString("en-US")} of 10,000)`);
    expect(lines(stdout).at(-1)).toMatch(/^fingerprint of the weights: [0-9a-f]{64}$/);
    expect(lines(stdout).filter((line) => /^ +\d \d/.test(line))).toHaveLength(20);
  });

  it("has a report that is written again with the same content, even if the old one is gone", async () => {
    const before = await readFile(inFolder("whole/report.html"), "utf8");
    const matrix = await readFile(inFolder("whole/confusion.svg"), "utf8");
    const { correct } = (await readJson("whole/result.json")).test;
    expect(before).toContain(`${correct.toLocaleString("en-US")} of 10,000 images`);
    await rm(inFolder("whole/report.html"));
    const { code, stdout, stderr } = await lenet(["report", "whole", "--threads", "1"]);
    expect({ code, stdout: withoutProgress(stdout), stderr }).toEqual({
      code: 0,
      stdout: "report: whole/report.html\n",
      stderr: "",
    });
    expect(await readFile(inFolder("whole/report.html"), "utf8")).toBe(before);
    expect(await readFile(inFolder("whole/confusion.svg"), "utf8")).toBe(matrix);
    expect(await lenet(["report", "whole/nothing.pth"])).toMatchObject({ code: 1 });
  });

  it("is compared with others by the settings that differ, finished or not", async () => {
    await mkdir(inFolder("begun"));
    const config = await readJson("whole/config.json");
    await writeFile(inFolder("begun/config.json"), JSON.stringify({ ...config, seed: 12 }));
    const history = await readFile(inFolder("whole/history.csv"), "utf8");
    await writeFile(inFolder("begun/history.csv"), lines(history).slice(0, 2).join("\n"));
    const { code, stdout } = await lenet(["compare", "whole", "begun", "--json"]);
    expect(code).toBe(0);
    const result = await readJson("whole/result.json");
    const { accuracy } = result.test;
    const records = lines(history).slice(1);
    expect(JSON.parse(stdout)).toEqual([
      {
        run: "whole",
        settings: { seed: "11" },
        finished: true,
        epochs: EPOCHS,
        epochsPlanned: EPOCHS,
        seconds: expect.closeTo(result.seconds, 9),
        bestValidationAccuracy: result.bestValidationAccuracy,
        test: { accuracy, standardError: Math.sqrt((accuracy * (1 - accuracy)) / 10_000), images: 10_000 },
      },
      {
        run: "begun",
        settings: { seed: "12" },
        finished: false,
        epochs: 1,
        epochsPlanned: EPOCHS,
        seconds: expect.any(Number),
        bestValidationAccuracy: Number(records[0].split(",")[4]),
      },
    ]);
    const table = lines((await lenet(["compare", "whole", "begun"])).stdout);
    expect(table[0]).toMatch(/^run +seed +best validation +test +epochs +time$/);
    expect(table[1]).toMatch(/^whole +11 +[\d.]+ % +[\d.]+ % ± 0\.\d\d +3 +0:\d\d$/);
    expect(table[2]).toMatch(/^begun +12 +[\d.]+ % +– +1 of 3, unfinished +0:\d\d$/);
    expect(table).toHaveLength(3);
    expect(await lenet(["compare", "whole", "nowhere"])).toEqual({
      code: 1,
      stdout: "",
      stderr: "lenet: nowhere does not exist\n",
    });
  });

  it("is plotted alone or with others in one chart, and never over an existing file", async () => {
    expect(await lenet(["plot", "whole"])).toEqual({ code: 0, stdout: "curves: plot.svg\n", stderr: "" });
    const plot = await readFile(inFolder("plot.svg"), "utf8");
    expect(plot).toBe(await readFile(inFolder("whole/curves.svg"), "utf8"));
    expect(await lenet(["plot", "whole", "begun"])).toEqual({
      code: 1,
      stdout: "",
      stderr: "lenet: plot.svg already exists: choose another file with --out, or replace it with --force\n",
    });
    expect(await readFile(inFolder("plot.svg"), "utf8")).toBe(plot);
    expect((await lenet(["plot", "whole", "begun", "--out", "both.svg"])).code).toBe(0);
    const both = await readFile(inFolder("both.svg"), "utf8");
    for (const name of ["whole", "begun"]) expect(both).toContain(`>${name}</text>`);
    expect((await lenet(["plot", "whole", "begun", "--out", "both.PNG"])).code).toBe(0);
    expect((await readFile(inFolder("both.PNG"))).subarray(1, 4).toString()).toBe("PNG");
  });

  it("continues if its reader goes away", async () => {
    const { code } = await lenet(
      ["train", "--data", "digits", "--val-split", "0.98", "--epochs", "1", "--out", "piped"],
      {
        onOutput: (_, child) => child.stdout?.destroy(),
      },
    );
    expect(code).toBe(0);
    expect(await readJson("piped/result.json")).toMatchObject({ epochs: 1 });
  });
});

describe("the demo", () => {
  it("falls back to generated digits, and says so everywhere", async () => {
    const { code, stdout, stderr } = await lenet(["demo"], interruptAfter("epoch  1/10"));
    expect(code).toBe(130);
    const [reason, fallback, path, generated] = lines(withoutProgress(stdout));
    expect(reason).toMatch(
      /^Fashion-MNIST is not on this machine: .*apt-get install dataset-fashion-mnist.* --data-dir DIR$/,
    );
    expect(fallback).toBe("Training on GENERATED digits instead, drawn by this program.");
    expect(path).toBe("run folder: runs/digits-improved-seed0");
    expect(generated).toMatch(/^the data set "digits" is GENERATED by this program/);
    expect(stderr).toMatch(
      /^lenet: interrupted after epoch \d of 10; resume with: npx lenet train --resume runs\/digits-/,
    );
    expect(await readJson("runs/digits-improved-seed0/config.json")).toMatchObject({
      data: { name: "digits", generated: true },
    });
    expect(await readFile(inFolder("runs/digits-improved-seed0/curves.svg"), "utf8")).toContain("(generated data)");
  });

  it("does not fall back if a folder was given", async () => {
    const { code, stdout, stderr } = await lenet(["demo", "--data-dir", "nowhere"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^lenet: Fashion-MNIST is missing: .*\n$/);
  });
});

describe("a recipe file", () => {
  it("is followed, with options overriding it, until its patience runs out", async () => {
    const recipe = {
      extends: "best",
      epochs: 100,
      patience: 1,
      // Too low to learn anything: the first epoch stays the best.
      schedule: { type: "constant", learningRate: 1e-12 },
      augmentation: "crop=1,flip=0.25",
      normalization: "dataset",
      validationFraction: 0.98,
    };
    await writeFile(inFolder("patient.json"), JSON.stringify(recipe));
    const args = ["train", "--config", "patient.json", "--data", "digits", "--batch", "50", "--out", "patient"];
    const { code, stdout } = await lenet(args);
    expect(code).toBe(0);
    expect(stdout).toContain("\nstopped after epoch 2 of 100: no better validation accuracy for 1 epoch\n");
    const { recipe: trained } = await readJson("patient/config.json");
    expect(trained).toMatchObject({ name: "patient", batchSize: 50, patience: 1, averaging: RECIPES.best.averaging });
    expect(trained.augmentation).toMatchObject({ cropPadding: 1, flip: 0.25, degrees: 0 });
    expect(trained.normalization.mean[0]).not.toBe(0.5);
    expect(await readJson("patient/result.json")).toMatchObject({ epochs: 2, bestEpoch: 1, recipe: "patient" });
    expect(await historyOf("patient")).toHaveLength(3);
  });
});

describe("lr-find", () => {
  it("suggests a learning rate and draws the curve", async () => {
    const args = ["lr-find", "--data", "digits", "--steps", "300", "--batch", "32", "--out", "rates.svg"];
    const { code, stdout, stderr } = await lenet(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /(?:^|\n)improved on digits: \d+ steps up to [\d.]+\nvalley {4}[\d.]+ {2}suggested: train with --lr [\d.]+\nsteepest {2}[\d.]+ {2}where the loss falls fastest\ncurve: rates.svg\n$/,
    );
    expect(await readFile(inFolder("rates.svg"), "utf8")).toContain("Learning rates for LeNet-5 improved on digits");
    const { stdout: json } = await lenet([...args.slice(0, -2), "--json", "--threads", "1"]);
    const { suggestions, sweep } = JSON.parse(json);
    // The sweep is the same for any number of threads.
    expect(stdout).toContain(`--lr ${Number(suggestions.valley.toPrecision(3))}\n`);
    expect(sweep.map(({ learningRate }: { learningRate: number }) => learningRate)).toContain(suggestions.steepest);
  });
});
