import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  axeFaults,
  executable,
  fingerprintAtTheEnd,
  fingerprintOf,
  type Host,
  launch,
  openLab,
  SKIPPED,
  serveSite,
  trainToTheEnd,
} from "./browser.js";

/** A software card computes a step in half a second: 80 training images are 3 steps. */
const SETTINGS = "#train?count=100&epochs=2&device=gpu";
const EPOCHS = 2;
/** The machine may be busy. */
const PATIENTLY = { timeout: 60_000 };

describe.skipIf(!executable)(`the graphics card in the lab${SKIPPED}`, () => {
  let host: Host;
  beforeAll(async () => {
    host = await serveSite({ isolated: true });
  });
  afterAll(() => host?.close());

  test("is no choice where there is none, and the page says why", async () => {
    const browser = await launch();
    const { page } = await openLab(browser, host.url + SETTINGS);
    await page.getByText("The processor trains: WebGPU finds no graphics card.").waitFor();
    expect(await page.getByRole("radio", { name: "Graphics card" }).count()).toBe(0);
    await trainToTheEnd(page);
    expect(await page.locator(".figures dd").last().textContent()).toContain("multiply");
    await browser.close();
  });

  describe("of software", () => {
    let browser: Browser;
    /** The fingerprint and the epochs of seed 1. */
    let alone: Outcome;
    const open = (hash: string) => openLab(browser, host.url + hash);
    beforeAll(async () => {
      browser = await launch("software");
      const { page } = await open(`${SETTINGS}&seed=1`);
      await trainToTheEnd(page);
      alone = await outcomeOf(page);
      await page.context().close();
    });
    afterAll(() => browser?.close());

    test("is chosen, kept in the address, and named in the run that is saved", async () => {
      const { page, faults } = await open("#train?count=100&epochs=1");
      await page.getByLabel("Graphics card").check();
      expect(page.url()).toContain("device=gpu");
      await page.getByText(/^Trains on .*swiftshader/).waitFor();
      expect(await axeFaults(page)).toEqual([]);
      await trainToTheEnd(page);
      expect(await page.locator(".figures dd").last().textContent()).toContain("swiftshader");
      await page.getByRole("link", { name: "Compare", exact: true }).first().click();
      const saved = page.waitForEvent("download");
      await page.getByRole("button", { name: "Run folder" }).click();
      const files = unzipSync(readFileSync(await (await saved).path()));
      const config = Object.entries(files).find(([name]) => name.endsWith("/config.json"))![1];
      const { arithmetic, card } = JSON.parse(new TextDecoder().decode(config));
      expect(arithmetic).toMatch(/^webgpu .*swiftshader/);
      expect(card.name).toContain("swiftshader");
      expect(faults).toEqual([]);
      await page.context().close();
    });

    test("trains a fleet, each network to the bits of its seed alone", async () => {
      const { page } = await open(`${SETTINGS}&networks=2`);
      const first = await trainToTheEnd(page);
      await page.getByRole("radio", { name: /^1 / }).check();
      expect(await outcomeOf(page)).toEqual(alone);
      expect(first).not.toBe(alone.fingerprint);
      await page.context().close();
    });

    test("steps, pauses and resets, to the same bits", async () => {
      const { page } = await open(`${SETTINGS}&seed=1`);
      const note = page.locator(".fingerprint summary .quiet");
      await page.getByRole("button", { name: "One batch" }).click();
      await expect.poll(() => note.textContent(), PATIENTLY).toBe("after epoch 0.40");
      const afterOne = await fingerprintOf(page);
      await page.keyboard.press("r");
      await expect.poll(() => note.textContent(), PATIENTLY).toBe("before training");
      await page.getByRole("button", { name: "One batch" }).click();
      await expect.poll(() => note.textContent(), PATIENTLY).toBe("after epoch 0.40");
      expect(await fingerprintOf(page)).toBe(afterOne);
      await page.getByRole("button", { name: "One epoch" }).click();
      await expect.poll(() => note.textContent(), PATIENTLY).toBe("after epoch 1");
      await page.getByRole("button", { name: "Resume" }).click();
      await fingerprintAtTheEnd(page);
      expect(await outcomeOf(page)).toEqual(alone);
      await page.context().close();
    });

    // Rarely, Chromium's page crashes too, some time after its graphics process.
    test("is lost, and the run resumes from its last epoch, to the same bits", { retry: 2 }, async () => {
      const { page } = await open(`${SETTINGS}&seed=1`);
      const session = await browser.newBrowserCDPSession();
      // It answers that the process is gone.
      await page.exposeFunction("loseCard", () => session.send("Browser.crashGpuProcess").catch(() => {}));
      // The page itself waits for the second epoch: on a busy machine, it would be over before a test noticed.
      await page.evaluate((text) => {
        const { loseCard } = globalThis as unknown as { loseCard: () => void };
        const observer = new MutationObserver(() => {
          if (!document.body.textContent?.includes(text)) return;
          observer.disconnect();
          loseCard();
        });
        observer.observe(document.body, { subtree: true, childList: true, characterData: true });
      }, `Epoch 2 of ${EPOCHS}`);
      await page.getByRole("button", { name: "Train", exact: true }).click();
      await page.getByRole("alert").waitFor(PATIENTLY);
      const notice = await page.getByRole("alert").textContent();
      expect(notice).toMatch(/^the graphics card was lost: .*Training can resume after epoch 1/);
      expect(await page.locator(".fingerprint summary .quiet").textContent()).toBe("after epoch 1");
      await page.getByRole("button", { name: "Resume" }).click();
      await fingerprintAtTheEnd(page);
      expect(await page.getByRole("alert").count()).toBe(0);
      expect(await outcomeOf(page)).toEqual(alone);
      await page.context().close();
    });
  });
});

interface Outcome {
  readonly fingerprint: string;
  /** Losses and accuracies of every epoch, as the page shows them. */
  readonly epochs: readonly string[];
}

/** What the network on display has come to. */
async function outcomeOf(page: Page): Promise<Outcome> {
  const epochs = page.locator(".numbers").first().locator("tbody tr");
  expect(await epochs.count()).toBe(EPOCHS);
  return { fingerprint: await fingerprintOf(page), epochs: await epochs.allTextContents() };
}
