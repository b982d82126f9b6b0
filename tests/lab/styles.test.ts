import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { executable, type Host, launch, openView, SKIPPED, serveSite } from "./browser.js";

const VIEWS = readdirSync("web/views");

/** The rules of a style sheet that are not within another: what stands before each outermost brace. */
function outermost(css: string): string[] {
  let depth = 0;
  let prelude = "";
  const found: string[] = [];
  for (const character of css.replace(/\/\*.*?\*\//gs, "")) {
    if (character === "{" && depth++ === 0) found.push(prelude.trim());
    else if (character === "}" && --depth === 0) prelude = "";
    else if (depth === 0) prelude += character;
  }
  return found;
}

test.each(VIEWS)("the styles of the view %s apply within it alone", (view) => {
  const files = readdirSync(join("web/views", view), { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => name.endsWith(".css"))) {
    for (const rule of outermost(readFileSync(join("web/views", view, file), "utf8"))) {
      if (rule.startsWith("@keyframes")) expect(rule, file).toContain(`@keyframes ${view}-`);
      else expect(rule, file).toBe(`:where([data-view="${view}"])`);
    }
  }
});

describe.skipIf(!executable)(`the styles of the lab's views${SKIPPED}`, () => {
  let browser: Browser;
  let host: Host;
  beforeAll(async () => {
    browser = await launch();
    host = await serveSite({ isolated: true });
  });
  afterAll(async () => {
    await browser?.close();
    await host?.close();
  });

  test.each(["compare", "understand", "train", "inspect"])("lay out %s the same after the others", async (view) => {
    const { page, faults } = await openView(browser, `${host.url}#${view}?count=100`);
    const layout = () => layoutOf(page, view);
    if (view === "train") await page.locator("canvas.images").waitFor();
    await page.getByRole("heading", { level: 1 }).waitFor();
    await expect.poll(layout).toEqual(await layout());
    const first = await layout();
    for (const other of ["inspect", "understand", "train", "compare", view]) {
      await page.evaluate(`location.hash = "#${other}?count=100"`);
      await page.locator(`.${other} h1`).waitFor();
    }
    if (view === "train") await page.locator("canvas.images").waitFor();
    await expect.poll(layout).toEqual(first);
    expect(faults).toEqual([]);
    await page.context().close();
  });
});

/** The place, font and colour of everything in the open view. */
function layoutOf(page: Page, view: string): Promise<string[]> {
  return page.locator(`.${view}`).evaluate((root) =>
    [...root.querySelectorAll("*")].map((element) => {
      const { x, y, width, height } = element.getBoundingClientRect();
      const { fontSize, color, textDecorationLine } = getComputedStyle(element);
      const place = [x, y, width, height].map(Math.round).join(" ");
      return `${element.tagName} ${element.getAttribute("class")}: ${place} ${fontSize} ${color} ${textDecorationLine}`;
    }),
  );
}
