import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { serveLab } from "../../src/node/lab/server.js";
import { axeFaults, describeLab, openView, PATIENTLY, SITE } from "./browser.js";

const STILL = { reducedMotion: "reduce" } as const;

describeLab("the lab in a classroom", (lab) => {
  const reading = (page: Page) => page.getByRole("heading", { name: "It reads a 3." });
  const textSize = (page: Page, selector: string) =>
    page.locator(selector).evaluate((one) => Number.parseFloat(getComputedStyle(one).fontSize));

  test("presents the page: larger, without what is around the view, until it ends", async () => {
    const { page } = await openView(lab.browser, lab.host.url, STILL);
    await reading(page).waitFor();
    const before = await textSize(page, ".network-say p");
    await page.getByRole("button", { name: "Present" }).click();
    expect(page.url()).toContain("present=on");
    expect(await page.getByRole("banner").count()).toBe(0);
    expect(await page.getByRole("contentinfo").count()).toBe(0);
    expect(await textSize(page, ".network-say p")).toBeGreaterThan(before);
    const room = await page.evaluate(() => document.querySelector(".network-view")!.getBoundingClientRect().top);
    expect(room).toBe(0);
    expect(await axeFaults(page)).toEqual([]);
    // The other views are a key away.
    await page.keyboard.press("4");
    await page.getByRole("heading", { level: 1, name: "Understand" }).waitFor();
    expect(await textSize(page, "html")).toBeGreaterThan(17);
    await page.getByRole("button", { name: "End the presentation (p)" }).focus();
    await expect
      .poll(() => page.locator(".bare-way").evaluate((one) => getComputedStyle(one).opacity), PATIENTLY)
      .toBe("1");
    await page.keyboard.press("p");
    await page.getByRole("banner").waitFor();
    expect(await textSize(page, "html")).toBe(15);
    await page.context().close();
  });

  test("hides what the address says", async () => {
    const { page } = await openView(lab.browser, `${lab.host.url}#network?hide=images,training,tabs,nothing`, STILL);
    await reading(page).waitFor();
    for (const selector of [".network-picks", ".network-strip", ".tabs"]) {
      expect(await page.locator(selector).isVisible(), selector).toBe(false);
    }
    expect(await page.getByLabel("Language").isVisible()).toBe(true);
    await page.context().close();
  });

  test("gives links that hide controls, and code for another page", async () => {
    const { page } = await openView(lab.browser, `${lab.host.url}#network?image=digits:4`, STILL);
    await page.getByRole("heading", { name: "It reads a 4." }).waitFor();
    await page.getByRole("button", { name: "For the classroom" }).click();
    const dialog = page.getByRole("dialog", { name: "For the classroom" });
    await dialog.getByLabel("the images to try").check();
    await dialog.getByLabel("language and theme").check();
    expect(await axeFaults(page)).toEqual([]);
    const link = await dialog.getByLabel("Link", { exact: true }).inputValue();
    expect(link).toBe(`${lab.host.url}#network?image=digits%3A4&hide=settings,images`);
    const code = await dialog.getByLabel("Code for another page").inputValue();
    const other = await openView(lab.browser, link, STILL);
    await other.page.getByRole("heading", { name: "It reads a 4." }).waitFor();
    expect(await other.page.getByLabel("Language").isVisible()).toBe(false);
    // The code works in another page, where the host allows it.
    const embedding = await lab.browser.newPage({ locale: "en-US", ...STILL });
    await embedding.setContent(code);
    const frame = embedding.frameLocator("iframe");
    await frame.getByRole("heading", { name: "It reads a 4." }).waitFor();
    expect(await frame.getByRole("banner").count()).toBe(0);
    const whole = frame.getByRole("link", { name: "Open in the lenet lab" });
    expect(await whole.getAttribute("href")).toBe("#network?image=digits%3A4");
    await embedding.context().close();
    await other.page.context().close();
    await page.context().close();
  });

  test("is shown in a frame by `lenet lab` only with --allow-embed", async () => {
    const embedding = createServer((request, response) => {
      const address = new URL(request.url ?? "", "http://here").searchParams.get("of");
      response.setHeader("Content-Type", "text/html");
      response.end(
        `<!doctype html><title>slides</title><iframe src="${address}#network?embed=1" width="1200" height="800">`,
      );
    });
    await new Promise<void>((resolve) => embedding.listen(0, "127.0.0.1", resolve));
    const slides = `http://localhost:${(embedding.address() as AddressInfo).port}/`;
    for (const allowEmbed of [true, false]) {
      const server = await serveLab({ site: SITE, runs: "no runs", port: 0, allowEmbed });
      const { page, faults } = await openView(lab.browser, `${slides}?of=${server.url}`, STILL);
      if (allowEmbed) {
        await page.frameLocator("iframe").getByRole("heading", { name: "It reads a 3." }).waitFor();
        expect(await page.frameLocator("iframe").getByRole("banner").count()).toBe(0);
      } else {
        await expect.poll(() => faults.join(), PATIENTLY).toContain("frame-ancestors");
      }
      await page.context().close();
      await server.close();
    }
    await new Promise((resolve) => embedding.close(resolve));
  });

  test("has a worksheet whose numbers agree, with and without solutions", async () => {
    const { page } = await openView(lab.browser, `${lab.host.url}#network?image=digits:4&theme=dark`, STILL);
    await page.getByRole("heading", { name: "It reads a 4." }).waitFor();
    await page.getByRole("button", { name: "For the classroom" }).click();
    await page.getByRole("link", { name: "Worksheet" }).click();
    await page.getByRole("heading", { level: 1, name: "How a network reads" }).waitFor();
    const cells = async (caption: string) => {
      const texts = await page.getByRole("table", { name: caption, exact: true }).getByRole("cell").allTextContents();
      return texts.map((text) => (text === "" ? Number.NaN : Number(text.replace("−", "-"))));
    };
    const [seen, weights, products] = await Promise.all(["What it sees", "Its weights", "Products"].map(cells));
    expect(products.filter(Number.isNaN)).toHaveLength(15);
    expect(await page.locator(".sheet-blank").count()).toBeGreaterThan(8);
    // Each number is rounded to two places.
    for (const [tap, product] of products.entries()) {
      if (!Number.isNaN(product)) expect(Math.abs(product - seen[tap] * weights[tap])).toBeLessThan(0.07);
    }
    expect(await axeFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "With solutions" }).click();
    const solved = await cells("Products");
    const sum = solved.reduce((all, product) => all + product, 0);
    const told = await page.getByText("Sum of all products").locator("strong").first().textContent();
    expect(Math.abs(Number(told?.replace("−", "-")) - sum)).toBeLessThan(0.13);
    await page.getByText(/^The largest sum wins:.*4 \(/).waitFor();
    expect(await page.locator(".sheet-blank").count()).toBe(0);
    // On paper, it takes one page.
    const pages = (await page.pdf({ format: "A4" })).toString("latin1").match(/\/Type \/Page\b/g);
    expect(pages).toHaveLength(1);
    await page.getByRole("button", { name: "Back to the network" }).click();
    await page.getByRole("heading", { name: "It reads a 4." }).waitFor();
    await page.context().close();
  });

  test("prints light and without controls", async () => {
    const { page } = await openView(lab.browser, `${lab.host.url}#network?tour=end&theme=dark`, STILL);
    await page.locator(".tour-summary").waitFor();
    await page.emulateMedia({ media: "print" });
    expect(await page.getByRole("banner").isVisible()).toBe(false);
    expect(await page.locator(".tour-way").isVisible()).toBe(false);
    expect(await page.getByRole("table").isVisible()).toBe(true);
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe("light");
    await page.context().close();
  });
});
