// Kills every command that writes files at random moments, lets it complete its work, and compares the results with those
// of a command that nobody killed. Run by hand: npm run build && npm run kills -- --kills 200
import { spawn } from "node:child_process";
import { existsSync, watch } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { writeDigitFiles } from "./support/digitFiles.mjs";

const PROGRAM = new URL("../dist/cli/main.js", import.meta.url).pathname;
const EPOCHS = 10;
/** So few that training an epoch takes little longer than saving it. */
const IMAGES = { train: 200, test: 50 };
const COMPARED = ["model.pth", "best.safetensors", "last.ckpt", "previous.ckpt"];
/** The columns of history.csv before those with seconds. */
const COLUMNS = 6;

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    // Kill trainings alone.
    train: { type: "boolean", default: false },
  },
});
const kills = Number(values.kills);
// Trainings, the longest, get two of eight shares.
const share = Math.ceil(kills / 8);
const random = randomNumbers(Number(values.seed));

const parent = await mkdtemp(join(tmpdir(), "lenet-kills-"));
const data = join(parent, "digits");
try {
  await writeDigitFiles(data, IMAGES);
  await killTrainings(values.train ? kills : 2 * share);
  const others = values.train ? [] : [killSweeps, killFetches, killCache, killExports, killReports, killProofs];
  for (const kill of others) await kill(share);
} finally {
  await rm(parent, { recursive: true, force: true });
}

/** Continues until all kills are used: with one run until it finishes, then with the next from the start. */
async function killTrainings(kills) {
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
  say(`train: ${killed} kills in ${runs} runs of ${EPOCHS} epochs: weights and history equal the uninterrupted run's`);
}

/** Starts or resumes a run, and kills it after some milliseconds. */
async function train(run, killAfter) {
  const begun = (await readdir(parent)).includes(run);
  const settings = ["--data", data, "--epochs", String(EPOCHS), "--batch", "32", "--seed", "11", "--threads", "2"];
  const args = begun ? ["train", "--resume", run] : ["train", ...settings, "--out", run];
  return start([PROGRAM, ...args], killAfter, run);
}

/** Starts Node, and kills it after some milliseconds, or once something changes in a folder then. */
async function start(args, killAfter, run, env = {}) {
  const options = { cwd: parent, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } };
  const child = spawn(process.execPath, args, options);
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

/**
 * Kills a command as often as asked, each time after a random part of the time that it takes, and then lets it complete.
 *
 * @param prepare puts its files in the state before it, once completed
 * @param args of the command after any number of kills
 * @param check throws if what a kill or an end has left is not complete
 */
async function killCommand(name, kills, { prepare, args, check, watched, env }) {
  await prepare();
  const begin = performance.now();
  const whole = await start(await args(), undefined, watched, env);
  const duration = performance.now() - begin;
  if (whole.code !== 0) throw new Error(`${name} failed without a kill: ${whole.text}`);
  await check(true);
  let killed = 0;
  while (killed < kills) {
    await prepare();
    for (let ended = false; !ended; ) {
      const { code, signal, text } = await start(
        await args(),
        killed < kills ? random() * duration : undefined,
        watched,
        env,
      );
      ended = code === 0;
      if (signal === "SIGKILL") killed++;
      else if (!ended) throw new Error(`${name} failed after ${killed} kills: ${text}`);
      await check(ended);
    }
  }
  say(`${name}: ${killed} kills: all files complete, and the same as without a kill`);
}

async function killSweeps(kills) {
  const settings = ["--data", data, "--seeds", "3", "--set", "epochs=2", "--jobs", "2", "--quiet"];
  const inSweep = (name) => join(parent, "sweep", name);
  const names = [0, 1, 2].map((seed) => `epochs=2_seed=${seed}`);
  const prints = async () =>
    Promise.all(
      names.map(async (name) => JSON.parse(await readFile(inSweep(`${name}/result.json`), "utf8")).fingerprint),
    );
  let expected;
  await killCommand("sweep", kills, {
    prepare: () => rm(inSweep(""), { recursive: true, force: true }),
    args: async () => [
      PROGRAM,
      "sweep",
      ...(existsSync(inSweep("")) ? ["--resume", "sweep", "--quiet"] : [...settings, "--out", "sweep"]),
    ],
    watched: "sweep",
    check: async (ended) => {
      if (!ended) return;
      expected ??= JSON.stringify(await prints());
      if (JSON.stringify(await prints()) !== expected) throw new Error("a run of the sweep has other weights");
      for (const name of names) {
        for (const file of ["report.html", "confusion.svg", "curves.svg", "best.safetensors"])
          await readFile(inSweep(`${name}/${file}`));
      }
      await readFile(inSweep("sweep.csv"));
    },
  });
}

/** Downloads a small data set from a server of this program's, a piece at a time. */
async function killFetches(kills) {
  const files = {
    "train-images.gz": gzipSync(await readFile(join(data, "train-images-idx3-ubyte"))),
    "train-labels.gz": gzipSync(await readFile(join(data, "train-labels-idx1-ubyte"))),
  };
  const sha256 = async (bytes) => Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");
  const server = createServer(async (request, response) => {
    const bytes = files[request.url.slice(1)];
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (from >= bytes.length) return response.writeHead(416).end();
    const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(from > 0 ? 206 : 200, { "content-length": bytes.length - from, ...(from > 0 && range) });
    for (let place = from; place < bytes.length; place += 4000) {
      response.write(bytes.subarray(place, place + 4000));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    response.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const file = async (name) => ({ name, known: "file", bytes: files[name].length, sha256: await sha256(files[name]) });
  const part = { images: await file("train-images.gz"), labels: await file("train-labels.gz") };
  const mirrors = [`http://127.0.0.1:${server.address().port}/`];
  const entry = {
    name: "tiny",
    title: "Tiny",
    format: "idx",
    classes: [],
    mirrors,
    parts: { train: part, test: part },
  };
  const program = `
    import { fetchDataset } from ${JSON.stringify(new URL("../dist/node/fetch.js", import.meta.url).href)};
    await fetchDataset(${JSON.stringify(entry)});
  `;
  const cache = join(parent, "cache", "lenet", "tiny");
  await killCommand("fetch", kills, {
    prepare: () => rm(join(parent, "cache"), { recursive: true, force: true }),
    args: async () => ["--input-type=module", "--eval", program],
    watched: "cache/lenet/tiny",
    env: { XDG_CACHE_HOME: join(parent, "cache") },
    check: async (ended) => {
      for (const [name, bytes] of Object.entries(files)) {
        const found = await readFile(join(cache, name)).catch(() => undefined);
        if (found ? !found.equals(bytes) : ended) throw new Error(`${name} is not complete in the cache`);
      }
    },
  }).finally(() => server.close());
}

/** Decodes a folder of images, whose cache every kill may interrupt. */
async function killCache(kills) {
  const images = join(parent, "images");
  for (const name of ["a", "b"]) {
    await mkdir(join(images, name), { recursive: true });
    for (let index = 0; index < 60; index++)
      await writeFile(join(images, name, `${index}.bmp`), bitmap(name === "a" ? index : 255 - index));
  }
  const cache = join(parent, "image-cache");
  const out = join(parent, "sheet.png");
  let expected;
  await killCommand("cache", kills, {
    prepare: () => rm(cache, { recursive: true, force: true }),
    args: async () => {
      // The sheet shows what is in the cache; it is never replaced.
      await rm(out, { force: true });
      return [PROGRAM, "data", "preview", images, "--input", "1x28x28", "--out", out];
    },
    watched: "image-cache/lenet",
    env: { XDG_CACHE_HOME: cache },
    check: async (ended) => {
      if (!ended) return;
      const sheet = await readFile(out);
      expected ??= sheet;
      if (!sheet.equals(expected)) throw new Error("the images from the cache are not those of the files");
    },
  });
}

/** A grey square as a BMP file of 24 bits. */
function bitmap(grey, side = 28) {
  const row = side * 3;
  const file = Buffer.alloc(54 + row * side, grey);
  file.write("BM");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(0, 6);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(side, 18);
  file.writeInt32LE(side, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  file.fill(0, 30, 54);
  return file;
}

async function killExports(kills) {
  const out = join(parent, "exported.onnx");
  let expected;
  await killCommand("export", kills, {
    prepare: () => rm(out, { force: true }),
    // An export never replaces a file, so a kill after it was written leaves nothing to do.
    args: async () => [
      PROGRAM,
      ...(existsSync(out) ? ["--version"] : ["export", "whole", "--to", "onnx", "--out", out]),
    ],
    watched: ".",
    check: async (ended) => {
      const bytes = await readFile(out).catch(() => undefined);
      expected ??= bytes;
      if (bytes ? !bytes.equals(expected) : ended) throw new Error("the exported file is not complete");
    },
  });
}

async function killReports(kills) {
  const files = ["report.html", "confusion.svg"].map((name) => join(parent, "whole", name));
  const read = () => Promise.all(files.map((file) => readFile(file, "utf8")));
  const expected = JSON.stringify(await read());
  await killCommand("report", kills, {
    prepare: async () => {},
    args: async () => [PROGRAM, "report", "whole"],
    watched: "whole",
    check: async () => {
      if (JSON.stringify(await read()) !== expected) throw new Error("a report is not complete");
    },
  });
}

async function killProofs(kills) {
  const contents = async () => {
    const names = (await readdir(join(parent, "whole"))).filter((name) => !name.endsWith(".tmp")).sort();
    return JSON.stringify(
      await Promise.all(names.map(async (name) => [name, await readFile(join(parent, "whole", name), "latin1")])),
    );
  };
  const before = await contents();
  await killCommand("prove", kills, {
    prepare: async () => {},
    args: async () => [PROGRAM, "prove", "whole"],
    watched: "whole",
    check: async () => {
      if ((await contents()) !== before) throw new Error("a proof has changed the run's folder");
    },
  });
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
