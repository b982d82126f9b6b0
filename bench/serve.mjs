// Compares `lenet serve` with the same model in onnxruntime-node behind Fastify, under autocannon, in turns.
// Usage: node bench/serve.mjs [--weights MODEL] [--rounds 5] [--seconds 4] [--connections 100], see README.md.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import autocannon from "autocannon";
import { generateDigits } from "../dist/data/index.js";
import { writeWeights } from "../dist/formats/index.js";
import { LeNet5 } from "../dist/index.js";
import { encodePng, loadWeights } from "../dist/node/index.js";
import { describeMachine, installedVersions } from "./report.mjs";

const { values: options } = parseArgs({
  options: {
    weights: { type: "string" },
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    connections: { type: "string", default: "100" },
  },
});
const WARM_UP_SECONDS = 2;
const MICROSECONDS_PER_TICK = 10_000;

const digits = generateDigits({ seed: 0, count: 1, part: "test" });
const network = options.weights
  ? LeNet5.from(await loadWeights(options.weights))
  : LeNet5.create({ classes: digits.classes, seed: 0 });
const folder = await mkdtemp(join(tmpdir(), "lenet-bench-"));
const model = join(folder, "digits.onnx");
await writeFile(model, writeWeights(network.weights(), "onnx"));

/** Starts a server and waits until it prints its address. */
async function start(name, file, args) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const address = await new Promise((resolve, reject) => {
    const listen = (text) => {
      const found = /(?:^|: )(http:\/\/\S+?)\/?\n/.exec(text)?.[1];
      if (found) resolve(found);
    };
    child.stdout.setEncoding("utf8").on("data", listen);
    child.stderr.setEncoding("utf8").on("data", listen);
    child.on("close", (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  return { name, address, child, rounds: new Map() };
}

/** The processor time that a process has used, in microseconds. */
async function processorTime({ pid }) {
  const [user, system] = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1].split(" ").slice(11, 13);
  return (Number(user) + Number(system)) * MICROSECONDS_PER_TICK;
}

const header = JSON.stringify({
  inputs: [{ name: "input", shape: [1, 1, 28, 28], datatype: "UINT8", parameters: { binary_data_size: 784 } }],
  outputs: [{ name: "logits", parameters: { binary_data: true } }],
});
const REQUESTS = {
  "a 28x28 PNG to /predict": {
    path: "/predict",
    body: Buffer.from(await encodePng(digits.images, 28, 28)),
    headers: { "content-type": "image/png" },
  },
  "a binary tensor of one image to infer": {
    path: "/v2/models/digits/infer",
    body: Buffer.concat([Buffer.from(header), digits.images]),
    headers: {
      "content-type": "application/octet-stream",
      "inference-header-content-length": String(header.length),
    },
  },
};

async function load({ address, child }, { path, ...request }, duration) {
  const before = await processorTime(child);
  const result = await autocannon({
    ...request,
    url: address + path,
    method: "POST",
    connections: Number(options.connections),
    duration,
  });
  if (result.non2xx + result.errors > 0)
    throw new Error(`${result.non2xx + result.errors} requests to ${address} failed`);
  return {
    perSecond: result.requests.total / result.duration,
    p99: result.latency.p99,
    microseconds: ((await processorTime(child)) - before) / result.requests.total,
  };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const spread = (values, digits = 0) =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;

describeMachine(installedVersions(["autocannon", "fastify", "onnxruntime-node"]));
const servers = [
  await start("lenet serve", "../dist/cli/main.js", ["serve", `digits=${model}`, "--port", "0"]),
  await start("onnxruntime-node behind Fastify", "serve/onnxServer.mjs", [model]),
];
try {
  for (const [title, request] of Object.entries(REQUESTS)) {
    for (const server of servers) await load(server, request, WARM_UP_SECONDS);
    const rounds = [];
    for (let round = 0; round < Number(options.rounds); round++) {
      const results = [];
      for (const server of servers) results.push(await load(server, request, Number(options.seconds)));
      rounds.push(results);
    }
    console.log(`### ${title}, ${options.connections} connections\n`);
    console.log("| | requests/s | times ours | p99 ms | processor µs a request |\n|---|---:|---:|---:|---:|");
    servers.forEach(({ name }, index) => {
      const of = (field) => rounds.map((results) => results[index][field]);
      const ratios = rounds.map((results) => results[index].perSecond / results[0].perSecond);
      console.log(
        `| ${name} | ${spread(of("perSecond"))} | ${spread(ratios, 2)} | ${spread(of("p99"))} | ${spread(of("microseconds"))} |`,
      );
    });
    console.log();
  }
} finally {
  for (const { child } of servers) child.removeAllListeners("close").kill("SIGTERM");
  await rm(folder, { recursive: true });
}
