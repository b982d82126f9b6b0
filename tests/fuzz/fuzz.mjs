import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { instrument } from "./coverage.mjs";

// Coverage-guided fuzzing of everything that reads a file. Needs the built program.
//   npm run fuzz                          all targets, a minute each
//   npm run fuzz -- --seconds 2           short, as in CI
//   npm run fuzz -- --cases 100000 pth    one target
//   npm run fuzz -- --keep                adds inputs that reach new code to the corpus

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string" },
    cases: { type: "string" },
    seed: { type: "string", default: "1" },
    jobs: { type: "string", default: String(availableParallelism()) },
    keep: { type: "boolean", default: false },
  },
});

const here = fileURLToPath(new URL(".", import.meta.url));
const targets = instrument(join(here, "../../dist"), join(here, "targets.mjs"), join(here, "build"));
const names = positionals.length > 0 ? positionals : Object.keys(await import("./targets.mjs"));

function fuzz(name) {
  const options = {
    targets,
    name,
    corpus: join(here, "corpus", name),
    findings: join(here, "findings", name),
    seconds: Number(values.seconds ?? (values.cases ? Number.MAX_SAFE_INTEGER : 60)),
    cases: Number(values.cases ?? Number.MAX_SAFE_INTEGER),
    seed: Number(values.seed),
    keep: values.keep,
  };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(here, "target.mjs"), JSON.stringify(options)], { stdio: "inherit" });
    child.on("exit", (code) => resolve(code === 0));
  });
}

const waiting = [...names];
async function work() {
  for (let name = waiting.shift(); name; name = waiting.shift()) {
    if (!(await fuzz(name))) process.exitCode = 1;
  }
}
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
