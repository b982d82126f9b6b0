// Sends hostile requests to `lenet serve` and checks that each is refused with a status of 4xx.
// Usage: node tests/hostileRequests.mjs MODEL [--count 10000] [--concurrency 32] [--seed 0]; needs the built program.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { crc32, deflateSync, gzipSync } from "node:zlib";

const LONGEST_WAIT = 20_000;

/** Numbers from 0 to below `bound`, the same for the same seed. */
function randomNumbers(seed) {
  let state = seed >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

function chunk(type, data) {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length);
  bytes.write(type, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

function png(width, height, rows, { depth = 8, colorType = 0 } = {}) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([depth, colorType], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
  const data = chunk("IDAT", deflateSync(rows));
  return Buffer.concat([signature, chunk("IHDR", header), data, chunk("IEND", Buffer.alloc(0))]);
}

const BOMB = new Uint8Array(2e6);
const SMALL_BOMB = png(28, 28, BOMB);
const LARGE_BOMB = png(40_000, 40_000, BOMB);
/** Few bytes of pixels for as many as are allowed. */
const LYING = png(4000, 3900, new Uint8Array(4000));
const ODD_LYING = png(3900, 4000, new Uint8Array(100), { depth: 16, colorType: 2 });
const GIF = Buffer.concat([
  Buffer.from("GIF89a"),
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0xf7, 0, 0]),
  Buffer.alloc(900),
]);
const JPEG = Buffer.from("ffd8ffe000104a46494600010100000100010000ffc0001108f424ffff03012200021101031101ffda", "hex");
const HUGE_NUMBERS = JSON.stringify({
  inputs: [{ name: "input", shape: [400, 1, 28, 28], datatype: "FP32", data: new Array(400_000).fill(0.25) }],
});

function bmp(random) {
  const bytes = Buffer.alloc(60);
  bytes.write("BM");
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(1 + random(60_000), 18);
  bytes.writeInt32LE(1 + random(60_000), 22);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}

function http(path, body = "", headers = {}, method = "POST") {
  const bytes = Buffer.from(body);
  const lines = Object.entries({ Host: "localhost", "Content-Length": bytes.length, ...headers });
  const text = `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  return Buffer.concat([Buffer.from(text, "latin1"), bytes]);
}

const infer = (body, headers) => http("/v2/models/digits/infer", body, headers);
const input = (fields) =>
  JSON.stringify({ inputs: [{ name: "input", shape: [1, 1, 28, 28], datatype: "UINT8", data: [], ...fields }] });
const tensor = (fields, tail) => {
  const header = Buffer.from(input({ data: undefined, ...fields }));
  return infer(Buffer.concat([header, tail]), { "Inference-Header-Content-Length": header.length });
};
const noise = (random, length) => Buffer.from(Uint8Array.from({ length }, () => random(256)));
const pick = (random, list) => list[random(list.length)];

/** A request of each kind. Slow ones send a part and then nothing. */
const KINDS = {
  "bomb with honest size": () => http("/predict", LARGE_BOMB),
  "bomb behind a small size": () => http("/predict", SMALL_BOMB),
  "lying PNG": (random) => http("/predict", pick(random, [LYING, ODD_LYING])),
  "large GIF": () => http("/predict", GIF),
  "large JPEG": () => http("/predict", JPEG),
  "lying BMP": (random) => http("/predict", bmp(random)),
  "damaged PNG": (random) => {
    const bytes = Buffer.from(SMALL_BOMB);
    bytes[41 + random(bytes.length - 60)] ^= 1 + random(255);
    return http("/predict", bytes.subarray(0, 60 + random(bytes.length - 60)));
  },
  "noise as a picture": (random) => http("/predict", noise(random, 1 + random(5000))),
  "noise behind a signature": (random) =>
    http("/predict", Buffer.concat([pick(random, [SMALL_BOMB, GIF, JPEG]).subarray(0, 6), noise(random, 500)])),
  "no picture": () => http("/predict"),
  "broken form": (random) =>
    http("/predict", noise(random, 300), {
      "Content-Type": pick(random, ["multipart/form-data", "multipart/form-data; boundary=x"]),
    }),
  "packed body": () => http("/predict", gzipSync(BOMB), { "Content-Encoding": "gzip" }),
  "declared gigabyte": () => http("/predict", "x", { "Content-Length": 2e9 }),
  "endless chunks": () =>
    Buffer.concat([
      http("/predict", "", { "Content-Length": undefined, "Transfer-Encoding": "chunked" }),
      Buffer.from("fffffff\r\n"),
    ]),
  "huge shape": (random) => infer(input({ shape: [pick(random, [0, 1e9, 2 ** 53, -1]), 1, 28, 28] })),
  "wrong shape": (random) => infer(input({ shape: noise(random, random(20)).toJSON().data })),
  "wrong data": (random) =>
    infer(input({ data: new Array(784).fill(pick(random, ["x", null, -1, 256, 0.5, {}, []])) })),
  "wrong type": (random) => infer(input({ datatype: pick(random, ["FP16", "BYTES", "", "x".repeat(5000)]) })),
  "wrong output": () => infer(JSON.stringify({ inputs: [], outputs: [{ name: "__proto__" }] })),
  "deep JSON": () => infer(`{"inputs":${"[".repeat(100_000)}${"]".repeat(100_000)}}`),
  "deep data": () => infer(input({}).replace("[]}", `${"[".repeat(50_000)}${"]".repeat(50_000)}}`)),
  "prototype in JSON": () => infer('{"__proto__":{"inputs":[]},"constructor":{"prototype":{}}}'),
  "no JSON": (random) => infer(noise(random, 200)),
  "huge JSON": () => infer(HUGE_NUMBERS),
  "wrong header length": (random) =>
    infer("{}", { "Inference-Header-Content-Length": pick(random, ["-1", "1e3", "99999999999999999999", "3", "abc"]) }),
  "wrong tensor length": (random) =>
    tensor({ parameters: { binary_data_size: pick(random, [783, 785, 0, 1e12, "784"]) } }, BOMB.subarray(0, 784)),
  "floats that are not numbers": () =>
    tensor(
      { datatype: "FP32", parameters: { binary_data_size: 3136 } },
      Buffer.from(new Float32Array(784).fill(Number.NaN).buffer),
    ),
  "raw bytes of no image": (random) => infer(noise(random, 1 + random(700)), { "Inference-Header-Content-Length": 0 }),
  "large raw bytes": () => infer(Buffer.alloc(1e6), { "Inference-Header-Content-Length": 0 }),
  traversal: (random) =>
    http(
      pick(random, [
        "/../../etc/passwd",
        "/v2/models/../../../etc/passwd",
        "/v2/models/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/v2/models/digits/versions/..%2f..%2fetc",
        "/v2/models/%00/ready",
        "/v2/models/%ff%fe",
        "/v2/models/__proto__",
        "/v2/models/constructor/infer",
        `/v2/models/${"a".repeat(3000)}`,
      ]),
      "",
      {},
      "GET",
    ),
  "another method": (random) => http("/predict", "", {}, pick(random, ["DELETE", "PUT", "PATCH", "OPTIONS", "GET"])),
  "no HTTP": (random) => Buffer.concat([noise(random, 50), Buffer.from("\r\n\r\n")]),
  "two lengths": () => http("/predict", "x", { "Transfer-Encoding": "chunked" }),
  "large headers": () => http("/v2", "", { Cookie: "x".repeat(20_000) }, "GET"),
  "another host": () => http("/v2", "", { Host: "evil.example" }, "GET"),
  "slow headers": () => Buffer.from("POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-"),
  "slow body": () => http("/predict", "x", { "Content-Length": 5000 }),
};

/** Sends a request over a connection of its own. */
export function send(host, port, { bytes }) {
  const start = performance.now();
  return new Promise((resolve) => {
    const socket = connect(port, host);
    let answer = "";
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve({
        status: Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0),
        seconds: (performance.now() - start) / 1000,
      });
    };
    const timer = setTimeout(end, LONGEST_WAIT);
    socket.setEncoding("latin1").on("data", (text) => {
      answer += text;
      if (answer.includes("\r\n")) end();
    });
    socket.on("error", end).on("close", end);
    socket.write(bytes);
  });
}

/** Sends hostile requests of all kinds, several at once. */
export async function attack(url, { count, seed, concurrency = 32 }) {
  const { hostname, port } = new URL(url);
  const random = randomNumbers(seed);
  const names = Object.keys(KINDS);
  const statuses = {};
  const wrong = [];
  const times = [];
  let sent = 0;
  const work = async () => {
    while (sent < count) {
      const kind = names[sent++ % names.length];
      const { status, seconds } = await send(hostname, Number(port), { bytes: KINDS[kind](random) });
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (status < 400 || status > 499) wrong.push(`${kind}: ${status}`);
      times.push({ kind, seconds });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  times.sort((a, b) => a.seconds - b.seconds);
  const [p99, slowest] = [times[Math.floor(0.99 * times.length)], times[times.length - 1]];
  return { statuses, wrong: [...new Set(wrong)], p99, slowest };
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: "string", default: "10000" },
      concurrency: { type: "string", default: "32" },
      seed: { type: "string", default: "0" },
    },
  });
  const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
  const args = [program, "serve", `digits=${positionals[0]}`, "--port", "0", "--timeout", "0.5", "--log", "error"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "pipe"] });
  const url = await new Promise((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text) => resolve(/: (http:\S+)/.exec(text)?.[1]));
    child.on("close", () => reject(new Error("the server ended")));
  });
  const memory = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))[1]) / 1024;
  const before = memory();
  const start = performance.now();
  const { statuses, wrong, p99, slowest } = await attack(url, {
    count: Number(values.count),
    concurrency: Number(values.concurrency),
    seed: Number(values.seed),
  });
  const seconds = (performance.now() - start) / 1000;
  const alive = (await fetch(`${url}v2/health/ready`)).ok;
  process.stdout.write(
    `${values.count} requests in ${seconds.toFixed(1)} s: ${JSON.stringify(statuses)}\n` +
      `99 % within ${p99.seconds.toFixed(2)} s; slowest: ${slowest.kind}, ${slowest.seconds.toFixed(2)} s\n` +
      `peak memory: ${before.toFixed(0)} MB before, ${memory().toFixed(0)} MB after\n` +
      `${alive ? "still up" : "NOT READY"}${wrong.length > 0 ? `\nNOT REFUSED: ${wrong.join(", ")}` : ""}\n`,
  );
  child.kill("SIGTERM");
  process.exitCode = alive && wrong.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
