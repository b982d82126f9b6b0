import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { catalogEntry } from "../../src/data/catalog.js";
import { writeDigitFiles } from "../support/digitFiles.mjs";
import { blackPng } from "../support/images.js";
import { describeLab, openLab, trainToTheEnd } from "./browser.js";

const { mirrors: MIRRORS } = catalogEntry("fashion-mnist");

describeLab("data in the lab", (lab) => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "lenet-lab-data-"));
    await writeDigitFiles(join(folder, "digits"), { train: 300, test: 10 });
    await writePets(join(folder, "pets"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const openOwn = async () => {
    const { page } = await openLab(lab.browser, `${lab.host.url}#train?count=100&epochs=1`);
    await page.getByLabel("Your own").check();
    return page;
  };
  const choose = async (page: Page, button: string, paths: string | string[]) => {
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: button }).click();
    await (await chooser).setFiles(paths);
  };

  test("reads IDX files, gzipped or not, and trains on them", async () => {
    const page = await openOwn();
    const labels = await readFile(join(folder, "digits", "train-labels-idx1-ubyte"));
    await writeFile(join(folder, "train-labels-idx1-ubyte.gz"), gzipSync(labels));
    await choose(page, "Choose files", [
      join(folder, "digits", "t10k-labels-idx1-ubyte"),
      join(folder, "digits", "train-images-idx3-ubyte"),
      join(folder, "digits", "t10k-images-idx3-ubyte"),
      join(folder, "train-labels-idx1-ubyte.gz"),
    ]);
    await page.getByText("300 images of 10 classes").waitFor();
    await trainToTheEnd(page);
    await page.context().close();
  });

  test("has charts of its own for runs on other images", async () => {
    const page = await openOwn();
    await page.getByLabel("Digits", { exact: true }).check();
    await trainToTheEnd(page);
    expect(await page.locator(".curves .chart").count()).toBe(2);
    await page.getByLabel("Your own").check();
    await choose(page, "Choose a folder", join(folder, "pets"));
    await page.getByText("12 images of 2 classes").waitFor();
    await page.getByRole("button", { name: "Train as run 2" }).click();
    await expect.poll(() => page.locator(".curves h2").allTextContents()).toEqual(["Digits", "Your own"]);
    expect(await page.locator(".curves .chart").count()).toBe(4);
    await page.context().close();
  });

  test("reports what is wrong with files", async () => {
    const page = await openOwn();
    await choose(page, "Choose files", [join(folder, "digits", "train-labels-idx1-ubyte")]);
    await page.getByText("no training images among train-labels-idx1-ubyte").waitFor();
    await page.context().close();
  });

  test("turns subfolders into classes, and reports what cannot be decoded", async () => {
    const page = await openOwn();
    await page.getByLabel("colour, 32 × 32").check();
    await choose(page, "Choose a folder", join(folder, "pets"));
    await page.getByText("12 images of 2 classes").waitFor();
    await page.getByText("1 file could not be decoded.").waitFor();
    expect(await page.locator("canvas.images").getAttribute("aria-label")).toContain("cat, dog");
    expect(await page.locator("canvas.images").getAttribute("width")).toBe(String(2 * 32 + 2));
    await trainToTheEnd(page);
    expect(await page.locator(".matrix tbody tr").count()).toBe(2);
    await page.context().close();
  });

  test("downloads only on request, rejects wrong files, and reports each host's answer", async () => {
    const { page, requests } = await openLab(lab.browser, `${lab.host.url}#train?count=100`);
    await page
      .context()
      .route(/ubyte\.gz$/, (route) =>
        route.request().url().startsWith(MIRRORS[0])
          ? route.fulfill({ body: Buffer.from("something else"), headers: { "Access-Control-Allow-Origin": "*" } })
          : route.abort(),
      );
    await page.getByLabel("Fashion-MNIST").check();
    await page.getByText("Fashion-MNIST is not on this machine yet.").waitFor();
    const others = () => requests.filter((address) => !address.startsWith(lab.host.url));
    expect(others()).toEqual([]);
    await page.getByRole("button", { name: "Download 31 MB" }).click();
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect(await alert.textContent()).toContain("is not the right file: its checksum differs");
    expect(others()).toEqual(MIRRORS.map((mirror) => `${mirror}train-images-idx3-ubyte.gz`));
    await page.context().close();
  });
});

/** Two classes of six images each, and a file that is not an image. */
async function writePets(folder: string): Promise<void> {
  for (const name of ["dog", "cat"]) {
    await mkdir(join(folder, name), { recursive: true });
    for (let index = 0; index < 6; index++) {
      await writeFile(join(folder, name, `${index}.png`), blackPng(20 + index, 30));
    }
  }
  await writeFile(join(folder, "dog", "broken.png"), "no image");
}
