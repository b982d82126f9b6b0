import { expect, test } from "vitest";
import { formatJson } from "../formats/json.js";
import { lenet5 } from "../model/index.js";
import { RECIPES } from "../training/recipes/recipes.js";
import { compareRuns } from "./comparison.js";
import type { RunConfig } from "./config.js";
import { bestAccuracy, formatHistory, parseHistory } from "./history.js";
import { parseRun } from "./record.js";
import { runSettings } from "./settings.js";

const config: RunConfig = {
  versions: { lenet: "0.1.0", browser: "Browser/1.0" },
  startedAt: "2026-01-02T03:04:05.678Z",
  recipe: { ...RECIPES.paper, epochs: 2 },
  scheduleRestarts: [],
  seed: 5,
  model: lenet5({ ...RECIPES.paper, input: { channels: 1, height: 12, width: 12 }, classes: 2 }),
  parameterCount: 17_000,
  data: {
    name: "digits",
    resize: "contain",
    background: 0,
    checksum: "abc",
    images: 9,
    classes: ["a", "b"],
    generated: true,
  },
  threads: 1,
  arithmetic: "wasm-fused",
};

const epoch = (number: number, validationAccuracy: number) => ({
  epoch: number,
  trainLoss: 1,
  trainAccuracy: 0.5,
  validationLoss: 1,
  validationAccuracy,
  learningRate: 0.001,
  trainSeconds: 2,
  validationSeconds: 0.5,
});

const teacher = (type: string) => ({ type, path: "/a", checksum: "ab" });

const history = [epoch(1, 0.75), epoch(2, 0.5)];
const result = {
  bestEpoch: 1,
  bestValidationAccuracy: 0.75,
  seconds: 5,
  fingerprint: "ab12",
  test: { accuracy: 0.9, total: 900 },
};

test("reads a browser's run as it was written", () => {
  const texts = { config: formatJson(config), history: formatHistory(history), result: formatJson(result) };
  expect(parseRun("here", texts)).toEqual({ path: "here", config, history, result });
});

test.each([
  [true, "wasm-fused"],
  [false, "wasm-portable"],
])("reads from an older config whether the arithmetic was fused: %s", (fusedArithmetic, arithmetic) => {
  const { arithmetic: _, ...older } = config;
  const record = parseRun("older", { config: formatJson({ ...older, fusedArithmetic }) });
  expect(record.config).toEqual({ ...config, arithmetic });
});

test("reads a run without epochs from its config only", () => {
  const record = { path: "new", config, history: [], result: undefined };
  expect(parseRun("new", { config: formatJson(config) })).toEqual(record);
  expect(compareRuns([record])[0]).toMatchObject({ finished: false, epochs: 0, epochsPlanned: 2, seconds: 0 });
});

test.each([
  [{ config: "{}" }, /^config\.json: versions: /],
  [
    { config: formatJson({ ...config, teachers: ["softLabels", "network"].map(teacher) }) },
    /^config\.json: teachers: soft labels must be the only teacher$/,
  ],
  [{ config: "<html>" }, /^config\.json is not JSON$/],
  [{ config: formatJson(config), history: "epoch\n1\n" }, /^history\.csv: its columns are epoch, expected /],
  [{ config: formatJson(config), result: "{}" }, /^result\.json: bestEpoch: /],
  [
    { config: formatJson(config), result: formatJson({ ...result, bestValidationAccuracy: 1.5 }) },
    /^result\.json: bestValidationAccuracy: must be at most 1, not 1\.5$/,
  ],
  [
    { config: formatJson(config), result: formatJson({ ...result, test: { accuracy: -0.5, total: 1 } }) },
    /^result\.json: test\.accuracy: must be at least 0, not -0\.5$/,
  ],
  [{ config: formatJson(config), result: formatJson({ ...result, seconds: -1 }) }, /^result\.json: seconds: /],
])("says in one line which file is wrong: %#", (texts, message) => {
  expect(() => parseRun("wrong", texts)).toThrow(message);
});

test.each([
  ["train_acc_all", 2],
  ["val_acc_all", -0.1],
  ["lr", -1],
  ["train_seconds", -1],
  ["val_seconds", -1],
  ["val_loss_all", Number.POSITIVE_INFINITY],
])("refuses a history in which %s is %d", (column, value) => {
  const [names, row] = formatHistory([epoch(1, 0.75)]).split("\n");
  const cells = row.split(",").with(names.split(",").indexOf(column), String(value));
  expect(() => parseHistory(`${names}\n${cells}\n`)).toThrow(`history.csv: row 1 is invalid: "${cells}"`);
});

test("reads the history of the longest run, and none that is longer", () => {
  const longest = Array.from({ length: 100_000 }, (_, index) => epoch(index + 1, index / 100_000));
  const text = formatHistory(longest);
  expect(bestAccuracy(parseHistory(text))).toBe(0.99999);
  expect(() => parseHistory(`${text}100001,0,0,0,0,0,0,0\n`)).toThrow(/^history\.csv: it has more than 100000 epochs$/);
  expect(bestAccuracy([...longest, ...longest])).toBe(0.99999);
});

test("compares the settings in which runs differ, and their results", () => {
  const other = { ...config, seed: 6, versions: { lenet: "0.1.0", node: "20.19.0", v8: "11.3" } };
  const [first, second] = compareRuns([
    { path: "one", config, history, result },
    { path: "two", config: other, history: history.slice(0, 1) },
  ]);
  expect(first).toEqual({
    run: "one",
    settings: { seed: "5", Node: "", V8: "", browser: "Browser/1.0" },
    finished: true,
    epochs: 2,
    epochsPlanned: 2,
    seconds: 5,
    bestValidationAccuracy: 0.75,
    test: { accuracy: 0.9, standardError: expect.closeTo(0.01), images: 900 },
  });
  expect(second).toMatchObject({ settings: { seed: "6", Node: "20.19.0", browser: "" }, finished: false, epochs: 1 });
});

test("shows every field in which the recipes of runs differ", () => {
  const changes: Partial<RunConfig["recipe"]> = {
    averaging: { decay: 0.99 },
    patience: 4,
    dropout: 0.3,
    batchSize: 8,
    augmentValidation: true,
    labelSmoothing: 0.2,
    validationFraction: 0.5,
  };
  const names = ["averaging", "patience", "dropout", "batch", "augmented validation"];
  names.push("label smoothing", "validation fraction");
  const [, second] = compareRuns([
    { path: "one", config, history },
    { path: "two", config: { ...config, recipe: { ...config.recipe, ...changes } }, history },
  ]);
  expect(Object.keys(second.settings).sort()).toEqual(names.sort());
  expect(second.settings).toMatchObject({ averaging: "decay=0.99", patience: "4" });
});

test("lists only the known versions among the settings", () => {
  const names = runSettings(config).flatMap(({ facts }) => facts.map(({ name }) => name));
  expect(names).toContain("browser");
  expect(names).not.toContain("Node");
  expect(names).toContain("arithmetic");
});
