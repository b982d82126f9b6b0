// Writes docs/lab/*.webp: every view of the lab, a fleet, and two networks in Compare, on a desktop, a phone and a projector,
// light and dark, in English and Chinese, for which the machine needs a Chinese font. Run `npm run build` first:
//
//   node tests/lab/screenshots.mjs [network | others]

import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { findChromium } from "../../bench/browser/chromium.mjs";

const VIEWS = { train: "Train", inspect: "Look inside", understand: "Understand", compare: "Compare" };
const SIZES = {
  desktop: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
  projector: { width: 2560, height: 1440 },
};
const LANGUAGES = ["en", "zh"];
/** Fine lines and small text stay clear. */
const QUALITY = 90;
const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = `${root}docs/lab/`;

const lab = spawn(process.execPath, ["dist/cli/main.js", "lab"], { cwd: root });
const address = await new Promise((resolve) => {
  lab.stdout.on("data", (text) => {
    const [url] = /http:\S+/.exec(text) ?? [];
    if (url) resolve(url);
  });
});
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: findChromium(),
  args: ["--no-sandbox", "--enable-unsafe-swiftshader"],
});
const [wanted] = process.argv.slice(2);
for (const colorScheme of ["light", "dark"]) {
  if (wanted !== "others") await photographNetwork(colorScheme);
  if (wanted !== "network") await photographOthers(colorScheme);
}
await browser.close();
lab.kill();

/** Takes pictures of the view "The network": the answer, a part, clothes, space, a moment of the training. */
async function photographNetwork(colorScheme) {
  const states = {
    network: { sizes: Object.keys(SIZES), languages: LANGUAGES },
    "network-space": { hash: "networkSpace=on", sizes: Object.keys(SIZES) },
    "network-part": { hash: "image=digits:4&part=C3:1", sizes: ["desktop", "phone"] },
    "network-clothes": { hash: "networkShow=clothes&image=clothes:9", sizes: ["desktop", "phone"] },
    "network-rewound": { sizes: ["desktop"], moment: 6 },
  };
  for (const [name, { hash = "", sizes, languages = ["en"], moment }] of Object.entries(states)) {
    for (const [language, size] of languages.flatMap((one) => sizes.map((size) => [one, size]))) {
      const page = await browser.newPage({ colorScheme, viewport: SIZES[size], reducedMotion: "reduce" });
      await page.goto(`${address}#network?lang=${language}&${hash}`);
      await page.locator(".network-sure", { hasText: /\d/ }).waitFor();
      await page.locator(".network-pick").nth(23).waitFor();
      if (hash.includes("networkSpace")) await page.locator(".space canvas").waitFor();
      if (moment !== undefined) {
        const slider = page.getByRole("slider");
        await slider.focus();
        await slider.press("Home");
        for (let step = 0; step < moment; step++) await slider.press("ArrowRight");
        await page.getByText(/^After [\d,]+ images/).waitFor();
        await slider.blur();
      }
      await save(page, name, language, size, colorScheme);
      await page.close();
    }
  }
}

/** Takes pictures of the other views, of two networks that disagree, and of a fleet. */
async function photographOthers(colorScheme) {
  const page = await browser.newPage({ colorScheme, viewport: SIZES.desktop, reducedMotion: "reduce" });
  await page.goto(`${address}#inspect`);
  await page.getByRole("button", { name: /Generate 6,000/ }).click();
  await page.getByText("best weights, epoch").waitFor({ timeout: 300_000 });
  const map = page.getByRole("region", { name: "C3", exact: true }).getByRole("application");
  const { width, height } = await map.boundingBox();
  await map.click({ position: { x: 0.4 * width, y: 0.4 * height } });
  for (const [view, label] of Object.entries(VIEWS)) {
    await page.getByRole("link", { name: label, exact: true }).first().click();
    await photograph(page, view, colorScheme);
  }
  const headline = page.locator(".pair h2").first();
  const image = () => new URLSearchParams(page.url().split("?")[1]).get("image");
  while (!/^Fooled .* not /.test((await headline.textContent()) ?? "")) {
    const before = image();
    await page.getByRole("button", { name: "Find one on which they disagree" }).click();
    await page.waitForFunction((old) => new URLSearchParams(location.hash.split("?")[1]).get("image") !== old, before);
  }
  await photograph(page, "pair", colorScheme, ".pair");
  await page.close();
  const fleet = await browser.newPage({ colorScheme, viewport: SIZES.desktop, reducedMotion: "reduce" });
  await fleet.goto(`${address}#train?count=2000&epochs=6&networks=8`);
  await fleet.getByRole("button", { name: "Train", exact: true }).click();
  await fleet.getByText("Finished. The weights are").waitFor({ timeout: 300_000 });
  await photograph(fleet, "fleet", colorScheme, ".figures");
  await fleet.close();
}

/** Takes a picture in each language and size, from the top of the page or from an element on. */
async function photograph(page, name, colorScheme, element = "body") {
  const languages = page.locator(".settings select").first();
  for (const language of LANGUAGES) {
    await page.setViewportSize(SIZES.desktop);
    await languages.selectOption(language);
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      // The charts are redrawn for the new width.
      await page.waitForTimeout(2500);
      // No button is pointed at, and what sticks to the top covers nothing.
      await page.mouse.move(0, 0);
      await page.locator(element).evaluate((one) => {
        const lines = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
        scrollTo(0, Math.max(0, one.offsetTop - 8 * lines));
      });
      await save(page, name, language, size, colorScheme);
    }
  }
  await page.setViewportSize(SIZES.desktop);
  await languages.selectOption("en");
}

/** Playwright itself takes no WebP, which is a quarter of PNG's size. */
async function save(page, name, language, size, colorScheme) {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: QUALITY });
  const spoken = language === "en" ? "" : `-${language}`;
  writeFileSync(`${folder}${name}${spoken}-${size}-${colorScheme}.webp`, Buffer.from(data, "base64"));
  await session.detach();
}
