import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { strFromU8, unzipSync } from "fflate";
import type { Browser, Download, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generateDigits } from "../../src/data/digits.js";
import { readSafetensors } from "../../src/formats/safetensors.js";
import { readWeights, WEIGHTS_FORMATS } from "../../src/formats/weightFiles.js";
import { fingerprint, initializeParameters, lenet5 } from "../../src/model/index.js";
import { type LabServer, serveLab } from "../../src/node/lab/server.js";
import { readRun } from "../../src/node/runFiles.js";
import { RunFolder } from "../../src/node/runFolder.js";
import { processorBackend } from "../../src/node/threads.js";
import type { EpochRecord } from "../../src/training/epochs.js";
import { evaluateDataset } from "../../src/training/evaluate.js";
import { RECIPES } from "../../src/training/recipes/recipes.js";
import { runProgram } from "../support/program.js";
import {
  axeFaults,
  executable,
  launch,
  openLab,
  openView,
  PATIENTLY,
  SITE,
  SKIPPED,
  trainToTheEnd,
} from "./browser.js";

const GOLDEN = fileURLToPath(new URL("../golden", import.meta.url));
const PTH = join(GOLDEN, "improved-1x28x28.pth");
const RELU = { activation: "relu", pooling: "maxPool2d", dropout: 0 } as const;
const COUNT = 500;

const recipe = { ...RECIPES.paper, epochs: 3 };
const model = lenet5({ ...recipe, input: { channels: 1, height: 28, width: 28 }, classes: 10 });
const weights = initializeParameters(model, 5);

const epoch = (number: number): EpochRecord => ({
  epoch: number,
  trainLoss: 2 / number,
  trainAccuracy: 0.2 * number,
  validationLoss: 1 / number,
  validationAccuracy: 0.25 * number,
  learningRate: 0.001,
  trainSeconds: 61,
  validationSeconds: 1,
});

describe.skipIf(!executable)(`the view "Compare and save"${SKIPPED}`, () => {
  let browser: Browser;
  let folder: string;
  let server: LabServer;
  beforeAll(async () => {
    browser = await launch();
    folder = await mkdtemp(join(tmpdir(), "lenet-compare-"));
    server = await serveLab({ site: SITE, runs: join(folder, "runs"), port: 0 });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    if (folder) await rm(folder, { recursive: true });
  });

  /** Creates a run folder as `lenet train` does. */
  async function beginRun(name: string): Promise<RunFolder> {
    await mkdir(join(folder, "runs"), { recursive: true });
    return RunFolder.create(join(folder, "runs", name), {
      versions: { lenet: "0.1.0", node: "20.19.0", v8: "11.3" },
      startedAt: "2026-01-02T03:04:05.678Z",
      recipe,
      scheduleRestarts: [],
      seed: 5,
      model,
      parameterCount: 61_706,
      data: {
        name: "digits",
        resize: "contain",
        background: 0,
        checksum: "abc",
        images: 500,
        classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        generated: true,
      },
      threads: 2,
      arithmetic: "wasm-fused",
    });
  }

  const keepEpoch = (run: RunFolder, number: number) =>
    run.keepEpoch(epoch(number), {
      epoch: number,
      parameters: weights,
      optimizer: { first: weights, second: weights },
      best: { epoch: number, validationAccuracy: 0.25 * number, parameters: weights },
    });

  /** Saves a download of the page and returns its path. */
  async function saved(page: Page, button: string): Promise<string> {
    const waiting = page.waitForEvent("download");
    await page.getByRole("button", { name: button, exact: true }).click();
    return kept(await waiting);
  }

  async function kept(download: Download): Promise<string> {
    const path = join(folder, `${Date.now()}-${download.suggestedFilename()}`);
    await download.saveAs(path);
    return path;
  }

  const shownFingerprint = (page: Page) => page.getByTestId("shown-fingerprint").textContent();
  const chooser = (page: Page) => page.locator("input[type=file]").first();

  test("opens PyTorch's weights, saves them in every format and opens them again bit-identically", async () => {
    const { page, faults } = await openView(browser, `${server.url}#compare`);
    await chooser(page).setInputFiles(PTH);
    const dialog = page.getByRole("dialog", { name: "Which network is it?" });
    await dialog.getByLabel("ReLU", { exact: true }).check();
    await dialog.getByLabel("max pooling").check();
    await dialog.getByRole("button", { name: "Open" }).click();
    const own = readWeights(await readFile(PTH), RELU);
    const golden = readSafetensors(await readFile(join(GOLDEN, "improved-1x28x28.safetensors"))).tensors;
    const parameters = new Map(
      [...own.parameters.keys()].map((name) => [name, golden.get(`param.${name}`) ?? fail(name)]),
    );
    const expected = await fingerprint(own.model, parameters);
    await expect.poll(() => shownFingerprint(page)).toBe(expected);

    await page.getByRole("link", { name: "Understand" }).click();
    expect(await page.getByLabel("Shown network").isChecked()).toBe(true);
    expect(await page.locator(".totals .result").first().textContent()).toBe("=1,834");
    await page.goBack();

    const files: string[] = [];
    for (const [index, button] of ["PyTorch (.pth)", "safetensors", "ONNX"].entries()) {
      const path = await saved(page, button);
      expect(path.endsWith(`.${WEIGHTS_FORMATS[index]}`)).toBe(true);
      const read = readWeights(await readFile(path));
      expect(read.model.layers.filter(({ type }) => type === "relu")).toHaveLength(4);
      expect(await fingerprint(read.model, read.parameters), button).toBe(expected);
      files.push(path);
    }
    await page.getByRole("button", { name: "Remove improved-1x28x28.pth" }).click();
    await page.getByText("Train one, or open a file.").waitFor();
    await chooser(page).setInputFiles(files);
    await expect.poll(() => page.locator(".runs-beside tbody tr").count(), PATIENTLY).toBe(3);
    expect(
      await page.locator(".runs-beside tbody code").evaluateAll((all) => all.map((one) => one.getAttribute("title"))),
    ).toEqual(files.map(() => expected));
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("reports in one line what is wrong with a file, and lets the user cancel the dialog", async () => {
    const { page } = await openView(browser, `${server.url}#compare`);
    const broken = (name: string, bytes: Uint8Array) => ({ name, mimeType: "", buffer: Buffer.from(bytes) });
    const pth = await readFile(PTH);
    await chooser(page).setInputFiles([
      broken("short.pth", pth.subarray(0, 2000)),
      broken("text.onnx", pth.subarray(1)),
    ]);
    const lines = page.getByRole("alert").locator("p");
    await expect.poll(() => lines.count()).toBe(2);
    for (const [index, name] of ["short.pth: ", "text.onnx: "].entries()) {
      expect((await lines.allTextContents())[index].startsWith(name)).toBe(true);
    }
    await chooser(page).setInputFiles([broken("notes.txt", pth)]);
    await page.getByText("notes.txt: neither weights").waitFor();
    await chooser(page).setInputFiles(PTH);
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.getByText("Train one, or open a file.").waitFor();
    await chooser(page).setInputFiles(PTH);
    await page.getByRole("dialog").waitFor();
    await page.context().close();
  });

  test("saves the weights and folder of a run, with the fingerprint that lenet eval computes", async () => {
    const { page, faults } = await openLab(browser, `${server.url}#train?count=${COUNT}&epochs=2&seed=3`);
    const trained = await trainToTheEnd(page);
    await page.getByRole("link", { name: "Compare" }).click();
    expect(await shownFingerprint(page)).toBe(trained);

    const pth = await saved(page, "PyTorch (.pth)");
    const { code, stdout, stderr } = await runProgram(folder, ["eval", pth, "--data", "digits", "--json"]);
    expect([code, stderr]).toEqual([0, expect.anything()]);
    expect(JSON.parse(stdout)).toMatchObject({ fingerprint: trained });

    const archive = unzipSync(await readFile(await saved(page, "Run folder (.zip)")));
    for (const [path, bytes] of Object.entries(archive)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
    const run = join(folder, "lenet-run-1");
    expect(Object.keys(archive).sort()).toEqual(
      ["best.safetensors", "config.json", "curves.svg", "history.csv", "model.pth", "result.json"].map(
        (file) => `lenet-run-1/${file}`,
      ),
    );
    const record = await readRun(run);
    expect(record.config).toMatchObject({ seed: 3, recipe: { name: "improved", epochs: 2 }, parameterCount: 61_706 });
    expect(record.history).toHaveLength(2);
    expect(record.result?.fingerprint).toBe(trained);
    const again = await runProgram(folder, ["eval", run, "--data", "digits", "--json"]);
    expect(JSON.parse(again.stdout)).toMatchObject({ fingerprint: trained });

    const chooseLanguage = (language: string) => page.locator("header select").first().selectOption(language);
    await chooseLanguage("zh");
    const chinese = unzipSync(await readFile(await saved(page, "运行文件夹 (.zip)")));
    await chooseLanguage("en");
    const curvesIn = (files: typeof archive) => strFromU8(files["lenet-run-1/curves.svg"]);
    expect([archive, chinese].map(curvesIn)).toEqual([
      expect.stringContaining("best validation"),
      expect.stringContaining("最好的验证准确率"),
    ]);

    // Lets the file input take a folder.
    await page.locator("input[type=file]").evaluate((input: HTMLInputElement) => {
      input.webkitdirectory = true;
    });
    await chooser(page).setInputFiles(run);
    const row = page.getByRole("row", { name: /lenet-run-1/ });
    await row.getByText(trained.slice(0, 10)).waitFor();
    await row.getByRole("button", { name: "Show in all views" }).click();
    await row.getByRole("button", { name: "Shown" }).waitFor();
    expect(await shownFingerprint(page)).toBe(trained);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("evaluates a network as Node does", async () => {
    const { page } = await openLab(browser, `${server.url}#train?count=${COUNT}`);
    await page.getByRole("link", { name: "Compare" }).click();
    await chooser(page).setInputFiles(PTH);
    await page.getByRole("dialog").getByRole("button", { name: "Open" }).click();
    await page.getByLabel("all images").check();
    await page.getByRole("button", { name: "Evaluate" }).click();
    const dataset = generateDigits({ seed: 0, count: COUNT, part: "train" });
    const own = readWeights(await readFile(PTH), RELU);
    const { batchSize } = RECIPES.paper;
    const engine = await processorBackend(batchSize).compile([own], { batchSize });
    await engine.setParameters(own.parameters);
    const { correct, confusion } = await evaluateDataset(engine, dataset);
    engine.dispose();
    await page.getByText(`${correct} of ${COUNT} correct`).waitFor();
    expect((await page.locator(".matrix tbody td").allTextContents()).map(Number)).toEqual(confusion.flat());
    const [truth, predicted] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((row) =>
      confusion[row].flatMap((count, column) => (row !== column && count > 1 && count <= 60 ? [[row, column]] : [])),
    )[0];
    await page
      .getByRole("button", {
        name: `Show the ${confusion[truth][predicted]} images of ${truth} that were taken for ${predicted}`,
      })
      .click();
    await expect
      .poll(() => page.locator(".cell-images li").count(), { timeout: 20_000 })
      .toBe(confusion[truth][predicted]);
    await page.context().close();
  });

  test("watches a run that is being written, and reopens it from its link", async () => {
    const run = await beginRun("watched");
    await keepEpoch(run, 1);
    const { page, faults } = await openView(browser, `${server.url}#compare`);
    await page.getByRole("checkbox", { name: "watched" }).check();
    const row = page.getByRole("row", { name: /watched/ });
    await row.getByText("1 of 3").waitFor();
    await row.getByText("25.00%").waitFor();
    await keepEpoch(run, 2);
    await row.getByText("2 of 3").waitFor();
    await row.getByText("in progress").waitFor();
    await row.getByText("50.00%").waitFor();
    await keepEpoch(run, 3);
    await run.writeResult({
      epochs: 3,
      bestEpoch: 3,
      bestValidationAccuracy: 0.75,
      seconds: 186,
      fingerprint: "f".repeat(64),
    });
    await run.close();
    await row.getByText("ffffffffff").waitFor();
    expect(await row.getByText("in progress").count()).toBe(0);
    await row.getByText("3:06").waitFor();

    expect(new URL(page.url()).hash).toBe("#compare?compareRuns=watched");
    await page.reload();
    await row.getByRole("button", { name: "Show in all views" }).click();
    await expect.poll(() => shownFingerprint(page)).toBe(await fingerprint(model, weights));
    await page.getByRole("checkbox", { name: "watched" }).uncheck();
    await row.waitFor({ state: "detached" });
    await page.getByText("Train one, or open a file.").waitFor();
    await page.goBack();
    await row.getByRole("button", { name: "Remove watched" }).click();
    await row.waitFor({ state: "detached" });
    expect(new URL(page.url()).hash).toBe("#compare");
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("saves the images of a view", async () => {
    const { page } = await openLab(browser, `${server.url}#train?count=${COUNT}&epochs=2`, { reducedMotion: "reduce" });
    await trainToTheEnd(page);
    const dialog = page.getByRole("dialog");
    const list = async () => {
      await page.getByRole("button", { name: "Save images of this view" }).click();
      return dialog.locator("li > span").allTextContents();
    };
    const scene = "The network, from the image to the answer";
    const whole = "The whole view, for print";
    expect(await list()).toEqual(expect.arrayContaining([whole, scene, "Accuracy"]));
    const save = async (format: "SVG" | "PNG", name: string) => {
      const waiting = page.waitForEvent("download");
      await dialog.getByRole("button", { name: `Save “${name}” as ${format}` }).click();
      return readFile(await kept(await waiting));
    };
    const chart = (await save("SVG", "Accuracy")).toString();
    expect(chart).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(chart).toContain("epochs");
    expect(chart).not.toMatch(/ (class|style)=|oklab|color-mix|var\(/);
    const large = await save("PNG", "Accuracy");
    expect(large.subarray(1, 4).toString()).toBe("PNG");
    expect(large.readUInt32BE(16)).toBeGreaterThan(700);
    expect((await save("PNG", scene)).subarray(1, 4).toString()).toBe("PNG");

    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Understand" }).click();
    await page.getByText("Layer by layer").waitFor();
    await list();
    const print = (await save("SVG", whole)).toString();
    // Text, the picture, and what is far below the window.
    for (const part of ["Layer by layer", "6 @ 28 × 28", "<image ", "AdamW on batches of 32"]) {
      expect(print).toContain(part);
    }
    expect(print).not.toContain("Skip to content");
    // 1280 pixels of the page at 300 instead of 96 per inch.
    expect((await save("PNG", whole)).readUInt32BE(16)).toBe(4000);
    await page.context().close();
  });

  test("copies its link, also in Chinese", async () => {
    const { page } = await openView(browser, `${server.url}#compare?seed=7`, {
      locale: "zh-CN",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await page.getByRole("button", { name: "复制本页链接" }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${server.url}#compare?seed=7`);
    await page.getByRole("heading", { level: 1, name: "比较与保存" }).waitFor();
    await page.getByLabel("语言").selectOption("en");
    await page.getByRole("heading", { level: 1, name: "Compare and save" }).waitFor();
    await page.context().close();
  });

  test.each([
    ["light", 1280, 800],
    ["dark", 390, 844],
  ] as const)("has no axe violations: %s, %i × %i", async (colorScheme, width, height) => {
    const viewport = { width, height };
    const { page } = await openLab(browser, `${server.url}#train?count=${COUNT}&epochs=1`, { colorScheme, viewport });
    await trainToTheEnd(page);
    await page.getByRole("link", { name: "Compare" }).click();
    await chooser(page).setInputFiles(PTH);
    await page.getByRole("dialog").waitFor();
    expect(await axeFaults(page)).toEqual([]);
    await page.getByRole("dialog").getByRole("button", { name: "Open" }).click();
    await page.getByRole("button", { name: "Evaluate" }).click();
    await page.locator(".matrix").waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    expect(await axeFaults(page)).toEqual([]);
    await page.context().close();
  });
});

function fail(name: string): never {
  throw new Error(`no ${name}`);
}
