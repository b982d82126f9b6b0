// Measures the lab's first view in Chromium, in fresh profiles: how long after its opening a stroke that is drawn as soon as there
// is a pad has changed the answer, on a line of 1.6 Mbit/s with 150 ms latency and a processor four times slower; and, on the
// machine as it is, how long a stroke takes to all maps, and the
// frames a second in space. Run `npm run build` first:
//
//   node tests/lab/firstStroke.mjs [VISITS]

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { findChromium } from "../../bench/browser/chromium.mjs";

const LINE = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 0.75e6 / 8 };
const SLOWDOWN = 4;
const STROKE_POINTS = 400;
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const site = fileURLToPath(new URL("../../dist/lab", import.meta.url));

/** Compresses texts, as static hosts do. */
const server = createServer((request, response) => {
  const path = request.url.split("?")[0].replace(/\/$/, "/index.html");
  try {
    const file = readFileSync(site + path);
    const type = TYPES[extname(path)];
    response.writeHead(200, {
      ...(type && { "Content-Type": type, "Content-Encoding": "gzip" }),
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    });
    response.end(type ? gzipSync(file) : file);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = `http://127.0.0.1:${server.address().port}/`;
const browser = await chromium.launch({
  executablePath: findChromium(),
  args: ["--no-sandbox", "--enable-unsafe-swiftshader"],
});

const visits = [];
for (let visit = 0; visit < Number(process.argv[2] ?? 5); visit++) visits.push(await firstStroke());
const sorted = visits.map(({ answered }) => answered).sort((one, other) => one - other);
for (const { painted, answered } of visits)
  print(`first paint ${painted} ms, the stroke has changed the answer ${answered} ms`);
print(`median ${sorted[Math.floor(sorted.length / 2)]} ms, longest ${sorted.at(-1)} ms`);
const strokes = await strokeTimes();
const at = (share) => strokes[Math.min(strokes.length - 1, Math.floor(share * strokes.length))].toFixed(1);
print(`a stroke to all maps, ${strokes.length} times: median ${at(0.5)} ms, 95th percentile ${at(0.95)} ms`);
print(`in space, while the camera moves: ${await framesInSpace()} frames a second, drawn in software`);
await browser.close();
server.close();

async function firstStroke() {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US" });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", LINE);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOWDOWN });
  await page.goto(address, { waitUntil: "commit" });
  await draw(page, 20);
  await page.waitForFunction(() => /^1.*sure/s.test(document.querySelector(".network-answer")?.textContent ?? ""));
  const times = await page.evaluate(() => ({
    painted: Math.round(performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN),
    answered: Math.round(performance.now()),
  }));
  await context.close();
  return times;
}

async function strokeTimes() {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: "en-US" });
  await page.goto(address);
  await page.getByRole("heading", { name: "It reads a 3." }).waitFor();
  await draw(page, STROKE_POINTS);
  const times = await page.evaluate(() =>
    performance.getEntriesByName("network-stroke").map(({ duration }) => duration),
  );
  await page.close();
  return times.sort((one, other) => one - other);
}

/** How many frames a second the network in space has while the camera moves, in Chromium's software renderer. */
async function framesInSpace() {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: "en-US" });
  await page.goto(`${address}#network?networkSpace=on`);
  await page.getByRole("heading", { name: "It reads a 3." }).waitFor();
  const canvas = page.locator(".space canvas");
  const { x, y, width, height } = await canvas.boundingBox();
  await page.evaluate(() => {
    window.framesDrawn = 0;
    const count = () => {
      window.framesDrawn++;
      requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
    window.measuredFrom = performance.now();
  });
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  for (let turn = 0; turn < 120; turn++) await page.mouse.move(x + width / 2 + 60 * Math.sin(turn / 8), y + height / 2);
  await page.mouse.up();
  const rate = await page.evaluate(() => (1000 * window.framesDrawn) / (performance.now() - window.measuredFrom));
  await page.close();
  return Math.round(rate);
}

/** A stroke from the top of the pad to its bottom. */
async function draw(page, points) {
  const paper = page.locator(".network-paper");
  await paper.waitFor();
  const { x, y, width, height } = await paper.boundingBox();
  await page.mouse.move(x + width / 2, y + 0.15 * height);
  await page.mouse.down();
  await page.mouse.move(x + 0.52 * width, y + 0.85 * height, { steps: points });
  await page.mouse.up();
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
