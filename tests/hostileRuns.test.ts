import { execFileSync } from "node:child_process";
import { cp, link, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runProgram } from "./support/program.js";

// Runs whose files are as large as the lab reads them, or larger.

const RUNS = 60;
/** Usually about 250; when the garbage collector runs decides. */
const MOST_MEGABYTES = 400;

/** Serves a folder in a separate process and asks for its runs twice at once; prints the answer and the peak memory. */
const SERVER = `
  import { serveLab } from "${new URL("../dist/node/lab/server.js", import.meta.url)}";
  const [site, runs] = process.argv.slice(1);
  const server = await serveLab({ site, runs, port: 0 });
  const [names] = await Promise.all([1, 2].map(async () => {
    const listed = await (await fetch(new URL("api/runs", server.url))).json();
    return listed.map(({ name }) => name);
  }));
  console.log(JSON.stringify({ names, megabytes: process.resourceUsage().maxRSS / 1000 }));
  process.exit();
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-runs-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it(`lists ${RUNS} long runs in at most ${MOST_MEGABYTES} MB, and none whose config.json has 400 MB`, async () => {
  const train = ["train", "--data", "digits", "--val-split", "0.98", "--epochs", "1", "--quiet", "--out", "trained"];
  expect(await runProgram(folder, train)).toMatchObject({ code: 0 });
  const runs = join(folder, "runs");
  const history = await readFile(join(folder, "trained", "history.csv"), "utf8");
  const [columns, row] = history.split("\n");
  const values = row.slice(row.indexOf(","));
  const site = join(folder, "site");
  await mkdir(site);
  await writeFile(join(site, "index.html"), "");
  const rows = Array.from({ length: 50_000 }, (_, index) => `${index + 1}${values}\n`);
  const config = JSON.parse(await readFile(join(folder, "trained", "config.json"), "utf8"));
  config.recipe.epochs = rows.length;
  const long = join(folder, "history.csv");
  await writeFile(long, `${columns}\n${rows.join("")}`);
  for (let index = 0; index < RUNS; index++) {
    const run = join(runs, `run${index}`);
    await mkdir(run, { recursive: true });
    await writeFile(join(run, "config.json"), JSON.stringify(config));
    await link(long, join(run, "history.csv"));
  }
  await cp(join(runs, "run0"), join(runs, "huge"), { recursive: true });
  await truncate(join(runs, "huge", "config.json"), 400e6);

  const options = ["--input-type=module", "--eval", SERVER, site, runs];
  const { names, megabytes } = JSON.parse(execFileSync(process.execPath, options, { encoding: "utf8" }));
  expect(names.toSorted()).toEqual(Array.from({ length: RUNS }, (_, index) => `run${index}`).toSorted());
  expect(megabytes).toBeLessThan(MOST_MEGABYTES);
});
