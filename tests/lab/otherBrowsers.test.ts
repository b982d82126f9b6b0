import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { findFirefox, findProgram, findWebKit } from "../support/browsers.mjs";
import { type DrivenBrowser, startFirefox, startWebKit } from "../support/webDriver.js";
import { DRAWN, type Host, serveSite } from "./browser.js";

const webKit = findProgram("WebKitWebDriver") && findWebKit();
const BROWSERS = [
  { name: "Firefox", program: findFirefox(), start: startFirefox, packages: "firefox-esr" },
  { name: "WebKitGTK", program: webKit, start: startWebKit, packages: "webkit2gtk-driver and xvfb" },
];

const text = (selector: string) => `document.querySelector(${JSON.stringify(selector)})?.textContent`;
const button = (name: string) =>
  `[...document.querySelectorAll("button")].find(({ textContent }) => textContent.trim() === ${JSON.stringify(name)})`;
/** Whether the scene shows something. */
const HAS_SCENE = `(() => {
  const canvas = document.querySelector(".scene canvas");
  const data = canvas?.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data ?? [];
  return data.some((byte) => byte !== 0);
})()`;

for (const { name, program, start, packages } of BROWSERS) {
  const skipped = program ? "" : ` (SKIPPED: install ${packages})`;
  describe.skipIf(!program)(`the lab in ${name}${skipped}`, () => {
    let browser: DrivenBrowser;
    let host: Host;
    beforeAll(async () => {
      host = await serveSite({ isolated: true, isWatched: true });
      browser = await start(program!);
      await browser.open(host.url, { width: 1440, height: 900 });
    });
    afterAll(async () => {
      await browser?.close();
      await host?.close();
    });
    afterEach(async () => {
      expect(await browser.evaluate("window.faults")).toEqual([]);
    });

    /** Opens a view in the same page. */
    const show = (hash: string) => browser.evaluate(`location.hash = ${JSON.stringify(hash)}`);

    /** Draws a 1, then a 7, each of which changes what the network answers and what the scene shows. */
    async function drawing(): Promise<void> {
      await browser.waitFor(HAS_SCENE);
      const seen = "[...document.querySelectorAll('.scene canvas')].map((canvas) => canvas.toDataURL())";
      for (const strokes of [DRAWN["1"], DRAWN["7"]]) {
        const before = JSON.stringify(await browser.evaluate(text(".network-answer")));
        const scenes = JSON.stringify(await browser.evaluate(seen));
        if (await browser.evaluate(`!(${button("Clear")}).disabled`)) await browser.click(button("Clear"));
        for (const stroke of strokes) await browser.draw('document.querySelector(".network-paper")', stroke);
        await browser.waitFor(`/sure/.test(${text(".network-answer")}) && ${text(".network-answer")} !== ${before}`);
        await browser.waitFor(`${seen}.every((image, index) => image !== ${scenes}[index])`);
      }
    }

    test("opens with the network, which follows the pen", async () => {
      await browser.waitFor(`${text("h1")} === "It reads a 3."`);
      await drawing();
      await browser.waitFor(`${text("h1")} === "It reads a 7."`);
    });

    test("shows the network in space, or says that it cannot", async () => {
      await show("#network?networkSpace=on");
      await browser.waitFor('document.querySelector(".space canvas, .network-note")');
      await show("#network");
      await browser.waitFor(HAS_SCENE);
    });

    test("trains, with threads where there is shared memory", async () => {
      await show("#train?count=2000&epochs=3");
      await browser.waitFor('document.querySelector("canvas.images")');
      const isShared = await browser.evaluate<boolean>("typeof SharedArrayBuffer !== 'undefined'");
      expect(await browser.evaluate("crossOriginIsolated")).toBe(true);
      if (name === "Firefox") expect(isShared).toBe(true);
      await browser.click(button("Train"));
      await browser.waitFor('document.body.textContent.includes("Finished. The weights are")');
      expect(await browser.evaluate(text(".fingerprint p code"))).toMatch(/^[0-9a-f]{64}$/);
      expect(Number.parseFloat(await browser.evaluate(text(".figures dd")))).toBeGreaterThan(50);
      await drawing();
    });

    test("looks inside the trained network", async () => {
      await show("#inspect");
      await browser.waitFor(`/^\\d$/.test(${text(".answer")})`);
      const maps = "[...document.querySelectorAll('.inspect canvas')].map((canvas) => canvas.toDataURL()).join()";
      const before = JSON.stringify(await browser.evaluate(maps));
      for (const stroke of DRAWN["7"]) await browser.draw('document.querySelector(".pad canvas")', stroke);
      await browser.waitFor(`${maps} !== ${before}`);
    });

    test("explains where every number comes from", async () => {
      await show("#understand");
      await browser.waitFor(`${text("h1")}?.startsWith("Understand")`);
      await drawing();
      expect(await browser.evaluate("document.querySelectorAll('.layers tbody tr').length")).toBeGreaterThan(8);
    });

    test("compares the trained network with a ready-made one", async () => {
      await show("#compare?compareFirst=1&compareSecond=digits");
      await browser.waitFor("document.querySelectorAll('.pair .scene canvas').length === 2");
      await drawing();
      expect(await browser.evaluate(text(".pair .network-say"))).toMatch(/Run 1 reads an? \d/);
    });
  });
}
