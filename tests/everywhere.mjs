// Takes the packed package through runtimes and bundlers, installed from npm, and prints a table with the fingerprint that
// each one trained. Exits with 1 if one fails or differs. Takes some minutes, and 2 GB in a temporary folder:
//   npm run build && npm run everywhere -- --write
//   --only Deno,Vite     only the rows whose names contain one of these
//   --folder FOLDER      install there, and keep it for the next time
//   --write              write the table into docs/platforms.md, also the one in Chinese
import { execFile, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { findChromium, launchChromium } from "../bench/browser/chromium.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PROGRAMS = join(ROOT, "tests/everywhere");
const PAGES = ["docs/platforms.md", "docs/zh/platforms.md"];
const MINUTES = 60_000;
/** Of what a page loads that reads weights and predicts, gzipped. */
const MOST_PREDICTION_BYTES = 51_000;
const TYPES = { ".js": "text/javascript", ".html": "text/html" };
const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const run = promisify(execFile);

const { values } = parseArgs({
  options: { only: { type: "string" }, folder: { type: "string" }, write: { type: "boolean" } },
});
const folder = values.folder ?? (await mkdtemp(join(tmpdir(), "lenet-everywhere-")));
await mkdir(folder, { recursive: true });
const [{ filename }] = JSON.parse(
  (await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], { cwd: ROOT })).stdout,
);
const TARBALL = join(folder, filename);

const TYPES_PROGRAM = `
import { createDataset, fit, LeNet5, predict, RECIPES, type Prediction } from "lenet";
import { decodeImage as decodeInPage, threads as threadsOfPage } from "lenet/browser";
import { generateDigits } from "lenet/data";
import { lenet5, wasmBackend } from "lenet/engine";
import { readWeights, writeWeights } from "lenet/formats";
import { decodeImage, loadWeights, openData, threads } from "lenet/node";

const network = LeNet5.create({ ...RECIPES.paper, classes: ["a", "b"] });
const dataset = createDataset({ images: new Uint8Array(784 * 2), labels: [0, 1], classes: network.classes });
for await (const { validationAccuracy } of fit(network, dataset, { epochs: 1, threads: threads() })) {
  const accuracy: number = validationAccuracy;
  console.log(accuracy);
}
const one: Prediction = await predict(network, await decodeImage(new Uint8Array(1)));
const bytes: Uint8Array = writeWeights(network.weights(), "pth");
console.log(one.label, LeNet5.from(readWeights(bytes)), LeNet5.from(await loadWeights("file")).classes);
console.log(wasmBackend, lenet5, generateDigits, openData, decodeInPage, threadsOfPage);
`;

/** Rows: a name, the packages to install beside ours, the package whose version counts, and what to do in the folder. */
const ROWS = [
  ...["20", "22", "24", "26"].map((version) => ({
    name: "Node",
    packages: [`node@${version}`],
    run: (project) => inProcess(project, "node_modules/node/bin/node", []),
  })),
  {
    name: "Deno",
    packages: ["deno"],
    run: (project) => inProcess(project, "node_modules/.bin/deno", ["run", "-A"]),
  },
  {
    name: "Bun",
    packages: ["bun"],
    run: (project) => inProcess(project, "node_modules/.bin/bun", []),
  },
  ...["6", "7", "8"].flatMap((version) => [
    { name: "Vite", how: "development", packages: [`vite@${version}`], files: "page", run: viteServer },
    { name: "Vite", how: "built", packages: [`vite@${version}`], files: "page", run: viteBuild },
  ]),
  {
    name: "esbuild",
    how: "built",
    packages: ["esbuild"],
    files: "page",
    run: async (project) => {
      const options = ["--bundle", "--format=esm", "--minify", "--outdir=dist"];
      const programs = ["main.js", "worker.js", "prediction.js"];
      await cp(join(PROGRAMS, "prediction.js"), join(project, "prediction.js"));
      await run(join(project, "node_modules/.bin/esbuild"), [...programs, ...options], { cwd: project });
      const size = gzipSync(await readFile(join(project, "dist/prediction.js")), { level: 9 }).length;
      if (size > MOST_PREDICTION_BYTES) throw new Error(`a page that predicts takes ${size} bytes gzipped`);
      await cp(join(project, "index.html"), join(project, "dist/index.html"));
      return onPage(join(project, "dist"));
    },
  },
  {
    name: "webpack",
    how: "built",
    packages: ["webpack", "webpack-cli"],
    files: "page",
    run: async (project) => {
      await program(project, "node_modules/webpack-cli/bin/cli.js", []);
      const page = await readFile(join(project, "index.html"), "utf8");
      await writeFile(join(project, "dist/index.html"), page.replace("main.js", "bundle.js"));
      return onPage(join(project, "dist"));
    },
  },
  ...["Turbopack", "webpack"].map((bundler) => ({
    name: "Next",
    how: bundler,
    packages: ["next", "react", "react-dom"],
    files: "next",
    run: (project) => next(project, bundler),
  })),
  ...["5.7", "6"].map((version) => ({
    name: "TypeScript",
    packages: [`typescript@${version}`, "@types/node@20"],
    run: types,
  })),
  {
    name: "publint",
    packages: ["publint"],
    run: async (project) => {
      await program(project, "node_modules/publint/src/cli.js", ["run", "node_modules/lenet", "--strict"]);
      return { fingerprint: undefined };
    },
  },
  {
    name: "attw",
    packages: ["@arethetypeswrong/cli"],
    run: async (project) => {
      const options = [TARBALL, "--profile", "esm-only", "--exclude-entrypoints", "./recipe.schema.json"];
      await program(project, "node_modules/@arethetypeswrong/cli/dist/index.js", options);
      return { fingerprint: undefined };
    },
  },
];

const chosen = ROWS.filter(
  ({ name }) => !values.only || values.only.split(",").some((part) => name.toLowerCase() === part.toLowerCase()),
);
const results = [];
let browser;
try {
  for (const row of chosen) {
    process.stderr.write(`${[row.packages[0], row.how].filter(Boolean).join(", ")} …\n`);
    const common = { name: row.name, how: row.how ?? "" };
    try {
      const project = await install(row);
      common.version = await versionOf(project, nameOf(row.packages[0]));
      const found = [await row.run(project)].flat();
      results.push(...found.map((result) => ({ ...common, ...result })));
    } catch (error) {
      results.push({ ...common, error: messageOf(error) });
    }
    if (results.at(-1).error) process.stderr.write(`  ${results.at(-1).error}\n`);
  }
} finally {
  await browser?.close();
  if (!values.folder) await rm(folder, { recursive: true, force: true });
}

const table = tableOf(results);
process.stdout.write(`${table}\n`);
if (values.write) {
  for (const path of PAGES.map((page) => join(ROOT, page))) {
    const page = await readFile(path, "utf8");
    await writeFile(
      path,
      page.replace(/(<!-- table -->\n\n)[\s\S]*?(\n\n<!-- end -->)/, (_, before, after) => before + table + after),
    );
  }
}
const prints = new Set(results.flatMap(({ fingerprint }) => fingerprint ?? []));
process.exitCode = results.every(({ error }) => !error) && prints.size <= 1 ? 0 : 1;

/** A project with the programs, our package and others. */
async function install({ packages, files }) {
  const project = join(folder, [files ?? "process", ...packages].join("-").replaceAll(/[^\w.-]/g, "-"));
  await mkdir(project, { recursive: true });
  if (files) await cp(join(PROGRAMS, files), project, { recursive: true });
  for (const name of ["program.js", "process.js"]) await cp(join(PROGRAMS, name), join(project, name));
  await cp(join(ROOT, "tests/fixtures/images/color.jpg"), join(project, "color.jpg"));
  if (files === "next") await cp(join(PROGRAMS, "page/worker.js"), join(project, "worker.js"));
  await writeFile(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  await rm(join(project, "node_modules/lenet"), { recursive: true, force: true });
  const options = ["--no-save", "--no-audit", "--no-fund"];
  await run("npm", ["install", ...options, TARBALL, ...packages], { cwd: project, timeout: 10 * MINUTES });
  return project;
}

/** The name of a package without its version. */
function nameOf(specifier) {
  return specifier.replace(/(?<=.)@.*/, "");
}

async function versionOf(project, name) {
  return JSON.parse(await readFile(join(project, "node_modules", name, "package.json"), "utf8")).version;
}

/** Trains in a runtime. */
async function inProcess(project, executable, options) {
  const how = { cwd: project, timeout: 2 * MINUTES, killSignal: "SIGKILL" };
  const { stdout } = await run(join(project, executable), [...options, "process.js"], how);
  return JSON.parse(stdout);
}

/** Runs a tool of the project with this Node. */
function program(project, path, options) {
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
  return run(process.execPath, [join(project, path), ...options], { cwd: project, env, timeout: 10 * MINUTES });
}

/** Runs a server of the project until it was asked. */
async function withServer(project, path, options, ask) {
  const port = await freePort();
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1" };
  const command = [join(project, path), ...options, "--port", String(port)];
  const server = spawn(process.execPath, command, { cwd: project, env, stdio: "pipe" });
  let output = "";
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (text) => (output += text));
  const address = `http://localhost:${port}/`;
  try {
    for (;;) {
      if (server.exitCode !== null) throw new Error(`the server ended: ${output}`);
      const answered = await fetch(address).then(
        (response) => response.ok,
        () => false,
      );
      if (answered) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return await ask(address);
  } finally {
    server.kill("SIGKILL");
  }
}

function freePort() {
  return new Promise((resolve) => {
    const socket = createSocket().listen(0, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/** What a page finds, which it says as its title. */
async function titleOf(address) {
  browser ??= await launchChromium(findChromium());
  const page = await browser.newPage();
  const faults = [];
  page.on("pageerror", ({ message }) => faults.push(message));
  try {
    await page.goto(address);
    await page.waitForFunction(() => document.title.startsWith("{"), undefined, { timeout: 2 * MINUTES });
    return JSON.parse(await page.title());
  } catch (error) {
    throw faults.length > 0 ? new Error(faults.join("; ")) : error;
  } finally {
    await page.close();
  }
}

/** Opens a folder of files, cross-origin isolated. */
async function onPage(root) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const content = await readFile(join(root, pathname.endsWith("/") ? "index.html" : pathname)).catch(() => undefined);
    const type = TYPES[pathname.endsWith("/") ? ".html" : extname(pathname)] ?? "application/octet-stream";
    response.writeHead(content ? 200 : 404, { "Content-Type": type, ...ISOLATION });
    response.end(content);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  try {
    return await titleOf(`http://127.0.0.1:${server.address().port}/`);
  } finally {
    server.close();
  }
}

function viteServer(project) {
  return withServer(project, "node_modules/vite/bin/vite.js", ["--strictPort"], titleOf);
}

async function viteBuild(project) {
  await program(project, "node_modules/vite/bin/vite.js", ["build", "--logLevel", "warn"]);
  return onPage(join(project, "dist"));
}

/** A page, which is also rendered on the server, and a route. */
async function next(project, bundler) {
  const bin = "node_modules/next/dist/bin/next";
  await program(project, bin, ["build", bundler === "webpack" ? "--webpack" : "--turbopack"]);
  return withServer(project, bin, ["start"], async (address) => [
    { how: `${bundler}, page`, ...(await titleOf(address)) },
    { how: `${bundler}, route`, ...(await (await fetch(`${address}api/train`)).json()) },
  ]);
}

/** Checks the types of a program, without skipping those of the package. */
async function types(project) {
  await writeFile(join(project, "types.ts"), TYPES_PROGRAM);
  const common = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "ES2022", "--lib", "ES2023,DOM"];
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ]) {
    const options = [...common, "--types", "node", "--module", module, "--moduleResolution", resolution];
    await program(project, "node_modules/typescript/bin/tsc", [...options, "types.ts"]);
  }
  return { fingerprint: undefined };
}

function messageOf({ stderr, stdout, message }) {
  const lines = `${stderr ?? ""}\n${stdout ?? ""}\n${message}`.split("\n").map((line) => line.trim());
  return (lines.find((line) => /error/i.test(line)) ?? message).slice(0, 300);
}

function tableOf(rows) {
  const cells = rows.map(({ name, version = "", how, threads = "", fingerprint, error }) => [
    name,
    version,
    how,
    threads,
    error ? `error: ${error.replaceAll("|", "/")}` : fingerprint ? `\`${fingerprint.slice(0, 16)}\`` : "no complaint",
  ]);
  const header = ["", "version", "how", "threads", "fingerprint"];
  // Aligned, as the formatter has it.
  const widths = header.map((_, column) => Math.max(3, ...[header, ...cells].map((row) => String(row[column]).length)));
  const line = (texts) => `| ${texts.map((text, column) => String(text).padEnd(widths[column])).join(" | ")} |`;
  return [line(header), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)].join("\n");
}
