import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { AUGMENTATIONS, type AugmentationDraw, drawPlacements } from "../src/data/augmentation.js";
import { PLACEMENT_WORDS } from "../src/data/placement.js";
import type {
  Backend,
  Engine,
  EngineOptions,
  LoadedImages,
  NetworkSettings,
  OptimizerSettings,
  SampleResults,
  TrainingSlice,
} from "../src/engine/backend.js";
import { referenceBackend } from "../src/engine/reference/referenceBackend.js";
import { wasmBackend } from "../src/engine/wasm/wasmBackend.js";
import { webgpuBackend } from "../src/engine/webgpu/webgpuBackend.js";
import { initializeParameters, type Model, normalizedBytes, ShapeError, type Tensor } from "../src/model/index.js";
import { threads } from "../src/node/threads.js";
import { testGpu } from "./support/webgpu.js";

const { gpu, missing } = await testGpu();

type BackendCase = readonly [string, () => Backend, { readonly isDouble?: boolean }];
/** Tests that every backend must pass. kernels.test.ts and webgpu.test.ts verify the numbers. */
const BACKENDS: readonly BackendCase[] = [
  ["WebAssembly on one thread", () => wasmBackend(), {}],
  ["WebAssembly on two threads", () => wasmBackend({ threads: threads(2) }), {}],
  // Its state is rounded to single precision when read, so resuming from it is not bit-identical.
  ["the reference", referenceBackend, { isDouble: true }],
  ...(gpu ? [["WebGPU", () => webgpuBackend({ gpu }), {}] satisfies BackendCase] : []),
];

it.skipIf(missing)(missing ? `WebGPU, which needs ${missing}` : "finds WebGPU", () => {
  expect(BACKENDS.map(([name]) => name)).toContain("WebGPU");
});

const COUNT = 37;
const CLASSES = 3;
const BATCH = 16;
const INPUT = { channels: 1, height: 9, width: 8 };
const SIZE = INPUT.height * INPUT.width;

const pixels = Uint8Array.from({ length: COUNT * SIZE }, (_, place) => (place * 89 + (place % 13) * 7) % 256);
const labels = Array.from({ length: COUNT }, (_, image) => (image * 5) % CLASSES);

function modelWith(probability: number): Model {
  return {
    input: INPUT,
    layers: [
      { type: "conv2d", name: "a", outChannels: 3, kernel: 3, stride: 1, padding: 1 },
      { type: "relu" },
      { type: "maxPool2d", kernel: 2, stride: 2 },
      { type: "dropout", probability },
      { type: "flatten" },
      { type: "linear", name: "b", outFeatures: 5 },
      { type: "tanh" },
      { type: "linear", name: "c", outFeatures: CLASSES },
    ],
  };
}

const ADAMW: OptimizerSettings = { type: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.02 };
const SGD: OptimizerSettings = { type: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.01 };

/** A network and how to train it. */
interface Member extends NetworkSettings {
  readonly seed: number;
  readonly learningRate: number;
  readonly labelSmoothing: number;
  readonly classWeights?: readonly number[];
  /** How to learn from a teacher. */
  readonly distillation?: { readonly temperature: number; readonly share: number };
  /** The number of images per epoch, and the difference between consecutive indices. */
  readonly images: number;
  readonly stride: number;
  readonly augmentation?: AugmentationDraw["augmentation"];
  /** The calls that skip the network. */
  readonly rests?: readonly number[];
}

const MEMBERS: readonly Member[] = [
  {
    model: modelWith(0.25),
    normalization: { mean: [0.5], std: [0.5] },
    optimizer: ADAMW,
    averaging: { decay: 0.9 },
    seed: 1,
    learningRate: 0.01,
    labelSmoothing: 0.1,
    images: COUNT,
    stride: 5,
    augmentation: AUGMENTATIONS.strong,
  },
  // Compiles to the same program as the first.
  {
    model: modelWith(0.25),
    normalization: { mean: [0.25], std: [0.5] },
    optimizer: { ...ADAMW, weightDecay: 0.3, beta1: 0.8 },
    averaging: { decay: 0.2 },
    seed: 2 ** 40 + 9,
    learningRate: 0.03,
    labelSmoothing: 0,
    classWeights: [0.5, 2, 1.5],
    images: 20,
    stride: 3,
    augmentation: AUGMENTATIONS.light,
    rests: [1],
  },
  {
    model: modelWith(0.5),
    normalization: { mean: [0.5], std: [0.25] },
    optimizer: SGD,
    averaging: null,
    seed: 3,
    learningRate: 0.05,
    labelSmoothing: 0.2,
    distillation: { temperature: 2, share: 0.75 },
    images: 33,
    stride: 7,
  },
  {
    // Of the first one's program but for the dropout.
    model: modelWith(0),
    normalization: { mean: [0.5], std: [0.5] },
    optimizer: ADAMW,
    averaging: { decay: 0.5 },
    seed: 4,
    learningRate: 0.002,
    labelSmoothing: 0,
    images: 16,
    stride: 11,
    augmentation: AUGMENTATIONS.tutorial,
  },
  {
    model: modelWith(0.25),
    normalization: { mean: [0.5], std: [0.5] },
    optimizer: { ...ADAMW, type: "muon", learningRateFactor: 2, momentum: 0.9 },
    averaging: { decay: 0.5 },
    seed: 5,
    learningRate: 0.01,
    labelSmoothing: 0,
    images: 20,
    stride: 5,
  },
];
const [FIRST, , PLAIN] = MEMBERS;
const CALLS = 3;

/** The images of a member in an epoch, counted from 0. */
function indicesOf({ images, stride }: Member, epoch: number): number[] {
  return Array.from({ length: images }, (_, place) => (place * stride + epoch * 2) % COUNT);
}

function teacherLogits(indices: readonly number[]): Float32Array {
  return Float32Array.from(indices.flatMap((index) => rangeOf(0, CLASSES).map((one) => (index * 7 + one * 5) % 11)));
}

/** An entire epoch of a member. */
function epochOf(member: Member, epoch: number): TrainingSlice & { readonly indices: readonly number[] } {
  const { seed, learningRate, labelSmoothing, classWeights, distillation, augmentation, images } = member;
  const steps = Math.ceil(images / BATCH);
  const indices = indicesOf(member, epoch);
  return {
    indices,
    classWeights,
    distillation: distillation && { ...distillation, logits: teacherLogits(indices) },
    placements: augmentation && { augmentation, seed, epoch },
    labelSmoothing,
    seed,
    updates: Array.from({ length: steps }, (_, index) => ({
      step: epoch * steps + index + 1,
      learningRate: learningRate / (epoch + index + 1),
      momentum: index === 1 ? 0.7 : undefined,
    })),
  };
}

/** The draws of an epoch as words. */
function wordsOf(draw: AugmentationDraw, indices: readonly number[]): Int32Array {
  const words = new Int32Array(indices.length * PLACEMENT_WORDS);
  drawPlacements(draw, INPUT, indices, 0, indices.length, words);
  return words;
}

function joined(results: readonly SampleResults[]): SampleResults {
  return {
    losses: Float32Array.from(results.flatMap(({ losses }) => [...losses])),
    predictions: Int32Array.from(results.flatMap(({ predictions }) => [...predictions])),
  };
}

const weightsOf = ({ averaging }: Member) => (averaging ? ("average" as const) : undefined);
const rangeOf = (start: number, end: number) => Array.from({ length: end - start }, (_, place) => start + place);

const engines: Engine[] = [];
afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

describe.each(BACKENDS)("%s", (_, backendOf, { isDouble = false }) => {
  /** Tests that the reference does not need to pass. */
  const itInSinglePrecision = isDouble ? () => {} : it;

  /** An engine with each member's initial parameters. */
  async function engineOf(members: readonly Member[], options: Partial<EngineOptions> = {}): Promise<Engine> {
    const engine = await backendOf().compile(members, { batchSize: BATCH, ...options });
    engines.push(engine);
    for (const [network, { model, seed }] of members.entries()) {
      await engine.setParameters(initializeParameters(model, seed), network);
    }
    return engine;
  }

  const load = (engine: Engine) => engine.load({ pixels, labels });

  /** The complete state of a network. */
  async function stateOf(engine: Engine, network = 0) {
    return { parameters: await engine.parameters(network), optimizer: await engine.optimizerState(network) };
  }

  /** The states of all members. */
  async function statesOf(engine: Engine, members: readonly Member[]) {
    const states: Awaited<ReturnType<typeof stateOf>>[] = [];
    for (const network of members.keys()) states.push(await stateOf(engine, network));
    return states;
  }

  describe("training", () => {
    it("on a slice of many steps equals one call per step", async () => {
      const [atOnce, singly] = [await engineOf([FIRST]), await engineOf([FIRST])];
      const [images, sameImages] = [await load(atOnce), await load(singly)];
      for (const epoch of [0, 1]) {
        const slice = epochOf(FIRST, epoch);
        const [combined] = await atOnce.train(images, [slice]);
        const steps: SampleResults[] = [];
        for (const [step, update] of slice.updates.entries()) {
          const indices = slice.indices.slice(step * BATCH, (step + 1) * BATCH);
          steps.push(...(await singly.train(sameImages, [{ ...slice, indices, updates: [update] }])));
        }
        expect(combined).toEqual(joined(steps));
        expect(combined.losses).toHaveLength(COUNT);
      }
      expect(await stateOf(atOnce)).toEqual(await stateOf(singly));
    });

    it("changes the parameters, and uses all images in order by default", async () => {
      const [one, other] = [await engineOf([PLAIN]), await engineOf([PLAIN])];
      const before = await stateOf(one);
      const { indices, ...slice } = epochOf({ ...PLAIN, images: COUNT }, 0);
      const [results] = await one.train(await load(one), [slice]);
      const explicit = await other.train(await load(other), [{ ...slice, indices: rangeOf(0, COUNT) }]);
      expect(explicit).toEqual([results]);
      const after = await stateOf(one);
      expect(after).toEqual(await stateOf(other));
      for (const name of before.parameters.keys()) {
        expect(after.parameters.get(name), name).not.toEqual(before.parameters.get(name));
      }
    });

    it("draws the same placements as given words", async () => {
      const [drawing, given] = [await engineOf([FIRST]), await engineOf([FIRST])];
      const [images, sameImages] = [await load(drawing), await load(given)];
      const slice = epochOf(FIRST, 1);
      const placements = wordsOf(slice.placements as AugmentationDraw, slice.indices);
      const drawn = await drawing.train(images, [slice]);
      expect(drawn).toEqual(await given.train(sameImages, [{ ...slice, placements }]));
      expect(await stateOf(drawing)).toEqual(await stateOf(given));
      const { indices, placements: draw } = slice;
      expect(await drawing.predict(images, { indices, placements: draw })).toEqual(
        await given.predict(sameImages, { indices, placements }),
      );
      expect(await drawing.evaluate(images, [{ indices, placements: draw }])).toEqual(
        await given.evaluate(sameImages, [{ indices, placements }]),
      );
      const plain = await drawing.predict(images, { indices });
      expect(plain).not.toEqual(await drawing.predict(images, { indices, placements: draw }));
    });
  });

  describe("a fleet", () => {
    /** Trains and evaluates members alternately; returns each member's results and final state. */
    async function outcomes(members: readonly Member[]) {
      const engine = await engineOf(members);
      const images = await load(engine);
      const collected = members.map((): SampleResults[] => []);
      for (let call = 0; call < CALLS; call++) {
        const rest = (member: Member) => member.rests?.includes(call);
        const trained = await engine.train(
          images,
          members.map((member) => (rest(member) ? undefined : epochOf(member, call))),
        );
        const evaluated = await engine.evaluate(
          images,
          members.map((member) =>
            rest(member) ? undefined : { indices: indicesOf(member, call + 3), weights: weightsOf(member) },
          ),
        );
        for (const [network, results] of collected.entries()) results.push(trained[network], evaluated[network]);
      }
      const states = await statesOf(engine, members);
      return members.map((_, network) => ({ results: collected[network], ...states[network] }));
    }

    let together: Awaited<ReturnType<typeof outcomes>>;
    beforeAll(async () => {
      together = await outcomes(MEMBERS);
    });

    it("is new until its parameters are set: all zeros", async () => {
      const engine = await backendOf().compile(MEMBERS, { batchSize: BATCH });
      engines.push(engine);
      await engine.setParameters(initializeParameters(FIRST.model, 1), 0);
      await engine.train(
        await load(engine),
        MEMBERS.map((member) => (member === FIRST ? epochOf(FIRST, 0) : undefined)),
      );
      const [{ parameters }, ...others] = await statesOf(engine, MEMBERS);
      for (const { data } of parameters.values()) expect(data.some((value) => value !== 0)).toBe(true);
      for (const { parameters, optimizer } of others) {
        const { first, second, average = new Map() } = optimizer;
        for (const tensors of [parameters, first, second, average]) {
          for (const { data } of tensors.values()) expect(data.every((value: number) => value === 0)).toBe(true);
        }
      }
    });

    it.each([...MEMBERS.keys()])("computes each member as if it were alone: %i", async (network) => {
      const [alone] = await outcomes([MEMBERS[network]]);
      expect(together[network]).toEqual(alone);
    });

    it("returns no results for a skipped member", () => {
      const [trained, evaluated] = together[1].results.slice(2);
      expect([trained.losses.length, trained.predictions.length]).toEqual([0, 0]);
      expect([evaluated.losses.length, evaluated.predictions.length]).toEqual([0, 0]);
    });

    itInSinglePrecision("agrees with the reference", async () => {
      const reference = referenceBackend();
      for (const [network, member] of MEMBERS.entries()) {
        const engine = await reference.compile([member], { batchSize: BATCH });
        await engine.setParameters(initializeParameters(member.model, member.seed));
        const images = await load(engine);
        const [{ losses }] = await engine.train(images, [epochOf(member, 0)]);
        const [evaluated] = await engine.evaluate(images, [
          { indices: indicesOf(member, 3), weights: weightsOf(member) },
        ]);
        const [trained, mine] = together[network].results;
        expectClose(trained.losses, losses);
        expectClose(mine.losses, evaluated.losses);
      }
    });

    it("addresses each member by index", async () => {
      const engine = await engineOf(MEMBERS);
      const images = await load(engine);
      const selection = { indices: [30, 2, 2, 17] };
      for (const [network, member] of MEMBERS.entries()) {
        const alone = await engineOf([member]);
        const sameImages = await load(alone);
        expect(await engine.predict(images, selection, network)).toEqual(await alone.predict(sameImages, selection));
        expect(await engine.differentiate(images, selection, { labelSmoothing: 0.1 }, network)).toEqual(
          await alone.differentiate(sameImages, selection, { labelSmoothing: 0.1 }),
        );
      }
      expect(engine.models).toEqual(MEMBERS.map(({ model }) => model));
    });

    it("keeps the members' states separate", async () => {
      const engine = await engineOf(MEMBERS);
      const images = await load(engine);
      await engine.train(
        images,
        MEMBERS.map((member) => epochOf(member, 0)),
      );
      const before = await statesOf(engine, MEMBERS);
      const other = initializeParameters(FIRST.model, 99);
      await engine.setParameters(other, 0);
      const { first, second, average } = before[1].optimizer;
      await engine.setOptimizerState({ first: second, second: first, average }, 0);
      expect(await engine.parameters()).toEqual(other);
      expect((await engine.optimizerState(0)).first).toEqual(second);
      for (const network of MEMBERS.keys())
        if (network > 0) expect(await stateOf(engine, network)).toEqual(before[network]);
      // The returned tensors are copies.
      for (const { data } of before[2].parameters.values()) data.fill(7);
      expect(await engine.parameters(2)).not.toEqual(before[2].parameters);
    });

    itInSinglePrecision("resumes bit-identically in another engine from every member's state", async () => {
      const interrupted = await engineOf(MEMBERS);
      const call = CALLS - 1;
      const images = await load(interrupted);
      for (let past = 0; past < call; past++) {
        const slices = MEMBERS.map((member) => (member.rests?.includes(past) ? undefined : epochOf(member, past)));
        await interrupted.train(images, slices);
      }
      const resumed = await backendOf().compile([...MEMBERS].reverse(), { batchSize: BATCH });
      engines.push(resumed);
      const placeOf = (member: number) => MEMBERS.length - 1 - member;
      for (const member of MEMBERS.keys()) {
        const { parameters, optimizer } = await stateOf(interrupted, member);
        await resumed.setParameters(parameters, placeOf(member));
        await resumed.setOptimizerState(optimizer, placeOf(member));
      }
      const slices = MEMBERS.map((member) => epochOf(member, call)).reverse();
      const results = await resumed.train(await load(resumed), slices);
      for (const [member, { results: expected, ...state }] of together.entries()) {
        expect(results[placeOf(member)]).toEqual(expected[2 * call]);
        expect(await stateOf(resumed, placeOf(member))).toEqual(state);
      }
    });
  });

  describe("batch normalisation", () => {
    const member: Member = {
      ...FIRST,
      model: {
        input: INPUT,
        layers: [
          { type: "conv2d", name: "a", outChannels: 3, kernel: 3, stride: 1, padding: 1 },
          { type: "batchNorm", name: "na", epsilon: 1e-5, momentum: 0.1 },
          { type: "relu" },
          { type: "maxPool2d", kernel: 2, stride: 2 },
          { type: "flatten" },
          { type: "linear", name: "b", outFeatures: 5 },
          { type: "batchNorm", name: "nb", epsilon: 1e-3, momentum: 0.3 },
          { type: "tanh" },
          { type: "linear", name: "c", outFeatures: CLASSES },
        ],
      },
    };

    it("has buffers among the parameters and in their average, but neither moments nor gradients", async () => {
      const engine = await engineOf([member]);
      const images = await load(engine);
      await engine.train(images, [epochOf(member, 0)]);
      const { parameters, optimizer } = await stateOf(engine);
      const buffers = ["na.running_mean", "na.running_var", "nb.running_mean", "nb.running_var"];
      const buffersIn = (tensors: ReadonlyMap<string, unknown>) =>
        [...tensors.keys()].filter((name) => name.includes("running"));
      const { gradients } = await engine.differentiate(images, { indices: [1, 2, 3] });
      expect([parameters, optimizer.average!].map(buffersIn)).toEqual([buffers, buffers]);
      expect([optimizer.first, optimizer.second, gradients].map(buffersIn)).toEqual([[], [], []]);
      for (const name of buffers) {
        const [running, average] = [parameters, optimizer.average!].map((tensors) => tensors.get(name)!.data);
        expect(average.every(Number.isFinite)).toBe(true);
        expect(average).not.toEqual(running);
      }
    });

    itInSinglePrecision("resumes bit-identically in another engine", async () => {
      const [one, other] = [await engineOf([member]), await engineOf([member])];
      const [images, sameImages] = [await load(one), await load(other)];
      await one.train(images, [epochOf(member, 0)]);
      const { parameters, optimizer } = await stateOf(one);
      await other.setParameters(parameters);
      await other.setOptimizerState(optimizer);
      expect(await other.train(sameImages, [epochOf(member, 1)])).toEqual(
        await one.train(images, [epochOf(member, 1)]),
      );
      expect(await stateOf(other)).toEqual(await stateOf(one));
    });

    it("is computed in a fleet as alone, whatever the others' batches", async () => {
      const { seed, learningRate, images: count } = MEMBERS[1];
      const members: Member[] = [
        { ...member, images: 20, averaging: null },
        { ...member, seed, learningRate, images: count, optimizer: SGD },
        member,
      ];
      const outcomes = async (fleet: readonly Member[]) => {
        const engine = await engineOf(fleet);
        const images = await load(engine);
        const trained = await engine.train(
          images,
          fleet.map((one) => epochOf(one, 0)),
        );
        const states = await statesOf(engine, fleet);
        for (const [network, one] of fleet.entries())
          await engine.measureStatistics(images, { seed: one.seed }, network);
        const measured = await statesOf(engine, fleet);
        const evaluated = await engine.evaluate(
          images,
          fleet.map((one) => ({ weights: weightsOf(one) })),
        );
        return fleet.map((_, network) => [trained, states, measured, evaluated].map((all) => all[network]));
      };
      const together = await outcomes(members);
      for (const [network, one] of members.entries()) expect(await outcomes([one])).toEqual([together[network]]);
    });

    it("is measured anew only for the network that is asked for", async () => {
      const engine = await engineOf([member, member]);
      const images = await load(engine);
      const before = await statesOf(engine, [member, member]);
      await engine.measureStatistics(images, { seed: 1 }, 1);
      expect(await stateOf(engine, 0)).toEqual(before[0]);
      const after = await engine.parameters(1);
      expect(after.get("na.running_mean")).not.toEqual(before[1].parameters.get("na.running_mean"));
      expect(after.get("a.weight")).toEqual(before[1].parameters.get("a.weight"));
    });
  });

  describe("an average of the parameters", () => {
    it("is evaluated only on request", async () => {
      const [averaged, set] = [await engineOf([FIRST]), await engineOf([FIRST])];
      const [images, sameImages] = [await load(averaged), await load(set)];
      await averaged.train(images, [epochOf(FIRST, 0)]);
      const { parameters, optimizer } = await stateOf(averaged);
      const [current] = await averaged.evaluate(images, [{ weights: "current" }]);
      const [average] = await averaged.evaluate(images, [{ weights: "average" }]);
      expect(await averaged.evaluate(images, [{}])).toEqual([current]);
      expect(await stateOf(averaged)).toEqual({ parameters, optimizer });
      await set.setParameters(optimizer.average!);
      const [same] = await set.evaluate(sameImages, [{}]);
      expectClose(same.losses, average.losses);
      if (!isDouble) expect(same).toEqual(average);
      expect(average.losses).not.toEqual(current.losses);
    });

    it("is refused if the network keeps none", async () => {
      const engine = await engineOf([PLAIN, FIRST]);
      const images = await load(engine);
      const failing = engine.evaluate(images, [{ weights: "average" }, {}]);
      await expect(failing).rejects.toThrow(new RangeError("the network keeps no average"));
      await engine.evaluate(images, [{}, { weights: "average" }]);
    });
  });

  describe("loaded images", () => {
    it("serve any number of calls, independently of each other", async () => {
      const [engine, fresh] = [await engineOf([FIRST]), await engineOf([FIRST])];
      const kept = await load(engine);
      const inverted = await engine.load({ pixels: pixels.map((byte) => 255 - byte), labels });
      expect([kept.count, inverted.count]).toEqual([COUNT, COUNT]);
      const ask = async (asked: Engine, images: LoadedImages) => [
        await asked.evaluate(images, [{ indices: indicesOf(FIRST, 1) }]),
        await asked.predict(images, { indices: [3, 36] }),
        await asked.train(images, [epochOf(FIRST, 0)]),
        await asked.differentiate(images, { indices: [5] }),
        await asked.evaluate(images, [{}]),
      ];
      const answers = await ask(engine, kept);
      expect(answers).toEqual(await ask(fresh, await load(fresh)));
      expect(await engine.predict(inverted)).not.toEqual(await engine.predict(kept));
      inverted.unload();
      expect(await ask(engine, kept)).toEqual(await ask(fresh, await load(fresh)));
    });

    it("can be normalised inputs", async () => {
      const engine = await engineOf([FIRST]);
      const table = normalizedBytes(FIRST.normalization, 1);
      const values = Float32Array.from(pixels, (byte) => table[byte]);
      const [bytes, floats] = [await load(engine), await engine.load({ values, labels })];
      const selection = { indices: indicesOf(FIRST, 0) };
      expect(await engine.evaluate(floats, [selection])).toEqual(await engine.evaluate(bytes, [selection]));
    });

    it("are predicted and evaluated in calls of any size", async () => {
      const engine = await engineOf([FIRST], { keepActivations: true });
      const images = await load(engine);
      const parts = [rangeOf(0, 16), rangeOf(16, 32), rangeOf(32, COUNT)];
      const logits = await engine.predict(images);
      expect(logits.shape).toEqual([COUNT, CLASSES]);
      const [{ predictions, losses }] = await engine.evaluate(images, [{}]);
      const [found, partial] = [[] as number[], [] as SampleResults[]];
      for (const indices of parts) {
        found.push(...(await engine.predict(images, { indices })).data);
        partial.push(...(await engine.evaluate(images, [{ indices }])));
      }
      expect([...logits.data]).toEqual(found);
      expect({ predictions, losses }).toEqual(joined(partial));
      for (const [image, prediction] of predictions.entries()) {
        const row = logits.data.subarray(image * CLASSES, (image + 1) * CLASSES);
        expect(prediction).toBe(row.indexOf(Math.max(...row)));
      }
    });

    it.each([
      [32, 32],
      [8, COUNT],
    ])("yield every layer's output: batch size %i, %i images", async (batchSize, count) => {
      const engine = await engineOf([FIRST], { batchSize, keepActivations: true });
      const images = await load(engine);
      // Reversed, so that sample and image indices differ.
      const indices = rangeOf(0, count).reverse();
      const layers = await engine.activations(images, { indices });
      expect(layers.map(({ layer }) => layer)).toEqual(engine.layers);
      expect(layers[0].output.shape).toEqual([count, 3, 9, 8]);
      for (let start = 0; start < count; start += 5) {
        const few = await engine.activations(images, { indices: indices.slice(start, start + 5) });
        for (const [place, { output }] of few.entries()) {
          const size = output.data.length / output.shape[0];
          const { data } = layers[place].output;
          expect(data.subarray(start * size, start * size + output.data.length)).toEqual(output.data);
        }
      }
      const { output: last } = layers[layers.length - 1];
      expectClose(last.data, (await engine.predict(images, { indices })).data);
    });
  });

  describe("refuses", () => {
    it("slices whose updates do not match their steps, without changing the network", async () => {
      const engine = await engineOf([FIRST]);
      const images = await load(engine);
      const before = await stateOf(engine);
      const { updates, ...slice } = epochOf(FIRST, 0);
      for (const [given, count] of [
        [updates.slice(0, 2), 2],
        [[...updates, updates[0]], 4],
        [[], 0],
      ] as const) {
        await expect(engine.train(images, [{ ...slice, updates: given }])).rejects.toThrow(
          new RangeError(`37 samples in batches of 16 need 3 updates, got ${count}`),
        );
      }
      expect(await stateOf(engine)).toEqual(before);
    });

    it("selections of images that do not exist", async () => {
      const engine = await engineOf([FIRST], { keepActivations: true });
      const images = await load(engine);
      const { updates, ...slice } = epochOf(FIRST, 0);
      const before = await stateOf(engine);
      const wrong: [readonly number[], string][] = [
        [[0, COUNT], "sample 1 selects image 37, expected 0 to 36"],
        [[-1], "sample 0 selects image -1, expected 0 to 36"],
        [[1, 2, 0.5], "sample 2 selects image 0.5, expected 0 to 36"],
        [[], "no images are selected"],
      ];
      for (const [indices, message] of wrong) {
        for (const ask of [
          () => engine.train(images, [{ ...slice, indices, updates: [updates[0]] }]),
          () => engine.evaluate(images, [{ indices }]),
          () => engine.predict(images, { indices }),
          () => engine.activations(images, { indices }),
          () => engine.differentiate(images, { indices }),
        ]) {
          await expect(ask()).rejects.toThrow(new RangeError(message));
        }
      }
      const placements = new Int32Array(PLACEMENT_WORDS);
      await expect(engine.predict(images, { indices: [0, 1], placements })).rejects.toThrow(
        new RangeError("the placements have 15 words, but 2 samples need 30"),
      );
      expect(await stateOf(engine)).toEqual(before);
    });

    it("images and labels that do not fit the model", async () => {
      const engine = await engineOf([FIRST]);
      const values = new Float32Array(2 * SIZE);
      const wrong: [Parameters<Engine["load"]>[0], string][] = [
        [{ pixels: new Uint8Array(SIZE + 1) }, "the images have 73 values, not a multiple of 1×9×8"],
        [{ pixels: new Uint8Array(0) }, "there are no images"],
        [{ values, labels: [0] }, "there are 2 images, but 1 labels"],
        [{ values, labels: [0, 3] }, "the label of image 1 is 3, expected 0 to 2"],
        [{ values, labels: [-1, 0] }, "the label of image 0 is -1, expected 0 to 2"],
      ];
      for (const [images, message] of wrong) {
        await expect(engine.load(images)).rejects.toThrow(new RangeError(message));
      }
    });

    it("to differentiate more than one batch", async () => {
      const engine = await engineOf([FIRST]);
      const images = await load(engine);
      await expect(engine.differentiate(images, { indices: rangeOf(0, BATCH + 1) })).rejects.toThrow(
        new RangeError("the engine differentiates at most 16 samples at once"),
      );
      expect((await engine.differentiate(images, { indices: rangeOf(0, BATCH) })).losses).toHaveLength(BATCH);
    });

    it("fleets of networks with different layers, and empty fleets", async () => {
      const wider = modelWith(0.25);
      const others: readonly Model[] = [
        { ...wider, input: { ...INPUT, width: 9 } },
        { ...wider, layers: wider.layers.map((layer) => (layer.type === "tanh" ? { type: "sigmoid" } : layer)) },
        { ...wider, layers: wider.layers.filter(({ type }) => type !== "dropout") },
      ];
      const compile = (...models: Model[]) =>
        backendOf().compile(
          models.map((model) => ({ ...PLAIN, model })),
          { batchSize: BATCH },
        );
      for (const other of others) {
        await expect(compile(wider, modelWith(0.5), other)).rejects.toThrow(
          new RangeError("network 2 does not have the same layers as network 0"),
        );
      }
      await expect(compile()).rejects.toThrow(new RangeError("there are no networks"));
    });

    it("normalizations with another number of channels", async () => {
      const normalization = { mean: [0.5, 0.5], std: [0.5] };
      await expect(engineOf([FIRST, { ...FIRST, normalization }])).rejects.toThrow(
        new RangeError("the normalization has 2 means and 1 standard deviations, but the model has 1 channels"),
      );
    });

    it("tensors that do not match the model", async () => {
      const engine = await engineOf(MEMBERS);
      const before = await engine.parameters(1);
      const wrong = (change: (tensors: Map<string, Tensor>) => unknown) => {
        const tensors = new Map<string, Tensor>(before);
        change(tensors);
        return engine.setParameters(tensors, 1);
      };
      await expect(wrong((tensors) => tensors.delete("c.bias"))).rejects.toThrow(ShapeError);
      await expect(wrong((tensors) => tensors.set("d.bias", tensors.get("c.bias")!))).rejects.toThrow(ShapeError);
      await expect(wrong((tensors) => tensors.set("c.bias", tensors.get("b.bias")!))).rejects.toThrow(ShapeError);
      expect(await engine.parameters(1)).toEqual(before);
    });

    it("a slice too many, a network that does not exist, images without labels", async () => {
      const engine = await engineOf([FIRST]);
      const images = await load(engine);
      await expect(engine.evaluate(images, [{}, {}])).rejects.toThrow(
        new RangeError("there are 2 slices, but 1 networks"),
      );
      await expect(engine.parameters(1)).rejects.toThrow(new RangeError("network 1 does not exist, the engine has 1"));
      const unlabelled = await engine.load({ pixels });
      for (const ask of [
        () => engine.train(unlabelled, [epochOf(FIRST, 0)]),
        () => engine.evaluate(unlabelled, [{}]),
        () => engine.differentiate(unlabelled, { indices: [0] }),
      ]) {
        await expect(ask()).rejects.toThrow(new RangeError("the images have no labels"));
      }
      expect((await engine.predict(unlabelled)).shape).toEqual([COUNT, CLASSES]);
    });

    it("all slices of a call if one of them is wrong", async () => {
      const engine = await engineOf([FIRST, FIRST]);
      const images = await load(engine);
      const before = await stateOf(engine);
      const slice = epochOf(FIRST, 0);
      await expect(engine.train(images, [slice, { ...slice, updates: [] }])).rejects.toThrow(RangeError);
      expect(await stateOf(engine)).toEqual(before);
    });
  });

  it("refuses to compute after it is disposed", async () => {
    const engine = await engineOf(MEMBERS);
    const images = await load(engine);
    engine.dispose();
    for (const ask of [
      () =>
        engine.train(
          images,
          MEMBERS.map((member) => epochOf(member, 0)),
        ),
      () => engine.evaluate(images, [{}]),
      () => engine.predict(images),
      () => engine.differentiate(images, { indices: [0] }),
    ]) {
      await expect(ask()).rejects.toThrow("the engine was disposed");
    }
  });

  it("returns activations only if compiled with keepActivations", async () => {
    const engine = await engineOf([FIRST]);
    await expect(engine.activations(await load(engine))).rejects.toThrow(
      "this engine keeps no activations: compile with keepActivations",
    );
  });
});

/** Compares losses and logits in single precision, with sums in any order. */
function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual).toHaveLength(expected.length);
  for (const [place, value] of expected.entries()) expect(Math.abs(actual[place] - value)).toBeLessThan(2e-5);
}

describe("the name of the arithmetic", () => {
  const arithmeticOf = async (backend: Backend) => {
    const engine = await backend.compile([PLAIN], { batchSize: BATCH });
    engines.push(engine);
    return engine.arithmetic;
  };

  it("depends on whether multiplication and addition are rounded once, not on the number of threads", async () => {
    for (const several of [undefined, threads(2)]) {
      expect(await arithmeticOf(wasmBackend({ arithmetic: "fused", threads: several }))).toBe("wasm-fused");
      expect(await arithmeticOf(wasmBackend({ arithmetic: "portable", threads: several }))).toBe("wasm-portable");
    }
    expect(await arithmeticOf(referenceBackend())).toBe("reference");
  });
});
