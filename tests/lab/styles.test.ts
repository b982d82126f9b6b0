import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { describeLab, openLab, PATIENTLY } from "./browser.js";

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

describeLab("the styles of the lab's views", (lab) => {
  test.each(["compare", "understand", "train", "inspect"])("lay out %s the same after the others", async (view) => {
    // With the images that Train loads, which other views show too.
    const { page, faults } = await openLab(lab.browser, `${lab.host.url}#train?count=100`);
    await page.evaluate(`location.hash = "#${view}?count=100"`);
    await page.locator(`.${view} h1`).waitFor();
    const layout = () => layoutOf(page, view);
    const first = await settled(layout);
    for (const other of ["inspect", "understand", "train", "compare", view]) {
      await page.evaluate(`location.hash = "#${other}?count=100"`);
      await page.locator(`.${other} h1`).waitFor();
    }
    if (view === "train") await page.locator("canvas.images").waitFor();
    expect(await settled(layout)).toEqual(first);
    expect(faults).toEqual([]);
    await page.context().close();
  });
});

/** A layout, once it stays the same for half a second. */
async function settled(layout: () => Promise<string[]>): Promise<string[]> {
  let last: string[] = [];
  let since = Date.now();
  await expect
    .poll(async () => {
      const now = await layout();
      if (JSON.stringify(now) !== JSON.stringify(last)) since = Date.now();
      last = now;
      return Date.now() - since > 500;
    }, PATIENTLY)
    .toBe(true);
  return last;
}

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
