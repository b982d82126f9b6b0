import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build, preview, createServer as startVite } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium, launchChromium } from "../bench/browser/chromium.mjs";
import { generateDigits } from "../src/data/index.js";
import { encodePng } from "../src/node/index.js";
import { copyExample, installPacked } from "./support/packed.js";

const SIDE = 28;
const TYPESCRIPT = resolve("node_modules/typescript/bin/tsc");
const digits = generateDigits({ seed: 1, count: 20, part: "test" });

/** A test digit as a PNG, and its label. */
async function digitPng(index: number): Promise<{ png: Buffer; label: string }> {
  const pixels = digits.images.subarray(index * SIDE * SIDE, (index + 1) * SIDE * SIDE);
  return { png: Buffer.from(await encodePng(pixels, SIDE, SIDE)), label: digits.classes[digits.labels[index]] };
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lenet-examples-"));
  installPacked(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("node: trains, saves, loads and predicts", () => {
  const cwd = copyExample("node", folder);
  const output = execFileSync(process.execPath, ["train.js"], { cwd, encoding: "utf8" });
  expect(output.trim().split("\n")).toEqual([
    expect.stringMatching(/^epoch 10: /),
    expect.stringMatching(/^epoch 20: /),
    expect.stringMatching(/^epoch 30: loss 0\.\d+, validation 1$/),
    expect.stringMatching(/^it is a column, at [5-9]\d %$/),
  ]);
});

describe("server", () => {
  let child: ChildProcess;
  let address: string;
  beforeAll(async () => {
    child = spawn(process.execPath, ["server.js"], {
      cwd: copyExample("server", folder),
      env: { ...process.env, PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const text of child.stdout!) {
      address = /http:\S+/.exec(String(text))?.[0] ?? "";
      if (address) break;
    }
  });
  afterAll(() => void child?.kill());

  const upload = async (body: Uint8Array<ArrayBuffer>) => {
    const response = await fetch(address, { method: "POST", body });
    return { status: response.status, json: await response.json() };
  };

  it("answers an image with its class", async () => {
    let right = 0;
    for (let index = 0; index < digits.labels.length; index++) {
      const { png, label } = await digitPng(index);
      const { status, json } = await upload(new Uint8Array(png));
      expect(status).toBe(200);
      expect(json.probabilities.reduce((sum: number, each: number) => sum + each, 0)).toBeCloseTo(1, 6);
      if (json.label === label) right++;
    }
    expect(right).toBeGreaterThan(16);
  });

  it("refuses other files, truncated images and empty requests in one line", async () => {
    const { png } = await digitPng(0);
    expect(await upload(new TextEncoder().encode("hello"))).toEqual({
      status: 400,
      json: { error: expect.stringMatching(/^not a supported image .*$/) },
    });
    expect(await upload(new Uint8Array(png.subarray(0, 100)))).toEqual({
      status: 400,
      json: { error: expect.stringMatching(/^damaged: .*$/) },
    });
    expect(await upload(new Uint8Array(0))).toMatchObject({ status: 400 });
    expect((await fetch(address)).status).toBe(405);
  });
});

const executable = findChromium();

describe.skipIf(!executable)(
  `pages in Chromium${executable ? "" : " (SKIPPED: not found; install it or set $CHROMIUM)"}`,
  () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchChromium(executable!);
    });
    afterAll(() => browser?.close());

    /** Opens a page and collects its errors. */
    async function open(url: string): Promise<{ page: Page; faults: string[] }> {
      const page = await browser.newPage();
      const faults: string[] = [];
      page.on("pageerror", ({ message }) => faults.push(message));
      page.on("response", (response) => {
        if (!response.ok() && response.status() !== 304) faults.push(`${response.status()} ${response.url()}`);
      });
      await page.goto(url);
      return { page, faults };
    }

    const waitForStatus = (page: Page, pattern: string) =>
      page.waitForFunction(
        (text) => new RegExp(text).test(document.getElementById("status")?.textContent ?? ""),
        pattern,
      );

    /** Lets the Vite example train, draws a stroke, and uploads images. */
    async function useVitePage(url: string, isolated: boolean): Promise<void> {
      const { page, faults } = await open(url);
      await waitForStatus(page, "^Trained");
      const threads = isolated ? await page.evaluate(() => navigator.hardwareConcurrency) : 1;
      const how = threads === 1 ? "one thread" : `${threads} threads`;
      expect(await page.textContent("#status")).toBe(`Trained with ${how}. Draw a digit.`);
      const { x, y } = (await page.locator("#canvas").boundingBox())!;
      await page.mouse.move(x + 140, y + 50);
      await page.mouse.down();
      await page.mouse.move(x + 140, y + 230, { steps: 10 });
      await page.mouse.up();
      await page.waitForFunction(() => document.getElementById("answer")?.textContent?.includes("It is a 1,"));
      let right = 0;
      for (let index = 0; index < 5; index++) {
        const { png, label } = await digitPng(index);
        await page.evaluate(() => document.getElementById("answer")?.replaceChildren());
        await page.setInputFiles("#file", { name: "digit.png", mimeType: "image/png", buffer: png });
        await page.waitForFunction(() => document.getElementById("answer")?.textContent !== "");
        if ((await page.textContent("#answer"))?.startsWith(`It is a ${label},`)) right++;
      }
      expect(right).toBeGreaterThan(3);
      expect(faults).toEqual([]);
      await page.close();
    }

    it("vite: trains with threads and recognizes digits, in development and built", async () => {
      const root = copyExample("vite", folder);
      const compiled = spawnSync(process.execPath, [TYPESCRIPT, "-p", root], { encoding: "utf8" });
      expect(compiled).toMatchObject({ status: 0, stdout: "" });
      const config = { root, logLevel: "error", cacheDir: join(root, ".vite") } as const;
      const server = await startVite({ ...config, server: { port: 0, host: "127.0.0.1", fs: { allow: [folder] } } });
      await server.listen();
      await useVitePage(server.resolvedUrls!.local[0], true);
      await server.close();
      await build(config);
      const built = await preview({ ...config, preview: { port: 0, host: "127.0.0.1" } });
      await useVitePage(built.resolvedUrls!.local[0], true);
      await built.close();
      const notIsolated = await serveFolder(join(root, "dist"));
      await useVitePage(addressOf(notIsolated), false);
      notIsolated.close();
    });

    it("plain: trains without a build step, and reads typed digits and a file", async () => {
      // As on a CDN: the published files, unchanged.
      cpSync(join(folder, "node_modules/lenet/dist"), join(folder, "dist"), { recursive: true });
      copyExample("plain", folder);
      const server = await serveFolder(folder);
      const { page, faults } = await open(`${addressOf(server)}examples/plain/index.html`);
      await waitForStatus(page, "^What the network reads");
      const captions = await page.locator("figcaption").allTextContents();
      expect(captions.filter((caption, digit) => caption === String(digit)).length).toBeGreaterThan(5);
      const { png } = await digitPng(0);
      await page.setInputFiles("#file", { name: "digit.png", mimeType: "image/png", buffer: png });
      await page.waitForFunction(() => document.getElementById("answer")?.textContent !== "");
      expect(await page.textContent("#answer")).toMatch(/^\d$/);
      expect(faults).toEqual([]);
      await page.close();
      server.close();
    });
  },
);

const TYPES: Record<string, string> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript" };

/** Serves a folder on this machine, without isolation headers. */
async function serveFolder(root: string): Promise<Server> {
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url!, "http://localhost");
    const path = join(root, pathname.endsWith("/") ? `${pathname}index.html` : pathname);
    response.setHeader("Content-Type", TYPES[extname(path)] ?? "application/octet-stream");
    response.end(readFileSync(path));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
