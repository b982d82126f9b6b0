import { expect, test } from "vitest";
import { axeFaults, describeLab } from "./browser.js";

describeLab('the view "Understand"', (lab) => {
  test("derives every layer's numbers for the size in the address", async () => {
    const { page, faults } = await lab.open("#understand?understandInput=3x32x32&understandLayer=7");
    const flatten = page.getByRole("button", { name: "Flatten" });
    expect(await flatten.getAttribute("aria-expanded")).toBe("true");
    const results = page.locator(".formula .result");
    expect(await page.locator(".derivation").locator(results).allTextContents()).toEqual(["=576"]);
    expect(await page.locator(".totals").locator(results).allTextContents()).toEqual(["=83,126", "=886,440"]);
    await page.getByRole("button", { name: "C1 Convolution" }).click();
    expect(await page.locator(".derivation").locator(results).allTextContents()).toEqual([
      "=32",
      "=5",
      "=1",
      "=456",
      "=460,800",
    ]);
    expect(new URL(page.url()).hash).toBe("#understand?understandInput=3x32x32");
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("accepts a custom size, and rejects invalid ones", async () => {
    const { page } = await lab.open("#understand");
    await page.getByLabel("Custom size").check();
    const size = page.getByLabel("Channels × height × width");
    await size.fill("2 × 20 × 8");
    await page.getByText("Three numbers, such as").waitFor();
    await size.fill("2 × 20 × 24");
    await size.press("Enter");
    await page.getByLabel("Classes").fill("3");
    await page.getByLabel("Classes").press("Enter");
    await page.getByRole("row", { name: /^C3/ }).getByText("16 @ 6 × 8").waitFor();
    await page
      .getByRole("row", { name: /^Output/ })
      .getByText("255", { exact: true })
      .waitFor();
    expect(new URL(page.url()).hash).toBe("#understand?understandInput=2x20x24&understandClasses=3");
    await page.context().close();
  });

  test("derives the network of 1998, and shows what each map of C3 takes and the outputs' bitmaps", async () => {
    const { page, faults } = await lab.open("#understand");
    await page.getByLabel("As published in 1998").check();
    expect(new URL(page.url()).hash).toBe("#understand?understandInput=lenet-1998");
    const totals = page.locator(".totals .formula .result");
    expect((await totals.allTextContents())[0]).toBe("=60,000");
    await page.getByRole("row", { name: /^C3/ }).first().getByText("1,516", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Map 14 of C3" }).click();
    await page.getByText("Map 14 of C3 takes the maps 0, 2, 3 and 5 of S2.").waitFor();
    expect(await page.locator(".connection-choice > .formula .result").textContent()).toBe("=101");
    expect(await page.getByRole("img", { name: /as 7 × 12 pixels/ }).count()).toBe(10);
    expect(await axeFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("shows the same numbers in Chinese", async () => {
    const { page } = await lab.open("#understand", { locale: "zh-CN" });
    await page.getByRole("heading", { level: 1, name: "理解每个数字从何而来" }).waitFor();
    const numbers = (text: string) => [...text.matchAll(/[\d,.]{2,}/g)].map(([number]) => number).sort();
    const text = async () => (await page.locator(".layers table").textContent()) ?? "";
    const chinese = numbers(await text());
    await page.getByLabel("语言").selectOption("en");
    await page.getByRole("heading", { level: 1, name: "Understand where every number comes from" }).waitFor();
    expect(numbers(await text())).toEqual(chinese);
    expect(chinese.length).toBeGreaterThan(30);
    await page.context().close();
  });

  test.each([
    ["light", 1280, 800],
    ["dark", 1280, 800],
    ["light", 390, 844],
    ["dark", 390, 844],
  ] as const)("has no axe violations: %s, %i × %i", async (colorScheme, width, height) => {
    const { page } = await lab.open("#understand", { colorScheme, viewport: { width, height } });
    await page.getByText("What the letters stand for").click();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    expect(await axeFaults(page)).toEqual([]);
    await page.context().close();
  });
});
