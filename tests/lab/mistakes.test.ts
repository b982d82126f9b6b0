import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { axeFaults, describeLab, openLab, trainToTheEnd } from "./browser.js";

/** The machine may be busy. */
const PATIENTLY = { timeout: 30_000 };

describeLab("mistakes in the lab", (lab) => {
  let page: Page;
  let faults: string[];
  beforeAll(async () => {
    ({ page, faults } = await openLab(lab.browser, `${lab.host.url}#train?count=1500&epochs=4`));
    await trainToTheEnd(page);
  });
  afterAll(() => page?.context().close());

  const answer = () => page.locator(".prediction .answer").textContent();

  test("a cell of the confusion matrix opens its images, and an image goes to Look inside", async () => {
    const cell = page.getByRole("button", { name: /^Show the \d+ images of \d that were taken for \d/ }).first();
    const [, count, truth, predicted] = /the (\d+) images of (\d) that were taken for (\d)/.exec(
      (await cell.getAttribute("aria-label"))!,
    )!;
    await cell.click();
    const images = page.locator(".cell-images li");
    await expect.poll(() => images.count(), PATIENTLY).toBe(Number(count));
    await page.getByText(`${count} images of ${truth} that the network takes for ${predicted}`).waitFor();
    expect(await axeFaults(page)).toEqual([]);
    await images.first().getByRole("button").click();
    await page.getByText(`label: ${truth}`).waitFor();
    await expect.poll(answer, PATIENTLY).toBe(predicted);
    expect(await page.getByRole("radio", { name: "Saliency" }).isChecked()).toBe(true);
    expect(page.url()).toMatch(/inspectSource=data&inspectIndex=\d+/);
    await page.goBack();
    await cell.waitFor();
    await page.goForward();
  });

  test("an adversarial step fools the network, with the same answer in all layers", async () => {
    await page.getByRole("radio", { name: "Fool it" }).check();
    const verdict = page.locator(".fool-panel .verdict");
    await verdict.getByText(/^The network still sees \d/).waitFor();
    const before = await answer();
    await page.getByLabel("Make the network see").selectOption(before === "3" ? "5" : "3");
    await page.locator(".fool-panel[aria-busy=false]").waitFor();
    const smallest = page.getByRole("button", { name: /^Smallest step that fools: \d+/ });
    await smallest.click();
    await expect.poll(() => verdict.textContent(), PATIENTLY).toMatch(/^(Fooled|Now the network is right)/);
    const [seen] = /(?<=sees )\d/.exec((await verdict.textContent())!)!;
    expect(seen).not.toBe(before);
    const slider = page.getByLabel("Strength");
    expect(await slider.inputValue()).toBe(/\d+/.exec((await smallest.textContent())!)![0]);
    await slider.press("ArrowLeft");
    await verdict.getByText(/^The network still sees/).waitFor();
    await slider.press("ArrowRight");
    expect(await axeFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Inspect it" }).click();
    await expect.poll(answer, PATIENTLY).toBe(seen);
  });

  test("the backward pass is worked out down to one weight and its update, to the engine's values", async () => {
    await page.getByRole("radio", { name: "Learning" }).check();
    const panel = page.locator(".learn-panel");
    const numberIn = async (which: string) =>
      Number((await page.locator(`[data-value=${which}]`).textContent())!.replace("−", "-"));
    const agree = async (one: string, other: string) => {
      const apart = async () => Math.abs((await numberIn(one)) - (await numberIn(other)));
      await expect.poll(apart, PATIENTLY).toBeLessThan(2e-6);
      return numberIn(one);
    };
    let moved = 0;
    for (const term of ["Out", "F6", "C5", "S4", "C3", "S2", "C1"]) {
      await panel.getByRole("radio", { name: term, exact: true }).check();
      await expect.poll(() => page.locator(".detail h2").textContent()).toContain(term.replace("Out", "Output"));
      if (["F6", "C5"].includes(term)) await agree("worked-unit", "engine-unit");
      if (["S4", "S2"].includes(term)) {
        expect(await page.locator("[data-value=worked-weight]").count()).toBe(0);
        continue;
      }
      const gradient = await agree("worked-weight", "engine-weight");
      await agree("worked-update", "engine-update");
      if (Math.abs(gradient) > 1e-5) moved++;
    }
    expect(moved).toBe(5);

    // Another weight of the same kernel, and its sum step by step.
    const before = await numberIn("worked-weight");
    await panel.locator(".number-grid button[aria-pressed=false]").first().click();
    await expect.poll(() => numberIn("worked-weight")).not.toBe(before);
    await agree("worked-weight", "engine-weight");
    await panel.getByRole("button", { name: "Step forward" }).last().click();
    await panel.getByText("step 1 of 11").waitFor();
    expect(await panel.locator(".contributions").last().locator("tr.pending").count()).toBe(10);
    await panel.getByLabel("Assumed class").selectOption("0");
    await agree("worked-weight", "engine-weight");
    expect(await axeFaults(page)).toEqual([]);
  });

  test("the images lie in the plane, where one is picked by pointer or key", async () => {
    await page.getByRole("radio", { name: "Embedding" }).check();
    const plane = page.getByRole("application", { name: /^Images in the plane/ });
    await page.locator(".embedding-panel progress").waitFor({ state: "detached" });
    await page.getByText(/^300 images by their values/).waitFor();
    const index = () => /inspectIndex=(\d+)/.exec(page.url())?.[1];
    await plane.focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => page.url()).toContain("inspectSource=data");
    const first = index();
    await page.keyboard.press("ArrowUp");
    await expect.poll(index).not.toBe(first);
    const { width, height } = (await plane.boundingBox())!;
    const picked = index();
    for (let step = 1; step < 10 && index() === picked; step++) {
      await plane.click({ position: { x: (width * step) / 10, y: height / 2 } });
    }
    expect(index()).not.toBe(picked);
    expect(await axeFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
  });
});
