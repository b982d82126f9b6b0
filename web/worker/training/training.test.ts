import { beforeAll, describe, expect, it, vi } from "vitest";
import { generateDigits } from "../../../src/data/index.js";
import { customizeRecipe, RECIPES } from "../../../src/training/recipes/recipes.js";
import { Gate } from "./gate.js";
import type { TrainingEvent } from "./protocol.js";
import { Training } from "./training.js";

const dataset = generateDigits({ seed: 0, count: 200, part: "train" });
const recipe = customizeRecipe(
  {
    ...RECIPES.paper,
    optimizer: { type: "sgd", momentum: 0.9, nesterov: false, weightDecay: 0 },
    schedule: { type: "constant", learningRate: 10 },
  },
  { activation: "relu", epochs: 2, batchSize: 32 },
);

/** Trains to the end and returns all events; one that fails, with its message, as the worker reports it. */
async function train(seeds: readonly number[]): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  const gate = new Gate();
  gate.go("end");
  const training = await Training.begin({ dataset, recipe, seeds, device: "cpu" }, gate, (event) => events.push(event));
  await training.ended.catch(({ message }) => events.push({ type: "failed", message }));
  return events;
}

describe("Training", () => {
  beforeAll(() => {
    vi.stubGlobal("crossOriginIsolated", false);
  });

  it("goes on without the networks that diverge, to the bits that the others reach alone", async () => {
    const seeds = [0, 1, 2, 7];
    const events = await train(seeds);
    const left = events.flatMap((event) => (event.type === "diverged" ? event.network : []));
    expect(left.length).toBeGreaterThan(0);
    expect(left.length).toBeLessThan(seeds.length);
    const end = events.at(-1);
    expect(end?.type).toBe("done");
    for (const [network, seed] of seeds.entries()) {
      const alone = (await train([seed])).at(-1);
      if (left.includes(network))
        expect(alone).toMatchObject({ type: "failed", message: expect.stringContaining("diverged") });
      const fingerprints = [end, alone].map((event) => (event?.type === "done" ? event.best : []));
      expect(fingerprints[0][network]?.fingerprint).toBe(fingerprints[1][0]?.fingerprint);
    }
  });

  it("fails if all networks diverge", async () => {
    const events = await train([1, 7]);
    expect(events.filter(({ type }) => type === "diverged").length).toBe(2);
    expect(events.at(-1)).toMatchObject({ type: "failed", message: expect.stringContaining("the training diverged") });
  });
});
