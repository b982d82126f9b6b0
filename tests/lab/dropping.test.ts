import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { createTar } from "nanotar";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LabServer, serveLab } from "../../src/node/lab/server.js";
import {
  axeFaults,
  executable,
  launch,
  openLab,
  openView,
  PATIENTLY,
  SITE,
  SKIPPED,
  trainToTheEnd,
} from "./browser.js";

const PTH = fileURLToPath(new URL("../golden/improved-1x28x28.pth", import.meta.url));
const RECORD_BYTES = 1 + 3 * 32 * 32;

/** Records of CIFAR-10 with labels in turn and pixels that tell them apart. */
function batch(count: number): Uint8Array {
  return Uint8Array.from({ length: count * RECORD_BYTES }, (_, place) => {
    const label = Math.floor(place / RECORD_BYTES) % 10;
    return place % RECORD_BYTES === 0 ? label : (25 * label + (place % 7)) % 256;
  });
}

describe.skipIf(!executable)(`files dropped on the lab${SKIPPED}`, () => {
  let browser: Browser;
  let folder: string;
  let server: LabServer;
  beforeAll(async () => {
    browser = await launch();
    folder = await mkdtemp(join(tmpdir(), "lenet-dropping-"));
    const unpacked = join(folder, "data", "cifar10", "cifar-10-batches-bin");
    await mkdir(unpacked, { recursive: true });
    for (let number = 1; number <= 5; number++) await writeFile(join(unpacked, `data_batch_${number}.bin`), batch(20));
    await writeFile(join(unpacked, "test_batch.bin"), batch(10));
    const files = [1, 2].map((number) => ({ name: `cifar-10-batches-bin/data_batch_${number}.bin`, data: batch(30) }));
    await writeFile(join(folder, "cifar-10-binary.tar.gz"), gzipSync(createTar(files)));
    await writeFile(join(folder, "notes.txt"), "nothing");
    server = await serveLab({ site: SITE, runs: join(folder, "runs"), dataDir: join(folder, "data"), port: 0 });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    if (folder) await rm(folder, { recursive: true });
  });

  /** Drags files over the page and drops them, as the system does. */
  async function drop(page: Page, ...files: string[]): Promise<void> {
    await page.getByRole("heading", { level: 1 }).waitFor();
    const session = await page.context().newCDPSession(page);
    const data = { items: [], files, dragOperationsMask: 1 };
    await session.send("Input.dispatchDragEvent", { type: "dragEnter", x: 400, y: 300, data });
    // The system says so again and again: what is below the pointer may just have been replaced.
    await expect
      .poll(async () => {
        await session.send("Input.dispatchDragEvent", { type: "dragOver", x: 400, y: 300, data });
        return page.locator(".drop-anywhere").count();
      }, PATIENTLY)
      .toBe(1);
    await session.send("Input.dispatchDragEvent", { type: "drop", x: 400, y: 300, data });
    await page.locator(".drop-anywhere").waitFor({ state: "detached" });
    await session.detach();
  }

  test("opens weights anywhere, with the class names of the data that they were trained on", async () => {
    const { page, faults } = await openLab(browser, `${server.url}#train?count=100`);
    await drop(page, PTH);
    const dialog = page.getByRole("dialog", { name: "Which network is it?" });
    await dialog.getByLabel("Trained on").selectOption("Fashion-MNIST");
    expect(await axeFaults(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Open" }).click();
    await page.getByRole("application", { name: /^Classes: T-shirt\/top: .*Ankle boot/ }).waitFor();
    expect(new URL(page.url()).hash).toMatch(/^#inspect/);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("shows an image in Look inside, its ink centred as in MNIST wherever it lies", async () => {
    const { page } = await openView(browser, `${server.url}#inspect`);
    await drop(page, PTH);
    await page.getByRole("dialog").getByRole("button", { name: "Open" }).click();
    const input = page.getByRole("region", { name: "Input", exact: true }).locator("canvas");
    const pixels = () => input.evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    await input.waitFor();
    const shown: string[] = [];
    for (const [left, top] of [
      [20, 30],
      [300, 190],
    ]) {
      // Goes elsewhere in between: the image is taken from there.
      await page.evaluate(`location.hash = "#understand"`);
      await page.getByRole("heading", { level: 1, name: "Understand" }).waitFor();
      const file = join(folder, `${left}.png`);
      await writeFile(
        file,
        Buffer.from(await pngOf(page, `<rect x="${left}" y="${top}" width="30" height="60"/>`), "base64"),
      );
      await drop(page, file);
      await page.getByRole("checkbox", { name: "Swap light and dark" }).waitFor();
      await expect.poll(() => page.getByRole("checkbox", { name: "Swap light and dark" }).isChecked()).toBe(true);
      expect(await page.getByRole("checkbox", { name: "Centre as in MNIST" }).isChecked()).toBe(true);
      await expect.poll(async () => shown.length === 0 || (await pixels()) === shown[0]).toBe(true);
      shown.push(await pixels());
    }
    const centred = shown[0];
    await page.getByRole("checkbox", { name: "Centre as in MNIST" }).uncheck();
    await expect.poll(pixels).not.toBe(centred);
    await page.context().close();
  });

  test("trains on CIFAR-10's archive, and on the batches of this machine", async () => {
    const { page, faults } = await openView(browser, `${server.url}#train?epochs=1&data=cifar10`);
    await page.getByText("100 images of 10 classes").waitFor();
    expect(await page.locator("canvas.images").getAttribute("aria-label")).toContain("airplane, automobile, bird");
    await drop(page, join(folder, "cifar-10-binary.tar.gz"));
    await page.getByText("60 images of 10 classes").waitFor();
    await page.getByLabel("Seed").fill("3");
    await page.getByLabel("Seed").press("Enter");
    await trainToTheEnd(page);
    expect(await page.locator(".matrix tbody th").first().textContent()).toBe("airplane");
    expect(await page.locator(".runs li").textContent()).toContain("CIFAR-10");
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("says what it cannot open", async () => {
    const { page } = await openView(browser, `${server.url}#understand`);
    // Until the network is there, much of the page moves below the pointer.
    await page.locator(".network-sure").waitFor();
    await drop(page, join(folder, "notes.txt"));
    await page.getByRole("alert").getByText("notes.txt: neither weights").waitFor();
    expect(await axeFaults(page)).toEqual([]);
    await page.getByRole("alert").getByRole("button", { name: "Close" }).click();
    await page.getByRole("alert").waitFor({ state: "detached" });
    await page.context().close();
  });
});

/** A drawing on white, 400 × 300 pixels, as a PNG file in base64. */
function pngOf(page: Page, drawing: string): Promise<string> {
  return page.evaluate(async (markup) => {
    const image = new Image();
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300">${markup}</svg>`;
    image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [400, 300];
    const context = canvas.getContext("2d")!;
    context.fillStyle = "white";
    context.fillRect(0, 0, 400, 300);
    context.drawImage(image, 0, 0);
    return canvas.toDataURL("image/png").split(",")[1];
  }, drawing);
}
