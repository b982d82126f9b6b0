// Writes web/pretrained: the networks that the lab opens with, their history, and a few images. Run `npm run build` first:
//
//   node tests/lab/pretrain.mjs
//
// It trains as `lenet train` does, to the bits of the commands in web/pretrained/README.md, and keeps parameters on the way.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseAugmentation } from "../../dist/data/augmentationText.js";
import { fingerprint } from "../../dist/engine.js";
import { loadDatasetParts } from "../../dist/node/datasets.js";
import { processorBackend } from "../../dist/node/threads.js";
import { runEpochs } from "../../dist/training/epochs.js";
import { evaluateDataset, predictDataset } from "../../dist/training/evaluate.js";
import { compilePlan, planTraining } from "../../dist/training/plan.js";
import { RECIPES } from "../../dist/training/recipes/recipes.js";

const NETWORKS = [
  { name: "digits", data: "mnist", augment: "crop=1,degrees=10,scale=0.1,shear=6" },
  { name: "clothes", data: "fashion-mnist", augment: "crop=1,flip=0.5" },
];
const EPOCHS = 40;
const BATCH = 128;
/** The steps after which parameters are kept: they double, until little happens between them. */
const KEPT_STEPS = [0, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
/** How many images of each set are misread. */
const MISREAD = 2;

const folder = fileURLToPath(new URL("../../web/pretrained/", import.meta.url));
const facts = {};
for (const network of NETWORKS) facts[network.name] = await make(network);
writeFileSync(`${folder}facts.json`, `${JSON.stringify(facts, null, 2)}\n`);

async function make({ name, data, augment }) {
  const { train, test } = await loadDatasetParts(data);
  const request = {
    recipe: RECIPES.best,
    changes: { epochs: EPOCHS, batchSize: BATCH },
    augment: parseAugmentation(augment),
    seed: 0,
  };
  const plan = planTraining(request, { train, background: 0 });
  const engine = await compilePlan(plan, processorBackend(BATCH, 1, "portable"));
  const kept = [];
  const imagesPerEpoch = plan.split.train.length;
  const stepsPerEpoch = Math.ceil(imagesPerEpoch / BATCH);
  let step = 0;
  const keep = async () => kept.push({ step, parameters: await engine.parameters() });
  await keep();
  const training = runEpochs({
    ...plan,
    engine,
    batchesAtOnce: () => (KEPT_STEPS.find((one) => one > step) ?? Number.POSITIVE_INFINITY) - step,
    onSlice: ({ epoch, phase, done }) => {
      if (phase !== "train") return undefined;
      step = (epoch - 1) * stepsPerEpoch + Math.ceil(done / BATCH);
      return KEPT_STEPS.includes(step) ? keep() : undefined;
    },
  });
  let best;
  for (;;) {
    const { done, value } = await training.next();
    if (done) {
      best = value;
      break;
    }
    const { epoch, trainLoss, validationAccuracy } = value.record;
    process.stderr.write(`${name} ${epoch}/${EPOCHS} ${trainLoss.toFixed(4)} ${validationAccuracy.toFixed(4)}\n`);
  }

  const { model } = plan;
  const judge = async (parameters, dataset, indices) => {
    await engine.setParameters(parameters);
    return evaluateDataset(engine, dataset, indices);
  };
  const exact = await judge(best.parameters, test);
  const packed = pack(best.parameters);
  const stored = await judge(unpack(packed, best.parameters), test);
  writeFileSync(`${folder}${name}.bin`, packed);
  const history = [];
  for (const { step, parameters } of kept) {
    const { accuracy, loss } = await judge(parameters, train, plan.split.validation);
    history.push({ images: step * BATCH, accuracy, loss });
  }
  writeFileSync(`${folder}${name}History.bin`, Buffer.concat(kept.map(({ parameters }) => pack(parameters))));
  const last = await judge(unpack(packed, best.parameters), train, plan.split.validation);
  history.push({ images: best.epoch * imagesPerEpoch, accuracy: last.accuracy, loss: last.loss });

  await engine.setParameters(unpack(packed, best.parameters));
  const all = Uint32Array.from(test.labels.keys());
  const samples = choose(test, await predictDataset(engine, test, all));
  const area = test.height * test.width;
  writeFileSync(
    `${folder}${name}Samples.bin`,
    Buffer.concat(samples.map((index) => test.images.subarray(index * area, (index + 1) * area))),
  );
  return {
    fingerprint: await fingerprint(model, best.parameters),
    testAccuracy: exact.accuracy,
    storedTestAccuracy: stored.accuracy,
    history: history.map(({ images, accuracy, loss }) => ({
      images,
      accuracy: Number(accuracy.toFixed(4)),
      loss: Number(loss.toFixed(3)),
    })),
    samples: samples.map((index) => ({ index, label: test.labels[index] })),
  };
}

/** The first well-read test image of each class, then the ones that are most certainly misread. */
function choose({ labels, classes }, probabilities) {
  const count = classes.length;
  const best = (index) => {
    const own = Array.from(probabilities.subarray(index * count, (index + 1) * count));
    const most = Math.max(...own);
    return { prediction: own.indexOf(most), most };
  };
  const good = classes.map((_, label) =>
    labels.findIndex((one, index) => one === label && best(index).prediction === label && best(index).most > 0.9),
  );
  const wrong = [...labels.keys()]
    .filter((index) => best(index).prediction !== labels[index])
    .sort((one, other) => best(other).most - best(one).most);
  return [...good, ...wrong.slice(0, MISREAD)];
}

/** Each row of a weight as a scale and signed bytes, each bias as it is: see quantised.ts in web/pretrained. */
function pack(parameters) {
  const parts = [];
  for (const [, { shape, data }] of parameters) {
    if (shape.length === 1) {
      parts.push(Buffer.from(Float32Array.from(data).buffer));
      continue;
    }
    const rows = shape[0];
    const size = data.length / rows;
    const scales = new Float32Array(rows);
    const bytes = new Int8Array(data.length);
    for (let row = 0; row < rows; row++) {
      const own = data.subarray(row * size, (row + 1) * size);
      scales[row] = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
      for (let place = 0; place < size; place++)
        bytes[row * size + place] = Math.round(own[place] / (scales[row] || 1));
    }
    parts.push(Buffer.from(scales.buffer), Buffer.from(bytes.buffer));
  }
  return Buffer.concat(parts);
}

function unpack(packed, like) {
  let at = 0;
  const floats = (count) => {
    const values = new Float32Array(Uint8Array.from(packed.subarray(at, at + 4 * count)).buffer);
    at += 4 * count;
    return values;
  };
  return new Map(
    [...like].map(([name, { shape, data }]) => {
      if (shape.length === 1) return [name, { shape, data: floats(data.length) }];
      const scales = floats(shape[0]);
      const bytes = new Int8Array(Uint8Array.from(packed.subarray(at, at + data.length)).buffer);
      at += data.length;
      const size = data.length / shape[0];
      return [
        name,
        { shape, data: Float32Array.from(bytes, (byte, place) => byte * scales[Math.floor(place / size)]) },
      ];
    }),
  );
}
