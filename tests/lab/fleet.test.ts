import type { Locator, Page } from "playwright-core";
import { beforeAll, expect, test } from "vitest";
import { spreadOf } from "../../src/report/statistics.js";
import {
  axeFaults,
  describeLab,
  fingerprintAtTheEnd,
  fingerprintOf,
  openLab,
  PATIENTLY,
  trainToTheEnd,
} from "./browser.js";
import { trainInNode } from "./trainInNode.js";

const COUNT = 1000;
const EPOCHS = 3;
const SEEDS = [5, 6, 7];
const SETTINGS = `#train?count=${COUNT}&epochs=${EPOCHS}&seed=${SEEDS[0]}&networks=${SEEDS.length}`;

describeLab("a fleet in the lab", (lab) => {
  let alone: Awaited<ReturnType<typeof trainInNode>>[];
  const open = (hash: string) => openLab(lab.browser, lab.host.url + hash);
  beforeAll(async () => {
    alone = [];
    for (const seed of SEEDS) alone.push(await trainInNode({ count: COUNT, epochs: EPOCHS, seed }));
  });

  test("has the bits of each seed alone, and their mean and standard deviation", async () => {
    const { page, faults } = await open(SETTINGS);
    expect(await trainToTheEnd(page)).toBe(alone[0].fingerprint);
    for (const [index, seed] of SEEDS.entries()) {
      await network(page, seed).check();
      expect(await fingerprintOf(page)).toBe(alone[index].fingerprint);
    }
    const { mean, std } = spreadOf(alone.map(({ accuracy }) => accuracy))!;
    const text = await page.locator(".fleet .mean").textContent();
    expect(text).toBe(`${(100 * mean).toFixed(2)}% ± ${(100 * std!).toFixed(2)}`);
    const lowest = alone.reduce((one, other) => (other.accuracy < one.accuracy ? other : one));
    await page.getByRole("button", { name: /^Lowest/ }).click();
    expect(await fingerprintOf(page)).toBe(lowest.fingerprint);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("pauses, steps and resets all its networks", async () => {
    const { page } = await open(SETTINGS);
    const note = page.locator(".fingerprint summary .quiet");
    await page.getByRole("button", { name: "One batch" }).click();
    // 800 images are 25 batches.
    await expect.poll(() => note.textContent(), PATIENTLY).toBe("after epoch 0.04");
    await network(page, SEEDS[2]).check();
    const afterOne = await fingerprintOf(page);
    await page.keyboard.press("e");
    await expect.poll(() => note.textContent(), PATIENTLY).toBe("after epoch 1");
    await page.keyboard.press("r");
    await expect.poll(() => note.textContent(), PATIENTLY).toBe("before training");
    expect(await network(page, SEEDS[2]).isChecked()).toBe(true);
    await page.keyboard.press("b");
    await expect.poll(() => note.textContent(), PATIENTLY).toBe("after epoch 0.04");
    expect(await fingerprintOf(page)).toBe(afterOne);
    await page.getByRole("button", { name: "Resume" }).click();
    expect(await fingerprintAtTheEnd(page)).toBe(alone[2].fingerprint);
    await page.context().close();
  });

  test("shows the network that is picked by keyboard or in the chart, in every view", async () => {
    const { page } = await open(SETTINGS);
    await trainToTheEnd(page);
    await network(page, SEEDS[0]).focus();
    await page.keyboard.press("ArrowRight");
    expect(await network(page, SEEDS[1]).isChecked()).toBe(true);
    expect(await fingerprintOf(page)).toBe(alone[1].fingerprint);

    const chart = page.getByRole("img", { name: "Loss" });
    expect(await chart.locator("svg path[fill^=var]").count()).toBe(1);
    // The networks that are not shown: those of the first and the last seed.
    const others = chart.locator("svg path[stroke-width='1']");
    expect(await others.count()).toBe(2);
    await pressEndOf(others.last());
    expect(await network(page, SEEDS[2]).isChecked()).toBe(true);

    await page.getByRole("button", { name: "Add to Compare" }).click();
    await page.getByRole("link", { name: /^Look inside Run 1, seed 7/ }).click();
    await page.getByText("best weights, epoch").waitFor();
    await page.getByRole("link", { name: "Compare", exact: true }).first().click();
    expect(await page.getByTestId("shown-fingerprint").textContent()).toBe(alone[2].fingerprint);
    const rows = page.locator(".runs-beside tbody tr");
    expect(await rows.locator("th").allTextContents()).toEqual([
      expect.stringContaining("Run 1, seed 5"),
      expect.stringContaining("Run 1, seed 7"),
    ]);
    expect(await rows.locator("code").nth(1).getAttribute("title")).toBe(alone[2].fingerprint);
    await rows.nth(0).getByRole("button", { name: "Show" }).click();
    expect(await page.getByTestId("shown-fingerprint").textContent()).toBe(alone[0].fingerprint);
    await page.getByRole("button", { name: "Remove Run 1, seed 7" }).click();
    expect(await rows.count()).toBe(1);
    await page.context().close();
  });

  test("lists its epochs as a table", async () => {
    const { page } = await open(SETTINGS);
    await trainToTheEnd(page);
    await page.getByText("Curves as a table").click();
    const table = page.getByRole("table", { name: "Run 1, validation accuracy of 3 networks" });
    expect(await table.locator("tbody tr").count()).toBe(EPOCHS);
    const [mean, std, lowest, highest] = (await table.locator("tbody tr").last().locator("td").allTextContents()).map(
      Number.parseFloat,
    );
    expect(lowest).toBeLessThan(mean);
    expect(highest).toBeGreaterThan(mean);
    expect(std).toBeLessThan(highest - lowest);
    await page.context().close();
  });

  test.each(["en-US", "zh-CN"])("is accessible, in the language %s", async (locale) => {
    for (const colorScheme of ["light", "dark"] as const) {
      const { page } = await openLab(lab.browser, `${lab.host.url}#train?count=300&epochs=1&networks=3`, {
        locale,
        colorScheme,
      });
      await page.keyboard.press(" ");
      await page.locator(".fleet .mean").waitFor();
      expect(await axeFaults(page)).toEqual([]);
      await page.context().close();
    }
  });
});

/** The control that picks a network. */
function network(page: Page, seed: number): Locator {
  return page.getByRole("radio", { name: new RegExp(`^${seed} `) });
}

/** Presses the last point of a line. */
async function pressEndOf(line: Locator): Promise<void> {
  await line.scrollIntoViewIfNeeded();
  const { x, y } = await line.evaluate((path: SVGPathElement) => {
    const end = path.getPointAtLength(path.getTotalLength());
    return new DOMPoint(end.x, end.y).matrixTransform(path.getScreenCTM()!);
  });
  await line.page().mouse.move(x - 1, y);
  await line.page().mouse.down();
  await line.page().mouse.up();
}
