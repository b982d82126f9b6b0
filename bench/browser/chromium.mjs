import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { servePage } from "./server.mjs";

const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The path of Chromium: $CHROMIUM, or the system's; undefined if it does not exist. */
export function findChromium() {
  return [process.env.CHROMIUM ?? "/usr/bin/chromium"].find(existsSync);
}

/** Starts Chromium headless, with a fresh profile. */
export function launchChromium(executablePath) {
  return chromium.launch({ executablePath, headless: true, chromiumSandbox: false, args: FLAGS });
}

/** Starts Chromium and two servers, one with and one without cross-origin isolation. */
export async function startChromium(executablePath) {
  const browser = await launchChromium(executablePath);
  const isolatedServer = await servePage({ isolated: true });
  const plainServer = await servePage({ isolated: false });

  const open = async ({ isolated, seconds, threads }) => {
    const page = await browser.newPage();
    const { url } = isolated ? isolatedServer : plainServer;
    await page.goto(`${url}?seconds=${seconds}&threads=${threads}`);
    return page;
  };
  const measure = async (request) => {
    const page = await open(request);
    await page.waitForFunction(() => window.result, undefined, { timeout: 0, polling: 500 });
    const result = await page.evaluate(() => window.result);
    await page.close();
    if (result.error) throw new Error(`in Chromium: ${result.error}`);
    return result;
  };
  const close = async () => {
    await browser.close();
    await isolatedServer.close();
    await plainServer.close();
  };
  return { version: browser.version(), open, measure, close };
}
