import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium } from "../bench/browser/chromium.mjs";
import { generateDigits, splitIndices } from "../src/data/index.js";
import { initializeParameters, lenet5, runEpochs } from "../src/engine.js";
import { type Dataset, RECIPES } from "../src/index.js";
import { RunFolder } from "../src/node/runFolder.js";
import { judgedImages, writeReport } from "../src/node/runReport.js";
import { processorBackend } from "../src/node/threads.js";
import type { RunConfig } from "../src/runs/config.js";

const MALICE = `<script>document.title = "hacked"</script>`;
const TEST_IMAGES = 10_000;

let parent: string;
let path: string;
let test10000: Dataset;

/** A run of one epoch on a few digits, with markup as the name of one class, and its report. */
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "lenet-report-"));
  path = join(parent, "run");
  const digits = (part: "train" | "test", count: number) => {
    const dataset = generateDigits({ seed: 0, count, part });
    return { ...dataset, classes: dataset.classes.map((name, index) => (index === 3 ? MALICE : name)) };
  };
  const train = digits("train", 1000);
  test10000 = digits("test", TEST_IMAGES);
  const recipe = { ...RECIPES.improved, epochs: 1, batchSize: 32 };
  const { channels, height, width } = train;
  const model = lenet5({ ...recipe, input: { channels, height, width }, classes: 10 });
  const engine = await processorBackend(recipe.batchSize, 2).compile([{ model, ...recipe }], recipe);
  await engine.setParameters(initializeParameters(model, 0));
  const config: RunConfig = {
    versions: { lenet: "0.1.0", node: "20.19.0", v8: "11.3" },
    startedAt: "2026-01-02T03:04:05.678Z",
    recipe,
    scheduleRestarts: [],
    seed: 0,
    model,
    parameterCount: 61_706,
    data: {
      name: `digits & ${MALICE}`,
      path: `/data/${MALICE}`,
      resize: "contain",
      background: 0,
      checksum: train.checksum,
      images: 1000,
      classes: [...train.classes],
      generated: true,
    },
    threads: 2,
    arithmetic: "wasm-fused",
  };
  const folder = await RunFolder.create(path, config);
  const split = splitIndices(1000, recipe.validationFraction, 0);
  for await (const { record, state } of runEpochs({ engine, dataset: train, split, recipe, seed: 0 })) {
    await folder.keepEpoch(record, state);
  }
  await writeReport(path, engine, judgedImages(config, { train, test: test10000 }));
  const unheld = await RunFolder.create(join(parent, "validation"), config);
  await unheld.keepEpoch(
    {
      epoch: 1,
      trainLoss: 1,
      trainAccuracy: 0,
      validationLoss: 1,
      validationAccuracy: 0,
      learningRate: 1,
      trainSeconds: 1,
      validationSeconds: 1,
    },
    {
      epoch: 1,
      parameters: await engine.parameters(),
      optimizer: await engine.optimizerState(),
      best: { epoch: 1, validationAccuracy: 0, parameters: await engine.parameters() },
    },
  );
  await writeReport(join(parent, "validation"), engine, judgedImages(config, { train }));
  engine.dispose();
});
afterAll(() => rm(parent, { recursive: true, force: true }));

describe("the report of 10,000 images", () => {
  test("is small", async () => {
    expect((await stat(join(path, "report.html"))).size).toBeLessThan(2_000_000);
  });

  test("counts every image in both confusion matrices", async () => {
    const page = await readFile(join(path, "report.html"), "utf8");
    const counts = [...page.matchAll(/aria-label="[^"]* predicted as [^"]*: ([\d,]+) images?,/g)].map(
      ([, count]) => count,
    );
    const sum = (numbers: readonly string[]) =>
      numbers.reduce((total, number) => total + Number(number.replaceAll(",", "")), 0);
    expect(sum(counts)).toBe(TEST_IMAGES);
    const svg = await readFile(join(path, "confusion.svg"), "utf8");
    const drawn = [...svg.matchAll(/font-weight="bold" text-anchor="middle" [^>]*>([\d,]+)</g)].map(
      ([, count]) => count,
    );
    expect(drawn).toEqual(counts);
  });

  test("uses the validation images if there is no test set, and says so", async () => {
    const page = await readFile(join(parent, "validation", "report.html"), "utf8");
    expect(page).toContain("has no test set");
    expect(page).toContain("of 200 images");
  });
});

const executable = findChromium();

describe.skipIf(!executable)(
  `the report in Chromium${executable ? "" : " (SKIPPED: not installed; install it or set $CHROMIUM)"}`,
  () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({
        executablePath: executable,
        chromiumSandbox: false,
        args: ["--disable-gpu", "--disable-background-networking"],
      });
    });
    afterAll(() => browser?.close());

    /** Opens the page, and records what it must not do: send requests, or violate its own policy. */
    async function open(options: Parameters<Browser["newPage"]>[0] = {}) {
      const page = await browser.newPage(options);
      const faults: string[] = [];
      const address = pathToFileURL(join(path, "report.html")).href;
      page.on("request", (request) => {
        if (request.url() !== address && !request.url().startsWith("data:")) faults.push(request.url());
      });
      page.on("console", (message) => faults.push(message.text()));
      page.on("pageerror", (error) => faults.push(error.message));
      await page.goto(address);
      return { page, faults };
    }

    /** The button of the first cell off the diagonal with several images, and its sheet. */
    const firstError = (page: Page) => {
      const button = page.locator("td.wrong button", { hasText: /\d\d/ }).first();
      const sheet = async () => page.locator(`#${await button.getAttribute("popovertarget")}`);
      return { button, sheet };
    };

    test("shows a cell's images on click, closes them on Escape, and sends no requests", async () => {
      const { page, faults } = await open();
      const { button, sheet: sheetOf } = firstError(page);
      const sheet = await sheetOf();
      expect(await sheet.isVisible()).toBe(false);
      await button.click();
      expect(await sheet.isVisible()).toBe(true);
      const count = Number(/: (\d+) images/.exec((await button.getAttribute("aria-label"))!)![1]);
      const images = sheet.locator("img");
      const more = /and (\d+) more/.exec((await sheet.textContent())!)?.[1] ?? 0;
      expect((await images.count()) + Number(more)).toBe(count);
      const widths = await images.evaluateAll((all) => all.map((image) => (image as HTMLImageElement).naturalWidth));
      expect(new Set(widths)).toEqual(new Set([28]));
      await page.keyboard.press("Escape");
      expect(await sheet.isVisible()).toBe(false);
      // Chromium reports policy violations as errors on the console.
      expect(faults).toEqual([]);
      await page.evaluate(() => document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1/" })));
      await expect.poll(() => faults.join()).toContain("Content Security Policy");
      await page.close();
    });

    test("shows the name of a class as text, whatever it contains", async () => {
      const { page, faults } = await open();
      expect(await page.locator("#classes tbody th").nth(3).textContent()).toBe(MALICE);
      expect(await page.title()).toBe(`LeNet-5 improved on digits & ${MALICE} (generated data)`);
      expect(faults).toEqual([]);
      await page.close();
    });

    test("lets the keyboard reach and open cells, which get the focus back", async () => {
      const { page, faults } = await open();
      const { button, sheet: sheetOf } = firstError(page);
      const sheet = await sheetOf();
      await page.locator(".skip").focus();
      const target = await button.getAttribute("popovertarget");
      const focused = () => page.evaluate(() => document.activeElement?.getAttribute("popovertarget"));
      for (let presses = 0; presses < 40 && (await focused()) !== target; presses++) await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      expect(await sheet.isVisible()).toBe(true);
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Close");
      await page.keyboard.press("Enter");
      expect(await sheet.isVisible()).toBe(false);
      expect(await focused()).toBe(target);
      expect(faults).toEqual([]);
      await page.close();
    });

    test.each([
      ["light", 390, "rgb(255, 255, 255)"],
      ["dark", 390, "rgb(22, 25, 29)"],
      ["light", 1280, "rgb(255, 255, 255)"],
      ["dark", 1280, "rgb(22, 25, 29)"],
    ] as const)("fits: %s, %i pixels wide", async (colorScheme, width, ground) => {
      const { page, faults } = await open({ colorScheme, viewport: { width, height: 844 } });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(ground);
      expect(faults).toEqual([]);
      await page.close();
    });
  },
);
