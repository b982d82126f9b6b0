import { beforeAll, expect, it } from "vitest";
import type { Dataset } from "../data/dataset.js";
import { generateDigits } from "../data/digits.js";
import { splitIndices } from "../data/split.js";
import { wasmBackend } from "../engine/wasm/wasmBackend.js";
import { initializeParameters, type Layer, type Model } from "../model/index.js";
import { type Best, DivergedError, type FinishedEpoch, type FleetMember, runEpochs, runFleet } from "./epochs.js";
import { compileFleet } from "./plan.js";
import { RECIPES, type Recipe } from "./recipes/recipes.js";

const layers: readonly Layer[] = [
  { type: "averagePool2d", kernel: 4, stride: 4 },
  { type: "flatten" },
  { type: "linear", name: "fc", outFeatures: 10 },
];
const model: Model = { input: { channels: 1, height: 28, width: 28 }, layers };
const dataset = generateDigits({ seed: 0, count: 90, part: "train" });

interface Planned extends FleetMember {
  readonly model: Model;
  readonly dataset: Dataset;
  readonly parameters: ReturnType<typeof initializeParameters>;
}

function planned(seed: number, changes: Partial<Recipe> = {}): Planned {
  const recipe = { ...RECIPES.improved, epochs: 3, batchSize: 16, dropout: 0, ...changes };
  const split = splitIndices(dataset.labels.length, recipe.validationFraction, seed);
  return { dataset, model, recipe, split, seed, parameters: initializeParameters(model, seed) };
}

const constant = (learningRate: number) => ({ type: "constant", learningRate }) as const;

/** What happened to a network. */
interface Course {
  readonly epochs: FinishedEpoch[];
  best?: Best;
  diverged?: DivergedError;
}

const isTime = (key: string) => key.endsWith("Seconds");
/** Everything but the times. */
const bits = (course: Course) =>
  JSON.stringify(course, (key, value) =>
    isTime(key) ? undefined : value instanceof Map ? [...value] : ArrayBuffer.isView(value) ? `${value}` : value,
  );

async function together(members: readonly Planned[]): Promise<Course[]> {
  const engine = await compileFleet(members, wasmBackend());
  const courses = members.map((): Course => ({ epochs: [] }));
  for await (const event of runFleet({ engine, dataset, members })) {
    const course = courses[event.network];
    if (event.type === "epoch") course.epochs.push({ record: event.record, state: event.state });
    else if (event.type === "done") course.best = event.best;
    else course.diverged = event.error;
  }
  for (const [network, { best }] of courses.entries()) {
    if (best) expect(await engine.parameters(network)).toEqual(best.parameters);
  }
  engine.dispose();
  return courses;
}

async function alone(member: Planned): Promise<Course> {
  const engine = await compileFleet([member], wasmBackend());
  const course: Course = { epochs: [] };
  const epochs = runEpochs({ ...member, engine });
  for (;;) {
    const next = await epochs.next();
    if (next.done) {
      engine.dispose();
      return { ...course, best: next.value };
    }
    course.epochs.push(next.value);
  }
}

let resumed: FleetMember["resumeFrom"];
beforeAll(async () => {
  resumed = (await alone(planned(9, { epochs: 4 }))).epochs[1].state;
});

it("gives every network the bits that it gets alone, whatever the others do", async () => {
  const members: Planned[] = [
    planned(0),
    planned(1, { schedule: constant(0.05), labelSmoothing: 0.2 }),
    planned(2, { epochs: 1, validationFraction: 0.6 }),
    planned(3, { epochs: 5, schedule: constant(1e-9), patience: 1 }),
    planned(4, { averaging: { decay: 0.9 }, augmentValidation: true }),
    { ...planned(9, { epochs: 4 }), resumeFrom: resumed },
  ];
  const courses = await together(members);
  for (const [network, member] of members.entries()) {
    expect(bits(courses[network]), `network ${network}`).toBe(bits(await alone(member)));
  }
  expect(courses.map(({ epochs }) => epochs.length)).toEqual([3, 3, 1, expect.any(Number), 3, 2]);
  expect(courses[3].epochs.length).toBeLessThan(5);
  expect(new Set(courses.map((course) => bits(course))).size).toBe(6);
});

it("goes on without a network that diverges or is taken out", async () => {
  const controller = new AbortController();
  const members = [
    planned(0),
    planned(1, { schedule: constant(99), optimizer: { type: "sgd", momentum: 0.9, nesterov: false, weightDecay: 90 } }),
    { ...planned(2), signal: controller.signal },
  ];
  const engine = await compileFleet(members, wasmBackend());
  const seen: string[] = [];
  for await (const event of runFleet({ engine, dataset, members })) {
    seen.push(`${event.network} ${event.type}`);
    if (event.type === "diverged") expect(event.error).toBeInstanceOf(DivergedError);
    if (event.network === 2) controller.abort();
  }
  engine.dispose();
  expect(seen).toEqual(["0 epoch", "1 epoch", "2 epoch", "1 diverged", "0 epoch", "0 epoch", "0 done"]);
});

it("reports the progress of each network", async () => {
  const members = [planned(0, { epochs: 1 }), planned(1, { epochs: 1, validationFraction: 0.6 })];
  const engine = await compileFleet(members, wasmBackend());
  const ends = new Map<string, string>();
  const onProgress: Parameters<typeof runFleet>[0]["onProgress"] = (all) => {
    for (const { network, phase, done, total } of all) ends.set(`${network} ${phase}`, `${done}/${total}`);
  };
  for await (const _ of runFleet({ engine, dataset, members, onProgress }));
  engine.dispose();
  const count = (member: Planned) => [member.split.train.length, member.split.validation.length];
  const [[train0, validation0], [train1, validation1]] = members.map(count);
  expect(train0).toBeGreaterThan(train1);
  expect([...ends]).toEqual([
    ["0 train", `${train0}/${train0}`],
    ["1 train", `${train1}/${train1}`],
    ["0 validation", `${validation0}/${validation0}`],
    ["1 validation", `${validation1}/${validation1}`],
  ]);
});
