import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { supportsFusedArithmetic } from "../../src/engine.js";
import {
  accuracyOf,
  executable,
  fingerprintAtTheEnd,
  fingerprintOf,
  type Host,
  launch,
  openLab,
  PATIENTLY,
  SKIPPED,
  serveSite,
  trainToTheEnd,
} from "./browser.js";
import { trainInNode } from "./trainInNode.js";

const COUNT = 8000;
const EPOCHS = 4;
const SEED = 7;
const SETTINGS = `#train?count=${COUNT}&epochs=${EPOCHS}&seed=${SEED}`;

const ENVIRONMENTS: readonly {
  readonly name: string;
  readonly isolated: boolean;
  readonly options: BrowserContextOptions;
}[] = [
  { name: "isolated by its host", isolated: true, options: {} },
  // Otherwise the service worker would isolate it.
  { name: "not isolated", isolated: false, options: { serviceWorkers: "block" } },
];

describe.skipIf(!executable)(`training in the lab${SKIPPED}`, () => {
  let browser: Browser;
  let expected: string;
  beforeAll(async () => {
    browser = await launch();
    expected = (await trainInNode({ count: COUNT, epochs: EPOCHS, seed: SEED })).fingerprint;
  });
  afterAll(() => browser?.close());

  describe.each(ENVIRONMENTS)("$name", ({ isolated, options }) => {
    let host: Host;
    const open = (hash: string) => openLab(browser, host.url + hash, options);
    beforeAll(async () => {
      host = await serveSite({ isolated });
    });
    afterAll(() => host?.close());

    test("reaches 95 % on generated digits, with the same bits as Node", async () => {
      // Otherwise the number of threads is found out by a measurement.
      const { page, faults } = await open(`${SETTINGS}&threads=2`);
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolated);
      expect(await trainToTheEnd(page)).toBe(expected);
      expect(await accuracyOf(page)).toBeGreaterThanOrEqual(0.95);
      expect(await page.locator(".figures dd").last().textContent()).toContain(isolated ? "2" : "1");
      expect(faults).toEqual([]);
      await page.context().close();
    });

    test("reaches the bits of every engine in portable arithmetic", async () => {
      const settings = { count: 1000, epochs: 1, seed: SEED };
      const { page } = await open(`#train?count=1000&epochs=1&seed=${SEED}&arithmetic=portable`);
      const portable = await trainToTheEnd(page);
      expect(portable).toBe((await trainInNode({ ...settings, arithmetic: "portable" })).fingerprint);
      const { fingerprint } = await trainInNode(settings);
      expect(fingerprint === portable).toBe(!supportsFusedArithmetic());
      await page.context().close();
    });

    test("pauses and resumes bit-identically", async () => {
      const { page } = await open(SETTINGS);
      await page.getByRole("button", { name: "Train", exact: true }).click();
      for (const share of [0.02, 0.4]) {
        await page.waitForFunction((least) => document.querySelector("progress")!.value > least, share);
        await page.getByRole("button", { name: "Pause" }).click();
        await page.getByText("paused").first().waitFor();
        const paused = await fingerprintOf(page);
        await page.waitForTimeout(300);
        expect(await fingerprintOf(page)).toBe(paused);
        await page.getByRole("button", { name: "Resume" }).click();
      }
      expect(await fingerprintAtTheEnd(page)).toBe(expected);
      await page.context().close();
    });
  });

  describe("the controls", () => {
    let host: Host;
    beforeAll(async () => {
      host = await serveSite({ isolated: true });
    });
    afterAll(() => host?.close());
    const open = (hash: string) => openLab(browser, host.url + hash);

    test("step by a batch or an epoch, and reset a run", async () => {
      const { page } = await open("#train?count=1000&epochs=2");
      const note = page.locator(".fingerprint summary .quiet");
      await page.getByRole("button", { name: "One batch" }).click();
      // 800 images are 25 batches.
      await expect.poll(() => note.textContent(), PATIENTLY).toBe("after epoch 0.04");
      const afterOne = await fingerprintOf(page);
      await page.keyboard.press("b");
      await expect.poll(() => note.textContent(), PATIENTLY).toBe("after epoch 0.08");
      expect(await fingerprintOf(page)).not.toBe(afterOne);
      await page.keyboard.press("e");
      await expect.poll(() => note.textContent(), PATIENTLY).toBe("after epoch 1");
      await expect.poll(() => page.locator(".matrix td.right").first().textContent()).toMatch(/^\d+$/);
      await page.keyboard.press("r");
      await expect.poll(() => note.textContent(), PATIENTLY).toBe("before training");
      await page.getByRole("button", { name: "One batch" }).click();
      await expect.poll(() => note.textContent(), PATIENTLY).toBe("after epoch 0.04");
      expect(await fingerprintOf(page)).toBe(afterOne);
      await page.context().close();
    });

    test("show the loss of a single batch, and no time left that it could not tell", async () => {
      const { page } = await open("#train?count=1000&epochs=2");
      await page.getByRole("button", { name: "One batch" }).click();
      const figure = (label: string) => page.locator(".figures dl > div", { hasText: label }).locator("dd");
      await expect
        .poll(() => figure("Training loss").textContent(), PATIENTLY)
        .toMatch(/^\d\.\d{4}over the last 32 images/);
      expect(await figure("Time left").textContent()).toMatch(/^–/);
      expect(await figure("Images per second").textContent()).toBe("–");
      // A point in each of both charts.
      await expect.poll(() => page.locator(".chart svg circle, .chart svg path[fill^=var]").count()).toBe(2);
      await page.context().close();
    });

    test("say when a step starts another run", async () => {
      const { page } = await open("#train?count=600&epochs=1");
      await trainToTheEnd(page);
      await page.getByLabel("tanh", { exact: true }).check();
      await page.getByText("The settings have changed: run 2 will have them.").waitFor();
      await page.getByRole("button", { name: "One batch as run 2" }).waitFor();
      await page.getByRole("button", { name: "One epoch as run 2" }).click();
      await expect.poll(() => page.locator(".runs li").count()).toBe(2);
      await page.context().close();
    });

    test("diagnose a learning rate of 10, and offer the recipe's", async () => {
      const { page } = await open("#train?count=600&epochs=1&lr=10");
      await page.getByText("More settings").click();
      await page.getByText(/^[\d,]+ times the recipe’s/).waitFor();
      await page.getByRole("button", { name: "Train", exact: true }).click();
      await page.getByText("This network does not learn: its learning rate is 10").waitFor();
      await page.getByRole("button", { name: "Use the recipe’s" }).click();
      expect(page.url()).not.toContain("lr=");
      await page.context().close();
    });

    test("overlay two runs, and remove one", async () => {
      const { page } = await open("#train?count=600&epochs=2");
      await page.getByRole("button", { name: "1998 vs. today" }).click();
      const runs = page.locator(".runs li");
      await expect.poll(() => runs.count(), PATIENTLY).toBe(2);
      await page.getByText("Finished. The weights are").waitFor();
      expect(await runs.allTextContents()).toEqual([
        expect.stringContaining("sigmoid + average"),
        expect.stringContaining("ReLU + max"),
      ]);
      const lines = page.locator(".chart").first().locator("svg svg path:not([opacity])");
      expect(await lines.count()).toBe(2);
      expect(await lines.nth(0).getAttribute("stroke-dasharray")).toBeNull();
      expect(await lines.nth(1).getAttribute("stroke-dasharray")).not.toBeNull();
      await page.getByText("Curves as a table").click();
      expect(await page.locator(".numbers tbody tr").count()).toBe(4);
      await page.getByRole("button", { name: "Remove run 1" }).click();
      expect(await runs.count()).toBe(1);
      expect(await lines.count()).toBe(1);
      await page.context().close();
    });

    test("start another run after a setting has changed, and restore a run's settings", async () => {
      const { page } = await open("#train?count=600&epochs=1");
      await trainToTheEnd(page);
      await page.getByLabel("tanh", { exact: true }).check();
      expect(page.url()).toContain("activation=tanh");
      await page.getByRole("button", { name: "Train as run 2" }).click();
      await expect.poll(() => page.locator(".runs li").count()).toBe(2);
      await page.getByText("Finished. The weights are").waitFor();
      await page.getByRole("button", { name: /^Run 1/ }).click();
      expect(page.url()).not.toContain("activation");
      await page.context().close();
    });
  });
});
