import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { axeFaults, DRAWN, describeLab, draw, openLab, PATIENTLY, pixelsOf, trainToTheEnd } from "./browser.js";

const STILL = { reducedMotion: "reduce" } as const;

const paper = (page: Page) => page.locator(".network-paper");
const scene = (page: Page) => page.locator(".scene canvas");
const headline = (page: Page) => page.getByRole("heading", { level: 1 });
const field = (page: Page, name: string) => new URLSearchParams(page.url().split("?")[1]).get(name);

describeLab("the picture of the network in Train", (lab) => {
  const open = (hash: string, options = {}) => openLab(lab.browser, lab.host.url + hash, { ...STILL, ...options });

  test("begins with noise and changes with every batch", async () => {
    const { page, faults } = await open("#train?count=500&epochs=400");
    await page
      .getByRole("application", { name: /^The network from the image to the answer, \d, 1\d\.\d % sure/ })
      .waitFor();
    const before = await pixelsOf(scene(page));
    await page.getByRole("button", { name: "One batch", exact: true }).click();
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toMatch(/^After \d+ images: an? \d\.$/);
    await expect.poll(() => pixelsOf(scene(page)), PATIENTLY).not.toBe(before);
    const first = await pixelsOf(scene(page));
    await page.getByRole("button", { name: "One batch", exact: true }).click();
    await expect.poll(() => pixelsOf(scene(page)), PATIENTLY).not.toBe(first);
    await page.getByRole("button", { name: "Reset" }).click();
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toMatch(/^Before learning: /);
    await expect.poll(() => pixelsOf(scene(page)), PATIENTLY).toBe(before);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("follows a training between its epochs", async () => {
    const { page } = await open("#train?count=20000&epochs=1000");
    await page.getByRole("button", { name: "Train", exact: true }).click();
    // A fifth is held out.
    const imagesPerEpoch = 16_000;
    const between = new Set<number>();
    await expect
      .poll(
        async () => {
          const images = /^After ([\d,]+) images/.exec((await headline(page).textContent()) ?? "")?.[1];
          const count = Number(images?.replaceAll(",", "") ?? 0);
          if (count % imagesPerEpoch > 0) between.add(count);
          return between.size;
        },
        { timeout: 100_000 },
      )
      .toBeGreaterThan(1);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.context().close();
  });

  test("shows the pad's drawing, images of the page, and images that are held out, in a link", async () => {
    const { page } = await open("#train?count=500&epochs=3");
    await trainToTheEnd(page);
    await draw(paper(page), DRAWN["7"]);
    const drawn = await pixelsOf(paper(page));
    await page.getByRole("button", { name: "Next image" }).click();
    await page.getByText(/^1 of 100: an? \d$/).waitFor();
    const image = field(page, "image");
    expect(image).toMatch(/^heldOut:\d+$/);
    const held = await pixelsOf(paper(page));
    expect(held).not.toBe(drawn);
    await page.getByRole("button", { name: "Next image" }).click();
    await page.getByText(/^2 of 100: /).waitFor();
    await page.getByRole("button", { name: "Previous image" }).click();
    expect(field(page, "image")).toBe(image);
    await page.getByRole("button", { name: "Digit 8", exact: true }).click();
    expect(field(page, "image")).toBe("digits:8");
    await page.getByRole("img", { name: "Image: 8" }).waitFor();

    // The data of the address are the same.
    const { page: other } = await open(`#train?count=500&epochs=3&image=${image}`);
    await other.getByText(/^1 of 100: /).waitFor();
    await expect.poll(() => pixelsOf(paper(other)), PATIENTLY).toBe(held);
    await draw(paper(other), DRAWN["7"]);
    expect(field(other, "image")).toBeNull();
    await expect.poll(() => pixelsOf(paper(other)), PATIENTLY).toBe(drawn);
    await page.context().close();
    await other.context().close();
  });

  test("explains the chosen part, which stays chosen in the other views", async () => {
    const { page } = await open("#train?count=500&part=C3:4");
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toMatch(/^Why map 4 of C3 /);
    await page.getByRole("link", { name: "The network" }).click();
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toMatch(/^Why map 4 of C3 /);
    await page.keyboard.press("a");
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("It reads a 3.");
    expect(field(page, "part")).toBeNull();
    await page.context().close();
  });

  test("has its controls in sight on a phone", async () => {
    const { page } = await open("#train?count=500", { viewport: { width: 390, height: 844 } });
    const train = page.getByRole("button", { name: "Train", exact: true });
    const place = async () => (await train.boundingBox())!;
    expect((await place()).y + (await place()).height).toBeLessThanOrEqual(844);
    await page.evaluate(() => scrollTo(0, 600));
    expect((await place()).y + (await place()).height).toBeLessThanOrEqual(844);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await page.context().close();
  });

  test.each([390, 1440, 1920, 2560])("fits %i pixels, without axe violations", async (width) => {
    for (const colorScheme of ["light", "dark"] as const) {
      const height = Math.max(844, Math.round((width * 9) / 16));
      const { page } = await open("#train?count=500&part=S2:1", { colorScheme, viewport: { width, height } });
      await page.getByRole("heading", { level: 1, name: /map 1 of S2/ }).waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      expect(await axeFaults(page)).toEqual([]);
      await page.context().close();
    }
  });
});

describeLab("the picture of the network in Understand", (lab) => {
  const open = async (hash: string, options = {}) => {
    const opened = await lab.open(hash, { ...STILL, ...options });
    await opened.page.getByRole("heading", { level: 1, name: "Understand" }).waitFor();
    return opened;
  };
  const sentence = (page: Page) => page.locator(".network-say h2");

  test("reads the drawing with the ready-made network, and leads from a part to its derivation", async () => {
    const { page, faults } = await open("#understand");
    await expect.poll(() => sentence(page).textContent(), PATIENTLY).toBe("It reads a 3.");
    await draw(paper(page), DRAWN["7"]);
    await expect.poll(() => sentence(page).textContent(), PATIENTLY).toBe("It reads a 7.");
    await scene(page).focus();
    for (let times = 0; times < 4; times++) await page.keyboard.press("ArrowLeft");
    await expect.poll(() => field(page, "part"), PATIENTLY).toMatch(/^C3:\d+$/);
    const row = page.getByRole("button", { name: "C3 Convolution" });
    await expect.poll(() => row.getAttribute("aria-expanded"), PATIENTLY).toBe("true");
    await page.getByRole("button", { name: "How the numbers of C3 are derived" }).click();
    await expect.poll(() => row.evaluate((one) => document.activeElement === one)).toBe(true);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("shows the network that has been trained", async () => {
    const { page } = await openLab(lab.browser, `${lab.host.url}#train?count=500&epochs=2`, STILL);
    await trainToTheEnd(page);
    const trained = await page.locator(".network-sure").textContent();
    await page.getByRole("link", { name: "Understand" }).click();
    await expect.poll(() => page.locator(".network-sure").textContent(), PATIENTLY).toBe(trained);
    expect(await page.getByLabel("Shown network").isChecked()).toBe(true);
    await page.getByLabel("Grey, 28 × 28").check();
    await expect.poll(() => sentence(page).textContent(), PATIENTLY).toBe("A network for 1 @ 28 × 28");
    await page.context().close();
  });

  test("shows the shape of sizes that have no network, up to the largest", async () => {
    const { page, faults } = await open("#understand?understandInput=16x512x512&understandClasses=1000&part=C3:2");
    await expect.poll(() => sentence(page).textContent(), PATIENTLY).toBe("C3, map 2");
    await page.getByText("so its maps are empty").waitFor();
    const before = await pixelsOf(scene(page));
    await page.getByRole("button", { name: "Back to the answer" }).click();
    // Without the windows of the part.
    await expect.poll(() => pixelsOf(scene(page)), PATIENTLY).not.toBe(before);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test.each([390, 1440, 1920, 2560])("fits %i pixels, without axe violations", async (width) => {
    const height = Math.max(844, Math.round((width * 9) / 16));
    for (const colorScheme of ["light", "dark"] as const) {
      const { page } = await open("#understand?part=C3:4", { colorScheme, viewport: { width, height } });
      await expect.poll(() => sentence(page).textContent(), PATIENTLY).toMatch(/map 4 of C3/);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      expect(await axeFaults(page)).toEqual([]);
      await page.context().close();
    }
  });
});

describeLab("the pictures of two networks in Compare", (lab) => {
  const PTH = fileURLToPath(new URL("../golden/improved-1x28x28.pth", import.meta.url));
  const said = (page: Page) => page.locator(".pair .network-say");
  const sure = (page: Page) => page.locator(".network-sure").allTextContents();

  /** Compare, after a short training. */
  async function openTrained(options = {}) {
    const hash = `${lab.host.url}#train?count=1000&epochs=2`;
    const opened = await openLab(lab.browser, hash, { ...STILL, ...options });
    await trainToTheEnd(opened.page);
    await opened.page.getByRole("link", { name: "Compare" }).click();
    await opened.page.getByRole("region", { name: "Two networks, one image" }).waitFor();
    return opened;
  }

  test("sees one drawing in a run and in the ready-made network, part by part", async () => {
    const { page, faults } = await openTrained();
    expect(await page.getByLabel("First network").inputValue()).toBe("1");
    expect(await page.getByLabel("Second network").inputValue()).toBe("digits");
    await draw(paper(page), DRAWN["1"]);
    await expect
      .poll(() => said(page).textContent(), PATIENTLY)
      .toMatch(/^(Both read a 1|They disagree)\.Run 1 reads an? \d, .* sure; the ready-made one reads a 1, /);
    expect(new Set(await sure(page)).size).toBe(2);
    const scenes = page.locator(".pair .scene canvas");
    expect(await scenes.count()).toBe(2);
    const before = [await pixelsOf(scenes.first()), await pixelsOf(scenes.last())];
    await scenes.last().focus();
    for (let times = 0; times < 4; times++) await page.keyboard.press("ArrowLeft");
    await expect.poll(() => field(page, "part"), PATIENTLY).toMatch(/^C3:\d+$/);
    await expect.poll(() => said(page).textContent(), PATIENTLY).toMatch(/^C3, map \d+Run 1: .*The ready-made one: /);
    for (const [index, one] of [scenes.first(), scenes.last()].entries()) {
      await expect.poll(() => pixelsOf(one), PATIENTLY).not.toBe(before[index]);
    }
    await page.getByRole("button", { name: "Back to the answer" }).click();
    await expect.poll(() => field(page, "part"), PATIENTLY).toBeNull();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("finds an image that fools one and not the other, in a link", async () => {
    const { page, faults } = await openTrained();
    await page.getByRole("button", { name: "Find one on which they disagree" }).click();
    await expect
      .poll(() => said(page).locator("h2").textContent(), { timeout: 60_000 })
      .toMatch(/^(Fooled (Run 1|the ready-made one), not (the ready-made one|Run 1)|Fooled both)\.$/);
    await expect.poll(() => said(page).textContent(), PATIENTLY).toMatch(/It is an? \d\. Run 1 reads an? \d, /);
    const [first, second] = await page.locator(".network-answer-name").allTextContents();
    expect(first).not.toBe(second);
    const image = field(page, "image");
    expect(image).toMatch(/^heldOut:\d+$/);
    const text = await said(page).textContent();
    await page.getByRole("link", { name: "Train", exact: true }).click();
    await page.goBack();
    await expect.poll(() => said(page).textContent(), PATIENTLY).toBe(text);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("compares imported weights and the networks of the page, chosen in the address", async () => {
    const { page, faults } = await lab.open(
      "#compare?compareFirst=clothes&compareSecond=digits&image=clothes:9",
      STILL,
    );
    await expect
      .poll(() => said(page).textContent(), PATIENTLY)
      .toMatch(
        /^They disagree\.The ready-made one for clothes sees an ankle boot, .*; the ready-made one reads an? \d, /,
      );
    await page.getByRole("button", { name: "Find one on which they disagree" }).waitFor({ state: "detached" });
    await page.locator("input[type=file]").first().setInputFiles(PTH);
    await page.getByRole("dialog").getByRole("button", { name: "Open" }).click();
    await page.getByLabel("Second network").selectOption("improved-1x28x28.pth");
    await expect.poll(() => said(page).textContent(), PATIENTLY).toContain("; improved-1x28x28.pth reads a");
    expect(field(page, "compareSecond")).toBe("1");
    await page.getByRole("button", { name: "Remove improved-1x28x28.pth" }).click();
    await expect.poll(() => page.getByLabel("Second network").inputValue(), PATIENTLY).toBe("digits");
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("works the chosen part out in both, on a sheet from below on a phone", async () => {
    const { page, faults } = await lab.open("#compare?compareFirst=digits&compareSecond=clothes&part=C3:4", {
      ...STILL,
      viewport: { width: 390, height: 844 },
    });
    const sheet = page.getByRole("region", { name: "C3, map 4" });
    await sheet.locator(".scene-sum-row").nth(1).waitFor();
    expect(await sheet.getByRole("heading").allTextContents()).toEqual([
      "C3, map 4",
      "The ready-made one",
      "The ready-made one for clothes",
    ]);
    await scene(page).last().scrollIntoViewIfNeeded();
    const box = (await sheet.boundingBox())!;
    expect(box.y).toBeGreaterThan(844 * 0.4);
    expect(box.y + box.height).toBeLessThanOrEqual(845);
    await sheet.getByRole("button", { name: "Back to the answer" }).click();
    await sheet.waitFor({ state: "detached" });
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("is in Chinese, too", async () => {
    const { page } = await lab.open("#compare?lang=zh&compareFirst=digits&compareSecond=digits&image=digits:8", STILL);
    await expect.poll(() => said(page).locator("h2").textContent(), PATIENTLY).toBe("两个都认出“8”。");
    await page.context().close();
  });

  test.each([390, 1440, 1920, 2560])("fits %i pixels, without axe violations", async (width) => {
    const height = Math.max(844, Math.round((width * 9) / 16));
    for (const colorScheme of ["light", "dark"] as const) {
      const { page } = await lab.open("#compare?part=C3:4", { ...STILL, colorScheme, viewport: { width, height } });
      await expect.poll(() => said(page).locator("h2").textContent(), PATIENTLY).toBe("C3, map 4");
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      expect(await axeFaults(page)).toEqual([]);
      await page.context().close();
    }
  });
});
