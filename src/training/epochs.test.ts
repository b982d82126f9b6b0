import { describe, expect, it } from "vitest";
import {
  AUGMENTATIONS,
  type AugmentationDraw,
  drawPlacements,
  drawTransformation,
  placementFor,
} from "../data/augmentation.js";
import type { Dataset } from "../data/dataset.js";
import { PLACEMENT_WORDS } from "../data/placement.js";
import { epochOrder, splitIndices } from "../data/split.js";
import type {
  Engine,
  EvaluationSlice,
  Images,
  LoadedImages,
  OptimizerState,
  SampleResults,
  Selection,
  TrainingSlice,
  Update,
} from "../engine/backend.js";
import { inferShapes, lenet5, type NamedTensors } from "../model/index.js";
import {
  DivergedError,
  type EpochProgress,
  type EpochRecord,
  type EpochSlice,
  type EpochsOptions,
  runEpochs,
  type TrainingState,
} from "./epochs.js";
import { evaluateDataset } from "./evaluate.js";
import { customizeRecipe, RECIPES, type Recipe } from "./recipes/recipes.js";
import { scheduleAt } from "./recipes/schedules.js";

const SIDE = 12;
const COUNT = 50;
const SEED = 7;
const CLASSES = 10;

const dataset: Dataset = {
  name: "tiny",
  classes: Array.from({ length: CLASSES }, (_, index) => `class ${index}`),
  channels: 1,
  height: SIDE,
  width: SIDE,
  images: new Uint8Array(COUNT * SIDE * SIDE),
  labels: Uint8Array.from({ length: COUNT }, (_, index) => index % CLASSES),
  checksum: "none",
  generated: true,
};
/** 40 images for training, in batches of 16, 16 and 8; 10 for validation. */
const split = splitIndices(COUNT, 0.2, SEED);
const recipe = customizeRecipe(RECIPES.improved, { epochs: 3, batchSize: 16 });

interface Call {
  readonly kind: "train" | "evaluate";
  readonly indices: number[];
  readonly placements: number[] | undefined;
  readonly labels: number[];
  readonly update?: Update;
}

/** An engine that computes nothing: it records its calls, and its only parameter counts the steps. */
class ScriptedEngine implements Engine {
  readonly models = [lenet5({ ...RECIPES.paper, input: dataset, classes: CLASSES })];
  readonly layers = inferShapes(this.models[0]);
  readonly batchSize = 16;
  readonly arithmetic = "scripted";
  readonly kernels = 1;
  readonly threads = 1;
  readonly memoryBytes = 0;
  /** One per batch. */
  readonly calls: Call[] = [];
  /** The number of image sets that are loaded and not yet unloaded. */
  loaded = 0;
  steps = 0;
  moments = 0;
  /** With averaging: half of the steps. */
  average?: number;
  private readonly correct: (epoch: number) => number;
  private readonly loss: (call: Call, step: number) => number;
  private evaluated = 0;

  /** @param script the number of correctly predicted validation images in an epoch, and the loss of a call's samples */
  constructor(
    script: {
      correct?: (epoch: number) => number;
      loss?: (call: Call, step: number) => number;
      averaging?: boolean;
    } = {},
  ) {
    if (script.averaging) this.average = 0;
    this.correct = script.correct ?? (() => 0);
    this.loss = script.loss ?? (() => 1);
  }

  async load({ labels }: Images): Promise<ScriptedImages> {
    this.loaded++;
    return { count: COUNT, labels: Array.from(labels!), unload: () => this.loaded-- };
  }

  async train(images: LoadedImages, [slice]: readonly (TrainingSlice | undefined)[]): Promise<SampleResults[]> {
    const batches = this.batches(images, slice!);
    expect(slice!.updates).toHaveLength(batches.length);
    const results = batches.map((batch, index) => {
      this.steps++;
      this.moments += 10;
      if (this.average !== undefined) this.average = this.steps / 2;
      return this.answer({ kind: "train", ...batch, update: slice!.updates[index] }, this.steps, () => true);
    });
    return [joined(results)];
  }

  async evaluate(images: LoadedImages, [slice]: readonly (EvaluationSlice | undefined)[]): Promise<SampleResults[]> {
    const weights = slice!.weights === "average" ? this.average! : this.steps;
    const results = this.batches(images, slice!).map((batch) => {
      const epoch = Math.floor(this.evaluated / split.validation.length) + 1;
      const before = this.evaluated % split.validation.length;
      this.evaluated += batch.labels.length;
      const right = (sample: number) => before + sample < this.correct(epoch);
      return this.answer({ kind: "evaluate", ...batch }, weights, right);
    });
    return [joined(results)];
  }

  async measureStatistics(): Promise<void> {}

  async parameters(): Promise<NamedTensors<Float32Array>> {
    return tensor(this.steps);
  }

  async setParameters(tensors: NamedTensors): Promise<void> {
    this.steps = Number(tensors.get("steps")?.data[0]);
  }

  async optimizerState(): Promise<OptimizerState> {
    const moments = { first: tensor(this.moments), second: tensor(-this.moments) };
    return this.average === undefined ? moments : { ...moments, average: tensor(this.average) };
  }

  async setOptimizerState({ first }: OptimizerState): Promise<void> {
    this.moments = Number(first.get("steps")?.data[0]);
  }

  differentiate(): never {
    throw new Error("not used in training");
  }

  predict(): never {
    throw new Error("not used in training");
  }

  activations(): never {
    throw new Error("not used in training");
  }

  dispose(): void {}

  /** Divides a selection into batches, with the placements as words. */
  private batches(images: LoadedImages, { indices = [], placements }: Selection): Omit<Call, "kind">[] {
    const { labels } = images as ScriptedImages;
    return Array.from({ length: Math.ceil(indices.length / this.batchSize) }, (_, batch) => {
      const selected = Array.from(indices).slice(batch * this.batchSize, (batch + 1) * this.batchSize);
      return {
        indices: selected,
        placements: placements && wordsOf(placements as AugmentationDraw, selected),
        labels: selected.map((index) => labels[index]),
      };
    });
  }

  /** @param step the step count of the parameters in use */
  private answer(call: Call, step: number, right: (sample: number) => boolean): SampleResults {
    this.calls.push(call);
    return {
      losses: Float32Array.from(call.labels, () => this.loss(call, step)),
      predictions: Int32Array.from(call.labels, (label, sample) => (right(sample) ? label : (label + 1) % CLASSES)),
    };
  }
}

interface ScriptedImages extends LoadedImages {
  readonly labels: readonly number[];
}

function wordsOf(draw: AugmentationDraw, indices: readonly number[]): number[] {
  const words = new Int32Array(indices.length * PLACEMENT_WORDS);
  drawPlacements(draw, dataset, indices, 0, indices.length, words);
  return Array.from(words);
}

function joined(results: readonly SampleResults[]): SampleResults {
  return {
    losses: Float32Array.from(results.flatMap(({ losses }) => Array.from(losses))),
    predictions: Int32Array.from(results.flatMap(({ predictions }) => Array.from(predictions))),
  };
}

function tensor(value: number): NamedTensors<Float32Array> {
  return new Map([["steps", { shape: [1], data: Float32Array.of(value) }]]);
}

async function train(engine: ScriptedEngine, options: Partial<EpochsOptions> = {}) {
  try {
    return await trainAll(engine, options);
  } finally {
    expect(engine.loaded).toBe(0);
  }
}

async function trainAll(engine: ScriptedEngine, options: Partial<EpochsOptions>) {
  const epochs = runEpochs({ engine, dataset, split, recipe, seed: SEED, ...options });
  const records: EpochRecord[] = [];
  const states: TrainingState[] = [];
  for (;;) {
    const next = await epochs.next();
    if (next.done) return { records, states, best: next.value };
    records.push(next.value.record);
    states.push(next.value.state);
  }
}

const sorted = (indices: Iterable<number>) => [...indices].sort((a, b) => a - b);

describe("an epoch", () => {
  it("visits every training image once, in its drawn order, with each step's learning rate and momentum", async () => {
    const engine = new ScriptedEngine();
    const { records } = await train(engine);
    const steps = engine.calls.filter(({ kind }) => kind === "train");
    expect(steps.map(({ indices }) => indices.length)).toEqual([16, 16, 8, 16, 16, 8, 16, 16, 8]);
    for (const epoch of [1, 2, 3]) {
      const visited = steps.slice((epoch - 1) * 3, epoch * 3).flatMap(({ indices }) => indices);
      expect(visited).toEqual([...epochOrder(split.train, SEED, epoch)]);
      expect(sorted(visited)).toEqual(sorted(split.train));
    }
    expect(steps.map(({ update }) => update)).toEqual(
      Array.from({ length: 9 }, (_, step) => ({ step: step + 1, ...scheduleAt(recipe.schedule, step, 9) })),
    );
    expect(records.map(({ learningRate }) => learningRate)).toEqual(
      [2, 5, 8].map((step) => scheduleAt(recipe.schedule, step, 9).learningRate),
    );
    for (const { indices, labels } of engine.calls) expect(labels).toEqual(indices.map((index) => index % CLASSES));
  });

  it("validates on all held-out images, in order", async () => {
    const engine = new ScriptedEngine();
    await train(engine);
    const trained = new Set(engine.calls.filter(({ kind }) => kind === "train").flatMap(({ indices }) => indices));
    const validated = engine.calls.filter(({ kind }) => kind === "evaluate").flatMap(({ indices }) => indices);
    expect(validated).toEqual([1, 2, 3].flatMap(() => [...split.validation]));
    expect(validated.filter((index) => trained.has(index))).toEqual([]);
  });

  it("augments each training image with the transformation drawn for it in that epoch", async () => {
    const engine = new ScriptedEngine();
    await train(engine);
    const steps = engine.calls.filter(({ kind }) => kind === "train");
    steps.forEach(({ indices, placements }, step) => {
      const epoch = Math.floor(step / 3) + 1;
      const expected = indices.flatMap((index) => {
        const transformation = drawTransformation(recipe.augmentation, dataset, SEED, epoch, index);
        return [...placementFor(transformation, SIDE, SIDE)];
      });
      expect(placements?.slice(0, expected.length)).toEqual(expected);
    });
  });

  it.each([true, false])("augments validation images only if the recipe says so: %s", async (augmentValidation) => {
    const engine = new ScriptedEngine();
    await train(engine, { recipe: { ...recipe, augmentValidation } });
    for (const { kind, placements } of engine.calls) {
      expect(placements !== undefined).toBe(kind === "train" || augmentValidation);
    }
  });

  it("passes images unchanged without augmentation", async () => {
    const engine = new ScriptedEngine();
    const plain: Recipe = { ...recipe, augmentation: AUGMENTATIONS.none, augmentValidation: true };
    await train(engine, { recipe: plain });
    expect(engine.calls.filter(({ placements }) => placements !== undefined)).toEqual([]);
  });

  it("records the means over its images", async () => {
    // The short last batch is weighted by its size: (16·1 + 16·2 + 8·6) / 40.
    const losses = [1, 2, 6];
    const engine = new ScriptedEngine({
      correct: (epoch) => epoch + 1,
      loss: ({ kind }, step) => (kind === "train" ? losses[(step - 1) % 3] : 0.5),
    });
    const { records } = await train(engine);
    expect(records).toMatchObject(
      [1, 2, 3].map((epoch) => ({
        epoch,
        trainLoss: 2.4,
        trainAccuracy: 1,
        validationLoss: 0.5,
        validationAccuracy: (epoch + 1) / 10,
      })),
    );
  });

  it("reports its progress with the means so far", async () => {
    const reports: EpochProgress[] = [];
    await train(new ScriptedEngine(), {
      recipe: { ...recipe, epochs: 1 },
      onProgress: (progress) => reports.push(progress),
    });
    expect(reports.filter(({ done, total }) => done === total)).toEqual([
      { epoch: 1, phase: "train", done: 40, total: 40, loss: 1, accuracy: 1 },
      { epoch: 1, phase: "validation", done: 10, total: 10, loss: 1, accuracy: 0 },
    ]);
  });
});

describe("onSlice", () => {
  it("receives every batch with its results, and is awaited", async () => {
    const reports: string[] = [];
    const engine = new ScriptedEngine({ correct: () => 4, loss: ({ labels }) => labels.length });
    await train(engine, {
      recipe: { ...recipe, epochs: 2 },
      batchesAtOnce: () => 1,
      onSlice: async ({ epoch, phase, done, total, labels, results }) => {
        const calls = engine.calls.length;
        expect(labels).toEqual(Uint8Array.from(engine.calls[calls - 1].labels));
        expect([...results.losses]).toEqual(Array(labels.length).fill(labels.length));
        await new Promise((resolve) => setTimeout(resolve, 2));
        expect(engine.calls.length).toBe(calls);
        reports.push(`${epoch} ${phase} ${done}/${total}`);
      },
    });
    const passes = ["train 16/40", "train 32/40", "train 40/40", "validation 10/10"];
    expect(reports).toEqual([1, 2].flatMap((epoch) => passes.map((pass) => `${epoch} ${pass}`)));
  });

  it.each([1, 2, undefined])(
    "receives all samples of an epoch in order, however many are computed at once: %s",
    async (most) => {
      const engine = new ScriptedEngine({ loss: ({ kind }, step) => (kind === "train" ? step : 0.5) });
      const slices: EpochSlice[] = [];
      await train(engine, {
        recipe: { ...recipe, epochs: 1 },
        batchesAtOnce: most ? () => most : undefined,
        onSlice: (slice) => void slices.push(slice),
      });
      for (const phase of ["train", "validation"] as const) {
        const received = slices.filter((slice) => slice.phase === phase);
        const calls = engine.calls.filter(({ kind }) => (kind === "train") === (phase === "train"));
        expect(received.flatMap(({ labels }) => [...labels])).toEqual(calls.flatMap(({ labels }) => labels));
        let done = 0;
        for (const { labels, results, ...slice } of received) {
          done += labels.length;
          expect(slice).toMatchObject({ epoch: 1, done, total: phase === "train" ? 40 : 10 });
          expect([results.losses.length, results.predictions.length]).toEqual([labels.length, labels.length]);
          if (most) expect(labels.length).toBeLessThanOrEqual(most * 16);
        }
        expect(done).toBe(phase === "train" ? 40 : 10);
      }
      const losses = slices.flatMap(({ results }) => [...results.losses]);
      expect(losses).toEqual([1, 2, 3, 0.5].flatMap((loss, batch) => Array([16, 16, 8, 10][batch]).fill(loss)));
    },
  );
});

describe("the best weights", () => {
  it("are the first with the highest validation accuracy, restored at the end", async () => {
    const engine = new ScriptedEngine({ correct: (epoch) => [3, 8, 8, 5][epoch - 1] });
    const { states, best } = await train(engine, { recipe: { ...recipe, epochs: 4 } });
    // Three steps per epoch; the only parameter counts them.
    expect(best).toEqual({ epoch: 2, validationAccuracy: 0.8, parameters: tensor(6) });
    expect(await engine.parameters()).toEqual(tensor(6));
    expect(states.map(({ best: soFar }) => soFar.epoch)).toEqual([1, 2, 2, 2]);
    expect(states.map(({ parameters }) => parameters)).toEqual([3, 6, 9, 12].map(tensor));
  });

  it("are those from before the interruption if nothing better follows", async () => {
    const correct = (epoch: number) => [8, 3, 8, 5][epoch - 1];
    const { states } = await train(new ScriptedEngine({ correct }), { recipe: { ...recipe, epochs: 4 } });
    const engine = new ScriptedEngine({ correct: (epoch) => correct(epoch + 2) });
    const { best } = await train(engine, { recipe: { ...recipe, epochs: 4 }, resumeFrom: states[1] });
    expect(best).toEqual({ epoch: 1, validationAccuracy: 0.8, parameters: tensor(3) });
    expect(await engine.parameters()).toEqual(tensor(3));
  });
});

describe("averaged parameters", () => {
  const averaged: Recipe = { ...recipe, averaging: { decay: 0.5 } };

  it("are validated and kept, while training continues with the current parameters", async () => {
    const seen: number[] = [];
    const engine = new ScriptedEngine({
      averaging: true,
      correct: (epoch) => [3, 8, 5][epoch - 1],
      loss: ({ kind }, step) => {
        if (kind === "evaluate") seen.push(step);
        return 1;
      },
    });
    const { states, best } = await train(engine, { recipe: averaged });
    expect([...new Set(seen)]).toEqual([1.5, 3, 4.5]);
    expect(states.map(({ parameters }) => parameters)).toEqual([3, 6, 9].map(tensor));
    expect(states.map(({ optimizer }) => optimizer.average)).toEqual([1.5, 3, 4.5].map(tensor));
    expect(best).toEqual({ epoch: 2, validationAccuracy: 0.8, parameters: tensor(3) });
    expect(await engine.parameters()).toEqual(tensor(3));
  });

  it("need an engine that averages", async () => {
    await expect(train(new ScriptedEngine(), { recipe: averaged })).rejects.toThrow(
      "the recipe averages the parameters, but the engine does not; compile it with the recipe's averaging",
    );
  });
});

describe("patience", () => {
  const correct = (epoch: number) => [3, 8, 8, 5, 9, 1, 1, 1][epoch - 1];
  const epochsWith = async (patience: number) => {
    const { records, best } = await train(new ScriptedEngine({ correct }), {
      recipe: { ...recipe, epochs: 8, patience },
    });
    return [records.length, best.epoch];
  };

  it("stops after that many epochs without improvement; 0 never stops", async () => {
    expect(await epochsWith(0)).toEqual([8, 5]);
    expect(await epochsWith(1)).toEqual([3, 2]);
    expect(await epochsWith(2)).toEqual([4, 2]);
    expect(await epochsWith(3)).toEqual([8, 5]);
  });

  it("does not change the schedule, which covers all epochs", async () => {
    const rates = async (patience: number) => {
      const { records } = await train(new ScriptedEngine({ correct }), {
        recipe: { ...recipe, epochs: 8, patience },
      });
      return records.map(({ learningRate }) => learningRate);
    };
    expect(await rates(2)).toEqual((await rates(0)).slice(0, 4));
  });

  it("keeps counting across a resumption, and stops at once if it was exhausted before", async () => {
    const patient = { ...recipe, epochs: 8, patience: 2 };
    const { states } = await train(new ScriptedEngine({ correct }), { recipe: patient });
    const resumed = (epoch: number) =>
      train(new ScriptedEngine({ correct: (later) => correct(epoch + later) }), {
        recipe: patient,
        resumeFrom: states[epoch - 1],
      });
    expect((await resumed(3)).records.map(({ epoch }) => epoch)).toEqual([4]);
    expect((await resumed(4)).records).toEqual([]);
  });
});

describe("a resumed training", () => {
  it("continues with the steps, order and learning rates of an uninterrupted run", async () => {
    const uninterrupted = new ScriptedEngine();
    const { states } = await train(uninterrupted);
    const engine = new ScriptedEngine();
    const { records } = await train(engine, { resumeFrom: states[0] });
    expect(records.map(({ epoch }) => epoch)).toEqual([2, 3]);
    expect(engine.calls).toEqual(uninterrupted.calls.slice(uninterrupted.calls.length / 3));
    expect(engine.moments).toBe(90);
  });

  it("that was complete continues for more epochs with a restarted schedule and everything else unchanged", async () => {
    const finished = new ScriptedEngine();
    const { states } = await train(finished);
    // Two more epochs, then one more.
    const extended = { recipe: { ...recipe, epochs: 6 }, scheduleRestarts: [3, 5] };
    const engine = new ScriptedEngine();
    const { records } = await train(engine, { ...extended, resumeFrom: states[2] });
    const steps = engine.calls.filter(({ kind }) => kind === "train");
    expect(steps.map(({ update }) => update)).toEqual([
      ...Array.from({ length: 6 }, (_, step) => ({ step: 10 + step, ...scheduleAt(recipe.schedule, step, 6) })),
      ...Array.from({ length: 3 }, (_, step) => ({ step: 16 + step, ...scheduleAt(recipe.schedule, step, 3) })),
    ]);
    expect(steps.slice(0, 3).flatMap(({ indices }) => indices)).toEqual([...epochOrder(split.train, SEED, 4)]);
    expect(records.map(({ epoch }) => epoch)).toEqual([4, 5, 6]);
    expect(engine.moments).toBe(180);
    // Repeating the run from its config.json in one go must give the same bits.
    const repeated = new ScriptedEngine();
    await train(repeated, extended);
    expect(repeated.calls).toEqual([...finished.calls, ...engine.calls]);
  });

  it("that was complete only restores the best weights", async () => {
    const { states } = await train(new ScriptedEngine({ correct: (epoch) => (epoch === 2 ? 4 : 1) }));
    const engine = new ScriptedEngine();
    const { records, best } = await train(engine, { resumeFrom: states[2] });
    expect(records).toEqual([]);
    expect(engine.calls).toEqual([]);
    expect(best.epoch).toBe(2);
    expect(await engine.parameters()).toEqual(tensor(6));
  });
});

describe("training ends", () => {
  it.each([
    ["the training", { kind: "train", step: 5, loss: Number.NaN }, "in epoch 2: the loss is NaN at learning rate "],
    ["the training", { kind: "train", step: 5, loss: 1 / 0 }, "in epoch 2: the loss is Infinity at learning rate "],
    [
      "the validation",
      { kind: "evaluate", step: 3, loss: Number.NaN },
      "in epoch 1: the loss is NaN at learning rate ",
    ],
  ])("if the loss of %s is not finite: %o", async (_, fault, where) => {
    const engine = new ScriptedEngine({
      loss: ({ kind }, step) => (kind === fault.kind && step === fault.step ? fault.loss : 1),
    });
    const failure = await train(engine, { batchesAtOnce: () => 1 }).catch((error) => error);
    expect(failure).toBeInstanceOf(DivergedError);
    expect(failure.message).toMatch(new RegExp(`^the training diverged ${where}\\S+; try a lower one$`));
    expect(engine.steps).toBe(fault.step);
  });

  it("with the signal's reason if it is aborted", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const engine = new ScriptedEngine({
      loss: (_, step) => {
        if (step === 4) controller.abort(reason);
        return 1;
      },
    });
    await expect(train(engine, { signal: controller.signal })).rejects.toBe(reason);
    expect(engine.steps).toBeLessThanOrEqual(6);
  });

  it("at once if the recipe has no epochs", async () => {
    await expect(train(new ScriptedEngine(), { recipe: { ...recipe, epochs: 0 } })).rejects.toThrow(RangeError);
  });
});

describe("evaluateDataset", () => {
  it("evaluates the given images without augmentation", async () => {
    const engine = new ScriptedEngine({ correct: () => 3 });
    const indices = Uint32Array.of(44, 3, 13, 27);
    const evaluation = await evaluateDataset(engine, dataset, indices);
    expect(engine.calls).toEqual([
      { kind: "evaluate", indices: [44, 3, 13, 27], placements: undefined, labels: [4, 3, 3, 7] },
    ]);
    expect(evaluation).toMatchObject({ correct: 3, total: 4, accuracy: 0.75, loss: 1 });
    expect(evaluation.confusion[7][8]).toBe(1);
    expect(evaluation.perClass[3]).toMatchObject({ label: "class 3", total: 2, correct: 2 });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("fails if a loss is %s", async (loss) => {
    const engine = new ScriptedEngine({ loss: () => loss });
    await expect(evaluateDataset(engine, dataset, Uint32Array.of(44, 3))).rejects.toThrow(
      `the loss of image 44 is ${loss}: the network's outputs are not finite`,
    );
  });

  it("evaluates all images in batches by default", async () => {
    const engine = new ScriptedEngine();
    const { total } = await evaluateDataset(engine, dataset);
    expect(total).toBe(COUNT);
    expect(engine.calls.map(({ indices }) => indices.length)).toEqual([16, 16, 16, 2]);
    expect(engine.calls.flatMap(({ indices }) => indices)).toEqual([...Array(COUNT).keys()]);
  });

  it("ends with the signal's reason", async () => {
    await expect(
      evaluateDataset(new ScriptedEngine(), dataset, undefined, { signal: AbortSignal.abort(new Error("enough")) }),
    ).rejects.toThrow("enough");
  });
});
