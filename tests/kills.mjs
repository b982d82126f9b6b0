// Kills trainings at random moments, resumes each, and compares the results with an uninterrupted run. Run by hand: npm
// run build && node tests/kills.mjs --kills 50
import { spawn } from "node:child_process";
import { existsSync, watch } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeDigitFiles } from "./support/digitFiles.mjs";

const PROGRAM = new URL("../dist/cli/main.js", import.meta.url).pathname;
const EPOCHS = 10;
/** So few that training an epoch takes little longer than saving it. */
const IMAGES = { train: 200, test: 50 };
const COMPARED = ["model.pth", "best.safetensors", "last.ckpt", "previous.ckpt"];
/** The columns of history.csv before those with seconds. */
const COLUMNS = 6;

const { values } = parseArgs({
  options: { kills: { type: "string", default: "50" }, seed: { type: "string", default: "1" } },
});
const kills = Number(values.kills);
const random = randomNumbers(Number(values.seed));

const parent = await mkdtemp(join(tmpdir(), "lenet-kills-"));
const data = join(parent, "digits");
try {
  await writeDigitFiles(data, IMAGES);
  await killAndCompare();
} finally {
  await rm(parent, { recursive: true, force: true });
}

/** Continues until all kills are used: with one run until it finishes, then with the next from the start. */
async function killAndCompare() {
  const begin = performance.now();
  const whole = await train("whole");
  const duration = performance.now() - begin;
  if (whole.code !== 0) throw new Error(`the uninterrupted run failed: ${whole.text}`);
  const met = new Map();
  let killed = 0;
  let runs = 0;
  while (killed < kills) {
    runs++;
    const run = `run-${runs}`;
    for (let ended = false; !ended; ) {
      const { code, signal, text } = await train(run, killed < kills ? random() * duration : undefined);
      // It may also be killed after its result was written.
      ended = code === 0 || text.includes(`${run} is complete`);
      if (signal === "SIGKILL") killed++;
      else if (!ended) throw new Error(`${run} failed after ${killed} kills: ${text}`);
      for (const what of [...repairLines(text), ...(ended ? [] : await remains(run))]) {
        met.set(what, (met.get(what) ?? 0) + 1);
      }
    }
    await compare(run, "whole");
  }
  for (const [what, count] of [...met].sort()) say(`${String(count).padStart(4)} times: ${what}`);
  say(`${killed} kills in ${runs} runs of ${EPOCHS} epochs: weights and history equal the uninterrupted run's`);
}

/** Starts or resumes a run, and kills it after some milliseconds. */
async function train(run, killAfter) {
  const begun = (await readdir(parent)).includes(run);
  const settings = ["--data", data, "--epochs", String(EPOCHS), "--batch", "32", "--seed", "11", "--threads", "2"];
  const args = begun ? ["train", "--resume", run] : ["train", ...settings, "--out", run];
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd: parent, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (piece) => {
      text += piece;
    });
  }
  const timer = killAfter === undefined ? undefined : setTimeout(() => kill(child, run), killAfter);
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (...end) => resolve(end));
  });
  clearTimeout(timer);
  return { code, signal, text };
}

/** Kills at once, or as soon as something changes in the run folder, as most of the time nothing is written. */
function kill(child, run) {
  const now = () => child.kill("SIGKILL");
  if (random() < 0.5 || !existsSync(join(parent, run))) {
    now();
    return;
  }
  const watcher = watch(join(parent, run), now);
  child.on("close", () => watcher.close());
}

/** The repairs that a run reported, without variable numbers. */
function repairLines(text) {
  return [...text.matchAll(/^(took over|removed|the last checkpoint|going on|resum).*$/gm)].map(
    ([line]) => `"${line.replaceAll(/\d+/g, "N")}"`,
  );
}

/** What a killed process left behind. Checks that no row of the history is missing or doubled. */
async function remains(run) {
  if (!(await readdir(parent)).includes(run)) return ["killed before the folder existed"];
  const rows = await history(run);
  if (!rows.slice(1).every(([epoch], index) => epoch === String(index + 1))) {
    throw new Error(`${run}/history.csv: the epochs are ${rows.map(([epoch]) => epoch)}`);
  }
  const names = await readdir(join(parent, run));
  const where = names.some((name) => name.endsWith(".tmp")) ? "in the middle of a write" : "between writes";
  return [`killed ${where}`];
}

async function compare(run, other) {
  for (const name of COMPARED) {
    const [bytes, others] = await Promise.all([run, other].map((folder) => readFile(join(parent, folder, name))));
    if (!bytes.equals(others)) throw new Error(`${run}/${name} differs from the uninterrupted run's`);
  }
  if (JSON.stringify(await history(run)) !== JSON.stringify(await history(other))) {
    throw new Error(`${run}/history.csv differs from the uninterrupted run's`);
  }
  const left = (await readdir(join(parent, run))).filter((name) => name.startsWith("."));
  if (left.length > 0) throw new Error(`${run} still holds ${left}`);
}

/** The rows of a run's history, without the seconds. */
async function history(run) {
  const text = await readFile(join(parent, run, "history.csv"), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((row) => row.split(",").slice(0, COLUMNS));
}

/** Reproducible numbers from 0 to 1: the high bits of a linear congruential generator. */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
