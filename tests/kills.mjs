// Kills trainings at random moments, goes on with each, and holds what they come to against an undisturbed one.
// By hand: npm run build && node tests/kills.mjs --kills 50
import { spawn } from "node:child_process";
import { existsSync, watch } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeDigitFiles } from "./support/digitFiles.mjs";

const PROGRAM = new URL("../dist/cli/main.js", import.meta.url).pathname;
const EPOCHS = 10;
/** An epoch of so few takes little longer than to keep it. */
const IMAGES = { train: 200, test: 50 };
const COMPARED = ["model.pth", "best.safetensors", "last.ckpt", "previous.ckpt"];
/** The columns of history.csv before those that hold seconds. */
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

/** Goes on until all kills are spent: with the same run while it lasts, then with another from the start. */
async function killAndCompare() {
  const begin = performance.now();
  const whole = await train("whole");
  const duration = performance.now() - begin;
  if (whole.code !== 0) throw new Error(`the undisturbed run failed: ${whole.text}`);
  const met = new Map();
  let killed = 0;
  let runs = 0;
  while (killed < kills) {
    runs++;
    const run = `run-${runs}`;
    for (let ended = false; !ended; ) {
      const { code, signal, text } = await train(run, killed < kills ? random() * duration : undefined);
      // It can be killed after its result was written, too.
      ended = code === 0 || text.includes(`${run} is finished`);
      if (signal === "SIGKILL") killed++;
      else if (!ended) throw new Error(`${run} failed after ${killed} kills: ${text}`);
      for (const what of [...tellings(text), ...(ended ? [] : await remains(run))]) {
        met.set(what, (met.get(what) ?? 0) + 1);
      }
    }
    await compare(run, "whole");
  }
  for (const [what, count] of [...met].sort()) say(`${String(count).padStart(4)} times: ${what}`);
  say(`${killed} kills in ${runs} runs of ${EPOCHS} epochs: the bits and the history of an undisturbed run`);
}

/** Begins a run, or goes on with it, and kills it after so many milliseconds. */
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

/** Kills at once, or as soon as something changes in the run folder: most of the time nothing is written there. */
function kill(child, run) {
  const now = () => child.kill("SIGKILL");
  if (random() < 0.5 || !existsSync(join(parent, run))) {
    now();
    return;
  }
  const watcher = watch(join(parent, run), now);
  child.on("close", () => watcher.close());
}

/** What a run said that it had to put in order, without what differs from time to time. */
function tellings(text) {
  return [...text.matchAll(/^(took over|removed|the last checkpoint|going on).*$/gm)].map(
    ([line]) => `"${line.replaceAll(/\d+/g, "N")}"`,
  );
}

/** What a killed process left lying about; a row of the history is never missing or doubled. */
async function remains(run) {
  if (!(await readdir(parent)).includes(run)) return ["killed before there was a folder"];
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
    if (!bytes.equals(others)) throw new Error(`${run}/${name} differs from the undisturbed run's`);
  }
  if (JSON.stringify(await history(run)) !== JSON.stringify(await history(other))) {
    throw new Error(`${run}/history.csv differs from the undisturbed run's`);
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

/** Numbers from 0 to 1 that are the same for the same seed: a linear congruential generator, its high bits. */
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
