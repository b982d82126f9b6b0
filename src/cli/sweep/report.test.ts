import { expect, it } from "vitest";
import type { SweepConfig } from "./config.js";
import { parseAxis, planRuns } from "./grid.js";
import { formatCsv, formatReport, type RunOutcome, reportSweep } from "./report.js";

const config: SweepConfig = {
  versions: { lenet: "1.0.0", node: "20.20.0", v8: "11.3" },
  startedAt: "2030-01-01T00:00:00.000Z",
  recipe: "improved",
  data: {
    name: "digits",
    checksum: "0",
    generated: true,
    settings: { data: "digits", resize: "contain", background: 0 },
  },
  grid: [
    { key: "lr", values: ["1e-3", "3e-3", "99"] },
    { key: "augment", values: ["crop=2,flip=0.5"] },
  ],
  seeds: [3, 7, 11],
};

const finished = (validationAccuracy: number, testAccuracy: number | undefined, seconds: number): RunOutcome => ({
  status: "finished",
  bestEpoch: 2,
  validationAccuracy,
  testAccuracy,
  seconds,
});
const failed: RunOutcome = { status: "failed", reason: 'the training diverged, it says "NaN"' };

const OUTCOMES = [
  ...[finished(0.89, 0.88, 61.5), finished(0.91, 0.9, 70), failed],
  ...[finished(0.9, 0.89, 58.5), failed, failed],
  ...[finished(0.89, 0.9, 60), finished(0.93, 0.92, 80), failed],
];
const runs = planRuns({
  grid: config.grid.map(({ key, values }) => parseAxis(`${key}=${values}`)),
  seeds: config.seeds,
});
const report = reportSweep("sweeps/a", config, new Map(runs.map((run, index) => [run, OUTCOMES[index]])));

it("summarizes combinations, sorted by mean validation accuracy", () => {
  const [first, second, third] = report.combinations;
  expect(first).toEqual({
    settings: { lr: "3e-3", augment: "crop=2,flip=0.5" },
    label: "lr=3e-3 augment=crop=2,flip=0.5",
    runs: 3,
    failed: 1,
    validationAccuracy: { mean: 0.92, std: expect.closeTo(Math.SQRT1_2 * 0.02, 12) },
    testAccuracy: { mean: 0.91, std: expect.closeTo(Math.SQRT1_2 * 0.02, 12) },
    best: { seed: 11, validationAccuracy: 0.93 },
    worst: { seed: 3, validationAccuracy: 0.91 },
    seconds: 75,
  });
  expect(second.best).toEqual({ seed: 7, validationAccuracy: 0.9 });
  expect(second.worst).toEqual({ seed: 11, validationAccuracy: 0.89 });
  expect(third).toMatchObject({ runs: 3, failed: 3, settings: { lr: "99" } });
});

it("formats a table", () => {
  expect(`\n${formatReport(report)}`).toMatchInlineSnapshot(`
    "
    settings                           runs         val acc        test acc     best seed    worst seed  time per run
    lr=3e-3 augment=crop=2,flip=0.5  2 of 3  92.00 ± 1.41 %  91.00 ± 1.41 %  11 (93.00 %)   3 (91.00 %)          1:15
    lr=1e-3 augment=crop=2,flip=0.5       3  89.33 ± 0.58 %  89.00 ± 1.00 %   7 (90.00 %)  11 (89.00 %)          1:00
    lr=99 augment=crop=2,flip=0.5    0 of 3               –               –             –             –             –
    failed: lr=99_augment=crop=2,flip=0.5_seed=3: the training diverged, it says "NaN"
    failed: lr=3e-3_augment=crop=2,flip=0.5_seed=7: the training diverged, it says "NaN"
    failed: lr=99_augment=crop=2,flip=0.5_seed=7: the training diverged, it says "NaN"
    failed: lr=99_augment=crop=2,flip=0.5_seed=11: the training diverged, it says "NaN""
  `);
});

it("shows no standard deviation for one run and no test accuracy without test images", () => {
  const one = { ...config, grid: [], seeds: [5] };
  const [run] = planRuns({ grid: [], seeds: [5] });
  const single = reportSweep("sweeps/b", one, new Map([[run, finished(0.5, undefined, 3)]]));
  expect(`\n${formatReport(single)}`).toMatchInlineSnapshot(`
    "
    settings  runs  val acc  test acc    best seed   worst seed  time per run
    improved     1  50.00 %         –  5 (50.00 %)  5 (50.00 %)          0:03"
  `);
});

it("formats CSV with one row per run", () => {
  expect(`\n${formatCsv(report)}`).toMatchInlineSnapshot(`
    "
    run,lr,augment,seed,status,best_epoch,val_acc,test_acc,seconds,fingerprint,reason
    "lr=1e-3_augment=crop=2,flip=0.5_seed=3",1e-3,"crop=2,flip=0.5",3,finished,2,0.89,0.88,61.5,,
    "lr=3e-3_augment=crop=2,flip=0.5_seed=3",3e-3,"crop=2,flip=0.5",3,finished,2,0.91,0.9,70,,
    "lr=99_augment=crop=2,flip=0.5_seed=3",99,"crop=2,flip=0.5",3,failed,,,,,,"the training diverged, it says ""NaN"""
    "lr=1e-3_augment=crop=2,flip=0.5_seed=7",1e-3,"crop=2,flip=0.5",7,finished,2,0.9,0.89,58.5,,
    "lr=3e-3_augment=crop=2,flip=0.5_seed=7",3e-3,"crop=2,flip=0.5",7,failed,,,,,,"the training diverged, it says ""NaN"""
    "lr=99_augment=crop=2,flip=0.5_seed=7",99,"crop=2,flip=0.5",7,failed,,,,,,"the training diverged, it says ""NaN"""
    "lr=1e-3_augment=crop=2,flip=0.5_seed=11",1e-3,"crop=2,flip=0.5",11,finished,2,0.89,0.9,60,,
    "lr=3e-3_augment=crop=2,flip=0.5_seed=11",3e-3,"crop=2,flip=0.5",11,finished,2,0.93,0.92,80,,
    "lr=99_augment=crop=2,flip=0.5_seed=11",99,"crop=2,flip=0.5",11,failed,,,,,,"the training diverged, it says ""NaN"""
    "
  `);
});
