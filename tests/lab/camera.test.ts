import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { executable, type Host, openLab, SKIPPED, serveSite, trainToTheEnd } from "./browser.js";

describe.skipIf(!executable)(`the camera in the lab${SKIPPED}`, () => {
  let browser: Browser;
  let host: Host;
  beforeAll(async () => {
    host = await serveSite({ isolated: true });
    browser = await chromium.launch({
      executablePath: executable,
      headless: true,
      chromiumSandbox: false,
      // A fake camera that shows a moving pattern.
      args: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--disable-gpu"],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await host?.close();
  });

  test("records images for a class while a button is held, by pointer or key", async () => {
    const { page, faults } = await openLab(browser, `${host.url}#train?count=100&epochs=1`);
    await page.getByLabel("Your own").check();
    await page.getByRole("button", { name: "Use the camera" }).click();
    const dialog = page.getByRole("dialog", { name: "Images from the camera" });
    await page.waitForFunction(() => (document.querySelector("video")?.videoWidth ?? 0) > 0);
    await dialog.getByLabel("Class 1", { exact: true }).fill("moon");
    const use = dialog.getByRole("button", { name: "Use these images" });
    expect(await use.isDisabled()).toBe(true);

    const moon = dialog.getByRole("button", { name: "Hold to record moon" });
    await moon.hover();
    await page.mouse.down();
    await expect.poll(() => moon.textContent(), { timeout: 20_000 }).toBe("4 images");
    await page.mouse.up();
    const second = dialog.getByRole("button", { name: "Hold to record Class 2" });
    await second.focus();
    await page.keyboard.down("Space");
    await expect.poll(() => second.textContent(), { timeout: 20_000 }).toBe("4 images");
    await page.keyboard.up("Space");

    await use.click();
    await page.getByText(/^\d+ images of 2 classes/).waitFor();
    expect(await page.locator("canvas.images").getAttribute("aria-label")).toContain("Class 2, moon");
    await trainToTheEnd(page);
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
