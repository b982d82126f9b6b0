import { beforeAll, describe, expect, test, vi } from "vitest";
import { type BenchmarkReport, measure, timingOf } from "../src/benchmark/index.js";
import { benchCommand, type Environment, formatBenchmark } from "../src/cli/commands/bench.js";
import { supportsFusedArithmetic } from "../src/engine/wasm/features.js";
import { compilePeakLoop } from "../src/engine/wasm/workloads/index.js";
import { enableFusedArithmetic } from "../src/node/threads.js";

enableFusedArithmetic();

let report: BenchmarkReport & Environment;
beforeAll(async () => {
  const written: string[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  await benchCommand().parseAsync(["--seconds", "0.1", "--threads", "2", "--json"], { from: "user" });
  write.mockRestore();
  report = JSON.parse(written.join(""));
});

/** All numbers in a document, by path. */
function numbersIn(value: unknown, path = ""): [string, number][] {
  if (typeof value === "number") return [[path, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => numbersIn(inner, `${path}.${key}`));
}

describe("lenet bench", () => {
  test("prints one JSON document of positive figures", () => {
    expect(report).toMatchObject({
      node: process.versions.node,
      fused: supportsFusedArithmetic(),
      peakGflops: expect.any(Number),
      compileMilliseconds: expect.any(Number),
    });
    const wrong = numbersIn(report).filter(
      ([path, value]) => path !== ".loadAverage" && !(value > 0 && Number.isFinite(value)),
    );
    expect(wrong).toEqual([]);
  });

  test("measures every step with one thread and with more", () => {
    const measured = report.steps.map(({ recipe, input, batch, threads }) => `${recipe} ${input} ${batch} ${threads}`);
    const expected = ["paper", "improved"].flatMap((recipe) =>
      ["1x28x28 1", "1x28x28 32", "3x32x32 32"].flatMap((sizes) =>
        [1, 2].map((threads) => `${recipe} ${sizes} ${threads}`),
      ),
    );
    expect(measured).toEqual(expected);
    expect(Object.keys(report.steps[0])).toEqual([
      "recipe",
      "input",
      "batch",
      "threads",
      "trainMicroseconds",
      "trainMicrosecondsQuartiles",
      "forwardMicroseconds",
      "forwardMicrosecondsQuartiles",
      "memoryBytes",
    ]);
  });

  test("measures the barrier of several threads, and memory below 32 MB", () => {
    expect(report.barriers.map(({ threads }) => threads)).toEqual([2]);
    for (const { memoryBytes } of report.steps) expect(memoryBytes).toBeLessThan(32e6);
  });

  test("measures every kernel that multiplies and adds", () => {
    expect(report.kernels.map(({ name }) => name)).toEqual([
      "Conv2d-1.forward",
      "Conv2d-1.backwardWeight",
      ...["Conv2d-4", "Linear-8", "Linear-10", "Linear-12"].flatMap((layer) =>
        ["forward", "backwardWeight", "backwardInput"].map((pass) => `${layer}.${pass}`),
      ),
    ]);
    expect(Object.keys(report.kernels[0])).toEqual(
      expect.arrayContaining(["name", "microseconds", "gflops", "percentOfPeak"]),
    );
  });

  test("formats readable tables", () => {
    const text = formatBenchmark(report, report);
    expect(text).toContain("Peak of one core in WebAssembly");
    expect(text).toMatch(/^Conv2d-4\.forward +1x28x28 +[\d.]+ \([\d.]+–[\d.]+\) +[\d.]+ +\d+ %$/m);
    expect(text).toMatch(/^improved +3x32x32 +32 +2 /m);
  });
});

describe("the peak loop", () => {
  test.each([false, true].filter((fused) => !fused || supportsFusedArithmetic()))(
    "executes every multiply-add that it counts (fused: %s)",
    (fused) => {
      const loop = compilePeakLoop(fused);
      // With scale 1 and addend 1, each lane counts its updates in either arithmetic.
      const lanes = loop.run(1000, 1, 1);
      expect(lanes).toHaveLength(48);
      expect([...lanes]).toEqual(Array(48).fill(1000 * loop.updatesATurn));
    },
  );

  test.each([false, true].filter((fused) => !fused || supportsFusedArithmetic()))(
    "rounds according to its arithmetic (fused: %s)",
    (fused) => {
      const loop = compilePeakLoop(fused);
      // A scale for which one and two roundings yield different sums.
      const scale = Math.fround(0.7);
      const addend = 1;
      let expected = 0;
      for (let update = 0; update < 3 * loop.updatesATurn; update++) {
        const product = expected * scale;
        expected = Math.fround((fused ? product : Math.fround(product)) + addend);
      }
      expect([...loop.run(3, scale, addend)]).toEqual(Array(48).fill(expected));
    },
  );
});

describe("measuring", () => {
  test("runs every task in every round", async () => {
    const order: string[] = [];
    const task = (name: string) => ({ run: () => void order.push(name) });
    const timings = await measure([task("a"), task("b")], 1);
    expect(timings).toHaveLength(2);
    const turns = order.filter((name, index) => name !== order[index - 1]);
    expect(turns.join("")).toMatch(/^(ab){8}$/);
  });

  test("computes median and quartiles", () => {
    expect(timingOf([5, 1, 4, 2, 3])).toEqual({ median: 3, quartiles: [2, 4] });
    expect(timingOf([1, 2])).toEqual({ median: 1.5, quartiles: [1.25, 1.75] });
    expect(timingOf([7])).toEqual({ median: 7, quartiles: [7, 7] });
  });
});
