import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { generateDigits } from "../src/data/digits.js";
import { writeWeights } from "../src/formats/weightFiles.js";
import { LeNet5, predict } from "../src/index.js";
import { encodePng } from "../src/node/index.js";
import { attack, send } from "./hostileRequests.mjs";
import { PROGRAM, runProgram } from "./support/program.js";

const digits = generateDigits({ seed: 3, count: 20, part: "test" });
const imageAt = (index: number) => digits.images.subarray(784 * index, 784 * (index + 1));
const network = LeNet5.create({ classes: digits.classes, seed: 1 });
const other = LeNet5.create({ classes: digits.classes, seed: 2 });
const colour = LeNet5.create({ classes: ["cat", "dog"], input: { channels: 3, height: 32, width: 32 } });
const TOKEN = "a token of some length";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-serve-"));
  await writeFile(join(folder, "digits.safetensors"), writeWeights(network.weights(), "safetensors"));
  await writeFile(join(folder, "other.onnx"), writeWeights(other.weights(), "onnx"));
  await writeFile(join(folder, "pets.pth"), writeWeights(colour.weights(), "pth"));
});
afterAll(() => rm(folder, { recursive: true }));

interface Running {
  readonly url: string;
  readonly child: ChildProcess;
  /** Settled with the exit code when it ends. */
  readonly ended: Promise<number | null>;
  readonly log: () => Record<string, unknown>[];
}

const running: Running[] = [];
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill("SIGTERM");
    await ended;
  }
});

/** Starts `lenet serve` and waits for its address. */
async function serve(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Running> {
  const child = spawn(process.execPath, [PROGRAM, "serve", "--port", "0", ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, ...env },
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  let stderr = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      const address = /: (http:\S+\/)\n/.exec(stderr)?.[1];
      if (address) resolve(address);
    });
    ended.then((code) => reject(new Error(`ended with ${code}: ${stderr}`)));
  });
  const log = () =>
    stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const server = { url, child, ended, log };
  running.push(server);
  return server;
}

const post = (url: string, body: BodyInit, headers: Record<string, string> = {}) =>
  fetch(url, { method: "POST", body, headers: { "content-type": "application/octet-stream", ...headers } });

/** An inference request with its tensor as bytes after the JSON. */
function binaryRequest(
  json: object,
  ...tensors: Uint8Array[]
): [body: Uint8Array<ArrayBuffer>, headers: Record<string, string>] {
  const header = Buffer.from(JSON.stringify(json));
  return [
    new Uint8Array(Buffer.concat([header, ...tensors])),
    { "inference-header-content-length": `${header.length}` },
  ];
}

const closeTo = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 4));

describe("lenet serve", () => {
  it("answers as the Open Inference Protocol says, in JSON and with binary tensors", async () => {
    const { url } = await serve(["digits.safetensors", "digits@2=other.onnx", "pets=pets.pth"]);
    const json = async (path: string) => (await fetch(url + path)).json();
    expect(await json("v2")).toEqual({
      name: "lenet",
      version: expect.any(String),
      extensions: ["binary_tensor_data"],
    });
    expect(await json("v2/health/live")).toEqual({ live: true });
    expect(await json("v2/health/ready")).toEqual({ ready: true });
    expect(await json("v2/models/digits/ready")).toEqual({ name: "digits", ready: true });
    expect(await json("v2/models/pets/versions/1")).toMatchObject({
      name: "pets",
      versions: ["1"],
      platform: "lenet",
      inputs: [{ name: "input", datatype: "UINT8", shape: [-1, 3, 32, 32] }],
      outputs: expect.arrayContaining([{ name: "logits", datatype: "FP32", shape: [-1, 2] }]),
    });
    expect((await json("v2/models/digits")).versions).toEqual(["1", "2"]);

    const [first, second] = await predict(network, [imageAt(0), imageAt(1)]);
    // The protocol's example of a request in JSON, with our tensor.
    const request = {
      id: "42",
      inputs: [{ name: "input", shape: [1, 1, 28, 28], datatype: "UINT8", data: [...imageAt(0)] }],
      outputs: [{ name: "logits" }],
    };
    const answer = await post(`${url}v2/models/digits/versions/1/infer`, JSON.stringify(request), {
      "content-type": "application/json",
    });
    expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
    expect(await answer.json()).toEqual({
      model_name: "digits",
      model_version: "1",
      id: "42",
      outputs: [{ name: "logits", shape: [1, 10], datatype: "FP32", data: closeTo(first.logits) }],
    });

    // Nested data, normalised values, and all outputs; the newest version is the default.
    const values = Array.from(imageAt(0), (byte) => (byte / 255 - 0.5) / 0.5);
    const rows = Array.from({ length: 28 }, (_, row) => values.slice(28 * row, 28 * row + 28));
    const nested = { inputs: [{ name: "input", shape: [1, 1, 28, 28], datatype: "FP32", data: [[rows]] }] };
    const [newest] = await predict(other, [imageAt(0)]);
    const all = await (await post(`${url}v2/models/digits/infer`, JSON.stringify(nested))).json();
    expect(all).toMatchObject({ model_version: "2" });
    expect(all.outputs).toEqual([
      { name: "logits", datatype: "FP32", shape: [1, 10], data: closeTo(newest.logits) },
      { name: "probabilities", datatype: "FP32", shape: [1, 10], data: closeTo(newest.probabilities) },
      { name: "class", datatype: "INT64", shape: [1], data: [newest.class] },
      { name: "label", datatype: "BYTES", shape: [1], data: [newest.label] },
    ]);

    // The extension's example: a tensor of bytes after the JSON, and one in the answer.
    const pixels = digits.images.subarray(0, 2 * 784);
    const [body, headers] = binaryRequest(
      {
        inputs: [{ name: "input", shape: [2, 1, 28, 28], datatype: "UINT8", parameters: { binary_data_size: 1568 } }],
        outputs: [
          { name: "logits", parameters: { binary_data: true } },
          { name: "label", parameters: { binary_data: true } },
          { name: "class" },
        ],
      },
      pixels,
    );
    const binary = await post(`${url}v2/models/digits/versions/1/infer`, body, headers);
    expect(binary.headers.get("content-type")).toBe("application/octet-stream");
    const length = Number(binary.headers.get("inference-header-content-length"));
    const bytes = Buffer.from(await binary.arrayBuffer());
    expect(JSON.parse(bytes.subarray(0, length).toString())).toEqual({
      model_name: "digits",
      model_version: "1",
      outputs: [
        { name: "logits", datatype: "FP32", shape: [2, 10], parameters: { binary_data_size: 80 } },
        { name: "label", datatype: "BYTES", shape: [2], parameters: { binary_data_size: 10 } },
        { name: "class", datatype: "INT64", shape: [2], data: [first.class, second.class] },
      ],
    });
    const logits = Array.from({ length: 20 }, (_, index) => bytes.readFloatLE(length + 4 * index));
    expect(logits).toEqual(closeTo([...first.logits, ...second.logits]));
    const label = bytes.subarray(length + 80, length + 85);
    expect([label.readUInt32LE(), label.subarray(4).toString()]).toEqual([1, first.label]);
    expect(bytes).toHaveLength(length + 90);

    // A raw binary request is nothing but the bytes of images.
    const raw = await post(`${url}v2/models/digits/versions/1/infer`, new Uint8Array(pixels), {
      "inference-header-content-length": "0",
    });
    expect((await raw.json()).outputs[2].data).toEqual([first.class, second.class]);
  });

  it("classifies pictures of any size and kind, as predict does", async () => {
    // A busy machine may take longer than the default limit.
    const { url } = await serve(["digits.safetensors", "pets=pets.pth", "--decode-timeout", "60"]);
    const png = new Uint8Array(await encodePng(imageAt(4), 28, 28));
    const expected = await predict(network, imageAt(4));
    const raw = await (await post(`${url}predict`, png, { "content-type": "image/png" })).json();
    expect(raw).toEqual({
      model: "digits",
      version: "1",
      label: expected.label,
      class: expected.class,
      probabilities: closeTo(expected.probabilities),
      logits: closeTo(expected.logits),
      classes: [...digits.classes],
    });
    const form = new FormData();
    form.append("note", "text");
    form.append("image", new Blob([png]), "four.png");
    expect(await (await fetch(`${url}predict`, { method: "POST", body: form })).json()).toEqual(raw);

    const inverted = new Uint8Array(
      await encodePng(
        imageAt(4).map((byte) => 255 - byte),
        28,
        28,
      ),
    );
    expect((await (await post(`${url}predict?invert=true`, inverted)).json()).logits).toEqual(closeTo(raw.logits));

    // Larger than what is decoded beside the network.
    const rgb = Uint8Array.from({ length: 300 * 400 * 3 }, (_, index) => (index * 7) % 256);
    const large = new Uint8Array(await encodePng(rgb, 400, 300));
    const pet = await (await post(`${url}predict?model=pets`, large)).json();
    const seen = await predict(colour, { width: 400, height: 300, data: rgb });
    expect(pet).toMatchObject({ model: "pets", label: seen.label, logits: closeTo(seen.logits) });
  });

  it("describes itself, counts its requests and offers a page that runs only its own script", async () => {
    const { url, log } = await serve(["digits.safetensors"]);
    await post(`${url}predict`, "not an image");
    const page = await fetch(url);
    const html = await page.text();
    const script = /<script type="module">(.*?)<\/script>/s.exec(html)![1];
    const hash = createHash("sha256").update(script).digest("base64");
    expect(page.headers.get("content-security-policy")).toContain(`script-src 'sha256-${hash}'`);
    const api = await (await fetch(`${url}openapi.json`)).json();
    expect(api.openapi).toBe("3.1.0");
    const text = JSON.stringify(api);
    for (const [, name] of text.matchAll(/#\/components\/schemas\/(\w+)/g)) {
      expect(api.components.schemas).toHaveProperty(name);
    }
    const metrics = await (await fetch(`${url}metrics`)).text();
    expect(metrics).toContain('lenet_requests_total{route="/predict",status="400"} 1\n');
    expect(metrics).toMatch(/^process_resident_memory_bytes \d+$/m);
    await expect
      .poll(log, { timeout: 30_000 })
      .toContainEqual(expect.objectContaining({ url: "/predict", status: 400, msg: "request" }));
  });

  it("lets nobody but this machine in without a token", async () => {
    const refused = await runProgram(folder, ["serve", "digits.safetensors", "--host", "0.0.0.0"]);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(/^lenet: serving on 0\.0\.0\.0 lets other machines in, so it needs a token: .*\n$/);

    const local = await serve(["digits.safetensors"]);
    const { hostname, port } = new URL(local.url);
    const forged = { bytes: Buffer.from("GET /v2 HTTP/1.1\r\nHost: evil.example\r\n\r\n") };
    expect(await send(hostname, Number(port), forged)).toMatchObject({ status: 403 });

    const { url } = await serve(["digits.safetensors", "--host", "0.0.0.0"], { LENET_TOKEN: TOKEN });
    const address = url.replace("0.0.0.0", "127.0.0.1");
    const status = async (path: string, authorization?: string) =>
      (await fetch(address + path, { headers: authorization === undefined ? {} : { authorization } })).status;
    expect(await status("v2/models/digits")).toBe(401);
    expect(await status("v2/models/digits", `Bearer ${TOKEN}x`)).toBe(401);
    expect(await status("metrics")).toBe(401);
    expect(await status("v2/models/digits", `Bearer ${TOKEN}`)).toBe(200);
    expect(await status("v2/health/ready")).toBe(200);
    expect(await status("")).toBe(200);
  });

  it("limits requests per second", async () => {
    const { url } = await serve(["digits.safetensors", "--rate", "5"]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}v2`)));
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(10);
    expect(answers.find(({ status }) => status === 429)!.headers.get("retry-after")).toBe("1");
  });

  it("takes changed weights without losing a request, and keeps the old ones if the new are damaged", async () => {
    const run = join(folder, "run.safetensors");
    const replace = async (bytes: Uint8Array) => {
      await writeFile(`${run}.new`, bytes);
      await rename(`${run}.new`, run);
    };
    await replace(writeWeights(network.weights(), "safetensors"));
    const { url, log } = await serve(["run.safetensors"]);
    const png = new Uint8Array(await encodePng(imageAt(0), 28, 28));
    const [old, changed] = await Promise.all([predict(network, imageAt(0)), predict(other, imageAt(0))]);
    const seen = new Set<string>();
    let asking = true;
    const ask = async () => {
      while (asking) {
        const answer = await post(`${url}predict`, png);
        expect(answer.status).toBe(200);
        seen.add((await answer.json()).logits[0].toFixed(3));
      }
    };
    const clients = Array.from({ length: 8 }, ask);
    await replace(writeWeights(other.weights(), "safetensors"));
    await expect.poll(() => seen.has(changed.logits[0].toFixed(3)), { timeout: 30_000 }).toBe(true);
    await replace(randomBytes(1000));
    await expect.poll(log, { timeout: 30_000 }).toContainEqual(
      expect.objectContaining({
        msg: "changed model cannot be used",
        reason: expect.stringContaining("run.safetensors"),
      }),
    );
    asking = false;
    await Promise.all(clients);
    expect([...seen].sort()).toEqual([old.logits[0].toFixed(3), changed.logits[0].toFixed(3)].sort());
  });

  it("finishes the requests that have arrived when it is asked to end", async () => {
    const { url, child, ended } = await serve(["digits.safetensors"]);
    const png = new Uint8Array(await encodePng(imageAt(0), 28, 28));
    let answered = 0;
    // These clients stop when a response says "connection: close". None of their requests may be lost.
    const ask = async () => {
      for (;;) {
        const answer = await post(`${url}predict`, png);
        expect(answer.status).toBe(200);
        await answer.json();
        answered++;
        if (answer.headers.get("connection") === "close") return;
      }
    };
    const clients = Array.from({ length: 8 }, ask);
    await expect.poll(() => answered, { timeout: 30_000 }).toBeGreaterThan(20);
    child.kill("SIGTERM");
    await Promise.all(clients);
    expect(await ended).toBe(0);
    await expect(post(`${url}predict`, png)).rejects.toThrow("fetch failed");
  });

  it("refuses hostile requests with a status of 4xx, and stays up", async () => {
    const { url, child } = await serve(["digits.safetensors", "--timeout", "0.5"]);
    const { statuses, wrong } = await attack(url, { count: 400, seed: 1 });
    expect(wrong).toEqual([]);
    expect(Object.values(statuses).reduce((sum, count) => sum + count, 0)).toBe(400);
    expect(child.exitCode).toBeNull();
    const png = new Uint8Array(await encodePng(imageAt(0), 28, 28));
    expect((await post(`${url}predict`, png)).status).toBe(200);
  });

  it.each<[string, string[], RegExp]>([
    ["a folder that is no run", ["."], /^lenet: .* is not a run folder: it has no config.json\n$/],
    ["a missing file", ["x=missing.pth"], /^lenet: .*missing\.pth.*\n$/],
    ["the same name twice", ["digits.safetensors", "digits=other.onnx"], /^lenet: two models are digits@1; .*\n$/],
    ["a name that is no address", ["a b.pth"], /^lenet: a b\.pth: "a b" cannot be a model's name; .*\n$/],
  ])("refuses %s in one line", async (_, args, message) => {
    const { code, stderr } = await runProgram(folder, ["serve", ...args]);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });
});
