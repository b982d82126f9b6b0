import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import sirv from "sirv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium, launchChromium } from "../bench/browser/chromium.mjs";

const executable = findChromium();
const missing = [!executable && "no Chromium", !existsSync("site/dist/index.html") && "run npm run docs"].filter(
  Boolean,
);
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const DESKTOP: BrowserContextOptions = { viewport: { width: 1440, height: 900 }, colorScheme: "light" };
const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, colorScheme: "dark" };

describe.skipIf(missing.length > 0)(
  `the built site${missing.length > 0 ? ` (SKIPPED: ${missing.join(", ")})` : ""}`,
  () => {
    let browser: Browser;
    let server: Server;
    let address: string;
    beforeAll(async () => {
      const files = sirv("site/dist", { extensions: ["html"] });
      server = createServer((request, response) => files(request, response, () => void response.writeHead(404).end()));
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
      address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      browser = await launchChromium(executable!);
    });
    afterAll(async () => {
      await browser?.close();
      server?.close();
    });

    async function open(path: string, options: BrowserContextOptions): Promise<{ page: Page; faults: string[] }> {
      const page = await browser.newPage(options);
      const faults: string[] = [];
      page.on("pageerror", ({ message }) => faults.push(message));
      page.on("response", (response) => void (response.status() >= 400 && faults.push(response.url())));
      await page.goto(address + path, { waitUntil: "networkidle" });
      return { page, faults };
    }

    it.each([
      ["index.html", DESKTOP],
      ["tutorial.html", DESKTOP],
      ["how-winograd.html", DESKTOP],
      ["zh/results.html", DESKTOP],
      ["zh/lab.html", PHONE],
      ["start.html", PHONE],
      ["api/lenet/formats.html", PHONE],
    ])("%s is accessible", async (path, options) => {
      const { page, faults } = await open(path, options);
      await page.addScriptTag({ content: AXE });
      const violations = await page.evaluate(async () => {
        const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } };
        return (await axe.run()).violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join()}`,
        );
      });
      expect({ violations, faults }).toEqual({ violations: [], faults: [] });
      const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(width).toBeLessThanOrEqual(0);
      await page.close();
    });

    it("loads a page in less than 200 kB", async () => {
      const page = await browser.newPage(DESKTOP);
      const sizes: Promise<number>[] = [];
      page.on("response", (response) => {
        // Pages that its links lead to are fetched ahead, while nothing else is to do.
        const isAhead = response.url().includes(".md.") && !response.url().includes("/how-engine.md.");
        if (!isAhead) sizes.push(response.body().then((body) => gzipSync(body).length));
      });
      await page.goto(`${address}how-engine.html`, { waitUntil: "networkidle" });
      const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size);
      expect(bytes).toBeGreaterThan(20_000);
      expect(bytes).toBeLessThan(200_000);
      await page.close();
    });

    it.each([
      ["index.html", DESKTOP, "network-desktop-light"],
      ["zh/index.html", PHONE, "network-zh-phone-dark"],
      ["gpu.html", PHONE, "fleet-phone-dark"],
    ])("loads one screenshot on %s, of the page's width and colours", async (path, options, name) => {
      const page = await browser.newPage(options);
      const screenshots: string[] = [];
      page.on("request", (request) => void (request.url().endsWith(".webp") && screenshots.push(request.url())));
      await page.goto(address + path, { waitUntil: "networkidle" });
      const shown = page.locator("picture:visible img");
      await shown.scrollIntoViewIfNeeded();
      await expect.poll(() => shown.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
      expect(screenshots.map((url) => url.match(/([^/.]+)\.[^/]+$/)?.[1])).toEqual([name]);
      await page.close();
    });

    it("leads to an entry of the API reference", async () => {
      const { page } = await open("api/lenet.html#predict", PHONE);
      const top = () => page.locator("#predict").evaluate((heading) => heading.getBoundingClientRect().top);
      await expect.poll(top).toBeLessThan(PHONE.viewport!.height / 2);
      expect(await top()).toBeGreaterThan(0);
      await page.close();
    });

    it.each([
      ["start.html", "minimal filtering", "how-winograd"],
      ["zh/start.html", "混淆矩阵", "zh/"],
    ])("finds on %s: %s", async (path, words, found) => {
      const { page } = await open(path, DESKTOP);
      await page.click(".DocSearch-Button");
      await page.fill("#localsearch-input", words);
      await page.waitForSelector(`#localsearch-list a[href*="${found}"]`);
      await page.close();
    });

    it("starts the lab within its page", async () => {
      const { page, faults } = await open("lab.html", DESKTOP);
      await page.click(".lab-frame button");
      await page.frameLocator(".lab-frame iframe").locator("canvas").first().waitFor();
      expect(faults).toEqual([]);
      await page.close();
    });
  },
);

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}
