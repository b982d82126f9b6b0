// Trains a sweep through a queue while its workers and its submitter are killed at random and the server restarts, and
// compares the sweep folder with that of one machine. Run by hand: npm run build && node tests/queueKills.mjs
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import { writeDigitFiles } from "./support/digitFiles.mjs";
import { REDIS, RedisServer } from "./support/redis.mjs";
import { sweepContents } from "./support/sweepContents.mjs";

const PROGRAM = new URL("../dist/cli/main.js", import.meta.url).pathname;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "40" },
    workers: { type: "string", default: "4" },
    kills: { type: "string", default: "50" },
    restarts: { type: "string", default: "2" },
    epochs: { type: "string", default: "12" },
    images: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
  },
});
const [runs, workers, kills, restarts, epochs, images] = [
  ...["runs", "workers", "kills", "restarts", "epochs", "images"],
].map((name) => Number(values[name]));
/** The last kill comes when so much of the work is done, so that what is left takes far longer than to notice it. */
const LAST_KILL = 0.75;
const random = randomNumbers(Number(values.seed));
if (REDIS === undefined) throw new Error("there is no redis-server or valkey-server");

const parent = await mkdtemp(join(tmpdir(), "lenet-queue-kills-"));
const children = new Set();
let server;
let isOver = false;
const settings = ["--data", "few", "--epochs", values.epochs, "--batch", "32", "--seeds", String(runs)];

try {
  await writeDigitFiles(join(parent, "few"), { train: images, test: 50 });
  const begin = performance.now();
  await must(start(["sweep", ...settings, "--out", "whole", "--jobs", "1", "--quiet"]));
  say(`one machine: ${runs} runs in ${seconds(begin)} s`);
  server = await RedisServer.start(parent);
  await killAll();
  const [whole, queued] = await Promise.all(["whole", "queued"].map((name) => sweepContents(join(parent, name), name)));
  const different = [...new Set([...whole.keys(), ...queued.keys()])].filter(
    (path) => whole.get(path) !== queued.get(path),
  );
  if (different.length > 0) throw new Error(`these files differ from those of one machine: ${different.join(", ")}`);
  const rows = (await readFile(join(parent, "queued", "sweep.csv"), "utf8")).trimEnd().split("\n").slice(1);
  if (new Set(rows.map((row) => row.split(",")[0])).size !== runs) throw new Error("runs are lost or doubled");
  const folders = (await readdir(join(parent, "queued"))).filter((name) => name.startsWith("seed="));
  if (folders.length !== runs) throw new Error(`${folders.length} run folders instead of ${runs}`);
  say(`all ${whole.size} files of ${runs} runs are those of one machine; no run is lost, none doubled`);
} finally {
  isOver = true;
  for (const child of children) child.kill("SIGKILL");
  await server?.stop("SIGKILL").catch(() => {});
  await rm(parent, { recursive: true, force: true });
}

/**
 * Trains the sweep; kills and restarts whatever takes part in it, until all kills are done. They come at random shares of
 * the work rather than at times, so that all of them meet it on any machine.
 */
async function killAll() {
  const begin = performance.now();
  const redis = new Redis(server.url, { maxRetriesPerRequest: null });
  redis.on("error", () => {});
  const team = Array.from({ length: workers }, () => keepWorking());
  const submitter = keepSubmitting();
  const victims = [submitter, ...team];
  const counts = { workers: 0, submitters: 0, restarts: 0 };
  const restartAt = Array.from({ length: restarts }, (_, index) => Math.round(((index + 1) * kills) / (restarts + 1)));
  const shares = Array.from({ length: kills }, () => LAST_KILL * random()).sort((a, b) => a - b);
  for (const [kill, share] of shares.entries()) {
    while ((await epochsDone(redis)) < share * runs * epochs) {
      await Promise.race([submitter.done, delay(20)]);
      if (submitter.isDone) throw new Error(`the sweep was done after ${kill} of ${kills} kills: train more`);
    }
    if (restartAt.includes(kill)) {
      await server.stop(counts.restarts % 2 === 0 ? "SIGKILL" : "SIGTERM");
      await delay(500 + random() * 1000);
      await server.run();
      counts.restarts++;
    }
    // The submitter is one of the first, so that a few kills meet it too.
    const victim = kill === 1 ? submitter : victims[Math.floor(random() * victims.length)];
    victim.child.kill("SIGKILL");
    counts[victim === submitter ? "submitters" : "workers"]++;
  }
  await submitter.done;
  isOver = true;
  redis.disconnect();
  const killed = `${counts.workers} workers and ${counts.submitters} submitters killed, ${counts.restarts} restarts`;
  const resumed = team.reduce((sum, { text }) => sum + (text().match(/^going on with /gm)?.length ?? 0), 0);
  const trained = team.reduce((sum, { text }) => sum + (text().match(/^(training|going on with) /gm)?.length ?? 0), 0);
  say(`queue: ${seconds(begin)} s; ${killed}; trainings begun: ${trained}, of which from a checkpoint: ${resumed}`);
  for (const { child } of team) child.kill("SIGKILL");
}

/** The epochs that the workers have done: those of the runs in training, and all of the finished ones. */
async function epochsDone(redis) {
  let done = 0;
  for (const key of await redis.keys("lenet:sweep:*:checkpoint:*")) done += Number(await redis.hget(key, "epoch"));
  for (const key of await redis.keys("lenet:sweep:*:digests")) done += epochs * (await redis.hlen(key));
  return done;
}

/** A worker that is started again whenever it ends. */
function keepWorking() {
  const state = { child: undefined, texts: [], text: () => state.texts.map((each) => each()).join("") };
  const run = () => {
    if (isOver) return;
    const started = start(["worker", server.url, "--data", "few", "--jobs", "1"]);
    state.child = started.child;
    state.texts.push(started.text);
    started.end.then(run);
  };
  run();
  return state;
}

/** A submitter that is started again until it is done: after a kill, and if the server was away for too long. */
function keepSubmitting() {
  const state = { child: undefined, isDone: false, done: undefined };
  const run = async () => {
    for (;;) {
      const begun = existsSync(join(parent, "queued"));
      const args = begun ? ["--resume", "queued"] : [...settings, "--out", "queued"];
      const started = start(["sweep", ...args, "--queue", server.url, "--quiet"]);
      state.child = started.child;
      const { code, signal } = await started.end;
      if (code === 0) break;
      if (signal !== "SIGKILL" && !started.text().includes("cannot connect to the queue"))
        throw new Error(`the submitter failed: ${started.text()}`);
    }
    state.isDone = true;
  };
  state.done = run();
  // An error is thrown where it is awaited.
  state.done.catch(() => {});
  return state;
}

function start(args) {
  const options = { cwd: parent, stdio: ["ignore", "pipe", "pipe"] };
  const child = spawn(process.execPath, [PROGRAM, ...args], options);
  children.add(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (piece) => {
      text += piece;
    });
  }
  const end = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
  end.then(() => children.delete(child));
  return { child, end, text: () => text };
}

async function must(started) {
  const { code } = await started.end;
  if (code !== 0) throw new Error(`a command failed: ${started.text()}`);
}

/** Reproducible numbers from 0 to 1: the high bits of a linear congruential generator. */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function seconds(begin) {
  return ((performance.now() - begin) / 1000).toFixed(1);
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
