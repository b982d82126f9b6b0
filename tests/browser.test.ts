import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Chromium, findChromium, startChromium } from "../bench/browser/chromium.mjs";
import { trainingFingerprints } from "../bench/browser/fingerprint.mjs";
import { LeNet5, type Prediction, predict } from "../src/index.js";
import { enableFusedArithmetic, startThread } from "../src/node/index.js";

const THREADS = 2;
const executable = findChromium();

/** Starts an idle worker in the page. */
async function idleWorker(page: Page) {
  // By then, the page's own worker has ended.
  await page.waitForFunction(() => "result" in window);
  const started = page.waitForEvent("worker");
  await page.evaluate(() => void new Worker("/bench/browser/worker.js", { type: "module" }));
  return started;
}

// As text, because browsers cannot run the imports that vitest generates.
const START_ENGINE = (module: string) => `(async () => {
  const { lenet5, wasmBackend } = await import("/dist/engine.js");
  const { RECIPES } = await import("/dist/index.js");
  const { availableThreads, startThread } = await import("/dist/browser/index.js");
  const model = lenet5({ ...RECIPES.paper, input: { channels: 1, height: 28, width: 28 }, classes: 10 });
  const start = (given) => startThread({ ...given, module: ${module} });
  const normalization = { mean: [0], std: [1] };
  const outcome = { several: availableThreads() > 1 };
  try {
    const backend = wasmBackend({ threads: { count: 2, start } });
    const engine = await backend.compile([{ model, normalization }], { batchSize: 32 });
    outcome.ready = "yes";
    const images = await engine.load({ pixels: new Uint8Array(784), labels: [1] });
    const [{ losses }] = await engine.evaluate(images, [{ indices: [0, 0] }]);
    outcome.losses = losses.length;
    engine.dispose();
  } catch (error) {
    outcome.error = error.message;
  }
  return outcome;
})()`;

interface CanvasPredictions {
  /** RGBA, [40][50][4]. */
  readonly pixels: readonly number[];
  readonly predictions: readonly Prediction[];
}

/** Draws on a canvas and passes it to a network in every supported form. */
const PREDICT_CANVASES = `(async () => {
  const { LeNet5, predict } = await import("/dist/index.js");
  const { decodeImage } = await import("/dist/browser/index.js");
  const canvas = Object.assign(document.createElement("canvas"), { width: 50, height: 40 });
  const context = canvas.getContext("2d");
  context.fillStyle = "teal";
  context.fillRect(0, 0, 50, 40);
  context.fillStyle = "orange";
  context.arc(30, 15, 12, 0, 5);
  context.fill();
  const offscreen = new OffscreenCanvas(50, 40);
  offscreen.getContext("2d").drawImage(canvas, 0, 0);
  const pixels = context.getImageData(0, 0, 50, 40);
  const file = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const forms = [canvas, context, offscreen, offscreen.getContext("2d"), pixels, await decodeImage(file)];
  const network = LeNet5.create({ classes: ["a", "b", "c"] });
  return { pixels: Array.from(pixels.data), predictions: await predict(network, forms) };
})()`;

describe.skipIf(!executable)(
  `in Chromium${executable ? "" : " (SKIPPED: not found; install it or set $CHROMIUM)"}`,
  () => {
    let chromium: Chromium;
    beforeAll(async () => {
      chromium = await startChromium(executable!);
    });
    afterAll(() => chromium?.close());

    test("trains to the same bits as Node, with one thread or several", async () => {
      enableFusedArithmetic();
      const node = await trainingFingerprints(startThread, THREADS);
      const sha256 = node[0].sha256;
      expect(node).toEqual([1, THREADS].map((threads) => ({ threads, sha256 })));
      const isolated = await chromium.measure({ isolated: true, seconds: 0, threads: THREADS });
      expect(isolated).toMatchObject({ isolated: true, fingerprints: node });
      const plain = await chromium.measure({ isolated: false, seconds: 0, threads: 1 });
      expect(plain).toMatchObject({ isolated: false, fingerprints: [{ threads: 1, sha256 }] });
    });

    test("measures everything that it measures in Node", async () => {
      const { report } = await chromium.measure({ isolated: false, seconds: 0.1, threads: 1 });
      expect(report?.steps).toHaveLength(6);
      for (const { trainMicroseconds } of report!.steps) expect(trainMicroseconds).toBeGreaterThan(0);
    });

    test("predicts from canvases as Node does from their pixels", async () => {
      const page = await chromium.open({ isolated: false, seconds: 0, threads: 1 });
      const { pixels, predictions } = await page.evaluate<CanvasPredictions>(PREDICT_CANVASES);
      await page.close();
      enableFusedArithmetic();
      const network = LeNet5.create({ classes: ["a", "b", "c"] });
      const image = { width: 50, height: 40, data: Uint8Array.from(pixels) };
      expect(new Set(pixels).size).toBeGreaterThan(10);
      // The same batch size as in the page: a single image goes through other kernels, with other last bits.
      expect(predictions).toEqual(await predict(network, new Array(6).fill(image)));
    });

    test("computes with threads in a worker of an isolated page", async () => {
      const page = await chromium.open({ isolated: true, seconds: 0, threads: 1 });
      const worker = await idleWorker(page);
      expect(await worker.evaluate(START_ENGINE("given.module"))).toMatchObject({ ready: "yes", losses: 2 });
      await page.close();
    });

    test("throws instead of waiting if a thread fails", async () => {
      const page = await chromium.open({ isolated: true, seconds: 0, threads: 1 });
      const worker = await idleWorker(page);
      const message = expect.stringMatching(/^a thread of the engine did not start: .*must be a WebAssembly\.Module/);
      expect(await worker.evaluate(START_ENGINE("{}"))).toEqual({ several: expect.any(Boolean), error: message });
      await page.close();
    });

    test("explains why there are no threads in a window or in a page that is not isolated", async () => {
      const isolated = await chromium.open({ isolated: true, seconds: 0, threads: 1 });
      expect(await isolated.evaluate(START_ENGINE("given.module"))).toMatchObject({
        error: "a window cannot wait for threads: compile the engine in a worker",
      });
      await isolated.close();
      const plain = await chromium.open({ isolated: false, seconds: 0, threads: 1 });
      const worker = await idleWorker(plain);
      expect(await worker.evaluate(START_ENGINE("given.module"))).toEqual({
        several: false,
        error: "threads need a cross-origin-isolated page",
      });
      await plain.close();
    });
  },
);
