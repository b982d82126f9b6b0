// Trains the LeNet-5 of 1998 as its paper does, looks at the errors after every pass, and draws the figures of
// docs/lenet-1998.md. Usage: node bench/lenet1998.mjs [--folder lenet-1998] [--only NAME], see README.md.

import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parseAugmentation } from "../dist/data/augmentationText.js";
import { fingerprint } from "../dist/engine.js";
import { encodePng, openData } from "../dist/node/index.js";
import { processorBackend } from "../dist/node/threads.js";
import { chartSvg, IMAGE_LEFT, legendMarkup, plotMarkup, valueAxis } from "../dist/report/chart.js";
import { markup } from "../dist/report/markup.js";
import { DISTINCT_COLORS, INK, QUIET_INK } from "../dist/report/palette.js";
import { runEpochs } from "../dist/training/epochs.js";
import { evaluateDataset, predictDataset } from "../dist/training/evaluate.js";
import { compilePlan, planTraining } from "../dist/training/plan.js";
import { RECIPES } from "../dist/training/recipes/recipes.js";
import { scaleLinear, symbolCircle, symbolSquare, symbolTriangle } from "../dist/vendor/d3.js";

const { values: options } = parseArgs({
  options: { folder: { type: "string", default: "lenet-1998" }, only: { type: "string" } },
});

/** Section III-B of the paper: translation, scaling, squeezing and horizontal shear. It does not say by how much. */
const DISTORTIONS = "shift=0.06,scale=0.1,squeeze=0.1,shear=10";
/** The runs, by name. The shares of the 60,000 training images are held out. */
const RUNS = {
  "seed-0": { seed: 0 },
  "seed-1": { seed: 1 },
  distorted: { seed: 0, augment: DISTORTIONS },
  15000: { seed: 0, heldOut: 0.75 },
  30000: { seed: 0, heldOut: 0.5 },
};
const DOCS = fileURLToPath(new URL("../docs/", import.meta.url));
const CLASSES = 10;

const frame = { left: IMAGE_LEFT, top: 112, width: 560, height: 300 };
const size = { width: 680, height: 480 };
const STYLES = {
  test: { color: DISTINCT_COLORS[1], width: 2, marker: symbolCircle },
  training: { color: DISTINCT_COLORS[0], width: 2, marker: symbolSquare },
  distorted: { color: DISTINCT_COLORS[2], width: 2, dashes: "7 4", marker: symbolTriangle },
};
const percentAxis = (most) => ({ ...valueAxis([0, most], "error (%)"), format: (value) => value.toFixed(1) });

await mkdir(options.folder, { recursive: true });
const { input } = RECIPES["lenet-1998"];
const data = await openData({ data: "mnist", input, resize: "contain", background: 0 });
const { train } = await data.train();
const test = await data.test();
const everyTest = Uint32Array.from(test.labels.keys());
for (const [name, run] of Object.entries(RUNS)) {
  if (options.only !== undefined && options.only !== name) continue;
  const file = join(options.folder, `${name}.json`);
  if (existsSync(file)) continue;
  await writeFile(`${file}.partial`, JSON.stringify(await errorsOf(name, run)));
  await rename(`${file}.partial`, file);
}
if (options.only === undefined) await draw();

/** Trains a network; the errors after each pass, in percent, and its misread test images in the end. */
async function errorsOf(name, { seed, augment, heldOut = 0 }) {
  const request = {
    recipe: RECIPES["lenet-1998"],
    changes: { validationFraction: heldOut },
    ...(augment && { augment: parseAugmentation(augment) }),
    seed,
  };
  const plan = planTraining(request, { train, background: 0 });
  const engine = await compilePlan(plan, processorBackend(1, 1));
  const passes = [];
  for await (const { record } of runEpochs({ ...plan, engine })) {
    const own = await evaluateDataset(engine, train, plan.split.train);
    const others = await evaluateDataset(engine, test, everyTest);
    passes.push({ training: errorOf(own), test: errorOf(others) });
    process.stderr.write(`${name} ${record.epoch} training ${errorOf(own)} % test ${errorOf(others)} %\n`);
  }
  const probabilities = await predictDataset(engine, test, everyTest);
  const answers = Array.from(everyTest, (index) => {
    const own = probabilities.subarray(index * CLASSES, (index + 1) * CLASSES);
    return own.indexOf(Math.max(...own));
  });
  const misread = answers.flatMap((answer, index) => (answer === test.labels[index] ? [] : [{ index, answer }]));
  return {
    fingerprint: await fingerprint(plan.model, await engine.parameters()),
    images: plan.split.train.length,
    passes,
    misread,
  };
}

function errorOf({ accuracy }) {
  return Number((100 * (1 - accuracy)).toFixed(3));
}

async function draw() {
  const runs = {};
  for (const name of Object.keys(RUNS)) runs[name] = JSON.parse(await readFile(join(options.folder, `${name}.json`)));
  await writeFile(join(DOCS, "lenet-1998.svg"), passesSvg(runs));
  await writeFile(join(DOCS, "lenet-1998-sizes.svg"), sizesSvg(runs));
  await writeFile(join(DOCS, "lenet-1998-misread.svg"), await misreadSvg(runs.distorted));
}

/** Figure 5 of the paper: errors over passes. */
function passesSvg({ "seed-0": first, "seed-1": second, distorted }) {
  const mean = (kind) => first.passes.map((pass, index) => (pass[kind] + second.passes[index][kind]) / 2);
  const points = (errors) => errors.map((error, index) => [index + 1, error]);
  const curves = [
    { name: "test", style: STYLES.test, points: points(mean("test")) },
    { name: "training", style: STYLES.training, points: points(mean("training")) },
    { name: "test, distorted", style: STYLES.distorted, points: points(distorted.passes.map((pass) => pass.test)) },
  ];
  const x = { scale: scaleLinear().domain([0, 20]), ticks: [0, 5, 10, 15, 20], format: String, name: "pass" };
  const content = [
    plotMarkup({ frame, x, y: percentAxis(2.5), curves, emptyNote: "" }),
    legendMarkup(curves.map(({ name, style }, place) => ({ name, style, left: 90 + 170 * place, middle: 86 }))),
  ];
  const title = "The LeNet-5 of 1998 on MNIST";
  const subtitle = "mean of seeds 0 and 1; trained with distorted images: seed 0";
  return chartSvg({ title, subtitle, description: "Training and test error after each pass", ...size }, content);
}

/** Figure 6 of the paper: errors over the number of training images. */
function sizesSvg(runs) {
  const sizes = [runs[15000], runs[30000], runs["seed-0"]];
  const at = (kind) => sizes.map(({ images, passes }) => [images / 1000, passes.at(-1)[kind]]);
  const distorted = runs.distorted.passes.at(-1).test;
  const curves = [
    { name: "test", style: STYLES.test, points: at("test"), markerPhase: 0 },
    { name: "training", style: STYLES.training, points: at("training"), markerPhase: 0 },
    { name: "test, distorted", style: STYLES.distorted, points: [[60, distorted]] },
  ];
  const x = {
    scale: scaleLinear().domain([0, 65]),
    ticks: [0, 15, 30, 45, 60],
    format: String,
    name: "thousands of training images",
  };
  const content = [
    plotMarkup({ frame, x, y: percentAxis(2), curves, emptyNote: "" }),
    legendMarkup(curves.map(({ name, style }, place) => ({ name, style, left: 90 + 170 * place, middle: 86 }))),
  ];
  const title = "The LeNet-5 of 1998 and the number of images";
  return chartSvg(
    { title, subtitle: "after 20 passes, seed 0", description: "Errors by training images", ...size },
    content,
  );
}

/** Figure 8 of the paper: every misread test image, with what it is and what was read. */
async function misreadSvg({ misread }) {
  const [columns, step, top] = [12, 56, 84];
  const area = test.height * test.width;
  const images = await Promise.all(
    misread.map(async ({ index, answer }, place) => {
      const ink = test.images.subarray(index * area, (index + 1) * area).map((byte) => 255 - byte);
      const png = await encodePng(ink, test.width, test.height);
      const [x, y] = [24 + (place % columns) * step, top + Math.floor(place / columns) * (step + 12)];
      return markup`<image href="data:image/png;base64,${Buffer.from(png).toString("base64")}" x="${x}" y="${y}" width="42" height="42" image-rendering="optimizeSpeed"/><text x="${x + 21}" y="${y + 54}" font-size="11" text-anchor="middle" fill="${INK}">${test.labels[index]} → ${answer}</text>`;
    }),
  );
  const heading = markup`<text x="24" y="34" font-size="18" font-weight="bold" fill="${INK}">${misread.length} of 10,000 test images are misread</text><text x="24" y="58" font-size="13" fill="${QUIET_INK}">what each is → what the network reads; trained with distorted images, seed 0</text>`;
  const height = top + Math.ceil(misread.length / columns) * (step + 12) + 12;
  const description = `${misread.length} misread digits with their labels and answers`;
  return sheet(24 + columns * step + 10, height, description, [heading, images]);
}

function sheet(width, height, description, content) {
  return `${markup`<svg role="img" xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="'DejaVu Sans', Verdana, sans-serif"><title>${description}</title><rect width="${width}" height="${height}" fill="#ffffff"/>${content}</svg>`.text}\n`;
}
