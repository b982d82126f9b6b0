import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { CHAPTERS } from "../../web/address/tourFields.js";
import { axeFaults, describeLab, type LabPage, openView, PATIENTLY } from "./browser.js";

const STILL = { reducedMotion: "reduce" } as const;
const PHONE = { viewport: { width: 390, height: 844 }, reducedMotion: "reduce" } as const;

describeLab("the guided tour", (lab) => {
  /** Opens a page with the tour, and waits for a question. */
  async function open(query: string, options: Parameters<typeof openView>[2] = STILL): Promise<LabPage> {
    const opened = await lab.open(`#network?${query}`, options);
    await ask(opened.page).waitFor();
    return opened;
  }

  const ask = (page: Page) => page.locator(".tour-ask");
  const headline = (page: Page) => page.getByRole("heading", { level: 1 });
  const told = (page: Page) => page.locator(".tour-explained");
  const partOf = (page: Page) => new URLSearchParams(page.url().split("?")[1]).get("part");
  const scene = (page: Page) =>
    page.locator(".scene canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());

  test("begins at the opening view, asks first in every chapter, and sums up", async () => {
    const { page, faults, requests } = await openView(lab.browser, lab.host.url, { ...STILL, serviceWorkers: "block" });
    await page.getByRole("heading", { name: "It reads a 3." }).waitFor();
    expect(requests.some((address) => address.includes("Tour"))).toBe(false);
    await page.getByRole("link", { name: "Guided tour" }).click();
    const titles = new Set<string>();
    for (const [place, chapter] of CHAPTERS.entries()) {
      await page.getByText(`Chapter ${place + 1} of ${CHAPTERS.length}`).waitFor();
      expect(page.url()).toContain(`tour=${chapter}`);
      await ask(page).waitFor();
      expect(await told(page).count()).toBe(0);
      await answer(page);
      await expect.poll(() => told(page).textContent(), PATIENTLY).toMatch(/^(Right|Close|Not this time)\. .*\d/);
      titles.add((await headline(page).textContent()) ?? "");
      await page.getByRole("button", { name: /^(Next|Summary)$/ }).click();
    }
    expect(titles.size).toBe(CHAPTERS.length);
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toMatch(/^\d of 8 predictions were right$/);
    const verdicts = await page.locator(".tour-summary tbody td:last-child").allTextContents();
    expect(verdicts).toHaveLength(CHAPTERS.length);
    const right = verdicts.filter((verdict) => verdict === "✓ right").length;
    expect(await headline(page).textContent()).toBe(`${right} of 8 predictions were right`);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("counts the pixels that have ink, of the image on display", async () => {
    const { page } = await open("tour=pixels&image=digits:1");
    const counted = async () => {
      await answer(page);
      const text = await told(page).textContent();
      return Number(/(\d+) have ink/.exec(text ?? "")?.[1]);
    };
    // The pad is transparent nowhere; paper has one colour.
    const seen = () =>
      page.locator(".network-paper").evaluate((element) => {
        const canvas = element as HTMLCanvasElement;
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        const pixels = new Uint32Array(data.buffer);
        return pixels.filter((pixel) => pixel !== pixels[0]).length;
      });
    const one = await counted();
    // The faintest ink has the colour of paper.
    expect(Math.abs(one - (await seen()))).toBeLessThan(12);
    await page.getByRole("button", { name: "Digit 8", exact: true }).click();
    await expect.poll(() => told(page).count(), PATIENTLY).toBe(0);
    const eight = await counted();
    expect(eight).toBeGreaterThan(one + 30);
    expect(Math.abs(eight - (await seen()))).toBeLessThan(12);
    await page.context().close();
  });

  test("has the products of the frame that is right in the network", async () => {
    const { page } = await open("tour=kernel&image=digits:4");
    expect(await page.locator(".pad-mark").count()).toBe(3);
    const before = await scene(page);
    await page.getByRole("button", { name: "Frame A" }).click();
    const sums = [...((await told(page).textContent()) ?? "").matchAll(/([ABC]): ([+−])(\d+\.\d+)/g)].map(
      ([, letter, sign, size]) => ({ letter, sum: Number(size) * (sign === "−" ? -1 : 1) }),
    );
    expect(sums.map(({ letter }) => letter)).toEqual(["A", "B", "C"]);
    const most = sums.reduce((one, other) => (other.sum > one.sum ? other : one));
    await page.getByRole("button", { name: `Frame ${most.letter}: right` }).waitFor();
    expect(partOf(page)).toMatch(/^C1:\d:\d+$/);
    await expect.poll(() => scene(page), PATIENTLY).not.toBe(before);
    await page.context().close();
  });

  test("covers what is asked for until it has been guessed", async () => {
    const { page } = await open("tour=decision&image=digits:4");
    const second = page.locator(".network-then");
    expect(await second.isVisible()).toBe(false);
    const before = await scene(page);
    await answer(page);
    await expect.poll(() => second.isVisible(), PATIENTLY).toBe(true);
    await expect.poll(() => scene(page), PATIENTLY).not.toBe(before);
    const name = /then (\d)/.exec((await second.textContent()) ?? "")?.[1];
    await page.getByRole("button", { name: `${name}: right` }).waitFor();
    await page.context().close();
  });

  test("shows the network at the moment from which on it read the image", async () => {
    const { page } = await open("tour=learning&image=digits:4");
    await answer(page);
    const moments = page.getByRole("group", { name: "What it read of this picture" }).getByRole("button");
    const reads = (await moments.allTextContents()).map((text) => text[0]);
    const last = reads.at(-1);
    const first = reads.findLastIndex((read) => read !== last) + 1;
    expect(await moments.nth(first).getAttribute("aria-pressed")).toBe("true");
    await moments.first().click();
    await expect.poll(() => page.locator(".network-answer-name").textContent(), PATIENTLY).toBe(reads[0]);
    await page
      .getByRole("button", { name: "Next" })
      .or(page.getByRole("button", { name: "Summary" }))
      .click();
    await expect.poll(() => page.locator(".network-answer-name").textContent(), PATIENTLY).toBe("4");
    await page.context().close();
  });

  test("fools the network with the image on display, and takes the change back", async () => {
    const { page } = await open("tour=fooled&networkShow=clothes&image=clothes:9");
    const name = page.locator(".network-answer-name");
    await expect.poll(() => name.textContent(), PATIENTLY).toBe("Ankleboot");
    await answer(page);
    const levels = Number(/By (\d+) of 255/.exec((await told(page).textContent()) ?? "")?.[1]);
    expect(levels).toBeGreaterThan(0);
    await expect.poll(() => name.textContent(), PATIENTLY).not.toBe("Ankleboot");
    const slider = page.getByRole("slider", { name: "Change of every pixel" });
    expect(await slider.inputValue()).toBe(String(levels));
    await slider.press("ArrowLeft");
    await expect.poll(() => name.textContent(), PATIENTLY).toBe("Ankleboot");
    await slider.press("ArrowRight");
    await expect.poll(() => name.textContent(), PATIENTLY).not.toBe("Ankleboot");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Summary" }).click();
    await expect.poll(() => name.textContent(), PATIENTLY).toBe("Ankleboot");
    await page.context().close();
  });

  test("opens a lesson by its link, in the order of the link, and makes such links", async () => {
    const { page } = await open("lesson=map,pixels,nonsense");
    await page.getByText("Chapter 1 of 2").waitFor();
    expect(await headline(page).textContent()).toBe("Sliding it makes a map");
    await answer(page);
    await page.keyboard.press("PageDown");
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("A picture is numbers");
    await page.keyboard.press("PageUp");
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("Sliding it makes a map");
    await page.getByRole("link", { name: "Summary" }).click();
    await expect.poll(() => page.locator(".tour-summary tbody tr").count(), PATIENTLY).toBe(2);
    expect(await page.locator(".tour-summary tbody tr").nth(1).textContent()).toContain("not answered");
    await page.getByRole("checkbox", { name: "It can be fooled" }).check();
    const link = await page.getByLabel("Link to the lesson").inputValue();
    expect(link).toMatch(/lesson=map,pixels,fooled$/);
    await page.goto(link);
    await page.reload();
    await page.getByText("Chapter 1 of 3").waitFor();
    await page.getByRole("button", { name: "End the tour" }).click();
    await page.getByRole("heading", { name: "Now teach one yourself" }).waitFor();
    expect(page.url()).not.toMatch(/tour|lesson/);
    await page.context().close();
  });

  test("has the answers of the visit before, until it is started again", async () => {
    const { page } = await open("tour=pixels&image=digits:1");
    await answer(page);
    const before = await told(page).textContent();
    await page.getByRole("button", { name: "Next" }).click();
    await expect.poll(() => told(page).count(), PATIENTLY).toBe(0);
    await page.goBack();
    await expect.poll(() => stored(page), PATIENTLY).toEqual(["pixels"]);
    await page.reload();
    await expect.poll(() => told(page).textContent(), PATIENTLY).toBe(before);
    await page.getByRole("link", { name: "Summary" }).click();
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toMatch(/^[01] of 1 predictions were right$/);
    await page.getByRole("button", { name: "Start again" }).click();
    await expect.poll(() => stored(page), PATIENTLY).toEqual([]);
    await page.reload();
    await ask(page).waitFor();
    expect(await told(page).count()).toBe(0);
    await page.getByRole("link", { name: "Summary" }).click();
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("No prediction yet");
    await page.context().close();
  });

  test("asks about what is drawn", async () => {
    const { page } = await open("tour=decision");
    await page.getByRole("button", { name: "Clear" }).click();
    await page.getByText("Draw a digit, or pick an image").waitFor();
    const box = (await page.locator(".network-paper").boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + 0.15 * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2, box.y + 0.85 * box.height, { steps: 8 });
    expect(await ask(page).count()).toBe(0);
    await page.mouse.up();
    await page.getByText("It reads “1”.").waitFor();
    await page.context().close();
  });

  test.each([
    ["light", "desktop", { width: 1440, height: 900 }],
    ["dark", "desktop", { width: 1440, height: 900 }],
    ["light", "phone", { width: 390, height: 844 }],
    ["dark", "phone", { width: 390, height: 844 }],
  ] as const)("has no axe violations: %s, %s", async (colorScheme, _device, viewport) => {
    const { page } = await open("tour=combination", { ...STILL, colorScheme, viewport });
    expect(await axeFaults(page)).toEqual([]);
    await answer(page);
    await told(page).waitFor();
    expect(await axeFaults(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
    await page.getByRole("link", { name: "Summary" }).click();
    await page.locator(".tour-summary").waitFor();
    expect(await axeFaults(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
    await page.context().close();
  });

  test("is a sheet from below on a phone, with the sum worked out", async () => {
    const { page } = await open("tour=combination", PHONE);
    await page.getByRole("button", { name: "Map 2" }).click();
    await page.locator(".tour .scene-sum-row").first().waitFor();
    const box = (await page.locator(".tour").boundingBox())!;
    expect(box.y).toBeGreaterThan(844 * 0.4);
    expect(box.y + box.height).toBeLessThanOrEqual(845);
    await page.context().close();
  });

  test("is in Chinese, too", async () => {
    const { page } = await open("tour=pixels&lang=zh");
    expect(await headline(page).textContent()).toBe("图像就是数字");
    await answer(page);
    await expect.poll(() => told(page).textContent(), PATIENTLY).toMatch(/\d+ 个带墨迹/);
    await page.context().close();
  });
});

/** The chapters with a kept answer. */
function stored(page: Page): Promise<string[]> {
  return page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        const opening = indexedDB.open("lenet-lab");
        opening.onsuccess = () => {
          const reading = opening.result.transaction("answers").objectStore("answers").get("tour");
          reading.onsuccess = () => {
            opening.result.close();
            resolve(Object.keys(reading.result?.first ?? {}));
          };
        };
      }),
  );
}

/** Gives an answer to the question that is asked. */
async function answer(page: Page): Promise<void> {
  await page.locator(".tour-options button, .tour-range button").first().click();
}
