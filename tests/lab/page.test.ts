import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { axeFaults, describeLab, openLab, SITE, serveSite, trainToTheEnd } from "./browser.js";

/** The maximum size of what the page loads before data, gzipped. */
const FIRST_LOAD_BYTES = 200_000;

describeLab("the lab's page", (lab) => {
  describe("the address", () => {
    test("stores the settings and restores them", async () => {
      const { page } = await openLab(
        lab.browser,
        `${lab.host.url}#train?count=500&recipe=paper&epochs=3&seed=5&lang=en`,
      );
      await page.getByLabel("tanh", { exact: true }).check();
      await page.getByText("More settings").click();
      await page.getByLabel("Batch size").fill("64");
      await page.getByLabel("Batch size").press("Enter");
      await page.getByLabel("Augmentation").fill("crop=1,degrees=5");
      await page.getByLabel("Augmentation").press("Enter");
      const address = new URL(page.url()).hash;
      expect(address).toBe(
        "#train?count=500&recipe=paper&epochs=3&seed=5&activation=tanh&batch=64&augment=crop=1,degrees=5&lang=en",
      );
      await page.reload();
      expect(await page.getByLabel("tanh", { exact: true }).isChecked()).toBe(true);
      expect(await page.getByLabel("Epochs", { exact: true }).inputValue()).toBe("3");
      expect(await page.getByLabel("Batch size").inputValue()).toBe("64");
      expect(new URL(page.url()).hash).toBe(address);
      await page.context().close();
    });

    test("omits defaults and ignores unknown fields and values", async () => {
      const { page } = await openLab(lab.browser, `${lab.host.url}#train?epochs=-3&recipe=secret&wind=north&count=500`);
      expect(await page.getByLabel("Epochs", { exact: true }).inputValue()).toBe("10");
      await page.getByLabel("Number of images").fill("");
      await page.getByLabel("Number of images").press("Enter");
      expect(new URL(page.url()).hash).toBe("#train");
      await page.context().close();
    });

    test("works with the browser's back and forward buttons", async () => {
      const { page } = await openLab(lab.browser, `${lab.host.url}#train?count=500`);
      await page.getByRole("link", { name: "Look inside" }).click();
      await page.getByRole("heading", { level: 1, name: "Look inside" }).waitFor();
      expect(new URL(page.url()).hash).toBe("#inspect?count=500");
      await page.keyboard.press("t");
      expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
      await page.goBack();
      expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("light");
      await page.goBack();
      await page.getByRole("heading", { level: 1, name: "Watch LeNet-5 learn" }).waitFor();
      await page.goForward();
      await page.getByRole("heading", { level: 1, name: "Look inside" }).waitFor();
      await page.context().close();
    });

    test("does not take invalid numbers, which are reported", async () => {
      const { page } = await openLab(lab.browser, `${lab.host.url}#train?count=500`);
      await page.getByLabel("Seed").fill("1.5");
      await page.getByLabel("Seed").press("Enter");
      await page.getByText("An integer from 0 to").waitFor();
      expect(await page.getByLabel("Seed").getAttribute("aria-invalid")).toBe("true");
      expect(page.url()).not.toContain("seed");
      await page.context().close();
    });
  });

  test("uses the browser's language unless another is chosen", async () => {
    const { page } = await openLab(lab.browser, `${lab.host.url}#train?count=500`, { locale: "zh-CN" });
    await page.getByRole("heading", { level: 1, name: "看 LeNet-5 学习" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("zh-Hans");
    await page.getByLabel("语言").selectOption("en");
    await page.getByRole("heading", { level: 1, name: "Watch LeNet-5 learn" }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("en");
    expect(await page.title()).toBe("Train – lenet lab");
    await page.context().close();
  });

  test("uses the system's theme unless another is chosen", async () => {
    const { page } = await openLab(lab.browser, `${lab.host.url}#train?count=500`, { colorScheme: "dark" });
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const dark = await ground();
    await page.getByLabel("Theme").selectOption("light");
    const light = await ground();
    expect(light).not.toBe(dark);
    await page.getByLabel("Theme").selectOption("system");
    expect(await ground()).toBe(dark);
    await page.emulateMedia({ colorScheme: "light" });
    await expect.poll(ground).toBe(light);
    await page.context().close();
  });

  test("lists its shortcuts, which can be disabled", async () => {
    const { page } = await openLab(lab.browser, `${lab.host.url}#train?count=500`);
    await page.keyboard.press("?");
    const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" });
    expect(await dialog.locator("kbd").allTextContents()).toEqual([
      "1",
      "2",
      "3",
      "4",
      "5",
      "t",
      "l",
      "p",
      "?",
      "Space",
      "b",
      "e",
      "r",
      "c",
      "u",
      "a",
    ]);
    await dialog.getByLabel("Enable single-key shortcuts").uncheck();
    await page.keyboard.press("Escape");
    expect(await dialog.isVisible()).toBe(false);
    await page.keyboard.press("2");
    expect(new URL(page.url()).hash).toBe("#train?count=500&keys=off");
    await page.context().close();
  });

  test.each([
    ["light", "desktop", { width: 1280, height: 800 }],
    ["dark", "desktop", { width: 1280, height: 800 }],
    ["light", "phone", { width: 390, height: 844 }],
    ["dark", "phone", { width: 390, height: 844 }],
  ] as const)("has no axe violations: %s, %s", async (colorScheme, _device, viewport) => {
    const { page } = await openLabWithRun({ colorScheme, viewport });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
    await page.evaluate(() => {
      for (const details of document.querySelectorAll("details")) details.open = true;
    });
    expect(await axeFaults(page)).toEqual([]);
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    expect(await axeFaults(page)).toEqual([]);
    await page.context().close();
  });

  test("makes no request to other hosts", async () => {
    const { page, requests, faults } = await openLab(lab.browser, `${lab.host.url}#train?count=500&epochs=1`);
    await trainToTheEnd(page);
    await page.getByLabel("Fashion-MNIST").check();
    await page.getByText("Fashion-MNIST is not on this machine yet.").waitFor();
    for (const view of ["The network", "Look inside", "Understand", "Compare"]) {
      await page.getByRole("link", { name: view }).click();
    }
    expect(requests.filter((address) => !address.startsWith(lab.host.url))).toEqual([]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("asks nothing of a static host that it does not have", async () => {
    const { page, requests } = await openLab(lab.browser, `${lab.host.url}#train?count=100`);
    const missing: string[] = [];
    page.on("response", (response) => response.status() >= 400 && missing.push(response.url()));
    await page.reload();
    await page.locator("canvas.images").waitFor();
    expect(missing).toEqual([]);
    expect(requests.filter((address) => address.includes("/api/"))).toEqual([]);
    await page.goto(`${lab.host.url}404.html`);
    await page.getByRole("link", { name: "Open the lab." }).click();
    await page.getByRole("heading", { level: 1 }).waitFor();
    expect(page.url()).toContain(lab.host.url);
    await page.context().close();
  });

  test("draws the caret of a list in one piece", async () => {
    const { page } = await openLab(lab.browser, `${lab.host.url}#train?count=100`);
    const image = await page.getByLabel("Theme").evaluate((list) => getComputedStyle(list).backgroundImage);
    expect(image.match(/gradient/g)).toHaveLength(1);
    await page.context().close();
  });

  test("works offline once loaded, and isolates itself if its host does not", async () => {
    const plain = await serveSite({ isolated: false });
    const { page, faults } = await openLab(lab.browser, `${plain.url}#train?count=500&epochs=1`);
    await page.waitForFunction(() => crossOriginIsolated);
    await page.waitForLoadState();
    await plain.close();
    await page.context().setOffline(true);
    await page.reload();
    await page.locator("canvas.images").waitFor();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await trainToTheEnd(page);
    for (const view of ["Look inside", "Understand", "Compare"]) {
      await page.getByRole("link", { name: view }).click();
      await page.getByRole("heading", { level: 1, name: view }).waitFor();
    }
    await page.getByRole("link", { name: "The network" }).click();
    await page.getByRole("heading", { level: 1, name: "It reads a 3." }).waitFor();
    expect(faults.filter((fault) => !fault.includes("ERR_INTERNET_DISCONNECTED"))).toEqual([]);
    await page.context().close();
  });

  test(`first loads at most ${FIRST_LOAD_BYTES} bytes, gzipped`, async () => {
    const { page, requests } = await lab.open("", { serviceWorkers: "block" });
    await page.getByRole("button", { name: "Ankle boot" }).waitFor();
    const loaded = requests.map((address) => address.slice(lab.host.url.length) || "index.html");
    // The weights and images come after the first paint.
    const files = new Set(loaded.filter((file) => !file.endsWith(".bin")));
    expect(files.size).toBeLessThan(new Set(loaded).size);
    const sizes = [...files].map((file) => gzipSync(readFileSync(join(SITE, file))).length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(sizes.length).toBeGreaterThan(4);
    expect(total).toBeLessThanOrEqual(FIRST_LOAD_BYTES);
    await page.context().close();
  });

  /** A page with a finished run. */
  async function openLabWithRun(options: Parameters<typeof openLab>[2]) {
    const opened = await openLab(lab.browser, `${lab.host.url}#train?count=500&epochs=2`, options);
    await trainToTheEnd(opened.page);
    return opened;
  }
});
