import { describe, expect, test } from "vitest";
import { oneCycle, type Schedule, scheduleAt } from "./schedules.js";

const LAST_BITS = 1e-14;

function expectClose(actual: number | undefined, expected: number, largest: number): void {
  expect(Math.abs(actual! - expected)).toBeLessThanOrEqual(LAST_BITS * largest);
}

/** Rows [step, learning rate, β1] from torch.optim.lr_scheduler.OneCycleLR (PyTorch 2.13). */
function expectOneCycle(schedule: Schedule, totalSteps: number, rows: readonly [number, number, number][]): void {
  for (const [step, learningRate, beta1] of rows) {
    const given = scheduleAt(schedule, step, totalSteps);
    expectClose(given.learningRate, learningRate, 0.01);
    expectClose(given.momentum, beta1, 1);
  }
}

describe("a stepwise schedule", () => {
  const schedule: Schedule = {
    type: "stepwise",
    steps: [
      { passes: 2, learningRate: 5e-4 },
      { passes: 3, learningRate: 2e-4 },
      { passes: 1, learningRate: 1e-5 },
    ],
  };
  const rates = (totalSteps: number) =>
    Array.from({ length: totalSteps }, (_, step) => scheduleAt(schedule, step, totalSteps).learningRate);

  test("gives each learning rate for its number of passes", () => {
    expect(rates(6)).toEqual([5e-4, 5e-4, 2e-4, 2e-4, 2e-4, 1e-5]);
    expect(rates(60)).toEqual([...Array(20).fill(5e-4), ...Array(30).fill(2e-4), ...Array(10).fill(1e-5)]);
  });

  test("gives each its share of another number of passes", () => {
    expect(rates(3)).toEqual([5e-4, 2e-4, 2e-4]);
    expect(rates(1)).toEqual([5e-4]);
  });
});

describe("oneCycle", () => {
  test("anneals along cosines like OneCycleLR's defaults", () => {
    expectOneCycle(oneCycle(0.01), 20, [
      [0, 0.0003999999999999993, 0.95],
      [1, 0.0013167184270002508, 0.9404508497187474],
      [4, 0.009083281572999747, 0.8595491502812526],
      [5, 0.01, 0.85],
      [6, 0.009874640062350875, 0.8512536043909088],
      [10, 0.007169430017913008, 0.878305813044122],
      [15, 0.00188258346050237, 0.9311744900929366],
      [19, 4e-8, 0.95],
    ]);
  });

  test("anneals linearly", () => {
    expectOneCycle(oneCycle(0.01, { annealing: "linear" }), 20, [
      [0, 0.0004, 0.95],
      [4, 0.00808, 0.87],
      [5, 0.01, 0.85],
      [6, 0.009285717142857143, 0.8571428571428571],
      [15, 0.0028571714285714287, 0.9214285714285714],
      [19, 3.999999999976245e-8, 0.95],
    ]);
  });

  test("has three phases", () => {
    expectOneCycle(oneCycle(0.01, { threePhase: true }), 20, [
      [1, 0.0013167184270002508, 0.9404508497187474],
      [5, 0.01, 0.85],
      [9, 0.0013167184270002528, 0.9404508497187474],
      [10, 0.0004, 0.95],
      [11, 0.000387939730304766, 0.95],
      [19, 4e-8, 0.95],
    ]);
  });

  test("takes every setting", () => {
    const schedule = oneCycle(0.01, {
      warmupFraction: 0.45,
      divisor: 10,
      finalDivisor: 100,
      annealing: "linear",
      baseMomentum: 0.8,
      maximumMomentum: 0.9,
      threePhase: true,
    });
    expectOneCycle(schedule, 20, [
      [0, 0.001, 0.9],
      [5, 0.006625, 0.8375],
      [8, 0.01, 0.8],
      [9, 0.008875, 0.8125],
      [15, 0.002125, 0.8875],
      [19, 1e-5, 0.9],
    ]);
  });

  test("is defined for runs of a few steps", () => {
    expectOneCycle(oneCycle(0.01), 1, [[0, 4e-8, 0.95]]);
    expectOneCycle(oneCycle(0.01), 2, [
      [0, 0.00811745653949763, 0.8688255099070633],
      [1, 4e-8, 0.95],
    ]);
    expectOneCycle(oneCycle(0.01), 3, [
      [0, 0.009944154354509118, 0.8505584586887436],
      [1, 0.00462637102666975, 0.9037365046793212],
      [2, 4e-8, 0.95],
    ]);
  });

  test("starts at the maximum if the warm-up has a single step", () => {
    expect(scheduleAt(oneCycle(0.01, { warmupFraction: 0.1 }), 0, 10)).toEqual({ learningRate: 0.01, momentum: 0.85 });
  });

  test("leaves the momentum to the optimiser if it is not cycled", () => {
    expect(scheduleAt(oneCycle(0.01, { cycleMomentum: false }), 5, 20)).toEqual({ learningRate: 0.01 });
  });
});

describe("cosine", () => {
  test("rises linearly, then falls, like LinearLR followed by CosineAnnealingLR", () => {
    const schedule: Schedule = { type: "cosine", learningRate: 0.01, finalLearningRate: 0.001, warmupSteps: 4 };
    const rates = [
      0.002, 0.004, 0.006, 0.008, 0.01, 0.009657457896300792, 0.008681980515339464, 0.007222075445642905,
      0.0055000000000000005, 0.0037779245543570965, 0.0023180194846605367, 0.0013425421036992098,
    ];
    rates.forEach((rate, step) => {
      const given = scheduleAt(schedule, step, rates.length);
      expectClose(given.learningRate, rate, 0.01);
      expect(given.momentum).toBeUndefined();
    });
  });

  test("may consist of warm-up only", () => {
    const schedule: Schedule = { type: "cosine", learningRate: 1, finalLearningRate: 0, warmupSteps: 3 };
    expect([0, 1].map((step) => scheduleAt(schedule, step, 2).learningRate)).toEqual([0.25, 0.5]);
  });
});

test("a constant schedule is constant", () => {
  const schedule: Schedule = { type: "constant", learningRate: 0.001 };
  expect([0, 7, 9].map((step) => scheduleAt(schedule, step, 10))).toEqual(Array(3).fill({ learningRate: 0.001 }));
});

test("a step outside the run is refused", () => {
  for (const step of [-1, 10, 0.5, Number.NaN]) {
    expect(() => scheduleAt(oneCycle(0.01), step, 10)).toThrow(`a schedule of 10 steps has no step ${step}`);
  }
});
