import { readFileSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findChromium } from "../bench/browser/chromium.mjs";
import { servePage } from "../bench/browser/server.mjs";

const executable = findChromium();
/** The software card that Chromium brings. */
const FLAGS = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--no-first-run"];
const CHECKS = readFileSync(new URL("support/webgpuChecks.js", import.meta.url), "utf8")
  .trim()
  .replace(/;$/, "");

const GREY = { channels: 1, height: 28, width: 28 };
const COLOUR = { channels: 3, height: 32, width: 32 };
const LOSS_TOLERANCE = 1e-4;

/** What support/webgpuChecks.js finds. */
interface Answer {
  readonly differences: readonly { recipe: string; channels: number; difference: number; steps: number }[];
  readonly arithmetic: string;
  readonly fleet?: { readonly isMemberAlone: boolean; differsFromOthers: boolean; arePixelsEqual: boolean };
}

const HAS_ADAPTER = "(async () => Boolean(await navigator.gpu?.requestAdapter()))()";
const checksOf = (checks: object) => `(${CHECKS})(${JSON.stringify(checks)})`;

function expectLosses(answer: Answer, cases: readonly { readonly recipe: string }[]): void {
  expect(answer.differences.map(({ recipe }) => recipe)).toEqual(cases.map(({ recipe }) => recipe));
  for (const { recipe, channels, difference, steps } of answer.differences) {
    expect(steps).toBe(20);
    expect(difference, `${recipe}, ${channels} channels`).toBeLessThan(LOSS_TOLERANCE);
  }
  expect(answer.arithmetic).toMatch(/^webgpu .*swiftshader/i);
}

describe.skipIf(!executable)(
  `WebGPU in Chromium${executable ? "" : " (SKIPPED: not found; install it or set $CHROMIUM)"}`,
  () => {
    let browser: Browser;
    let server: Awaited<ReturnType<typeof servePage>>;
    let page: Page;
    let missing = "";
    beforeAll(async () => {
      const options = { executablePath: executable, headless: true, chromiumSandbox: false, args: FLAGS };
      [browser, server] = await Promise.all([chromium.launch(options), servePage({ isolated: false })]);
      page = await browser.newPage();
      // Any document of the server that runs no script.
      await page.goto(new URL("page.css", server.url).href);
      if (!(await page.evaluate(HAS_ADAPTER))) missing = "this Chromium has no WebGPU adapter";
    });
    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });

    test.for(["paper", "improved", "best", "distilled"])(
      "has the WebAssembly backend's losses in a page, for both inputs: %s",
      async (recipe, context) => {
        context.skip(missing !== "", missing);
        const cases = [GREY, COLOUR].map((input) => ({ recipe, input }));
        expectLosses(await page.evaluate<Answer>(checksOf({ cases })), cases);
      },
    );

    test("trains a fleet in a worker, whose members are as if alone", async (context) => {
      context.skip(missing !== "", missing);
      const started = page.waitForEvent("worker");
      await page.evaluate(() => void new Worker("/bench/browser/worker.js", { type: "module" }));
      const worker = await started;
      const cases = [{ recipe: "improved", input: GREY }];
      const answer = await worker.evaluate<Answer>(checksOf({ cases, checksFleet: true }));
      expectLosses(answer, cases);
      expect(answer.fleet).toEqual({ isMemberAlone: true, differsFromOthers: true, arePixelsEqual: true });
    });
  },
);
