import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Stryker } from "@stryker-mutator/core";

// Changes the code in one place at a time, and counts which changes no test notices. Each part of src is tested with its
// own unit tests alone, so that a change must fall to a test that names it.
//   npm run mutation                          all parts
//   npm run mutation -- formats/zip node      some parts

/** The files of each part, and the tests that must notice a change in them. */
const PARTS = {
  formats: part("src/formats"),
  "formats/zip": part("src/formats/zip"),
  "formats/pth": part("src/formats/pth"),
  "formats/onnx": part("src/formats/onnx"),
  "formats/tensorboard": part("src/formats/tensorboard"),
  data: { ...part("src/data"), tests: [...testsIn("src/data"), ...testsIn("src/data/images")] },
  node: {
    files: ["runFolder", "runFiles", "checkpointFiles", "runLock"].map((name) => `src/node/${name}.ts`),
    tests: testsIn("src/node", /^run(Folder|Lock)/),
  },
  "node/disk": {
    files: ["src/node/disk/*.ts"],
    tests: [...testsIn("src/node/disk"), ...testsIn("src/node", /^(datasets|cifarFiles|datasetFiles)\.test/)],
  },
};

function part(folder) {
  return { files: [`${folder}/*.ts`], tests: testsIn(folder) };
}

/** The unit tests in a folder, without those that damage files at random: a change must fall to a test that names it. */
function testsIn(folder, names = /^(?!mutations|properties|hostile)/) {
  const all = readdirSync(folder).filter((name) => name.endsWith(".test.ts") && names.test(name));
  return all.map((name) => `${folder}/${name}`);
}

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PARTS);

const lines = [];
for (const name of names) {
  const { files, tests } = PARTS[name];
  process.env.MUTATION_TESTS = JSON.stringify(tests);
  const file = name.replace("/", "-");
  const results = await new Stryker({
    mutate: [...files, "!src/**/*.test.ts", "!src/**/index.ts"],
    testRunner: "in-process",
    plugins: [here("runner.mjs")],
    tsconfigFile: here("none.json"),
    ignorePatterns: [
      "/.stryker-tmp",
      "/dist",
      "!/dist/fonts",
      "/runs",
      "/bench",
      "/examples",
      "/web",
      "/tests/fuzz",
      "/tests/mutation",
      "/docs/api",
    ],
    // What a module computes once when it is loaded cannot be changed for one test.
    ignoreStatic: true,
    mutator: { excludedMutations: ["StringLiteral"] },
    concurrency: 1,
    timeoutMS: 20_000,
    reporters: ["progress-append-only", "clear-text", "json"],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false, reportScoreTable: false },
    jsonReporter: { fileName: here(`reports/${file}.json`) },
    tempDirName: `.stryker-tmp/${file}`,
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
