// Writes docs/lab/network.webp, the moving picture at the top of the README: a digit is drawn and the maps light up, a unit is
// opened, the network turns in space, and another one learns from noise. The page's clock advances by a frame at a time, so
// the pace does not depend on the machine. Needs img2webp (Debian's package webp). Run `npm run build` first:
//
//   node tests/lab/record.mjs [FILE]

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { findChromium } from "../../bench/browser/chromium.mjs";

/** Of a frame, in milliseconds. */
const FRAME = 100;
const SIZE = { width: 1280, height: 800 };
/** Pixels of the picture for a CSS pixel. */
const SCALE = 0.75;
const QUALITY = 60;
/** A three, in hundredths of the pad. */
const THREE = [...arc(49, 33, 17, -150, 85), ...arc(48, 66, 19, -85, 145)];

const root = fileURLToPath(new URL("../../", import.meta.url));
const file = process.argv[2] ?? join(root, "docs/lab/network.webp");
const frames = mkdtempSync(join(tmpdir(), "lenet-frames-"));
const lab = spawn(process.execPath, ["dist/cli/main.js", "lab"], { cwd: root });
const address = await new Promise((resolve) => {
  lab.stdout.on("data", (text) => {
    const [url] = /http:\S+/.exec(text) ?? [];
    if (url) resolve(url);
  });
});
const browser = await chromium.launch({
  executablePath: findChromium(),
  args: ["--no-sandbox", "--enable-unsafe-swiftshader"],
});
const page = await browser.newPage({ viewport: SIZE, deviceScaleFactor: SCALE, locale: "en-US", colorScheme: "light" });
await page.clock.install();
await page.goto(`${address}#network?count=5000&epochs=16&lr=0.0004`);
await page.clock.runFor(3000);
await page.getByRole("heading", { name: "It reads a 3." }).waitFor();
await page.getByRole("button", { name: "Clear" }).click();
await page.clock.runFor(1000);
await addPointer();

let count = 0;
let pointer = { x: 640, y: 620 };

// A digit is drawn.
await rest(5);
const paper = await boxOf(".network-paper");
const at = ([x, y]) => ({ x: paper.x + (x / 100) * paper.width, y: paper.y + (y / 100) * paper.height });
await moveTo(at(THREE[0]), 5);
await page.mouse.down();
for (const point of THREE) {
  await place(at(point));
  await frame();
}
await page.mouse.up();
await rest(14);

// A unit is opened.
const scene = await boxOf(".scene canvas");
const map = await mapAt(scene, "C3");
await moveTo(map, 6);
await page.mouse.click(map.x, map.y);
await moveTo({ x: map.x + 90, y: scene.y + scene.height - 20 }, 4);
await rest(22);
await press(page.getByRole("button", { name: "Back to the answer" }));
await rest(6);

// The network turns in space.
await press(page.getByText("3-D", { exact: true }));
await page.locator(".space canvas").waitFor();
await rest(4);
const space = await boxOf(".space canvas");
const middle = { x: space.x + space.width / 2, y: space.y + 0.97 * space.height };
await moveTo(middle, 4);
await page.mouse.down();
for (let step = 1; step <= 22; step++) {
  const turn = Math.sin((step / 22) * Math.PI);
  await place({ x: middle.x + 55 * turn, y: middle.y - 22 * turn });
  await frame();
}
await page.mouse.up();
await press(page.getByText("Flat", { exact: true }));
await rest(5);

// Another one learns from noise.
await press(page.getByRole("button", { name: "Start from noise" }));
const headline = page.getByRole("heading", { level: 1 });
const isOver = page.getByText("Finished. The weights are");
for (let step = 0; step < 70; step++) {
  if ((await isOver.count()) > 0) break;
  // Digits are drawn first, which is no news.
  if (/^(Before|After) /.test(await headline.textContent())) await frame();
  else {
    await page.clock.runFor(FRAME);
    step--;
  }
  await new Promise((resolve) => setTimeout(resolve, 60));
}
await rest(14);
await browser.close();
lab.kill();

mkdirSync(dirname(file), { recursive: true });
const names = Array.from({ length: count }, (_, index) => join(frames, `${index}.png`));
const settings = ["-loop", "0", "-lossy", "-q", String(QUALITY), "-m", "4", "-d", String(FRAME)];
const made = spawnSync("img2webp", [...settings, ...names, "-o", file], { encoding: "utf8" });
rmSync(frames, { recursive: true });
if (made.status !== 0) throw new Error(made.error?.message ?? made.stderr);
const seconds = (count * FRAME) / 1000;
process.stdout.write(`${file}: ${seconds.toFixed(1)} s, ${(statSync(file).size / 1e6).toFixed(2)} MB\n`);

/** Points on an arc, by angles in degrees. */
function arc(x, y, radius, from, to) {
  return Array.from({ length: 17 }, (_, step) => {
    const angle = ((from + ((to - from) * step) / 16) * Math.PI) / 180;
    return [x + 1.15 * radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });
}

/** Lets a frame's time pass, and takes its picture. */
async function frame() {
  await page.clock.runFor(FRAME);
  writeFileSync(join(frames, `${count++}.png`), await page.screenshot());
}

async function rest(length) {
  for (let step = 0; step < length; step++) await frame();
}

/** A screenshot has no pointer. */
async function addPointer() {
  await page.evaluate(() => {
    const shown = document.createElement("div");
    Object.assign(shown.style, {
      position: "fixed",
      zIndex: 99,
      width: "18px",
      height: "18px",
      margin: "-9px",
      borderRadius: "50%",
      background: "rgb(0 104 164 / 55%)",
      border: "2px solid white",
      pointerEvents: "none",
    });
    document.body.append(shown);
    addEventListener(
      "pointermove",
      ({ clientX, clientY }) => {
        shown.style.left = `${clientX}px`;
        shown.style.top = `${clientY}px`;
      },
      true,
    );
  });
}

async function place(point) {
  pointer = point;
  await page.mouse.move(point.x, point.y);
}

async function moveTo(target, steps) {
  const start = pointer;
  for (let step = 1; step <= steps; step++) {
    const share = step / steps;
    await place({ x: start.x + (target.x - start.x) * share, y: start.y + (target.y - start.y) * share });
    await frame();
  }
}

/** Moves to the middle of an element, and clicks it. */
async function press(locator) {
  const { x, y, width, height } = await locator.boundingBox();
  const centre = { x: x + width / 2, y: y + height / 2 };
  await moveTo(centre, 5);
  await page.mouse.click(centre.x, centre.y);
  await frame();
}

async function boxOf(selector) {
  return page.locator(selector).boundingBox();
}

/** The middle of a lively map of a layer, found by what the pointer is told. */
async function mapAt(box, stage) {
  for (let x = 0.35 * box.width; x < 0.6 * box.width; x += 10) {
    for (let y = 80; y < box.height; y += 24) {
      await page.mouse.move(box.x + x, box.y + y);
      await page.clock.runFor(20);
      const tip = page.locator(".scene-tip");
      if ((await tip.count()) === 0) continue;
      const text = await tip.textContent();
      if (text.startsWith(`${stage}, map`) && / adds 0\.[3-9]| adds [1-9]/.test(text))
        return { x: box.x + x + 12, y: box.y + y + 12 };
    }
  }
  throw new Error(`no map of ${stage} adds much`);
}
