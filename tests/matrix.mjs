// Trains the same on every JavaScript engine at hand and prints the fingerprints of the weights as a table; what is not
// installed is named. Exits with 1 if two of them differ that should not. Run by hand:
//   npm run build && npm run matrix -- --engine "Node 22=/path/to/node" --engine Deno=/path/to/deno --engine Bun=/path/to/bun
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { findFirefox, findProgram, findWebKit } from "./support/browsers.mjs";
import { writeDigitFiles } from "./support/digitFiles.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PROGRAM = join(ROOT, "dist/cli/main.js");
const PROCESS = join(ROOT, "tests/matrix/process.js");
const MINUTES = 60_000;
const TYPES = { ".js": "text/javascript", ".html": "text/html" };
const run = promisify(execFile);

const NODES = ["Node 20", "Node 22", "Node 24"];
const { values } = parseArgs({ options: { engine: { type: "string", multiple: true, default: [] } } });
const given = new Map(values.engine.map((text) => [text.split("=", 1)[0], text.slice(text.indexOf("=") + 1)]));
given.set(`Node ${process.versions.node.split(".")[0]}`, process.execPath);

const folder = await mkdtemp(join(tmpdir(), "lenet-matrix-"));
const rows = [];
try {
  await writeDigitFiles(join(folder, "digits"), { train: 200, test: 50 });
  for (const name of new Set([...NODES, ...[...given.keys()].filter((name) => name.startsWith("Node"))])) {
    await addProcess(name, given.get(name), []);
    if (given.has(name)) await addProcess(`${name}, no FMA`, given.get(name), ["--no-enable-fma3"]);
  }
  const deno = given.get("Deno") ?? findProgram("deno");
  await addProcess("Deno", deno, ["run", "-A"]);
  if (deno) await addProcess("Deno, no FMA", deno, ["run", "-A", "--v8-flags=--no-enable-fma3"]);
  await addProcess("Bun", given.get("Bun") ?? findProgram("bun"), []);
  await addBrowsers();
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.stdout.write(`${table()}\n\n`);
const problems = differences();
process.stdout.write(problems.length === 0 ? "No fingerprint differs from those it should equal.\n" : "");
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

/** Adds the row of an engine with a command line. */
async function addProcess(name, program, options) {
  if (!program) return rows.push({ name, missing: true });
  process.stderr.write(`${name} …\n`);
  const environment = { cwd: folder, timeout: 2 * MINUTES, killSignal: "SIGKILL", maxBuffer: 1e7 };
  const row = { name };
  try {
    const { stdout } = await run(program, [...options, PROCESS], environment);
    Object.assign(row, JSON.parse(stdout));
  } catch (error) {
    row.error = messageOf(error);
  }
  try {
    const out = name.replaceAll(/\W+/g, "-");
    const settings = [
      "--data",
      "./digits",
      "--set",
      "epochs=2",
      "--seeds",
      "2",
      "--jobs",
      "2",
      "--quiet",
      "--out",
      out,
    ];
    await run(program, [...options, PROGRAM, "sweep", ...settings], environment);
    const inRun = async (file) => JSON.parse(await readFile(join(folder, out, "epochs=2_seed=0", file), "utf8"));
    row.config = (await inRun("config.json")).arithmetic;
    row.swept = (await inRun("result.json")).fingerprint;
  } catch (error) {
    row.swept = `error: ${messageOf(error)}`;
  }
  rows.push(row);
}

function messageOf({ stderr, message }) {
  return (stderr || message).trim().split("\n").at(-1).slice(0, 100);
}

/** Adds the rows of the browsers. They open a page that trains and posts what it finds. */
async function addBrowsers() {
  const profile = join(folder, "profile");
  const chromium = process.env.CHROMIUM ?? findProgram("chromium") ?? findProgram("google-chrome");
  const headless = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`];
  await addBrowser("Chromium", chromium, headless);
  if (chromium) await addBrowser("Chromium, no FMA", chromium, [...headless, "--js-flags=--no-enable-fma3"]);
  await addBrowser("Firefox", findFirefox(), ["--headless", "--no-remote", "--profile", folder]);
  const webKit = findWebKit();
  await addBrowser("WebKitGTK", webKit && findProgram("xvfb-run"), ["-a", webKit]);
}

async function addBrowser(name, program, options) {
  if (!program) return rows.push({ name, missing: true });
  process.stderr.write(`${name} …\n`);
  let child;
  let resolve;
  const answered = new Promise((done) => {
    resolve = done;
  });
  const server = createServer((request, response) =>
    answer(request, response, resolve).catch(({ message }) => resolve({ error: message })),
  );
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const timer = setTimeout(() => resolve({ error: "no answer for two minutes" }), 2 * MINUTES);
  try {
    const url = `http://127.0.0.1:${server.address().port}/tests/matrix/page.html`;
    // A group of its own: browsers have many processes.
    child = spawn(program, [...options, url], { detached: true, stdio: "ignore" });
    child.unref();
    rows.push({ name, ...(await answered), config: "–", swept: "–" });
  } finally {
    clearTimeout(timer);
    if (child?.pid) process.kill(-child.pid, "SIGTERM");
    server.closeAllConnections();
    server.close();
  }
}

/** Serves the page and the built package, cross-origin isolated, and receives the result. */
async function answer(request, response, resolve) {
  if (request.method === "POST") {
    const pieces = await request.toArray();
    response.end();
    return resolve(JSON.parse(Buffer.concat(pieces).toString()));
  }
  const path = new URL(request.url, "http://localhost").pathname;
  const content = /^\/(dist|tests\/matrix)\//.test(path) && (await readFile(join(ROOT, path)).catch(() => undefined));
  response.writeHead(content ? 200 : 404, {
    "Content-Type": TYPES[extname(path)] ?? "application/octet-stream",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
  });
  response.end(content || undefined);
}

function table() {
  const short = (value) => (/^[0-9a-f]{64}$/.test(value) ? value.slice(0, 8) : (value ?? "–").replaceAll("|", "/"));
  const all = (list) =>
    list ? [...new Set(list.map(short))].join(", ") + (list.length === 1 ? " (1 thread)" : "") : "–";
  const header = ["engine", "multiply-add", "1–5 threads", "resumed", "portable, 1–5 threads", "config.json", "swept"];
  const cells = rows.map(({ name, missing, error, ...row }) => {
    if (missing) return [name, "not run: not installed", "", "", "", "", ""];
    if (error) return [name, `error: ${error}`, "", "", "", row.config ?? "–", short(row.swept)];
    const { arithmetic, standard, resumed, portable, config, swept } = row;
    return [name, arithmetic, all(standard), short(resumed), all(portable), config ?? "–", short(swept)];
  });
  const line = (texts) => `| ${texts.join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...cells.map(line)].join("\n");
}

/** What contradicts the promise: one fingerprint for portable arithmetic, one for fused, and a true config.json. */
function differences() {
  const ran = rows.filter(({ missing }) => !missing);
  const wrong = [];
  for (const { name, error } of ran) if (error) wrong.push(`${name}: ${error}`);
  const measured = ran.filter(({ error }) => !error);
  const compare = (what, prints) => {
    const expected = prints[0]?.[1];
    for (const [name, print] of prints)
      if (print !== expected) wrong.push(`${name}: ${what} is ${print}, not ${expected}`);
  };
  const named = (row, list) => list.map((print) => [row.name, print]);
  const ofKind = (kind) => measured.filter(({ arithmetic }) => arithmetic === kind);
  compare("portable arithmetic", [
    ...measured.flatMap((row) => named(row, row.portable)),
    ...ofKind("portable").flatMap((row) => named(row, [...row.standard, row.resumed])),
  ]);
  compare(
    "fused arithmetic",
    ofKind("fused").flatMap((row) => named(row, [...row.standard, row.resumed])),
  );
  for (const kind of ["portable", "fused"]) {
    const swept = ofKind(kind).filter((row) => row.swept !== "–");
    compare(
      `a swept run, ${kind}`,
      swept.map((row) => [row.name, row.swept]),
    );
    for (const { name, config } of swept)
      if (config !== `wasm-${kind}`) wrong.push(`${name}: config.json says ${config}`);
  }
  return wrong;
}
