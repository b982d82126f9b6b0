import { execFileSync, spawnSync } from "node:child_process";
import { lstat, mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { type IncomingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lenet5 } from "../../model/index.js";
import { RECIPES } from "../../training/recipes/recipes.js";
import { RunFolder } from "../runFolder.js";
import { type LabServer, serveLab } from "./server.js";

const SECRET = "not to be read";

let parent: string;
let lab: LabServer;

interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Requests exactly this path, which a URL would normalise. */
function ask(
  path: string,
  options: { readonly method?: string; readonly host?: string; readonly headers?: Record<string, string> } = {},
): Promise<Reply> {
  const { hostname, port, host } = new URL(lab.url);
  const headers = { ...options.headers, host: options.host ?? host };
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method: options.method ?? "GET", headers }, (response) => {
      let body = "";
      response.setEncoding("latin1").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    sent.on("error", reject);
    sent.end();
  });
}

async function writeRun(name: string, startedAt: string, epochs: readonly number[]): Promise<void> {
  const recipe = { ...RECIPES.paper, epochs: 3 };
  const model = lenet5({ ...recipe, input: { channels: 1, height: 12, width: 12 }, classes: 2 });
  const folder = await RunFolder.create(join(parent, "runs", name), {
    versions: { lenet: "0.1.0", node: "20.19.0", v8: "11.3" },
    startedAt,
    recipe,
    scheduleRestarts: [],
    seed: 5,
    model,
    parameterCount: 17_000,
    data: {
      name: "digits",
      resize: "contain",
      background: 0,
      checksum: "abc",
      images: 9,
      classes: ["a", "b"],
      generated: true,
    },
    threads: 2,
    arithmetic: "wasm-fused",
  });
  await folder.close();
  const rows = epochs.map((accuracy, index) => `${index + 1},1,0.5,1,${accuracy},0.001,1,1\n`);
  const columns = "epoch,train_loss_all,train_acc_all,val_loss_all,val_acc_all,lr,train_seconds,val_seconds\n";
  await writeFile(join(parent, "runs", name, "history.csv"), columns + rows.join(""));
}

/** Every file and folder, with its size and when it was changed. */
async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const described = entries.map(async ({ parentPath, name }) => {
    const { size, mtimeMs } = await lstat(join(parentPath, name));
    return `${join(parentPath, name)} ${size} ${mtimeMs}`;
  });
  return (await Promise.all(described)).sort();
}

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "lenet-lab-"));
  const site = join(parent, "site");
  await mkdir(join(site, "assets"), { recursive: true });
  await writeFile(join(site, "index.html"), "<!doctype html><title>the lab</title>");
  await writeFile(join(site, "assets", "index.js"), "export {};");
  await mkdir(join(parent, "runs"));
  await writeRun("first & oldest", "2026-01-01T00:00:00.000Z", [0.5, 0.75, 0.7]);
  await writeRun("second", "2026-01-02T00:00:00.000Z", []);
  await writeFile(join(parent, "secret.txt"), SECRET);
  await writeFile(join(parent, "runs", "second", "notes.txt"), SECRET);
  // A run folder from elsewhere may hold this.
  await symlink(join(parent, "secret.txt"), join(parent, "runs", "second", "result.json"));
  await symlink(parent, join(parent, "runs", "link"));
  await mkdir(join(parent, "runs", "no run"));
  await mkdir(join(parent, "data", "mnist"), { recursive: true });
  await writeFile(join(parent, "data", "mnist", "train-labels-idx1-ubyte"), "labels");
  lab = await serveLab({ site, runs: join(parent, "runs"), dataDir: join(parent, "data"), port: 0 });
});
afterAll(async () => {
  await lab?.close();
  await rm(parent, { recursive: true });
});

describe("serveLab", () => {
  it("serves the site with headers that isolate and protect its pages", async () => {
    for (const [path, type] of [
      ["/", "text/html; charset=utf-8"],
      ["/assets/index.js?v=1", "text/javascript"],
    ]) {
      const { status, headers } = await ask(path);
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        "content-type": type,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-resource-policy": "same-origin",
        "x-content-type-options": "nosniff",
      });
      expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
      expect(headers["content-security-policy"]).not.toContain("unsafe-inline");
    }
  });

  it("may be shown in a frame by pages of other hosts only if that is allowed", async () => {
    expect((await ask("/")).headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    const site = join(parent, "site");
    const open = await serveLab({ site, runs: join(parent, "runs"), port: 0, allowEmbed: true });
    const { headers } = await fetch(open.url);
    expect(headers.get("content-security-policy")).not.toContain("frame-ancestors");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("cross-origin-resource-policy")).toBe("cross-origin");
    const runs = await fetch(`${open.url}api/runs`);
    expect(runs.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    await open.close();
  });

  it("lists the runs, newest first, and the complete data sets", async () => {
    const common = { recipe: "paper", data: "digits", seed: 5, epochs: 3, finished: false };
    const { headers, body } = await ask("/api/runs");
    expect(headers["content-type"]).toBe("application/json");
    expect(JSON.parse(body)).toEqual([
      {
        ...common,
        name: "first & oldest",
        startedAt: "2026-01-01T00:00:00.000Z",
        epochsDone: 3,
        bestValidationAccuracy: 0.75,
      },
    ]);
    expect(JSON.parse((await ask("/api/server")).body)).toEqual({ data: [] });
  });

  it("serves the current files of a run, and gives its pages no rights", async () => {
    const path = "/runs/first%20%26%20oldest/history.csv";
    const before = await ask(path);
    expect(before.status).toBe(200);
    expect(before.headers).toMatchObject({ "content-type": "text/csv; charset=utf-8", "cache-control": "no-store" });
    expect(before.headers["content-security-policy"]).toContain("sandbox");
    expect(before.body.split("\n")[3]).toBe("3,1,0.5,1,0.7,0.001,1,1");
    const { status, body, headers } = await ask(path, { method: "HEAD" });
    expect({ status, body, length: headers["content-length"] }).toEqual({
      status: 200,
      body: "",
      length: String(before.body.length),
    });
  });

  // So it can be killed at any moment.
  it("writes no file, whatever it is asked", async () => {
    const before = await filesUnder(parent);
    const files = ["/runs/first%20%26%20oldest/history.csv", "/runs/second/result.json", "/data/mnist/new"];
    for (const path of ["/", "/api/runs", "/api/server", ...files, "/nothing"]) {
      for (const method of ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]) await ask(path, { method });
    }
    expect(await filesUnder(parent)).toEqual(before);
  });

  it.each([
    ["bytes=0-3", 206, "epoc", "bytes 0-3/SIZE"],
    ["BYTES=2-2", 206, "o", "bytes 2-2/SIZE"],
    ["bytes=-4", 206, ",1,1", undefined],
    ["bytes=0-99999", 206, undefined, "bytes 0-LAST/SIZE"],
    ["bytes=-99999", 206, undefined, "bytes 0-LAST/SIZE"],
    ["bytes=99999-", 416, "", "bytes */SIZE"],
    ["bytes=-0", 416, "", "bytes */SIZE"],
    // Ignored: malformed, another unit, several ranges.
    ["bytes=5-2", 200, undefined, undefined],
    ["bytes=-", 200, undefined, undefined],
    ["bytes=a-b", 200, undefined, undefined],
    ["lines=0-3", 200, undefined, undefined],
    ["bytes=0-1,4-5", 200, undefined, undefined],
  ])("answers the range %s as RFC 9110 says", async (range, status, body, place) => {
    const path = "/runs/first%20%26%20oldest/history.csv";
    const whole = (await ask(path)).body;
    const reply = await ask(path, { headers: { range } });
    const filled = place?.replace("SIZE", String(whole.length)).replace("LAST", String(whole.length - 1));
    expect(reply.status).toBe(status);
    expect(reply.body.trimEnd()).toBe((body === ",1,1" ? whole.slice(-4) : (body ?? whole)).trimEnd());
    if (filled !== undefined) expect(reply.headers["content-range"]).toBe(filled);
    expect(reply.headers["content-length"]).toBe(String(reply.body.length));
  });

  it("sends nothing again that the browser has, and no range of another content", async () => {
    const { headers, body } = await ask("/");
    const tag = headers.etag!;
    expect(await ask("/", { headers: { "if-none-match": `W/"x", ${tag}` } })).toMatchObject({ status: 304, body: "" });
    const part = { range: "bytes=0-3" };
    expect((await ask("/", { headers: { ...part, "if-range": tag } })).body).toBe(body.slice(0, 4));
    expect((await ask("/", { headers: { ...part, "if-range": '"other"' } })).body).toBe(body);
  });

  it("survives a file of the site that vanishes, and one that shrinks while it is sent", async () => {
    const path = join(parent, "site", "assets", "large.js");
    await writeFile(path, "x".repeat(1 << 24));
    const { hostname, port, host } = new URL(lab.url);
    const broken = new Promise<string>((resolve) => {
      const sent = request({ hostname, port, path: "/assets/large.js", headers: { host } }, (response) => {
        void truncate(path, 10).then(() => response.resume());
        response.on("error", ({ message }) => resolve(message));
        response.on("end", () => resolve("complete"));
      });
      sent.end();
    });
    expect(await broken).toBe("aborted");
    await rm(path);
    expect((await ask("/assets/large.js")).status).toBe(404);
    expect((await ask("/")).status).toBe(200);
  });

  it.runIf(process.platform === "linux")("is not kept waiting by pipes in run folders", async () => {
    // As many as Node has threads for files, and more.
    for (let count = 0; count < 6; count++) {
      await mkdir(join(parent, "runs", `pipe-${count}`));
      execFileSync("mkfifo", [join(parent, "runs", `pipe-${count}`, "config.json")]);
    }
    const { status, body } = await ask("/api/runs");
    expect([status, JSON.parse(body).length]).toEqual([200, 1]);
    expect((await ask("/runs/pipe-0/config.json")).status).toBe(404);
    for (let count = 0; count < 6; count++) await rm(join(parent, "runs", `pipe-${count}`), { recursive: true });
  });

  it("closes connections on which nothing happens", async () => {
    const site = join(parent, "site");
    const impatient = await serveLab({ site, runs: join(parent, "runs"), port: 0, idleMilliseconds: 200 });
    const { port, host } = new URL(impatient.url);
    for (const begun of ["", "GET / HTTP/1.1\r\n", `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`]) {
      const socket = connect(Number(port), "127.0.0.1");
      socket.on("error", () => {}).resume();
      socket.write(begun);
      await new Promise((resolve) => socket.on("close", resolve));
    }
    await impatient.close();
  });

  it("serves a file of a data set by its name in the catalog, packed or not", async () => {
    const { status, body } = await ask("/data/mnist/train-labels-idx1-ubyte.gz");
    expect([status, body]).toEqual([200, "labels"]);
  });

  it.each([
    ["a missing file", "/runs/second/model.pth"],
    ["a file that run folders do not have", "/runs/second/notes.txt"],
    ["a link in a run folder", "/runs/second/result.json"],
    ["a link among the run folders", "/runs/link/secret.txt"],
    ["a missing run", "/runs/third/config.json"],
    ["the folder above", "/runs/../secret.txt"],
    ["the folder above, escaped", "/runs/%2e%2e/secret.txt"],
    ["a path as a name", "/runs/second%2f..%2f../secret.txt"],
    ["a path as a file", "/runs/second/..%2f..%2fsecret.txt"],
    ["a file of no data set", "/data/mnist/..%2f..%2fsecret.txt"],
    ["an unknown data set", "/data/..%2f/train-labels-idx1-ubyte.gz"],
    ["a missing data file", "/data/mnist/t10k-labels-idx1-ubyte.gz"],
    ["outside the site", "/..%2fsecret.txt"],
    ["outside the site, by dots", "/../secret.txt"],
    ["an unknown request", "/api/secrets"],
  ])("refuses %s", async (_what, path) => {
    const { status, body } = await ask(path);
    expect(status).toBe(404);
    expect(body).not.toContain(SECRET);
  });

  it("refuses malformed paths, methods that could change something, and other hosts", async () => {
    expect((await ask("/runs/%zz/config.json")).status).toBe(400);
    expect((await ask("/api/runs", { method: "POST" })).status).toBe(405);
    const { port } = new URL(lab.url);
    expect((await ask("/api/runs", { host: `localhost:${port}` })).status).toBe(200);
    for (const host of [`lab.example:${port}`, "127.0.0.1", `127.0.0.1.lab.example:${port}`]) {
      expect((await ask("/api/runs", { host })).status).toBe(403);
    }
  });

  it("says why it cannot serve", async () => {
    const { port } = new URL(lab.url);
    const options = { site: join(parent, "site"), runs: "runs", port: Number(port) };
    await expect(serveLab(options)).rejects.toThrow(`port ${port} is in use`);
    await expect(serveLab({ ...options, site: parent })).rejects.toThrow(
      `the lab is not built: ${parent} has no index.html; run npm run build:lab`,
    );
  });
});

// A process of its own: the limit holds for all its files.
it.runIf(process.platform === "linux")("answers 503 while no more files can be opened, and recovers", () => {
  const program = `
    import { openSync, closeSync } from "node:fs";
    import { serveLab } from "./dist/node/lab/server.js";
    const lab = await serveLab({ site: ${JSON.stringify(join(parent, "site"))}, runs: ${JSON.stringify(join(parent, "runs"))}, port: 0 });
    // The connections come first, because those need descriptors too.
    const ask = async (path) => { const reply = await fetch(lab.url + path); await reply.arrayBuffer(); return reply.status; };
    const before = [await ask(""), await ask("api/runs"), await ask("runs/second/config.json")];
    const held = [];
    try { for (;;) held.push(openSync("/dev/null")); } catch {}
    const during = [await ask(""), await ask("api/runs"), await ask("runs/second/config.json")];
    for (const file of held) closeSync(file);
    const after = [await ask(""), await ask("api/runs")];
    console.log(JSON.stringify({ before, during, after }));
    await lab.close();
  `;
  const command = ["-c", 'ulimit -n 512; exec "$0" --input-type=module --eval "$1"', process.execPath, program];
  const { stdout, stderr } = spawnSync("bash", command, { encoding: "utf8", timeout: 60_000 });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({ before: [200, 200, 200], during: [503, 503, 503], after: [200, 200] });
});
