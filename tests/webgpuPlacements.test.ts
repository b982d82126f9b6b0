import { describe, expect, it } from "vitest";
import { drawPlacements } from "../src/data/augmentation.js";
import { PLACEMENT_WORDS } from "../src/data/placement.js";
import { Device } from "../src/engine/webgpu/device.js";
import { packJobs, recordWords } from "../src/engine/webgpu/jobs.js";
import { placementShader } from "../src/engine/webgpu/placementShader.js";
import { PLAN_FIELDS } from "../src/engine/webgpu/plan.js";
import { inferShapes, type Model } from "../src/model/index.js";
import { CASES, drawnImages, SEEDS } from "./support/placements.js";
import { testGpu } from "./support/webgpu.js";

const { gpu, missing } = await testGpu();

const DRAWS = 5_000;

it.skipIf(missing)(missing ? `WebGPU, which needs ${missing}` : "finds WebGPU", () => {
  expect(gpu).toBeDefined();
});

describe.runIf(gpu)("placements drawn by WebGPU", () => {
  it.each(CASES)("have the words of the host: %s", async (_, augmentation, size) => {
    const model: Model = { input: { channels: 1, ...size }, layers: [{ type: "flatten" }] };
    const layers = inferShapes(model);
    const images = drawnImages(DRAWS);
    const jobs = SEEDS.map((seed, index) => {
      const placements = { augmentation, seed, epoch: index * 99 + 1 };
      return { indices: images, placements, loss: {} };
    });
    const device = await Device.open(gpu as GPU);
    const part = { first: 0, steps: 1, width: DRAWS };
    const { words, samplesAt, drawsAt } = packJobs(
      jobs,
      jobs.map(() => model),
      layers,
      part,
    );
    const fields: Partial<Record<string, number>> = { steps: 1, width: DRAWS, samplesAt, drawsAt };
    const layout = device.layout(["uniform", "uniform", "read", "read", "write"]);
    const { code, program } = placementShader(model.input, recordWords(layers));
    const pipeline = await device.pipeline(code, "main", layout);
    const plan = device.buffer("the plan", PLAN_FIELDS.length * 4, "uniform");
    const step = device.buffer("the step", 4, "uniform");
    const given = device.buffer("the jobs", words.byteLength);
    const programBuffer = device.buffer("the program", program.byteLength);
    const bytes = jobs.length * DRAWS * PLACEMENT_WORDS * 4;
    const drawn = device.buffer("the placements", bytes);
    device.queue.writeBuffer(
      plan,
      0,
      Uint32Array.from(PLAN_FIELDS, (field) => fields[field] ?? 0),
    );
    device.queue.writeBuffer(given, 0, words);
    device.queue.writeBuffer(programBuffer, 0, program);
    const [answer] = await device.submit((pass) => {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, device.bindGroup(layout, [plan, step, given, programBuffer, drawn]));
      pass.dispatchWorkgroups(Math.ceil(DRAWS / 256), 1, jobs.length);
      return [{ buffer: drawn, offset: 0, bytes }];
    });
    device.destroy();
    const expected = new Int32Array(DRAWS * PLACEMENT_WORDS);
    for (const [index, { placements }] of jobs.entries()) {
      drawPlacements(placements, size, images, 0, DRAWS, expected);
      const actual = new Int32Array(answer.buffer, index * expected.byteLength, expected.length);
      const wrong = actual.findIndex((word, place) => word !== expected[place]);
      expect(
        wrong,
        `seed ${placements.seed}: image ${Math.floor(wrong / PLACEMENT_WORDS)}, word ${wrong % PLACEMENT_WORDS}`,
      ).toBe(-1);
    }
  });
});
