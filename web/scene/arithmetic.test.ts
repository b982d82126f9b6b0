import { describe, expect, it } from "vitest";
import { initializeParameters, type LeNet5Options, lenet5, type NamedTensors } from "../../src/model/index.js";
import { inputDifferentiation } from "../../src/network/inputGradient.js";
import { type Contributions, SceneNetwork, structureOf, type Unit } from "./arithmetic.js";

const IMAGE = { channels: 1, height: 28, width: 28 };
const RELU: LeNet5Options = { input: IMAGE, classes: 10, activation: "relu", pooling: "maxPool2d", dropout: 0.1 };
const NETWORKS: Readonly<Record<string, LeNet5Options>> = {
  "ReLU and max pooling": RELU,
  "colour and partial connections": {
    ...RELU,
    input: { channels: 3, height: 32, width: 32 },
    padding: 0,
    connections: "partial",
  },
  "sigmoid and average pooling": { ...RELU, activation: "sigmoid", pooling: "averagePool2d" },
  "the paper's": {
    ...RELU,
    input: { channels: 1, height: 32, width: 32 },
    padding: 0,
    activation: "scaledTanh",
    pooling: "subsample2d",
    output: "rbf",
  },
  "batch normalisation": { ...RELU, batchNorm: true },
};

/** A network with an input of which no two values are equal, as where a pool's inputs tie, its derivative jumps. */
function build(options: LeNet5Options) {
  const model = lenet5(options);
  const parameters = initializeParameters(model, 3);
  const structure = structureOf(model);
  const network = new SceneNetwork(structure, parameters);
  const size = options.input.channels * options.input.height * options.input.width;
  const input = Float64Array.from({ length: size }, (_, place) => Math.sin(place * 12.9898) * Math.cos(place / 7));
  return { model, parameters, structure, network, input };
}

/** The value of a unit before its activation. */
function sumOf({ structure, network }: ReturnType<typeof build>, input: Float64Array, unit: Unit): number {
  return network.forward(input)[structure.stages[unit.stage].main + 1][unit.index];
}

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

/** The most active unit of a stage, and one in its middle. */
function unitsOf({ structure, network, input }: ReturnType<typeof build>, stage: number): Unit[] {
  const values = network.forward(input)[structure.stages[stage].last + 1];
  return [values.indexOf(Math.max(...values)), Math.floor(values.length / 2)].map((index) => ({ stage, index }));
}

describe.each(Object.entries(NETWORKS))("the scene's arithmetic with %s", (_, options) => {
  const built = build(options);
  const { model, parameters, structure, network, input } = built;
  const values = network.forward(input);
  const stages = [...structure.stages.keys()].slice(1);

  it("computes the values of the reference backend", () => {
    const expected = inputDifferentiation(model, parameters).forward(input);
    expect(values).toHaveLength(expected.length);
    for (const [layer, own] of values.entries()) {
      expect(Math.max(...own.map((value, place) => Math.abs(value - expected[layer][place])))).toBeLessThan(1e-12);
    }
  });

  it.each(stages)("has edges that agree with its gradients, from a unit of stage %i to the input", (stage) => {
    for (const unit of unitsOf(built, stage)) {
      const { gaps, shares } = network.contributions(values, unit);
      expect(gaps).toHaveLength(stage);
      for (const [gap, edges] of gaps.entries()) {
        const { count } = structure.stages[gap];
        const own = shares[gap];
        for (let from = 0; from < count; from++) {
          const outgoing = sum(edges.filter((_, edge) => edge % count === from));
          const ofMap = own.subarray((from * own.length) / count, ((from + 1) * own.length) / count);
          expect(outgoing).toBeCloseTo(sum(ofMap), 10);
        }
      }
    }
  });

  it.each(stages)("works out the sum of a unit of stage %i, if it is one", (stage) => {
    const { layer } = structure.layers[structure.stages[stage].main];
    for (const unit of unitsOf(built, stage)) {
      const worked = network.sumOf(values, unit);
      expect(worked !== undefined).toBe(layer.type === "conv2d" || layer.type === "linear");
      if (!worked) continue;
      expect(worked.value).toBe(sumOf(built, input, unit));
      expect(worked.addends).toHaveLength(structure.stages[stage - 1].count);
      expect(sum(worked.addends.map((addend) => addend.sum)) + worked.bias).toBeCloseTo(worked.value, 10);
    }
  });

  it.each(stages)("has the shares of the input that finite differences give, for a unit of stage %i", (stage) => {
    const [unit] = unitsOf(built, stage);
    const { shares } = network.contributions(values, unit);
    const step = 1e-6;
    for (let place = 0; place < input.length; place += 31) {
      const moved = (by: number) => sumOf(built, input.with(place, input[place] + by), unit);
      const slope = (moved(step) - moved(-step)) / (2 * step);
      expect(shares[0][place]).toBeCloseTo(input[place] * slope, 6);
    }
  });
});

describe("edges across a gap", () => {
  const built = build(RELU);
  const { parameters, structure, network, input } = built;
  const values = network.forward(input);
  const stages = [...structure.stages.keys()].slice(1);

  it.each(stages)("add up to a unit of stage %i less the biases after them", (stage) => {
    for (const unit of unitsOf(built, stage)) {
      const contributions = network.contributions(values, unit);
      for (const [gap, edges] of contributions.gaps.entries()) {
        const biases = biasesAfter(gap, contributions);
        expect(sum(edges) + biases).toBeCloseTo(contributions.value, 7);
      }
    }
  });

  it("do not add up without the biases, so the test above can fail", () => {
    const [unit] = unitsOf(built, structure.stages.length - 1);
    const { gaps, value } = network.contributions(values, unit);
    expect(Math.abs(sum(gaps[0]) - value)).toBeGreaterThan(1e-3);
  });

  /** What the biases of all layers after a gap add to a unit: by how much its value falls linearly without them. */
  function biasesAfter(gap: number, { unit }: Contributions): number {
    const first = structure.stages[gap].last + 1;
    const main = structure.stages[unit.stage].main;
    const names = structure.layers
      .slice(first, main + 1)
      .flatMap((layer) => layer.parameters.map(({ name }) => name).filter((name) => name.endsWith(".bias")));
    const step = 1e-6;
    const valueWith = (factor: number) => {
      const scaled: NamedTensors = new Map(
        [...parameters].map(([name, { shape, data }]) => {
          const own = Float64Array.from(data as Float32Array, (value) =>
            names.includes(name) ? value * factor : value,
          );
          return [name, { shape, data: own }];
        }),
      );
      const other = new SceneNetwork(structure, scaled);
      return other.forward(input)[main + 1][unit.index];
    };
    return (valueWith(1 + step) - valueWith(1 - step)) / (2 * step);
  }
});

it("has stages in the paper's terms, with their maps", () => {
  const { stages } = build(RELU).structure;
  expect(stages.map(({ term, count, height, width }) => `${term} ${count}×${height}×${width}`)).toEqual([
    "Input 1×28×28",
    "C1 6×28×28",
    "S2 6×14×14",
    "C3 16×10×10",
    "S4 16×5×5",
    "C5 120×1×1",
    "F6 84×1×1",
    "Output 10×1×1",
  ]);
});
