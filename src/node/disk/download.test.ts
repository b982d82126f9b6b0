import { createHash, randomBytes } from "node:crypto";
import { renameSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openFiles } from "../../../tests/support/openFiles.js";
import type { CatalogEntry, CatalogFile } from "../../data/catalog.js";
import { cacheFolder, DownloadError, type DownloadOptions, download } from "./download.js";

// What a data set's tests do not show: one file, and servers that behave badly.

const CONTENT = randomBytes(150_000);
const file = (content: Buffer): CatalogFile => ({
  name: "file.bin",
  known: "file",
  bytes: content.length,
  sha256: createHash("sha256").update(content).digest("hex"),
});

let folder: string;
let target: string;
let servers: Server[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-download-"));
  vi.stubEnv("XDG_CACHE_HOME", folder);
  target = join(folder, "lenet", "tiny", "file.bin");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  servers = [];
  await rm(folder, { recursive: true, force: true });
});

/** Starts a server; its address. */
async function mirror(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function get(mirrors: readonly string[], options: DownloadOptions = {}, content = CONTENT) {
  return download({ name: "tiny" } as CatalogEntry, file(content), { mirrors, ...options });
}

async function put(path: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

describe("the cache", () => {
  it("is where the XDG Base Directory Specification puts it: a relative path does not count", () => {
    expect(cacheFolder()).toBe(join(folder, "lenet"));
    for (const base of [undefined, "relative"]) {
      vi.stubEnv("XDG_CACHE_HOME", base);
      expect(cacheFolder()).toBe(join(homedir(), ".cache", "lenet"));
    }
  });

  it("ends the download at once if it cannot be written", async () => {
    let asked = 0;
    const mirrors = [await mirror((_, response) => response.end(CONTENT)), await mirror(() => asked++)];
    await mkdir(`${target}.part`, { recursive: true });
    await expect(get(mirrors)).rejects.toThrow(new DownloadError(`cannot write ${target}.part: it is a folder`));
    await rm(`${target}.part`, { recursive: true });
    await mkdir(target);
    await expect(get(mirrors)).rejects.toThrow(new DownloadError(`cannot write ${target}: it is a folder`));
    expect(asked).toBe(0);
  });

  it("may be filled by another process that is faster", async () => {
    const mirrors = [await mirror((_, response) => response.end(CONTENT))];
    const atEnd = (work: () => void) => ({
      onProgress: ({ receivedBytes }: { receivedBytes: number }) => receivedBytes === CONTENT.length && work(),
    });
    const done = atEnd(() => renameSync(`${target}.part`, target));
    const { bytes, what } = await get(mirrors, done as DownloadOptions);
    expect([Buffer.compare(bytes, CONTENT), what]).toEqual([0, target]);
    rmSync(target);
    const removed = atEnd(() => rmSync(`${target}.part`));
    await expect(get(mirrors, removed as DownloadOptions)).rejects.toThrow(`${target}.part has been deleted`);
  });
});

describe("a mirror", () => {
  it("is asked for the file as it is, and believed if it encodes it all the same", async () => {
    const encodings: unknown[] = [];
    const packed = gzipSync(CONTENT);
    const address = await mirror(({ headers }, response) => {
      encodings.push(headers["accept-encoding"]);
      response.writeHead(200, { "content-encoding": "gzip", "content-length": packed.length }).end(packed);
    });
    expect(Buffer.compare((await get([address])).bytes, CONTENT)).toBe(0);
    expect(encodings).toEqual(["identity"]);
  });

  it("need not say how much it sends", async () => {
    const totals = new Set<number | undefined>();
    const address = await mirror((_, response) => {
      response.write(CONTENT.subarray(0, 70_000));
      response.end(CONTENT.subarray(70_000));
    });
    const { bytes } = await get([address], { onProgress: ({ totalBytes }) => totals.add(totalBytes) });
    expect(Buffer.compare(bytes, CONTENT)).toBe(0);
    expect([...totals]).toEqual([undefined]);
  });

  it("is left at once if it announces too much or has no content", async () => {
    const sizes = [CONTENT.length + 1, 1e12];
    const large = sizes.map((size) =>
      mirror((_, response) => response.writeHead(200, { "content-length": size }).flushHeaders()),
    );
    const mirrors = [...(await Promise.all(large)), await mirror((_, response) => response.writeHead(204).end())];
    const [first, second, empty] = mirrors.map((url) => `${url}file.bin`);
    const tooLarge = `the file is too large: expected at most ${CONTENT.length} bytes`;
    await expect(get(mirrors)).rejects.toThrow(
      new DownloadError(`${first}: ${tooLarge}, ${second}: ${tooLarge}, ${empty}: HTTP 204`),
    );
  });

  it("is asked once for a damaged file, and twice if the damage may be that of an earlier download", async () => {
    let requests = 0;
    const address = await mirror((_, response) => {
      requests++;
      response.end(Buffer.alloc(CONTENT.length));
    });
    await expect(get([address])).rejects.toThrow("the download is damaged: ");
    expect(requests).toBe(1);
    await put(`${target}.part`, CONTENT.subarray(0, 10));
    await expect(get([address])).rejects.toThrow("the download is damaged: ");
    expect(requests).toBe(3);
  });

  it("that sends a byte each time is given up after fifty connections", async () => {
    let connections = 0;
    const address = await mirror(({ headers, socket }, response) => {
      connections++;
      const start = Number(/\d+/.exec(headers.range ?? "0"));
      const range = `bytes ${start}-${CONTENT.length - 1}/${CONTENT.length}`;
      response.writeHead(start > 0 ? 206 : 200, { "content-length": CONTENT.length - start, "content-range": range });
      response.write(CONTENT.subarray(start, start + 1), () => setImmediate(() => socket.destroy()));
    });
    await expect(get([address])).rejects.toThrow(`${address}file.bin: the connection broke off`);
    expect(connections).toBe(50);
    expect(Buffer.compare(await readFile(`${target}.part`), CONTENT.subarray(0, 50))).toBe(0);
  });

  it("has its time anew after each 64 kB", async () => {
    const stall = 3_456_789;
    const timers = vi.spyOn(globalThis, "setTimeout");
    const ends = [65_535, 65_536, 131_071, 131_072, CONTENT.length];
    const started = new Map<number, number>();
    let send = (_: number) => {};
    const address = await mirror((_, response) => {
      response.writeHead(200, { "content-length": CONTENT.length });
      send = (start) =>
        response.write(
          CONTENT.subarray(
            start,
            ends.find((end) => end > start),
          ),
        );
      send(0);
    });
    const timeouts = { next: 1e6, response: 2e6, stall };
    const onProgress: DownloadOptions["onProgress"] = ({ receivedBytes }) => {
      if (!ends.includes(receivedBytes)) return;
      // The time is begun anew after the progress is reported.
      setImmediate(() => {
        started.set(receivedBytes, timers.mock.calls.filter(([, milliseconds]) => milliseconds === stall).length);
        send(receivedBytes);
      });
    };
    try {
      await get([address], { timeouts, onProgress });
    } finally {
      timers.mockRestore();
    }
    expect([...started].slice(0, 4)).toEqual([
      [65_535, 1],
      [65_536, 2],
      [131_071, 2],
      [131_072, 3],
    ]);
  });

  it.each([
    [{ code: "ENOTFOUND" }, "the host is not found"],
    [{ code: "EAI_AGAIN" }, "the host is not found"],
    [{ code: "ECONNREFUSED" }, "the connection is refused"],
    [{ code: "ENETUNREACH" }, "the host is not reachable"],
    [{ code: "EHOSTUNREACH" }, "the host is not reachable"],
    [{ code: "ECONNRESET" }, "the connection broke off"],
    [{ code: "UND_ERR_SOCKET" }, "the connection broke off"],
    [{ code: "UND_ERR_CONNECT_TIMEOUT" }, "no answer"],
    [{ message: "certificate\nhas expired" }, "certificate"],
  ])("that cannot be reached is reported in a few words: %j", async (reason, words) => {
    const cause = Object.assign(new Error("cause"), reason);
    // Node's fetch names the reason as a cause, other runtimes throw it.
    for (const failure of [new TypeError("fetch failed", { cause }), cause]) {
      vi.stubGlobal("fetch", () => Promise.reject(failure));
      await expect(get(["http://a/"])).rejects.toThrow(new DownloadError(`http://a/file.bin: ${words}`));
    }
    vi.stubGlobal("fetch", () => Promise.reject("odd"));
    await expect(get(["http://a/"])).rejects.toThrow(new DownloadError("http://a/file.bin: odd"));
  });

  it("that closes its connection early is noticed, even if the runtime does not say so", async () => {
    const headers = { "content-length": String(CONTENT.length) };
    vi.stubGlobal("fetch", async () => new Response(CONTENT.subarray(0, 9), { headers }));
    await expect(get(["http://a/"])).rejects.toThrow(`the connection broke after 9 of ${CONTENT.length} bytes`);
  });
});

describe("several mirrors", () => {
  it("are asked again in their order after the one that was faster fails", async () => {
    const asked: string[] = [];
    const silentAtFirst = (name: string): RequestListener => {
      let requests = 0;
      return (_, response) => {
        asked.push(name);
        if (++requests > 1) response.writeHead(404).end();
      };
    };
    const mirrors = [
      await mirror(silentAtFirst("first")),
      await mirror(silentAtFirst("second")),
      await mirror((_, response) => response.end("something else")),
    ];
    const timeouts = { next: 20, response: 60_000, stall: 60_000 };
    await expect(get(mirrors, { timeouts })).rejects.toThrow(/damaged.* HTTP 404, .* HTTP 404$/);
    expect(asked).toEqual(["first", "second", "first", "second"]);
  });

  it("are not more than there are", async () => {
    const address = await mirror((_, response) => setTimeout(() => response.writeHead(503).end(), 200));
    const timeouts = { next: 1, response: 60_000, stall: 60_000 };
    await expect(get([address], { timeouts })).rejects.toThrow(new DownloadError(`${address}file.bin: HTTP 503`));
  });
});

describe.runIf(process.platform === "linux")("a download leaves nothing open", () => {
  it("whether it succeeds or fails", async () => {
    const closed: Promise<void>[] = [];
    const answer =
      (status: number): RequestListener =>
      (request: IncomingMessage, response) => {
        closed.push(new Promise((resolve) => request.socket.once("close", () => resolve())));
        response.writeHead(status).write(CONTENT);
        if (status === 200) response.end();
      };
    await get([await mirror(answer(200))]);
    expect(openFiles(folder)).toEqual([]);
    // Its answer does not end.
    await expect(get([await mirror(answer(404))])).rejects.toThrow("HTTP 404");
    expect(openFiles(folder)).toEqual([]);
    await closed[1];
  });
});
