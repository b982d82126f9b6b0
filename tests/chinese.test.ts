import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import stringWidth from "string-width";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { en } from "../src/cli/messages/en.js";
import { languageOf, withoutLanguage } from "../src/cli/messages/language.js";
import { zh } from "../src/cli/messages/zh.js";
import { errorInChinese } from "../src/cli/messages/zhErrors.js";
import { type RunOptions, runProgram } from "./support/program.js";

let folder: string;
const lenet = (args: readonly string[], options?: RunOptions) => runProgram(folder, args, options);
const inChinese = (...args: string[]) => lenet(args, { env: { LANG: "zh_CN.UTF-8" } });
const lines = (text: string) => text.trimEnd().split("\n");
const CHINESE = /[\u4e00-\u9fff]/;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-zh-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the language", () => {
  it.each([
    [[], {}, "en"],
    [[], { LANG: "zh_CN.UTF-8" }, "zh"],
    [[], { LANG: "zh_TW.UTF-8", LC_MESSAGES: "en_GB.UTF-8" }, "en"],
    [[], { LANG: "en_US.UTF-8", LC_MESSAGES: "zh_CN.UTF-8" }, "zh"],
    [[], { LANG: "zh_CN.UTF-8", LC_ALL: "C.UTF-8" }, "en"],
    [[], { LANG: "zh_CN.UTF-8", LC_ALL: "" }, "zh"],
    [[], { LANG: "zha" }, "en"],
    [["train", "--lang", "zh"], { LANG: "en_US.UTF-8" }, "zh"],
    [["--lang=en", "train"], { LANG: "zh_CN.UTF-8" }, "en"],
  ] as const)("of %j with %j is %s", (args, env, expected) => {
    expect(languageOf(args, env)).toBe(expected);
  });

  it("may be given before the command", () => {
    expect(withoutLanguage(["--lang", "zh", "train", "--lang=en", "--epochs", "1"])).toEqual([
      "train",
      "--epochs",
      "1",
    ]);
  });

  it("is English where nothing asks for another, and one of two", async () => {
    expect((await lenet(["--help"])).stdout).toMatch(/^Usage: lenet \[options\] \[command\]\n/);
    const { code, stderr } = await lenet(["train", "--lang", "fr"]);
    expect(code).toBe(2);
    expect(stderr).toContain("Allowed choices are en, zh");
    for (const args of [
      ["--lang", "zh", "--help"],
      ["--help", "--lang", "zh"],
    ]) {
      expect((await lenet(args)).stdout).toMatch(/^用法：lenet \[选项\] \[命令\]\n/);
    }
  });
});

describe("help in Chinese", () => {
  /** The entries of a help: a term, and its description in one line. */
  function entriesOf(help: string): [term: string, description: string][] {
    const entries: [string, string][] = [];
    for (const line of lines(help)) {
      const [, term, description] = /^ {2}(\S.*?)(?: {2,}(.*))?$/.exec(line) ?? [];
      if (term !== undefined) entries.push([term, description ?? ""]);
      else if (/^ {4,}\S/.test(line) && entries.length > 0) entries[entries.length - 1][1] += line.trim();
    }
    return entries;
  }

  it("describes every command, argument and option, at most 80 columns wide", async () => {
    const paths: string[][] = [[]];
    let described = 0;
    for (const path of paths) {
      const { code, stdout } = await inChinese(...path, "--help");
      expect(code, path.join(" ")).toBe(0);
      const [help] = stdout.split("用以下命令之一安装：");
      for (const title of help.match(/^\S.*[:：]$/gm) ?? []) expect(title).toMatch(/^[^a-z]*：$/i);
      for (const title of [
        "Usage",
        "Options",
        "Commands",
        "Arguments",
        "default",
        "choices",
        "display help",
        "[options]",
        "[command]",
      ]) {
        expect(help, path.join(" ")).not.toContain(title);
      }
      for (const [term, description] of entriesOf(help)) {
        const where = `${path.join(" ")}: ${term}`;
        expect(description, where).toMatch(CHINESE);
        expect(description, where).not.toMatch(/默认：[^）；]*[a-z0-9] [a-z]/i);
        described++;
        const [name] = term.split(" ");
        const hasCommands = /^用法：.*\[命令\]$/m.test(help);
        if (hasCommands && !/^[-<[]/.test(name) && name !== "help") paths.push([...path, name]);
      }
      if (path.length > 0) for (const line of lines(help)) expect(stringWidth(line), line).toBeLessThanOrEqual(80);
    }
    expect(paths.length).toBeGreaterThan(28);
    expect(described).toBeGreaterThan(200);
  });

  it("names the settings that a sweep can compare", async () => {
    const [chinese, english] = [await inChinese("sweep", "--help"), await lenet(["sweep", "--help"])].map(
      ({ stdout }) => stdout.replace(/\s+/g, ""),
    );
    const keys = /;keys:([a-z,-]+)\(/.exec(english)?.[1] ?? "";
    expect(keys).toContain("val-split");
    expect(chinese).toContain(`可设置的键：${keys.replaceAll(",", "、")}（`);
  });

  it("has the defaults of the English one", async () => {
    const help = (await inChinese("train", "--help")).stdout.replace(/\s+/g, "");
    for (const text of ["默认：由配方决定；improved：100", "默认：fashion-mnist", "可选：auto、cpu、gpu"])
      expect(help).toContain(text);
  });
});

describe("a run in Chinese", () => {
  beforeAll(async () => {
    const { code, stdout, stderr } = await inChinese(
      "train",
      "--data",
      "digits",
      "--val-split",
      "0.98",
      "--epochs",
      "2",
      "--out",
      "run",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const withoutBar = lines(stdout).filter((line) => !line.includes("剩余"));
    expect(withoutBar[0]).toBe("运行文件夹：run");
    expect(withoutBar[3]).toMatch(
      /^第 1\/2 轮 {2}训练损失 [\d.]+ 准确率 [\d.]+ % {2}验证损失 [\d.]+ 准确率 [\d.]+ % {2}学习率 \S+ {2}[\d.]+ 秒 {2}最好$/,
    );
    for (const line of withoutBar) expect(line).toMatch(CHINESE);
  });

  it("is the same run", async () => {
    const args = ["train", "--data", "digits", "--val-split", "0.98", "--epochs", "2", "--quiet", "--out", "english"];
    expect((await lenet(args)).code).toBe(0);
    const result = async (run: string) => JSON.parse(await readFile(join(folder, run, "result.json"), "utf8"));
    expect((await result("run")).fingerprint).toBe((await result("english")).fingerprint);
  });

  it("is evaluated in a table whose columns are aligned", async () => {
    const { code, stdout } = await inChinese("eval", "run");
    expect(code).toBe(0);
    expect(stdout).toContain("\n混淆矩阵：行是真实类别，列是预测类别\n");
    const table = lines(stdout).filter((line) => / %| 召回率/.test(line) && !line.startsWith("准确率"));
    expect(table).toHaveLength(11);
    for (const row of table) expect(stringWidth(row)).toBe(stringWidth(table[0]));
  });

  it("is listed and compared in aligned tables", async () => {
    const runs = lines((await inChinese("runs", ".")).stdout);
    expect(runs[0]).toMatch(/^运行 +数据 +配方 +开始于 +种子 +轮数 +最好验证 +测试$/);
    expect(stringWidth(runs[1])).toBe(stringWidth(runs[0]));
    const compared = lines((await inChinese("compare", ".")).stdout);
    expect(compared[0]).toMatch(/^运行 .*最好验证 +测试 +轮数 +时间$/);
    for (const row of compared) expect(stringWidth(row)).toBe(stringWidth(compared[0]));
  });

  it("is drawn in Chinese", async () => {
    const args = ["--data", "digits", "--val-split", "0.98", "--steps", "20", "--out", "rates.svg"];
    expect((await inChinese("lr-find", ...args)).code).toBe(0);
    expect((await inChinese("plot", "run", "--out", "one.svg")).code).toBe(0);
    expect((await inChinese("plot", "run", "english", "--out", "two.svg")).code).toBe(0);
    for (const file of ["run/curves.svg", "run/confusion.svg", "rates.svg", "one.svg", "two.svg"]) {
      const svg = await readFile(join(folder, file), "utf8");
      const texts = [...svg.matchAll(/<(?:text|title|desc)[^>]*>([^<]*)</g)].map(([, text]) => text);
      const names = /LeNet|improved|digits|adamw|english|run/g;
      expect(
        texts.filter((text) => /[a-z]{2}/i.test(text.replaceAll(names, ""))),
        file,
      ).toEqual([]);
      expect(texts.filter((text) => CHINESE.test(text)).length, file).toBeGreaterThan(5);
    }
  });

  // Elsewhere it has a known place.
  it.runIf(process.platform === "linux")("is a PNG in English where the system has no Chinese font", async () => {
    const plot = async (name: string, lang: string, path: string) => {
      const args = ["plot", "run", "--out", name, "--force", "--lang", lang];
      expect((await lenet(args, { env: { PATH: path } })).code).toBe(0);
      return readFile(join(folder, name));
    };
    const english = await plot("plot.png", "en", "");
    expect(await plot("plot.png", "zh", "")).toEqual(english);
    // A font is one that fontconfig lists.
    await writeFile(join(folder, "fc-list"), `#!/bin/sh\necho ${resolve("dist/fonts/DejaVuSans.ttf")}\n`, {
      mode: 0o755,
    });
    expect(await plot("plot.png", "zh", folder)).not.toEqual(english);
  });

  it("is swept, and compared over seeds", async () => {
    const args = [
      "sweep",
      "--data",
      "digits",
      "--seeds",
      "2",
      "--set",
      "epochs=1",
      "--recipe",
      "paper",
      "--out",
      "sweep",
    ];
    const { code, stdout } = await inChinese(...args);
    expect(code).toBe(0);
    const said = lines(stdout).filter((line) => !line.includes("剩余"));
    for (const line of said.filter((each) => !each.startsWith("epochs=1"))) expect(line).toMatch(CHINESE);
    expect(stdout).toMatch(/\n设置 +运行数 +验证准确率 +测试准确率 +最好种子 +最差种子 +每次用时\n/);
  });

  it("prints the same JSON and CSV", async () => {
    for (const args of [
      ["compare", "run", "--json"],
      ["eval", "run", "--csv"],
      ["data", "list", "--json"],
    ]) {
      expect((await inChinese(...args)).stdout).toBe((await lenet(args)).stdout);
    }
  });
});

it("says in Chinese what can compute, and that a proof holds", async () => {
  const { stdout } = await inChinese("devices");
  expect(stdout).toMatch(/^cpu {3}.*：\d+ 个线程，运算方式 wasm-/);
  expect(stdout).toMatch(/^auto {2}较长的训练使用.*：/m);
  expect((await inChinese("prove", "run")).stdout).toMatch(
    /^按配置重新训练 run：2 轮，.*\n第 1\/2 轮 {2}验证准确率 .*\n(.*\n)*已证实：run 的指纹与此相同\n$/,
  );
});

describe("errors in Chinese", () => {
  it.each([
    [["train", "--frobnicate"], 2, "未知选项“--frobnicate”；参见“lenet train --help”"],
    [["trian"], 2, "未知命令“trian”（是否指 train？）；参见“lenet --help”"],
    [["eval"], 2, "缺少参数“weights”；参见“lenet eval --help”"],
    [
      ["train", "--epochs", "0"],
      2,
      "选项“--epochs <n>”的值“0”无效。必须是 1 到 100,000 的整数；参见“lenet train --help”",
    ],
    [["train", "--lr", "0"], 2, "选项“--lr <x>”的值“0”无效。必须是大于 0 且小于 100 的数；参见“lenet train --help”"],
    [
      ["train", "--data", "cifar"],
      2,
      "选项“--data <name>”的值“cifar”无效。必须是 fashion-mnist、mnist、cifar10、digits，或文件夹的路径（是否指 cifar10？）；参见“lenet train --help”",
    ],
    [
      ["train", "--recipe", "paper", "--config", "a.json"],
      2,
      "选项“--config <file>”不能与选项“--recipe <name>”同时使用；参见“lenet train --help”",
    ],
    [["train", "MNIST"], 2, "多余的参数“MNIST”（是否指 --data mnist？）；参见“lenet train --help”"],
    [["sweep", "--lr", "1"], 2, "未知选项“--lr”（是否指 --set lr=…？）；参见“lenet sweep --help”"],
    [
      ["recipe", "show", "bset"],
      2,
      "参数 <name> 的值“bset”无效。可选的值：paper、improved、best、teacher、distilled、lenet-1998（是否指 best？）；参见“lenet recipe show --help”",
    ],
    [["train", "--out", "run"], 1, "run 已存在：请用 --out 指定其他文件夹，或用 --resume run 继续其中的训练"],
    [["train", "--data", "run"], 1, /^lenet: run 中没有类别文件夹：每个类别需要一个图片文件夹，/],
    [["runs", "nowhere"], 1, "nowhere 不存在"],
    [["eval", "nowhere.pth"], 1, "无法读取 nowhere.pth：没有这样的文件或文件夹"],
    [["train", "--resume", "nowhere"], 1, "nowhere 不存在"],
    [
      ["train", "--data", "mnist", "--data-dir", "nowhere"],
      1,
      /^lenet: 缺少 MNIST：在 nowhere\/mnist.* 中找不到 train-images/,
    ],
    [
      ["train", "--data", "mnist"],
      1,
      /^lenet: 这台机器上没有 MNIST：找过 .*；下载失败：.*；请用 --data-dir DIR 指定存放其文件的文件夹\n$/,
    ],
    [["cache", "clear", "--lang", "en"], 0, ""],
  ] as const)("lenet %j", async (args, code, message) => {
    const result = await inChinese(...args);
    expect(result.code).toBe(code);
    if (message === "") return;
    if (typeof message === "string") expect(result.stderr).toBe(`lenet: ${message}\n`);
    else expect(result.stderr).toMatch(message);
  });

  it("are said of each mistake in a recipe file", async () => {
    const errorsOf = async (recipe: object) => {
      await writeFile(join(folder, "recipe.json"), JSON.stringify(recipe));
      return lines((await inChinese("train", "--config", "recipe.json")).stderr);
    };
    expect(await errorsOf({ epochs: 5 })).toEqual([
      expect.stringMatching(
        /^lenet: recipe.json：缺少 activation、pooling、.* 和 normalization：请指定含有它们的配方，如 "extends": "improved"$/,
      ),
    ]);
    expect(await errorsOf({ extends: "paper", epochs: 0, dropout: "none", pooling: "max", lr: 1 })).toEqual([
      'lenet: recipe.json：pooling 必须是 "averagePool2d" 或 "maxPool2d" 或 "subsample2d"，而不是 "max"',
      'lenet: recipe.json：dropout 必须是数，而不是 "none"',
      "lenet: recipe.json：epochs 必须是不小于 1 的数，而不是 0",
      expect.stringMatching(/^lenet: recipe.json：没有字段“lr”；可用的有 name、activation、/),
    ]);
    await writeFile(join(folder, "recipe.json"), "epochs: 5");
    expect((await inChinese("train", "--config", "recipe.json")).stderr).toMatch(/^lenet: recipe.json 不是 JSON：/);
  });

  it("are said of images that cannot be read", async () => {
    await writeFile(join(folder, "text.png"), "no picture");
    const { stderr } = await inChinese("predict", "run", "text.png", "nowhere.png");
    expect(lines(stderr).sort()).toEqual([
      "lenet: 2 张图片中有 2 张无法读取",
      "nowhere.png: 无法读取：没有这样的文件或文件夹",
      "text.png: 不是支持的图片（JPEG、PNG、WebP、GIF、BMP 或 TIFF）",
    ]);
    expect((await inChinese("train", "--resume", "text.png")).stderr).toBe("lenet: text.png 不是运行文件夹\n");
  });

  it("that are not known stay as they are", () => {
    expect(errorInChinese("something else: 1 of 2")).toBe("something else: 1 of 2");
  });

  it("are also said of data and trainings that are doubtful", () => {
    for (const warning of [
      'photos: the classes are uneven: "cat" has 90 training images, "dog" only 10',
      "photos: 1 image of the test is also among the training images, such as a.png and b.png: the accuracy will be too optimistic",
      "photos: the images' sizes are very uneven, from 10x10 (a.png) to 900x900 (b.png); all are resized to 3x32x32",
      'the network has learned nothing: it predicts "cat" for all 10,000 images',
      "the training has failed: the loss is 9.00, and guessing has 2.30",
    ]) {
      expect(errorInChinese(warning)).toMatch(CHINESE);
    }
  });
});

it("says everything in both languages, and not the same", () => {
  const compare = (english: unknown, chinese: unknown, key: string): void => {
    if (typeof english === "string" && typeof chinese === "string") expect(chinese, key).toMatch(CHINESE);
    if (Array.isArray(english)) expect((chinese as readonly string[]).length, key).toBe(english.length);
    else if (typeof english === "object" && english !== null) {
      for (const [name, value] of Object.entries(english)) {
        compare(value, (chinese as Record<string, unknown>)[name], `${key}.${name}`);
      }
    }
  };
  compare(en, zh, "messages");
});
