import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PAGE_MESSAGES } from "./messages/index.js";
import { reportPage } from "./page.js";
import type { JudgedImage, Report } from "./pageContent.js";

const ADDRESS = "data:image/png;base64,AAAA";
const image = (index: number, truth: number, prediction: number): JudgedImage => ({
  address: ADDRESS,
  index,
  truth,
  prediction,
  probabilities: prediction === 0 ? [0.75, 0.25] : [0.4, 0.6],
});

const scores = { precision: 0.5, recall: 0.25, f1: 1 / 3 };

const report: Report = {
  title: "LeNet-5 on things",
  generated: false,
  part: "test",
  accuracy: 0.8,
  correct: 80,
  total: 100,
  loss: 0.5,
  best: { epoch: 2, validationAccuracy: 0.9 },
  history: [1, 2].map((epoch) => ({
    epoch,
    trainLoss: 1 / epoch,
    validationLoss: 1 / epoch,
    trainAccuracy: 0.5,
    validationAccuracy: 0.5,
  })),
  classes: ["cat", "dog"],
  confusion: [
    [1234, 3],
    [0, 1],
  ],
  cells: [
    [[image(5, 0, 0)], [image(6, 0, 1), image(7, 0, 1), image(8, 0, 1)]],
    [[], [image(9, 1, 1)]],
  ],
  perClass: [scores, { ...scores, precision: 0.125 }],
  macro: { precision: 0.3125, recall: 0.25, f1: 1 / 3 },
  mostWrong: [image(6, 0, 1)],
  leastSure: [image(6, 0, 1)],
  filters: { weights: [-0.5, 0.25, 0, 0.5], shape: [1, 1, 2, 2] },
  groups: [{ title: "Training", facts: [{ name: "seed", value: "7" }] }],
};

/** The HTML of a cell's sheet. */
const sheet = (page: string, id: string) =>
  new RegExp(`<div popover[^>]* id="${id}".*?\n(?:<p>[^\n]*</p>)?</div>`, "s").exec(page)?.[0] ?? "";

describe("a run's page", () => {
  it("allows only its own style and embedded images", async () => {
    const page = await reportPage(report);
    const style = /<style>(.*?)<\/style>/s.exec(page)![1];
    const hash = createHash("sha256").update(style).digest("base64");
    expect(page).toContain(
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'">`,
    );
    expect(page).not.toMatch(/<script|<link(?! rel="icon" href="data:,">)| style="| on\w+="|@import|url\((?!#)/);
    const addresses = [...page.matchAll(/ (?:src|href|action)="([^"]*)"/g)].map(([, address]) => address);
    expect(addresses.filter((address) => !/^(#|data:)/.test(address))).toEqual([]);
  });

  it("escapes everything from outside", async () => {
    const malice = `<script>alert(1)</script><img src=x onerror="alert(2)">`;
    const page = await reportPage({
      ...report,
      title: malice,
      classes: [malice, `" autofocus onfocus="alert(3)`],
      groups: [{ title: malice, facts: [{ name: malice, value: malice }] }],
    });
    expect(page).not.toMatch(/<script|<img src=x/);
    // No quote ends an attribute early.
    expect(page).not.toContain(`" autofocus onfocus="`);
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  });

  it("has a button for each cell that is not empty, which is labelled and opens its sheet", async () => {
    const page = await reportPage(report);
    const buttons = [...page.matchAll(/<button [^>]*popovertarget="(cell-\d-\d)" aria-label="([^"]*)"/g)];
    expect(buttons.map(([, id, label]) => [id, label])).toEqual([
      ["cell-0-0", "cat predicted as cat: 1,234 images, 99.8 %"],
      ["cell-0-1", "cat predicted as dog: 3 images, 0.2 %"],
      ["cell-1-1", "dog predicted as dog: 1 image, 100.0 %"],
    ]);
    for (const [, id] of buttons) expect(sheet(page, id), id).not.toBe("");
  });

  it("shows a cell's images with the probability of the prediction, and how many more there are", async () => {
    const page = await reportPage(report);
    const wrong = sheet(page, "cell-0-1");
    expect([...wrong.matchAll(/<img src="([^"]*)" alt="([^"]*)"/g)].map(([, ...found]) => found)).toEqual(
      [6, 7, 8].map((index) => [ADDRESS, `test image ${index}, cat, predicted as dog`]),
    );
    expect(wrong.match(/60\.0 %/g)).toHaveLength(3);
    expect(wrong).not.toContain("more");
    expect(sheet(page, "cell-0-0")).toContain("<p>and 1,233 more</p>");
  });

  it("shows the scores and support of each class, and their means", async () => {
    const page = await reportPage(report);
    const rows = [...page.matchAll(/<tr><th scope="row">([^<]*)<\/th>(.*?)<\/tr>/g)].map(([, name, cells]) => [
      name,
      ...[...cells.matchAll(/<td>([^<]*)<\/td>/g)].map(([, text]) => text),
    ]);
    expect(rows).toEqual([
      ["cat", "50.00 %", "25.00 %", "33.33 %", "1,237"],
      ["dog", "12.50 %", "25.00 %", "33.33 %", "1"],
      ["macro average", "31.25 %", "25.00 %", "33.33 %", "100"],
    ]);
    // √(0.8 · 0.2 / 100)
    expect(page).toContain("± 4.00 %");
  });

  it("says if the images are generated, or from validation", async () => {
    expect(await reportPage(report)).not.toMatch(/GENERATED|has no test set/);
    const page = await reportPage({ ...report, generated: true, part: "validation" });
    expect(page).toContain("GENERATED");
    expect(page).toContain("has no test set");
    expect(page).toContain("validation image 6, cat");
    expect(page).not.toMatch(/test (image|accuracy)/);
  });

  it("shows the sign of filter weights by colour and in words", async () => {
    const page = await reportPage(report);
    const filter = /<svg [^>]*aria-label="filter 1: weights −0.50 … \+0.50".*?<\/svg>/s.exec(page)![0];
    expect([...filter.matchAll(/fill="([^"]*)"/g)].map(([, color]) => color)).toEqual([
      ...["#004488", "#dfa880", "#ffffff", "#be5000"],
    ]);
  });
});

describe("a run's page in Chinese", () => {
  it("says nothing in English but names", async () => {
    const page = await reportPage({ ...report, title: "LeNet-5", generated: true, part: "validation" }, "zh");
    expect(page).toContain('<html lang="zh-CN">');
    const body = page.slice(page.indexOf("<body>"));
    const words = [...body.matchAll(/ (?:aria-label|alt|title)="([^"]*)"/g), ...body.matchAll(/>([^<]*)</g)].flatMap(
      ([, text]) => text.match(/\b[A-Za-z]{3,}\b/g) ?? [],
    );
    expect([...new Set(words)].sort()).toEqual(["Esc", "LeNet", "cat", "dog"]);
  });

  it("knows the values of settings that are words", () => {
    const values = [
      ["generated", "yes", "是"],
      ["batch normalisation", "no", "否"],
      ["background", "white", "白色"],
      ["patience", "none", "无"],
      ["fold", "2 of 5", "第 2 折，共 5 折"],
      ["normalization", "mean 0.5, standard deviation 0.25", "均值 0.5，标准差 0.25"],
      ["earlier devices", "wasm-fused arithmetic (kernels 2) to epoch 3", "wasm-fused 运算 (内核 2)，到第 3 轮"],
      // A data set may be called so.
      ["data", "none", "none"],
    ];
    for (const [name, english, chinese] of values) expect(PAGE_MESSAGES.zh.valueOf(name, english)).toBe(chinese);
  });

  it("knows the name of every setting and time", () => {
    const sources = ["src/runs/settings.ts", "src/node/runReport.ts"].map((path) => readFileSync(path, "utf8")).join();
    const calls = sources.matchAll(/(?:fact\(|optional\(|numbers\(|title: |\{ name: )"([^"]+)"/g);
    const records = sources.matchAll(
      /(?:"([a-z ]+)"|\b(\w+)): (?:data\.testChecksum|versions\.\w+|card\?\.\w+|kernels\?)/g,
    );
    const names = [...calls, ...records].map(([, quoted, plain]) => quoted ?? plain);
    expect(names.length).toBeGreaterThan(50);
    const kept = ["dropout", "lenet", "Node", "V8"];
    expect(names.filter((name) => PAGE_MESSAGES.zh.fact(name) === name && !kept.includes(name))).toEqual([]);
  });
});
