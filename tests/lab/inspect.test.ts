import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { resizeImage } from "../../src/data/index.js";
import { readWeights, writeWeights } from "../../src/formats/weightFiles.js";
import { elementCount, initializeParameters, lenet5, paperLayers, RBF_CENTRES } from "../../src/model/index.js";
import { RECIPES } from "../../src/training/recipes/recipes.js";
import { compile } from "../support/batchEngine.js";
import { axeFaults, DRAWN, describeLab, draw, PATIENTLY, type Point, pixelsOf } from "./browser.js";

/** The side of the opened image. */
const SIDE = 40;

describeLab('the view "Look inside"', (lab) => {
  // During the transition between themes, colours have too little contrast.
  const open = (hash: string) => lab.open(hash, { reducedMotion: "reduce" });

  describe("with a network trained on digits in one click", () => {
    let page: Page;
    let faults: string[];
    beforeAll(async () => {
      ({ page, faults } = await open("#inspect"));
      await page.getByRole("heading", { level: 1 }).waitFor();
      expect(await axeFaults(page)).toEqual([]);
      await page.getByRole("button", { name: /digits and train/ }).click();
      await page.getByText("best weights, epoch").waitFor({ timeout: 100_000 });
    });
    afterAll(() => page?.context().close());

    test.each(Object.keys(DRAWN))("reads a drawn %s", async (digit) => {
      await page.getByRole("button", { name: "Clear" }).click();
      await draw(padOf(page), DRAWN[digit as keyof typeof DRAWN]);
      await expect.poll(() => page.locator(".answer").textContent(), PATIENTLY).toBe(digit);
    });

    test("selects a lively unit at first, and others in the picture of the whole network", async () => {
      await page.getByRole("button", { name: "Clear" }).click();
      await draw(padOf(page), DRAWN["7"]);
      await page.locator(".inspect h2", { hasText: /^C3, map/ }).waitFor();
      const shown = () =>
        page
          .getByText(/^Recomputed here/)
          .locator("xpath=..")
          .textContent();
      await expect.poll(async () => Number((await shown())?.match(/-?\d+\.\d+/)?.[0]), PATIENTLY).toBeGreaterThan(0);
      await page.getByRole("application", { name: /^The network from the image to the answer, 7/ }).focus();
      await page.keyboard.press("ArrowLeft");
      await expect.poll(() => page.url(), PATIENTLY).toContain("inspectLayer=S2");
      await page.keyboard.press("ArrowRight");
      await expect.poll(() => page.url(), PATIENTLY).toContain("inspectLayer=C3");
    });

    test("uses the width of a projector, with maps and text as much larger, and parts that are still hit", async () => {
      const before = page.viewportSize()!;
      const map = page.getByRole("region", { name: "C3", exact: true }).getByRole("application");
      const small = (await map.boundingBox())!;
      await page.setViewportSize({ width: 2560, height: 1440 });
      await expect.poll(async () => (await map.boundingBox())!.height, PATIENTLY).toBeGreaterThan(1.4 * small.height);
      const view = (await page.locator(".inspect").boundingBox())!;
      expect(view.width).toBeGreaterThan(2000);
      const bars = page.getByRole("application", { name: /^Classes: / });
      const { width, height } = (await bars.boundingBox())!;
      // The seventh of ten.
      await bars.click({ position: { x: width / 2, y: 0.65 * height } });
      await expect.poll(() => page.url(), PATIENTLY).toContain("inspectUnit=6");
      await page.setViewportSize(before);
    });

    test("tells screen readers the prediction", async () => {
      await page.getByRole("button", { name: "Clear" }).click();
      await draw(padOf(page), DRAWN["7"]);
      await page.getByRole("img", { name: /^Input image\. Prediction: 7, \d/ }).waitFor();
      await page.getByRole("application", { name: /^Classes: 0: .*, 7: \d/ }).waitFor();
    });

    test("says of a blank pad and of a scribble that it has seen nothing like it, and of no digit", async () => {
      const note = page.locator(".unlike");
      await page.keyboard.press("c");
      await note.getByText("hardly any contrast").waitFor();
      for (const digit of Object.keys(DRAWN)) {
        await page.keyboard.press("c");
        await draw(padOf(page), DRAWN[digit as keyof typeof DRAWN]);
        await expect.poll(() => note.count(), PATIENTLY).toBe(0);
      }
      await page.keyboard.press("c");
      await draw(padOf(page), [Array.from({ length: 16 }, (_, turn): Point => [turn % 2 ? 90 : 10, 10 + 5 * turn])]);
      await note.getByText("principal components").waitFor();
      expect(await axeFaults(page)).toEqual([]);
    });

    test("undoes strokes and clears", async () => {
      await page.getByRole("button", { name: "Clear" }).click();
      const empty = await pixelsOf(canvasOf(page, "Input"));
      await draw(padOf(page), [DRAWN["1"][0]]);
      const one = await pixelsOf(canvasOf(page, "Input"));
      await draw(padOf(page), [DRAWN["7"][0]]);
      expect(await pixelsOf(canvasOf(page, "Input"))).not.toBe(one);
      await page.keyboard.press("u");
      await expect.poll(() => pixelsOf(canvasOf(page, "Input")), PATIENTLY).toBe(one);
      await page.keyboard.press("c");
      await expect.poll(() => pixelsOf(canvasOf(page, "Input")), PATIENTLY).toBe(empty);
    });

    test("shows filters from before training, and replays their development", async () => {
      await page.getByRole("radio", { name: "Filters", exact: true }).check();
      await page.getByRole("radio", { name: "C1" }).check();
      const trained = await pixelsOf(canvasOf(page, "Filters"));
      const slider = page.getByRole("slider");
      await slider.fill("0");
      await page.getByText("after 0 epochs").waitFor();
      const initial = await pixelsOf(canvasOf(page, "Filters"));
      expect(initial).not.toBe(trained);
      await page.getByRole("radio", { name: "Change since initialization" }).check();
      await page.getByRole("radio", { name: "Weights", exact: true }).check();
      expect(await pixelsOf(canvasOf(page, "Filters"))).toBe(initial);
      await page.getByRole("button", { name: "Replay training" }).click();
      await page.getByText("best weights, epoch").waitFor();
      expect(await pixelsOf(canvasOf(page, "Filters"))).toBe(trained);
    });

    test("calls the weights of a unit weights, and C5 the same as Understand does", async () => {
      await page.getByRole("radio", { name: "F6", exact: true }).check();
      await page.getByText("The 120 weights that lead to F6, unit 1, one per input value.").waitFor();
      const header = page.getByRole("region", { name: "C5", exact: true }).locator("header");
      expect(await header.textContent()).toContain("fully connected");
      await page.getByRole("link", { name: "Understand" }).click();
      await page.getByRole("button", { name: "C5 Fully connected" }).waitFor();
      await page.goBack();
    });

    test("has a training slider with a visible label", async () => {
      const { width, height } = (await page.locator(".timeline label").boundingBox())!;
      expect(Math.min(width, height)).toBeGreaterThan(10);
    });

    test("finds images that excite a map, in the data and by optimization from noise", async () => {
      await page.getByRole("radio", { name: "Feature visualization", exact: true }).check();
      await page.getByRole("button", { name: "Search 6,000 images" }).click();
      const found = page.getByRole("application", { name: /^Most exciting images/ });
      await found.waitFor();
      const label = await found.getAttribute("aria-label");
      const values = [...label!.matchAll(/\d+\.\d+/g)].map(([value]) => Number(value));
      expect(values).toHaveLength(12);
      expect(values).toEqual([...values].sort((one, other) => other - one));
      await page.getByRole("button", { name: "Optimize" }).click();
      await page.getByRole("button", { name: "Optimize from other noise" }).waitFor();
      await page.getByRole("button", { name: "Inspect it" }).click();
      expect(page.url()).toContain("inspectSource=file");
    });

    test("shows three different saliency maps", async () => {
      await page.getByRole("radio", { name: "Draw", exact: true }).check();
      await draw(padOf(page), DRAWN["7"]);
      await page.getByRole("radio", { name: "Saliency", exact: true }).check();
      const shown = new Set<string>();
      for (const reason of ["Occlusion", "Gradient", "Input × gradient"]) {
        await page.getByRole("radio", { name: reason, exact: true }).check();
        // Until the worker has answered, only the grey image is visible.
        await expect.poll(() => coloursOf(page, "Saliency map"), PATIENTLY).toBeGreaterThan(9);
        await expect.poll(async () => shown.has(await pixelsOf(canvasOf(page, "Saliency map"))), PATIENTLY).toBe(false);
        shown.add(await pixelsOf(canvasOf(page, "Saliency map")));
      }
      expect(shown.size).toBe(3);
    });

    test("browses the data with arrow keys", async () => {
      await page.getByRole("radio", { name: "Data", exact: true }).check();
      const picker = page.getByRole("application", { name: /^Image 1 of 1200/ });
      await picker.focus();
      await page.keyboard.press("ArrowRight");
      await page.keyboard.press("ArrowDown");
      await page.getByRole("application", { name: /^Image 5 of 1200/ }).waitFor();
      await page.getByText(/^label: \d$/).waitFor();
      expect(page.url()).toMatch(/inspectSource=data.*inspectIndex=\d+/);
    });

    test.each(["sum", "filters", "excites", "why"])("has no axe violations (%s)", async (panel) => {
      for (const theme of ["light", "dark"]) {
        await page.evaluate(`location.hash = "#inspect?theme=${theme}&inspectPanel=${panel}"`);
        await page.locator(`[data-theme=${theme}] .detail`).waitFor();
        expect(await axeFaults(page)).toEqual([]);
      }
    });

    test("fits a phone, in Chinese", async () => {
      await page.setViewportSize({ width: 390, height: 844 });
      await page.evaluate('location.hash = "#inspect?lang=zh"');
      await page.getByRole("heading", { name: "看内部" }).waitFor();
      await expect.poll(() => page.evaluate("document.documentElement.scrollWidth"), PATIENTLY).toBe(390);
      expect(faults).toEqual([]);
    });
  });

  describe("with networks from files", () => {
    const FILES = [
      { file: "paper-3x32x32.pth", kind: ["sigmoid", "average pooling"], unseen: ["sigmoid", "averagePool2d"] },
      { file: "improved-1x28x28.pth", kind: ["ReLU", "max pooling"], unseen: ["relu", "maxPool2d"] },
    ] as const;

    test.each(FILES)("shows the engine's numbers to 1e-6: $file", async ({ file, kind, unseen }) => {
      const path = fileURLToPath(new URL(`../golden/${file}`, import.meta.url));
      const { page, faults } = await open("#inspect?inspectCentre=off");
      await page.getByLabel("Open weights").setInputFiles(path);
      const dialog = page.getByRole("dialog", { name: "Which network is it?" });
      for (const layer of kind) await dialog.getByLabel(layer, { exact: true }).check();
      await dialog.getByRole("button", { name: "Open" }).click();
      await page.getByRole("radio", { name: "File", exact: true }).check();
      const image = colourfulImage();
      await page.getByLabel("Choose an image").setInputFiles({
        name: "image.bmp",
        mimeType: "image/bmp",
        buffer: bitmapFile(SIDE, image),
      });

      const [activation, pooling] = unseen;
      const weights = readWeights(readFileSync(path), { activation, pooling, dropout: 0 });
      const { model, normalization } = weights;
      const pixels = new Uint8Array(elementCount([model.input.channels, model.input.height, model.input.width]));
      const decoded = { width: SIDE, height: SIDE, rgba: image };
      resizeImage(decoded, { shape: model.input, resize: "contain", background: 0 }, pixels);
      const engine = await compile(model, {
        batchSize: 1,
        normalization,
        keepActivations: true,
        optimizer: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
      });
      await engine.setParameters(weights.parameters);
      const outputs = (await engine.activations({ pixels, indices: [0] })).map(({ output }) => output);
      const papers = paperLayers(engine.layers);

      for (const moment of ["After", "Before"] as const) {
        await page.getByRole("radio", { name: `${moment} activation` }).check();
        for (const { term, kind: layerKind, main, last } of papers) {
          const { shape, data } = outputs[moment === "After" ? last : main];
          const canvas = page.getByRole("region", { name: term, exact: true }).getByRole("application");
          const box = (await canvas.boundingBox())!;
          await canvas.click({ position: { x: 0.63 * box.width, y: layerKind === "output" ? 25 : 0.4 * box.height } });
          for (const key of ["", "ArrowLeft", "ArrowDown"]) {
            if (key) await canvas.press(key);
            const heading = (await page.locator(".detail h2").textContent())!;
            const place = [...heading.replace(/^[A-Z]\d/, "").matchAll(/\d+/g)].map(([number]) => Number(number));
            const unit = unitOf(shape.slice(1), place, layerKind === "output");
            const shown = async (which: string) => {
              const text = await page.locator(`[data-value=${which}]`).textContent();
              return Number(text!.replace("−", "-"));
            };
            await expect
              .poll(async () => Math.abs((await shown("engine")) - data[unit]), { ...PATIENTLY, message: heading })
              .toBeLessThan(1e-6);
            expect(Math.abs((await shown("worked")) - data[unit]), heading).toBeLessThan(1e-6);
          }
        }
      }
      expect(page.url()).toMatch(/inspectLayer=Output&inspectUnit=\d+&inspectMoment=before/);
      expect(faults).toEqual([]);
      await page.context().close();
    });

    test("compares F6 with the bitmap of a digit in the network of 1998", async () => {
      const { page, faults } = await open("#inspect?inspectLayer=Output&inspectUnit=3");
      const recipe = RECIPES["lenet-1998"];
      const model = lenet5({ ...recipe, input: recipe.input!, classes: 10 });
      const parameters = initializeParameters(model, 0, recipe.initialization);
      const { normalization } = recipe;
      const file = writeWeights({ model, parameters, normalization }, "safetensors");
      await page.getByLabel("Open weights").setInputFiles({
        name: "1998.safetensors",
        mimeType: "application/octet-stream",
        buffer: Buffer.from(file),
      });
      await page.getByRole("img", { name: "F6 as a picture" }).waitFor();
      const bitmap = page.getByRole("img", { name: "bitmap of 3" });
      expect(await bitmap.locator("rect").count()).toBe(84);
      // The first pixel of a 3 is dark.
      const colours = await bitmap.locator("rect").evaluateAll((all) => all.map((one) => one.getAttribute("fill")));
      const dark = colours.filter((colour) => colour === colours[0]).length;
      expect([new Set(colours).size, dark]).toEqual([2, RBF_CENTRES[3].filter((pixel) => pixel > 0).length]);
      const [engine, worked] = await page.locator("[data-value]").allTextContents();
      expect(Math.abs(Number(engine.replace("−", "-")) - Number(worked.replace("−", "-")))).toBeLessThan(1e-6);
      expect(await axeFaults(page)).toEqual([]);
      expect(faults).toEqual([]);
      await page.context().close();
    });

    test("steps through a sum product by product", async () => {
      const { page } = await open("#inspect?inspectLayer=C1&inspectUnit=410&inspectMoment=before");
      await page
        .getByLabel("Open weights")
        .setInputFiles(fileURLToPath(new URL("../golden/improved-1x28x28.pth", import.meta.url)));
      const dialog = page.getByRole("dialog", { name: "Which network is it?" });
      await dialog.getByRole("button", { name: "Open" }).click();
      const whole = await page.locator("[data-value=worked]").textContent();
      await page.getByRole("button", { name: "Step forward" }).click();
      await page.getByText("step 1 of 26").waitFor();
      expect(await page.locator(".number-grid td.pending").count()).toBe(3 * 24);
      const text = await page.locator(".so-far").textContent();
      const [value, weight, product, sum] = [...text!.matchAll(/−?\d+(\.\d+)?/g)].map(([number]) =>
        Number(number.replace("−", "-")),
      );
      expect(product).toBeCloseTo(value * weight, 2);
      expect(sum).toBe(product);
      await page.getByRole("button", { name: "Play the sum" }).click();
      await page.getByText("step 26 of 26").waitFor();
      expect(await page.locator("[data-value=worked]").textContent()).toBe(whole);
      await page.getByRole("button", { name: "Step back" }).click();
      await page.getByText("step 25 of 26").waitFor();
      expect(await page.locator("[data-value=worked]").textContent()).toBe("…");
      const marked = await pixelsOf(canvasOf(page, "Input"));
      await page.getByRole("radio", { name: "Filters", exact: true }).check();
      await expect.poll(() => pixelsOf(canvasOf(page, "Input")), PATIENTLY).not.toBe(marked);
      await page.keyboard.press(".");
      await page.getByRole("radio", { name: "Sum", exact: true }).check();
      await page.getByText("step 25 of 26").waitFor();
      await page.context().close();
    });
  });
});

const padOf = (page: Page) => page.getByRole("img", { name: "Drawing pad for" });

/** The canvas in a region, or with that accessible name. */
function canvasOf(page: Page, name: string): Locator {
  const canvas = name === "Filters" ? page.locator(".filters-panel canvas") : page.getByRole("img", { name }).last();
  return name === "Input" ? page.getByRole("region", { name, exact: true }).locator("canvas") : canvas;
}

/** The number of non-grey colours in the canvas with that accessible name. */
function coloursOf(page: Page, name: string): Promise<number> {
  return page
    .getByRole("img", { name })
    .last()
    .evaluate((element) => {
      const canvas = element as HTMLCanvasElement;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      const colours = new Set<string>();
      for (let place = 0; place < data.length; place += 4) {
        const [red, green, blue] = data.subarray(place, place + 3);
        if (Math.max(red, green, blue) - Math.min(red, green, blue) > 12) colours.add(`${red} ${green} ${blue}`);
      }
      return colours.size;
    });
}

/** SIDE × SIDE pixels of many colours. */
function colourfulImage(): Uint8Array {
  return Uint8Array.from({ length: 4 * SIDE * SIDE }, (_, place) =>
    place % 4 === 3 ? 255 : Math.round(90 + 80 * Math.sin(0.37 * Math.floor(place / 4) + (place % 4))),
  );
}

/** A square image as a 24-bit .bmp file: rows bottom-up. The side must be a multiple of 4, so that rows need no padding. */
function bitmapFile(side: number, rgba: Uint8Array): Buffer {
  const header = Buffer.alloc(54);
  header.write("BM");
  header.writeUInt32LE(54 + 3 * side * side, 2);
  header.writeUInt32LE(54, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(side, 18);
  header.writeInt32LE(side, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(24, 28);
  const rows = Array.from({ length: side }, (_, row) => {
    const start = 4 * side * (side - 1 - row);
    return Uint8Array.from(
      { length: 3 * side },
      (_, place) => rgba[start + 4 * Math.floor(place / 3) + 2 - (place % 3)],
    );
  });
  return Buffer.concat([header, ...rows]);
}

/** The unit that a heading names: map, row and column, counted from 1, or a class by its number. */
function unitOf(shape: readonly number[], place: readonly number[], isClass: boolean): number {
  if (isClass) return place[0];
  const [map, row = 1, column = 1] = place;
  const [, height = 1, width = 1] = shape;
  return ((map - 1) * height + row - 1) * width + column - 1;
}
