import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect, test } from "vitest";
import { axeFaults, describeLab, launch, openLab, openView, trainToTheEnd } from "./browser.js";

describeLab(
  "the camera in the lab",
  (lab) => {
    test("records images for a class while a button is held, by pointer or key", async () => {
      const { page, faults } = await openLab(lab.browser, `${lab.host.url}#train?count=100&epochs=1`);
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
      await page.getByText(/^It reads [\d.]+% of \d+ held-out images right\./).waitFor();
      await page.getByText(/has \d+ images\. With fewer than 20 of a class/).waitFor();
      await page.getByRole("button", { name: "Settings for few images" }).click();
      expect(page.url()).toMatch(/epochs=40&.*batch=8/);
      expect(faults).toEqual([]);
      await page.context().close();
    });

    const STILL = { reducedMotion: "reduce" } as const;
    const seen = (page: Page) =>
      page.locator(".network-seen canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());

    /** Opens the first view and its camera. */
    async function openCamera(own: Browser, options: BrowserContextOptions = STILL) {
      const opened = await openView(own, lab.host.url, options);
      await opened.page.getByRole("heading", { name: "It reads a 3." }).waitFor();
      await opened.page.getByRole("button", { name: "Put the camera on the pad" }).click();
      return opened;
    }

    test("is read live by the network, within a frame, and can be held", async () => {
      const { page, faults } = await openCamera(lab.browser);
      const film = page.getByLabel("Picture of the camera");
      await film.waitFor();
      const first = await seen(page);
      await expect.poll(() => seen(page), { timeout: 20_000 }).not.toBe(first);
      const frame = page.locator(".network-frame");
      const before = (await frame.boundingBox())!;
      const slider = page.getByRole("slider", { name: "Size of the frame" });
      await slider.press("End");
      await expect
        .poll(async () => (await frame.boundingBox())!.width, { timeout: 20_000 })
        .toBeGreaterThan(before.width);
      await page.getByRole("button", { name: "Hold the picture" }).click();
      // A frame may still be on its way.
      await expect
        .poll(async () => [
          await seen(page),
          await page.evaluate(() => new Promise(requestAnimationFrame).then(() => 0)),
        ])
        .toEqual([await seen(page), 0]);
      expect(await page.locator("video").evaluate((video) => (video as HTMLVideoElement).paused)).toBe(true);
      expect(await axeFaults(page)).toEqual([]);
      await page.getByRole("button", { name: "Go on" }).click();
      const held = await seen(page);
      await expect.poll(() => seen(page), { timeout: 20_000 }).not.toBe(held);
      await page.getByRole("button", { name: "Close" }).click();
      await page.getByRole("heading", { name: "It reads a 3." }).waitFor();
      expect(await page.locator("video").count()).toBe(0);
      expect(faults).toEqual([]);
      await page.context().close();
    });

    test("says so if access is denied, and if there is no camera", async () => {
      const bare = await launch();
      const { page: without } = await openCamera(bare);
      await without.getByRole("alert").filter({ hasText: "No camera was found." }).waitFor();
      await bare.close();
      const refusing = await launch("refusedCamera");
      const { page } = await openCamera(refusing);
      await page.getByRole("alert").filter({ hasText: "Access to the camera was denied." }).waitFor();
      await page.getByRole("button", { name: "Close" }).click();
      await page.getByRole("heading", { name: "It reads a 3." }).waitFor();
      await refusing.close();
    });
  },
  "camera",
);
