import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from "playwright-core";
import sirv from "sirv";
import { afterAll, beforeAll, describe } from "vitest";
import { findChromium } from "../../bench/browser/chromium.mjs";
import { ISOLATION_HEADERS } from "../../src/node/lab/headers.js";

/** The Chromium that runs the tests; undefined if there is none. */
export const executable = findChromium();

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Appended to the names of browser tests; says why they are skipped. */
export const SKIPPED = executable ? "" : " (SKIPPED: no Chromium here; install it or set $CHROMIUM)";

/** The built site. */
export const SITE = fileURLToPath(new URL("../../dist/lab", import.meta.url));

/** A server of the built site. */
export interface Host {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Has a page list its errors, for browsers whose drivers do not report them. Two reports are not errors: a size that
 * changes while it is observed is delivered in the next frame, and Zod only tests whether it may compile its schemas.
 */
const WATCH = `window.faults = [];
const report = (what) => /^ResizeObserver loop/.test(what) || faults.push(String(what));
addEventListener("error", ({ message, target }) => report(message ?? "cannot load " + target.src), true);
addEventListener("unhandledrejection", ({ reason }) => report(reason));
addEventListener("securitypolicyviolation", ({ blockedURI }) => blockedURI === "eval" || report("may not load " + blockedURI));
console.error = (...what) => report(what.join(" "));
`;

/**
 * Serves the built site as a static host does, in a subfolder, with or without the isolation headers.
 *
 * @param isWatched whether the page lists its errors in `window.faults`. Default: it does not
 */
export async function serveSite({
  isolated,
  isWatched = false,
}: {
  readonly isolated: boolean;
  readonly isWatched?: boolean;
}): Promise<Host> {
  const folder = "/some/folder";
  const handler = sirv(SITE, {
    setHeaders: (response) => {
      if (!isolated) return;
      for (const [name, value] of Object.entries(ISOLATION_HEADERS)) response.setHeader(name, value);
    },
  });
  const server = createServer((request, response) => {
    if (isWatched && request.url === `${folder}/`) {
      const page = readFileSync(`${SITE}/index.html`, "utf8");
      response.writeHead(200, { "Content-Type": "text/html", ...(isolated && ISOLATION_HEADERS) });
      response.end(page.replace("<script", '<script src="./watch.js"></script>$&'));
    } else if (isWatched && request.url === `${folder}/watch.js`) {
      response.writeHead(200, { "Content-Type": "text/javascript", ...(isolated && ISOLATION_HEADERS) }).end(WATCH);
    } else if (request.url?.startsWith(`${folder}/`)) {
      request.url = request.url.slice(folder.length);
      handler(request, response);
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${folder}/`,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      return closed;
    },
  };
}

/**
 * How to start Chromium: without a graphics card, or with one that is software, for WebGPU or for WebGL; or with neither. Or
 * with a camera that shows a moving pattern, to which access is granted, or denied.
 */
const DEVICES = {
  camera: ["--disable-gpu", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
  refusedCamera: ["--disable-gpu", "--use-fake-device-for-media-stream", "--deny-permission-prompts"],
  webgl: ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
  flat: ["--disable-gpu", "--disable-3d-apis"],
  none: ["--disable-gpu"],
  software: ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
};

export function launch(device: keyof typeof DEVICES = "none"): Promise<Browser> {
  return chromium.launch({
    executablePath: executable,
    headless: true,
    chromiumSandbox: false,
    args: DEVICES[device],
  });
}

/** A page of the lab, with its errors and requests. */
export interface LabPage {
  readonly page: Page;
  /** Uncaught errors and violations of its security policy. */
  readonly faults: string[];
  /** The URLs of all its requests. */
  readonly requests: string[];
}

/** Opens the view "Train" in a new context and waits for its data; in English, unless the options say otherwise. */
export async function openLab(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<LabPage> {
  const lab = await openView(browser, address, options);
  // On a phone, it is collapsed.
  await lab.page.locator("canvas.images").waitFor({ state: "attached" });
  return lab;
}

/** Opens a view of the lab in a new context. */
export async function openView(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<LabPage> {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const faults: string[] = [];
  const requests: string[] = [];
  page.on("pageerror", ({ message }) => faults.push(message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("404")) faults.push(message.text());
  });
  context.on("request", (request) => requests.push(request.url()));
  page.setDefaultTimeout(20_000);
  await page.goto(address);
  return { page, faults, requests };
}

/** The machine may be busy. */
export const PATIENTLY = { timeout: 20_000 };

/** Chromium with the isolated site. */
export interface Lab {
  readonly browser: Browser;
  readonly host: Host;
  /** Opens a view in a new context. */
  open(hash?: string, options?: BrowserContextOptions): Promise<LabPage>;
}

/** Describes tests in Chromium with the isolated site; they are skipped if there is no Chromium. */
export function describeLab(name: string, tests: (lab: Lab) => void, device: keyof typeof DEVICES = "none"): void {
  describe.skipIf(!executable)(`${name}${SKIPPED}`, () => {
    let browser: Browser;
    let host: Host;
    beforeAll(async () => {
      browser = await launch(device);
      host = await serveSite({ isolated: true });
    });
    afterAll(async () => {
      await browser?.close();
      await host?.close();
    });
    tests({
      get browser() {
        return browser;
      },
      get host() {
        return host;
      },
      open: (hash = "", options = {}) => openView(browser, host.url + hash, options),
    });
  });
}

export type Point = readonly [x: number, y: number];
export type Strokes = readonly (readonly Point[])[];

/** Digits as drawn by hand, in hundredths of the pad. */
export const DRAWN = {
  "0": [arc(50, 50, 20, 33, -90, 270)],
  "1": [
    [
      [50, 15],
      [50, 85],
    ],
  ],
  "3": [[...arc(48, 33, 18, 17, -150, 90), ...arc(48, 68, 20, 18, -90, 150)]],
  "7": [
    [
      [28, 20],
      [72, 20],
      [45, 85],
    ],
  ],
} as const satisfies Readonly<Record<string, Strokes>>;

function arc(x: number, y: number, radiusX: number, radiusY: number, from: number, to: number): Point[] {
  return Array.from({ length: 17 }, (_, step) => {
    const angle = ((from + ((to - from) * step) / 16) * Math.PI) / 180;
    return [x + radiusX * Math.cos(angle), y + radiusY * Math.sin(angle)];
  });
}

/** Draws strokes on a pad with the mouse, no faster than the page receives its events. */
export async function draw(pad: Locator, strokes: Strokes): Promise<void> {
  await pad.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await pad.boundingBox())!;
  const { mouse } = pad.page();
  for (const stroke of strokes) {
    for (const [index, point] of stroke.entries()) {
      await mouse.move(x + (point[0] / 100) * width, y + (point[1] / 100) * height, { steps: index ? 4 : 1 });
      if (index === 0) await mouse.down();
    }
    await mouse.up();
  }
}

/** What a canvas shows, as a data URL. */
export function pixelsOf(canvas: Locator): Promise<string> {
  return canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());
}

/** Presses Train and waits for the end; returns the full fingerprint of the best weights. */
export async function trainToTheEnd(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Train", exact: true }).click();
  return fingerprintAtTheEnd(page);
}

export async function fingerprintAtTheEnd(page: Page): Promise<string> {
  await page.getByText("Finished. The weights are").waitFor({ timeout: 100_000 });
  return fingerprintOf(page);
}

/** The fingerprint shown on the page. */
export async function fingerprintOf(page: Page): Promise<string> {
  return (await page.locator(".fingerprint p code").first().textContent()) ?? "";
}

/** The validation accuracy shown on the page, 0 … 1. */
export async function accuracyOf(page: Page): Promise<number> {
  const text = await page.locator(".figures dd").first().textContent();
  return Number.parseFloat(text ?? "") / 100;
}

/** The elements with axe violations of more than minor impact. */
export async function axeFaults(page: Page): Promise<string[]> {
  // Colours that are still changing have other contrasts.
  await page.evaluate(() =>
    Promise.allSettled(
      document
        .getAnimations()
        // What goes with scrolling is never over.
        .filter(({ timeline }) => timeline === document.timeline)
        .filter(({ effect }) => effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY)
        .map(({ finished }) => finished),
    ),
  );
  // Evaluated, because the page's policy blocks added scripts.
  await page.evaluate(readFileSync(AXE, "utf8"));
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact !== "minor")
      .flatMap(({ id, impact, nodes }) => nodes.map(({ html }) => `${impact} ${id}: ${html.slice(0, 200)}`));
  });
}
