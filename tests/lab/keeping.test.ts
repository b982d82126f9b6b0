import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import {
  axeFaults,
  describeLab,
  draw,
  fingerprintOf,
  openLab,
  openView,
  PATIENTLY,
  pixelsOf,
  trainToTheEnd,
} from "./browser.js";

const PTH = fileURLToPath(new URL("../golden/improved-1x28x28.pth", import.meta.url));
describeLab("what the lab keeps", (lab) => {
  test("has the runs and the drawing of the visit before", async () => {
    const { page, faults } = await openLab(lab.browser, `${lab.host.url}#train?count=500&epochs=2`);
    page.on("dialog", (dialog) => void dialog.accept());
    const fingerprint = await trainToTheEnd(page);
    await page.getByRole("link", { name: "Look inside" }).click();
    const pad = page.getByRole("img", { name: "Drawing pad for" });
    await drawLine(page);
    const drawn = await pixelsOf(pad);
    await page.getByRole("link", { name: "Train", exact: true }).click();
    await page.getByLabel("Seed").fill("1");
    await page.getByLabel("Seed").press("Enter");
    await page.getByRole("button", { name: "One epoch as run 2" }).click();
    await expect.poll(() => keptStatuses(page), PATIENTLY).toEqual(["done", "resting"]);

    await page.reload();
    const runs = page.locator(".runs li");
    await expect
      .poll(() => runs.allTextContents(), PATIENTLY)
      .toEqual([expect.stringMatching(/^Run 1done/), expect.stringMatching(/^Run 2stopped when its page was closed/)]);
    await page.getByRole("button", { name: /^Run 1/ }).click();
    expect(await fingerprintOf(page)).toBe(fingerprint);
    expect(await page.locator(".matrix td.right").count()).toBe(10);
    await page.getByRole("link", { name: "Look inside" }).click();
    await page.getByText("best weights, epoch").waitFor();
    await expect.poll(() => pixelsOf(pad), PATIENTLY).toBe(drawn);

    await page.getByRole("link", { name: "Train", exact: true }).click();
    await page.getByRole("button", { name: "Remove run 1" }).click();
    await expect.poll(() => keptStatuses(page), PATIENTLY).toEqual(["stopped"]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("asks before a training is lost, and can undo what was removed or reset", async () => {
    const { page } = await openLab(lab.browser, `${lab.host.url}#train?count=500&epochs=1000`);
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.waitForFunction(() => document.querySelector("progress")!.value > 0);
    const leaving = page.waitForEvent("dialog");
    await page.close({ runBeforeUnload: true });
    const question = await leaving;
    expect(question.type()).toBe("beforeunload");
    await question.dismiss();

    await page.getByRole("button", { name: "Remove run 1" }).click();
    const dialog = page.getByRole("dialog", { name: "Remove run 1?" });
    await dialog.getByRole("button", { name: "Keep it" }).click();
    expect(await page.locator(".runs li").count()).toBe(1);
    await page.getByRole("button", { name: "Remove run 1" }).click();
    expect(await axeFaults(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Remove it" }).click();
    await expect.poll(() => page.locator(".runs li").count()).toBe(0);
    await page.getByText("Run 1 was removed.").waitFor();
    expect(await axeFaults(page)).toEqual([]);
    await page.locator(".undo").getByRole("button", { name: "Undo" }).click();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("paused").first().waitFor();

    const trained = await fingerprintOf(page);
    await page.getByRole("button", { name: "Reset" }).click();
    await expect
      .poll(() => page.locator(".fingerprint summary .quiet").textContent(), PATIENTLY)
      .toBe("before training");
    await page.locator(".undo").getByRole("button", { name: "Undo" }).click();
    expect(await fingerprintOf(page)).toBe(trained);
    await page.context().close();
  });

  test("undoes the clearing of the pad", async () => {
    const page = await openNetwork("#inspect");
    const pad = page.getByRole("img", { name: "Drawing pad for" });
    const picture = () => pixelsOf(pad);
    await drawLine(page);
    const drawn = await picture();
    await page.getByRole("button", { name: "Clear" }).click();
    expect(await picture()).not.toBe(drawn);
    await page.getByRole("button", { name: "Undo" }).click();
    expect(await picture()).toBe(drawn);
    await page.context().close();
  });

  test("shows the network, the drawing and the unit of a link in another browser", async () => {
    const page = await openNetwork("#inspect?inspectPanel=filters");
    await drawLine(page);
    const map = page.getByRole("region", { name: "C3", exact: true }).getByRole("application");
    await map.focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("button", { name: "Copy a link" }).click();
    await page.getByText(/^Copied, \d+ kB/).waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    expect(link.length).toBeLessThan(100_000);
    const answer = await page.locator(".prediction .answer").textContent();
    const input = (one: Page) =>
      one
        .getByRole("region", { name: "Input", exact: true })
        .locator("canvas")
        .evaluate((element) => {
          const canvas = element as HTMLCanvasElement;
          return [...canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data];
        });
    const pixels = await input(page);

    const { page: other, faults } = await openView(lab.browser, link);
    await other.getByText("network from a link").waitFor();
    await expect.poll(() => other.locator(".prediction .answer").textContent(), PATIENTLY).toBe(answer);
    // The link rounds the pen's places to a 4096th of the pad.
    const difference = async () => {
      const others = await input(other);
      return Math.max(...pixels.map((value, place) => Math.abs(value - others[place])));
    };
    await expect.poll(difference, PATIENTLY).toBeLessThan(4);
    expect(await other.locator(".detail h2").textContent()).toBe(await page.locator(".detail h2").textContent());
    expect(await other.getByRole("radio", { name: "Filters" }).isChecked()).toBe(true);
    expect(other.url().length).toBeLessThan(300);
    expect(faults).toEqual([]);
    await page.context().close();
    await other.context().close();
  });

  test.each([
    ["nothing", "AAAA"],
    [
      "another network",
      btoa(JSON.stringify({ model: { input: {}, layers: [{ type: "__proto__" }] } })).replaceAll("=", ""),
    ],
    ["bytes that are no text of an address", "abcde"],
  ])("says so if a link holds %s", async (_, text) => {
    const { page, faults } = await lab.open(`#inspect?inspectNetwork=${text}`);
    await page.getByRole("alert").getByText("The network of the link could not be opened").waitFor();
    expect(new URL(page.url()).hash).toBe("#inspect");
    await page.getByRole("button", { name: /digits and train/ }).waitFor();
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("does not fill the history with units", async () => {
    const page = await openNetwork("#inspect");
    await page.getByRole("link", { name: "Understand" }).click();
    await page.getByRole("link", { name: "Look inside" }).click();
    const map = page.getByRole("region", { name: "C1", exact: true }).getByRole("application");
    const { width, height } = (await map.boundingBox())!;
    for (const share of [0.2, 0.4, 0.6]) await map.click({ position: { x: share * width, y: 0.5 * height } });
    expect(page.url()).toContain("inspectLayer=C1");
    await page.goBack();
    await page.getByRole("heading", { level: 1, name: "Understand" }).waitFor();
    await page.context().close();
  });

  /** Look inside, with a network from a file. */
  async function openNetwork(hash: string): Promise<Page> {
    const { page } = await lab.open(hash, { permissions: ["clipboard-read", "clipboard-write"] });
    await page.getByLabel("Open weights").setInputFiles(PTH);
    await page.getByRole("dialog").getByRole("button", { name: "Open" }).click();
    await page.locator(".prediction").waitFor();
    return page;
  }
});

/** Draws on the pad of Look inside. */
function drawLine(page: Page): Promise<void> {
  const points = [
    [30, 20],
    [70, 25],
    [45, 80],
  ] as const;
  return draw(page.getByRole("img", { name: "Drawing pad for" }), [points]);
}

/** The status of every kept run, oldest first. */
function keptStatuses(page: Page): Promise<string[]> {
  return page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        const opening = indexedDB.open("lenet-lab");
        opening.onsuccess = () => {
          const reading = opening.result.transaction("runs").objectStore("runs").getAll();
          reading.onsuccess = () => {
            opening.result.close();
            const runs = reading.result.toSorted((one, other) => one.startedAt - other.startedAt);
            resolve(runs.map(({ status }) => status));
          };
        };
      }),
  );
}
