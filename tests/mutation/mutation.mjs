import { fileURLToPath } from "node:url";
import { Stryker } from "@stryker-mutator/core";

// Changes the code in one place at a time, and counts which changes no test notices. Each part of src is tested with its
// own unit tests alone, so that a change must fall to a test that names it.
//   npm run mutation                          all parts
//   npm run mutation -- formats/zip node      some parts

/** The files of each part, and the tests that must notice a change in them. */
const PARTS = {
  formats: { files: ["src/formats/*.ts"], tests: ["src/formats/*.test.ts"] },
  "formats/zip": { files: ["src/formats/zip/*.ts"], tests: ["src/formats/zip/*.test.ts"] },
  "formats/pth": { files: ["src/formats/pth/*.ts"], tests: ["src/formats/pth/*.test.ts"] },
  "formats/onnx": { files: ["src/formats/onnx/*.ts"], tests: ["src/formats/onnx/*.test.ts"] },
  "formats/tensorboard": { files: ["src/formats/tensorboard/*.ts"], tests: ["src/formats/tensorboard/*.test.ts"] },
  node: {
    files: ["runFolder", "runFiles", "checkpointFiles", "runLock"].map((name) => `src/node/${name}.ts`),
    tests: ["src/node/run*.test.ts"],
  },
  "node/disk": {
    files: ["src/node/disk/*.ts"],
    tests: ["src/node/disk/*.test.ts", "src/node/datasets.test.ts", "src/node/*Files.test.ts"],
  },
};

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PARTS);

const lines = [];
for (const name of names) {
  const { files, tests } = PARTS[name];
  process.env.MUTATION_TESTS = JSON.stringify(tests);
  const results = await new Stryker({
    mutate: [...files, "!src/**/*.test.ts", "!src/**/index.ts"],
    testRunner: "vitest",
    plugins: [here("node_modules/@stryker-mutator/vitest-runner/dist/src/index.js")],
    vitest: { configFile: here("vitest.config.ts"), related: false },
    tsconfigFile: here("none.json"),
    ignorePatterns: ["/runs", "/docs", "/bench", "/examples", "/web", "/tests/fuzz", "/tests/mutation/node_modules"],
    // What a module computes once when it is loaded cannot be changed for one test.
    ignoreStatic: true,
    mutator: { excludedMutations: ["StringLiteral"] },
    concurrency: 1,
    timeoutMS: 20_000,
    reporters: ["clear-text", "json"],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: false },
    jsonReporter: { fileName: here(`reports/${name.replace("/", "-")}.json`) },
    tempDirName: `.stryker-tmp/${name.replace("/", "-")}`,
  }).runMutationTest();
  lines.push(scoreOf(name, results));
}
process.stdout.write(`\n${lines.join("\n")}\n`);

function scoreOf(name, results) {
  const count = (...statuses) => results.filter(({ status }) => statuses.includes(status)).length;
  const noticed = count("Killed", "Timeout");
  const all = noticed + count("Survived", "NoCoverage");
  return `${name}: ${noticed} of ${all} changes are noticed, ${((100 * noticed) / all).toFixed(1)} %`;
}
