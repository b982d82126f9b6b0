import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { declareClassPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import {
  DryRunStatus,
  determineHitLimitReached,
  TestStatus,
  toMutantRunResult,
} from "@stryker-mutator/api/test-runner";
import { getCurrentTest, startTests } from "@vitest/runner";
import { rolldown } from "rolldown";
import { chai, expect, vi } from "vitest";

// Runs unit tests for Stryker, hundreds a second: all changes are in the program at once, behind switches, so it is
// compiled and loaded once, and only the tests are begun anew for each change.

/** Where the changed program finds the switches. */
globalThis.__stryker__ ??= {};
const switches = globalThis.__stryker__;

// Those of Vitest need its own process.
const environment = new Map();
vi.stubEnv = (name, value) => {
  if (!environment.has(name)) environment.set(name, process.env[name]);
  setEnvironment(name, value);
};
vi.unstubAllEnvs = () => {
  for (const [name, value] of environment) setEnvironment(name, value);
  environment.clear();
};
function setEnvironment(name, value) {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
vi.waitFor = async (check, { timeout = 1000 } = {}) => {
  const end = performance.now() + timeout;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) throw error;
      await setTimeout(20);
    }
  }
};
expect.poll = (read, options) => ({
  toBe: (expected) => vi.waitFor(async () => expect(await read()).toBe(expected), options),
});
chai.util.addMethod(chai.Assertion.prototype, "toMatchFileSnapshot", function (path) {
  const folder = dirname(getCurrentTest().file.filepath);
  expect(this._obj).toBe(readFileSync(resolve(folder, path), "utf8"));
});

const CONFIG = {
  root: process.cwd(),
  setupFiles: [],
  passWithNoTests: true,
  allowOnly: true,
  sequence: { seed: 0, hooks: "stack", setupFiles: "parallel" },
  maxConcurrency: 1,
  // Stryker gives up earlier on a change that makes a test endless.
  testTimeout: 600_000,
  hookTimeout: 600_000,
  retry: 0,
  tags: [],
};

class Runner {
  #files = [];
  #runs = 0;

  capabilities() {
    return { reloadEnvironment: false };
  }

  /** Compiles the tests and the program beside their sources. */
  async init() {
    const tests = JSON.parse(process.env.MUTATION_TESTS);
    const bundle = await rolldown({
      input: Object.fromEntries(tests.map((file) => [file.replace(/\.ts$/, ""), resolve(file)])),
      platform: "node",
      external: (id) => /^[^./]/.test(id),
      resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
    });
    const output = { dir: ".", format: "esm", preserveModules: true, preserveModulesRoot: "." };
    await bundle.write({ ...output, entryFileNames: "[name].js" });
    this.#files = tests.map((file) => resolve(file.replace(/\.ts$/, ".js")));
  }

  async dryRun() {
    switches.activeMutant = undefined;
    const tests = await this.#run();
    return { status: DryRunStatus.Complete, tests, mutantCoverage: switches.mutantCoverage };
  }

  async mutantRun({ testFilter, activeMutant, hitLimit }) {
    Object.assign(switches, { hitCount: 0, hitLimit });
    const tests = await this.#run(testFilter && new Set(testFilter), activeMutant.id);
    const timeout = determineHitLimitReached(switches.hitCount, hitLimit);
    return toMutantRunResult(timeout ?? { status: DryRunStatus.Complete, tests });
  }

  /** Runs the tests with these ids, or all; with a change, only up to the first that fails. */
  async #run(ids, mutant) {
    const results = [];
    let failed = false;
    const fail = () => {
      failed = true;
    };
    process.on("unhandledRejection", fail);
    this.#runs++;
    const files = this.#files.filter((file) => !ids || [...ids].some((id) => id.startsWith(`${nameOf(file)}#`)));
    const runner = {
      config: CONFIG,
      importFile: (path) => import(`${pathToFileURL(path)}?run=${this.#runs}`),
      onCollected: (collected) => {
        for (const test of collected.flatMap(testsIn)) if (ids && !ids.has(idOf(test))) test.mode = "skip";
        switches.activeMutant = mutant;
      },
      onBeforeRunTask: (test) => {
        if (failed && mutant) test.mode = "skip";
        switches.currentTestId = idOf(test);
      },
      onAfterRunTask: (test) => {
        switches.currentTestId = undefined;
        if (test.result?.state === "fail") failed = true;
        results.push(resultOf(test));
      },
    };
    const collected = await startTests(files, runner);
    process.off("unhandledRejection", fail);
    switches.activeMutant = undefined;
    // A hook that fails leaves no result of a test.
    const broken = collected.find(({ result }) => result?.state === "fail");
    if ((failed || broken) && !results.some(({ status }) => status === TestStatus.Failed)) {
      const failureMessage = broken?.result.errors?.[0]?.message ?? "an error outside of the tests";
      results.push({ id: "hook", name: "hook", timeSpentMs: 0, status: TestStatus.Failed, failureMessage });
    }
    return results.filter(({ status }) => status !== TestStatus.Skipped);
  }
}

function testsIn(task) {
  return task.type === "test" ? [task] : task.tasks.flatMap(testsIn);
}

const nameOf = (file) => relative(process.cwd(), file);

function idOf(test) {
  const names = [];
  for (let task = test; task && task !== test.file; task = task.suite) names.unshift(task.name);
  return `${nameOf(test.file.filepath)}#${names.join(" ")}`;
}

function resultOf(test) {
  const { state, duration = 0, errors } = test.result ?? {};
  const id = idOf(test);
  const common = { id, name: id, timeSpentMs: duration };
  if (state === "pass") return { ...common, status: TestStatus.Success };
  if (state !== "fail") return { ...common, status: TestStatus.Skipped };
  return { ...common, status: TestStatus.Failed, failureMessage: errors?.[0]?.message ?? "it failed" };
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, "in-process", Runner)];
