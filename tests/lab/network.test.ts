import { readFileSync } from "node:fs";
import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  axeFaults,
  DRAWN,
  describeLab,
  draw,
  executable,
  type Host,
  type LabPage,
  launch,
  openView,
  PATIENTLY,
  type Point,
  pixelsOf,
  SKIPPED,
  serveSite,
} from "./browser.js";

const STILL = { reducedMotion: "reduce" } as const;
const PHONE = { viewport: { width: 390, height: 844 }, reducedMotion: "reduce" } as const;

describeLab('the view "The network"', (lab) => {
  const open = (hash = "", options: BrowserContextOptions = STILL): Promise<LabPage> => lab.open(hash, options);

  /** Opens the view and waits for what it reads. */
  async function openReading(hash = "", options: BrowserContextOptions = STILL): Promise<LabPage> {
    const lab = await open(hash, options);
    await answer(lab.page)
      .filter({ hasText: /sure|概率/ })
      .waitFor();
    return lab;
  }

  const answer = (page: Page) => page.locator(".network-answer");
  const headline = (page: Page) => page.getByRole("heading", { level: 1 });
  const scene = (page: Page) => page.locator(".scene canvas");
  const partOf = (page: Page) => new URLSearchParams(page.url().split("?")[1]).get("part");

  test("is what the lab opens with: a drawn three, and that it is read", async () => {
    const { page, faults } = await openReading();
    await expect.poll(() => answer(page).textContent(), PATIENTLY).toContain("3");
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("It reads a 3.");
    await page.getByText(/Map \d+ of C3 speaks for it most, \+\d/).waitFor();
    await page.getByRole("application", { name: /^The network from the image to the answer, 3, / }).waitFor();
    expect(await isPainted(page)).toBe(true);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("draws the three itself where motion is welcome", async () => {
    const { page } = await open("", {});
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("It reads a 3.");
    await page.context().close();
  });

  test("follows the pen, undoes strokes, and empties the pad", async () => {
    const { page } = await openReading();
    const before = await scenePixels(page);
    // The first stroke replaces the example.
    await draw(paper(page), DRAWN["7"]);
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("It reads a 7.");
    expect(await scenePixels(page)).not.toBe(before);
    await draw(paper(page), DRAWN["1"]);
    await page.keyboard.press("u");
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("It reads a 7.");
    await page.getByRole("button", { name: "Clear" }).click();
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("Draw a digit.");
    await expect.poll(() => answer(page).textContent(), PATIENTLY).toContain("?");
    await page.context().close();
  });

  test("changes its answer while the pen is down", async () => {
    const { page } = await openReading();
    const box = (await paper(page).boundingBox())!;
    const at = ([x, y]: Point): Point => [box.x + (x / 100) * box.width, box.y + (y / 100) * box.height];
    await page.mouse.move(...at([50, 15]));
    await page.mouse.down();
    await page.mouse.move(...at([50, 85]), { steps: 8 });
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("It reads a 1.");
    await page.mouse.up();
    await page.context().close();
  });

  test("shows digits and clothes that come with the page, and says which the ready-made network misreads", async () => {
    const { page, faults } = await openReading();
    const picks = page.getByRole("region", { name: "Images to try" });
    await picks.getByRole("button", { name: "Digit 8", exact: true }).click();
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("It reads an 8.");
    await picks.getByRole("button", { name: "Ankle boot" }).click();
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("It sees an ankle boot.");
    expect(page.url()).toContain("networkShow=clothes");
    await picks
      .getByRole("button", { name: /^Digit 5, which the ready-made network misreads/ })
      .first()
      .click();
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toMatch(/^It reads an? \d\. It is a 5\.$/);
    // A pen on the clothes draws digits again.
    await picks.getByRole("button", { name: "Bag" }).click();
    await draw(paper(page), DRAWN["7"]);
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("It reads a 7.");
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("explains the map that is clicked, in a link and in one step of the history", async () => {
    const { page } = await openReading();
    const steps = await page.evaluate(() => history.length);
    const before = await scenePixels(page);
    await clickMap(page, "C1", 2);
    expect(partOf(page)).toMatch(/^C1:\d$/);
    await expect
      .poll(() => headline(page).textContent(), PATIENTLY)
      .toMatch(/^Why map \d of C1 (lights up|stays dark)$/);
    await page.getByText(/With biases of [+−]?\d/).waitFor();
    expect(await scenePixels(page)).not.toBe(before);
    const address = page.url();
    await page.keyboard.press("a");
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("It reads a 3.");
    expect(await page.evaluate(() => history.length)).toBe(steps);
    const other = await openReading(new URL(address).hash);
    await expect.poll(() => headline(other.page).textContent(), PATIENTLY).toMatch(/^Why map \d of C1 /);
    await other.page.context().close();
    await page.context().close();
  });

  test("opens a chosen map's sum to numbers, and leads back", async () => {
    const { page } = await openReading("#network?part=C3:1");
    await page.getByRole("heading", { name: /map 1 of C3/ }).waitFor();
    const first = await scenePixels(page);
    // The row of another map of S2.
    const box = (await scene(page).boundingBox())!;
    for (const share of [0.25, 0.9]) await page.mouse.click(box.x + box.width / 2, box.y + share * box.height);
    await expect.poll(() => scenePixels(page), PATIENTLY).not.toBe(first);
    expect(partOf(page)).toBe("C3:1");
    await page.getByRole("button", { name: "Back to the answer" }).click();
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("It reads a 3.");
    await page.context().close();
  });

  test("shows a chosen part on a sheet from below on a phone", async () => {
    const { page } = await openReading("#network?part=C3:1", PHONE);
    const sheet = page.getByRole("region", { name: /map 1 of C3/ });
    await sheet.getByText(/number \d: [+−]\d/).waitFor();
    expect(await sheet.getByRole("figure").count()).toBe(1);
    await sheet.getByRole("button", { name: "Show all 6" }).click();
    expect(await sheet.getByRole("figure").count()).toBe(6);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    expect(await axeFaults(page)).toEqual([]);
    await sheet.getByRole("button", { name: "Back to the answer" }).click();
    await expect.poll(() => sheet.count(), PATIENTLY).toBe(0);
    await page.context().close();
  });

  test("has its parts chosen with the keyboard, and tells screen readers", async () => {
    const { page } = await openReading();
    await scene(page).focus();
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => partOf(page), PATIENTLY).toMatch(/^F6:\d+$/);
    for (let times = 0; times < 3; times++) await page.keyboard.press("ArrowLeft");
    await expect.poll(() => partOf(page), PATIENTLY).toMatch(/^C3:\d+$/);
    const map = Number(partOf(page)?.split(":")[1]);
    await page.keyboard.press("ArrowDown");
    await expect.poll(() => partOf(page), PATIENTLY).toBe(`C3:${map + 1}`);
    await page
      .getByRole("status")
      .filter({ hasText: `C3, map ${map + 1}` })
      .waitFor();
    await page.keyboard.press("Escape");
    await expect.poll(() => partOf(page), PATIENTLY).toBeNull();
    await page.context().close();
  });

  test("says what is under the pointer", async () => {
    const { page } = await openReading();
    const box = (await scene(page).boundingBox())!;
    const at = await page.evaluate(() => document.documentElement.clientWidth / 1440);
    await page.mouse.move(box.x + 660 * at, box.y + box.height / 2);
    await page.locator(".scene-tip", { hasText: /C3, map \d+.*(adds|takes|gives)/ }).waitFor();
    await page.mouse.move(box.x + 10, box.y + 10);
    await expect.poll(() => page.locator(".scene-tip").count(), PATIENTLY).toBe(0);
    await page.context().close();
  });

  test("rewinds the training of the network that comes with the page", async () => {
    const { page, requests } = await openReading("", { ...STILL, serviceWorkers: "block" });
    expect(requests.some((address) => address.includes("History"))).toBe(false);
    const end = await scenePixels(page);
    const slider = page.getByRole("slider");
    await slider.focus();
    await page.keyboard.press("Home");
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toMatch(/^Before learning: an? \d, by chance\.$/);
    expect(await slider.getAttribute("aria-valuetext")).toContain("after 0 images");
    await expect.poll(() => scenePixels(page), PATIENTLY).not.toBe(end);
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toContain("After 1,024 images");
    await page.keyboard.press("End");
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("It reads a 3.");
    expect(await scenePixels(page)).toBe(end);
    await page.context().close();
  });

  test("teaches a network in Train, where the picture stays, and replays it here", async () => {
    const { page, faults } = await openReading("#network?count=1000&epochs=4");
    await draw(paper(page), DRAWN["7"]);
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("It reads a 7.");
    const drawn = await pixelsOf(paper(page));
    await page.getByRole("button", { name: "Start from noise" }).click();
    await expect
      .poll(() => headline(page).textContent(), PATIENTLY)
      .toMatch(/^(Before learning|After [\d,]+ images): /);
    expect(page.url()).toContain("#train");
    expect(await pixelsOf(paper(page))).toBe(drawn);
    await page.getByText("Finished. The weights are").waitFor({ timeout: 100_000 });
    await expect.poll(() => headline(page).textContent(), PATIENTLY).not.toMatch(/^(Before|After)/);
    await page.getByRole("link", { name: "The network" }).click();
    await page.getByRole("heading", { name: "You taught this one" }).waitFor();
    await page.getByRole("slider").focus();
    await page.keyboard.press("Home");
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toMatch(/^Before learning/);
    await page.getByRole("button", { name: "Replay the learning" }).click();
    await page.getByRole("button", { name: "Stop" }).waitFor();
    await page.getByRole("button", { name: "Replay the learning" }).waitFor();
    await expect.poll(() => headline(page).textContent(), PATIENTLY).not.toMatch(/^(Before|After)/);
    // It is the run of the other views, too.
    await page.getByRole("link", { name: "Look inside" }).click();
    await page.getByText("best weights, epoch").waitFor();
    await page.getByRole("link", { name: "The network" }).click();
    await page.getByRole("button", { name: "Show the ready-made one" }).click();
    await page.getByRole("heading", { name: "Now teach one yourself" }).waitFor();
    await page.getByRole("button", { name: "Show yours" }).click();
    await page.getByRole("heading", { name: "You taught this one" }).waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("keeps pad and answer in sight on a phone, where the flow turns downwards", async () => {
    const { page } = await openReading("", PHONE);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    const end = (await scene(page).boundingBox())!;
    await page.mouse.wheel(0, end.y + end.height / 2);
    await expect.poll(() => page.evaluate(() => scrollY), PATIENTLY).toBeGreaterThan(300);
    for (const part of [page.locator(".network-paper"), answer(page)]) {
      const box = (await part.boundingBox())!;
      expect(box.y).toBeGreaterThanOrEqual(0);
      expect(box.y + box.height).toBeLessThan(844 / 2);
    }
    // What the pad's row of images cuts off fades out.
    expect(await page.locator(".network-picks").evaluate((one) => getComputedStyle(one).maskImage)).toContain(
      "gradient",
    );
    await page.context().close();
  });

  test("moves nothing on a phone while it draws the three, and draws what is out of sight when it rests", async () => {
    const context = await lab.browser.newContext({ viewport: { width: 412, height: 823 }, locale: "en-US" });
    await context.addInitScript(() => {
      const watched = Object.assign(window, { shifts: 0 });
      new PerformanceObserver((list) => {
        // Browsers know the value; TypeScript does not.
        for (const entry of list.getEntries()) watched.shifts += (entry as PerformanceEntry & { value: number }).value;
      }).observe({ type: "layout-shift", buffered: true });
    });
    const page = await context.newPage();
    await page.goto(lab.host.url);
    await page.getByRole("heading", { name: "It reads a 3." }).waitFor();
    await page.getByText(/Map \d+ of C3 speaks for it most, \+\d/).waitFor();
    // The bars of the answer are at the end, far below the window.
    const outOfSight = () =>
      scene(page).evaluate((element) => {
        const { width, height, clientHeight } = element as HTMLCanvasElement;
        const rows = Math.round((60 * height) / clientHeight);
        const { data } = (element as HTMLCanvasElement).getContext("2d")!.getImageData(0, height - rows, width, rows);
        return data.filter((value, place) => place % 4 === 3 && value > 0).length;
      });
    await expect.poll(outOfSight, PATIENTLY).toBeGreaterThan(0);
    expect(await page.evaluate(() => (window as unknown as { shifts: number }).shifts)).toBeLessThan(0.01);
    await context.close();
  });

  test("is in Chinese, too", async () => {
    const { page } = await openReading("#network?lang=zh&networkShow=clothes&image=clothes:9");
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toBe("它认出“短靴”。");
    await page.getByRole("button", { name: "从噪声开始" }).waitFor();
    await page.context().close();
  });

  test.each([
    ["light", "desktop", 1440],
    ["dark", "desktop", 1440],
    ["light", "phone", 390],
    ["dark", "phone", 390],
  ] as const)("has no axe violations: %s, %s", async (colorScheme, _device, width) => {
    const { page } = await openReading("", { ...STILL, colorScheme, viewport: { width, height: 860 } });
    await page.getByRole("button", { name: "Digit 8", exact: true }).waitFor();
    expect(await axeFaults(page)).toEqual([]);
    await page.evaluate(() => {
      location.hash = "#network?part=C3:4";
    });
    await expect.poll(() => headline(page).textContent(), PATIENTLY).toMatch(/map 4 of C3/);
    expect(await axeFaults(page)).toEqual([]);
    await page.context().close();
  });

  test("uses the whole width of a projector", async () => {
    const { page } = await openReading("", { ...STILL, viewport: { width: 2560, height: 1440 } });
    const box = (await scene(page).boundingBox())!;
    expect(box.width).toBe(2560);
    const size = (selector: string) =>
      page.locator(selector).evaluate((one) => Number.parseFloat(getComputedStyle(one).fontSize));
    expect(await size(".network-say p")).toBeGreaterThan(26);
    expect(await size(".network-sure")).toBeGreaterThan(34);
    await page.context().close();
  });

  test("says so if its weights cannot be loaded", async () => {
    const context = await lab.browser.newContext({ locale: "en-US" });
    await context.route("**/*.bin", (route) => route.abort());
    const page = await context.newPage();
    await page.goto(lab.host.url);
    await page.getByText(/^The network could not be loaded: /).waitFor();
    await context.close();
  });

  test("leaves no trace in the views that are opened after it", async () => {
    const looks = async (page: Page) => {
      await page.getByRole("heading", { level: 1, name: "Understand" }).waitFor();
      return page.evaluate(() => {
        const { fontSize } = getComputedStyle(document.documentElement);
        const main = getComputedStyle(document.querySelector("main")!);
        return { fontSize, maxWidth: main.maxWidth, padding: main.padding, display: main.display };
      });
    };
    const big = { ...STILL, viewport: { width: 2560, height: 1440 } };
    const alone = await open("#understand", big);
    const after = await openReading("", big);
    await after.page.getByRole("link", { name: "Understand" }).click();
    expect(await looks(after.page)).toEqual(await looks(alone.page));
    await alone.page.context().close();
    await after.page.context().close();
  });
});

describe.skipIf(!executable)(`the network in space${SKIPPED}`, () => {
  let host: Host;
  beforeAll(async () => {
    host = await serveSite({ isolated: true });
  });
  afterAll(() => host?.close());

  test("has the same values, which follow the pen, turns, and has its parts chosen", async () => {
    const browser = await launch("webgl");
    const { page, faults, requests } = await openView(browser, host.url, { ...STILL, serviceWorkers: "block" });
    await page.getByRole("heading", { name: "It reads a 3." }).waitFor();
    expect(requests.some((address) => address.includes("Space"))).toBe(false);
    await page.getByRole("radio", { name: "3-D" }).check();
    const canvas = page.locator(".space canvas");
    const pixels = () => canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());
    await canvas.waitFor();
    expect(page.url()).toContain("networkSpace=on");
    const first = await pixels();
    await draw(paper(page), DRAWN["7"]);
    await page.getByRole("heading", { name: "It reads a 7." }).waitFor();
    await expect.poll(pixels, PATIENTLY).not.toBe(first);
    const seven = await pixels();
    const box = (await canvas.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + 30);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 + 80, box.y + 40, { steps: 4 });
    await page.mouse.up();
    await expect.poll(pixels, PATIENTLY).not.toBe(seven);
    await canvas.focus();
    for (const key of ["Shift+ArrowLeft", "Shift+ArrowUp", "+", "-"]) {
      const before = await pixels();
      await page.keyboard.press(key);
      await expect.poll(pixels, PATIENTLY).not.toBe(before);
    }
    expect(page.url()).not.toContain("part");
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => page.url(), PATIENTLY).toMatch(/part=F6/);
    await page.keyboard.press("Escape");
    await expect.poll(() => clickSpace(page), PATIENTLY).toMatch(/part=/);
    expect(await axeFaults(page)).toEqual([]);
    expect(faults.filter((fault) => !/GPU stall|GL Driver/.test(fault))).toEqual([]);
    await browser.close();
  });

  test("stays flat where there is no WebGL", async () => {
    const browser = await launch("flat");
    const { page } = await openView(browser, `${host.url}#network?networkSpace=on`, STILL);
    await page.getByText("This browser does not offer WebGL 2").waitFor();
    await page.locator(".scene canvas").waitFor();
    expect(page.url()).not.toContain("networkSpace");
    await browser.close();
  });
});

/** Clicks around the middle of the space; returns the address. */
async function clickSpace(page: Page): Promise<string> {
  const box = (await page.locator(".space canvas").boundingBox())!;
  for (let share = 0.3; share < 0.7; share += 0.05) {
    for (const down of [0.4, 0.5, 0.6]) {
      if (page.url().includes("part")) return page.url();
      await page.mouse.click(box.x + share * box.width, box.y + down * box.height);
    }
  }
  return page.url();
}

/** The licences of the images that come with the page. */
test("the images that come with the page have their licences beside them", () => {
  const text = readFileSync("web/pretrained/README.md", "utf8");
  expect(text).toContain("CC BY-SA 3.0");
  expect(text).toContain("MIT");
});

const paper = (page: Page) => page.locator(".network-paper");

/** Clicks a map of a stage, found by its tooltip. */
async function clickMap(page: Page, stage: string, map: number): Promise<void> {
  const box = (await page.locator(".scene canvas").boundingBox())!;
  const tip = page.locator(".scene-tip strong");
  for (let x = 300; x < box.width; x += 12) {
    for (let y = 60; y < box.height; y += 30) {
      await page.mouse.move(box.x + x, box.y + y);
      const name = (await tip.count()) > 0 ? await tip.textContent() : "";
      if (name !== `${stage}, map ${map}`) continue;
      await page.mouse.click(box.x + x, box.y + y);
      return;
    }
  }
  throw new Error(`map ${map} of ${stage} is not there`);
}

/** What the scene shows. */
const scenePixels = (page: Page) => pixelsOf(page.locator(".scene canvas"));

/** Whether the scene has more than one colour. */
function isPainted(page: Page): Promise<boolean> {
  return page.locator(".scene canvas").evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size > 50;
  });
}
