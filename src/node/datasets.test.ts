import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cifarArchive, cifarBatch } from "../../tests/support/cifar.js";
import type { CatalogFile, CifarEntry, IdxEntry } from "../data/catalog.js";
import { CIFAR_SHAPE } from "../data/cifar.js";
import { loadDataset } from "./datasets.js";
import type { DownloadProgress } from "./disk/download.js";
import { fetchDataset } from "./fetch.js";
import { DatasetUnavailableError } from "./obtain.js";

const SIDE = 20;
const COUNT = 12;

/** Noise, so that the packed file is large enough to be cut in many places. */
function idxFiles(seed: number): { images: Buffer; labels: Buffer } {
  let state = seed;
  const noise = Uint8Array.from({ length: COUNT * SIDE * SIDE }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  const labels = Uint8Array.from({ length: COUNT }, (_, index) => (index + seed) % 3);
  return {
    images: Buffer.concat([Buffer.from([0, 0, 8, 3, 0, 0, 0, COUNT, 0, 0, 0, SIDE, 0, 0, 0, SIDE]), noise]),
    labels: Buffer.concat([Buffer.from([0, 0, 8, 1, 0, 0, 0, COUNT]), labels]),
  };
}

const sha256 = (...pieces: Buffer[]) => createHash("sha256").update(Buffer.concat(pieces)).digest("hex");

function part(prefix: string, files: { images: Buffer; labels: Buffer }): IdxEntry["parts"]["train"] {
  const file = (name: string, content: Buffer): CatalogFile => ({
    name,
    known: "content",
    bytes: content.length,
    sha256: sha256(content),
  });
  return { images: file(`${prefix}-images.gz`, files.images), labels: file(`${prefix}-labels.gz`, files.labels) };
}

const train = idxFiles(1);
const test = idxFiles(2);
const packedImages = gzipSync(train.images);
const packedLabels = gzipSync(train.labels);

let folder: string;
let cache: string;
let entry: IdxEntry;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-datasets-"));
  cache = join(folder, "xdg", "lenet");
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "xdg"));
  vi.stubEnv("LENET_DATA", undefined);
  entry = {
    name: "tiny",
    title: "Tiny-MNIST",
    classes: ["a", "b", "c"],
    shape: { channels: 1, height: SIDE, width: SIDE },
    counts: { train: COUNT, test: COUNT },
    mirrors: [],
    downloadBytes: 9876,
    systemPackage: { folder: join(folder, "system"), debianName: "dataset-tiny" },
    format: "idx",
    parts: { train: part("train", train), test: part("test", test) },
  };
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function put(path: string, content: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

async function putTrain(base: string): Promise<void> {
  await put(join(base, "train-images.gz"), packedImages);
  await put(join(base, "train-labels.gz"), packedLabels);
}

describe("loadDataset from folders", () => {
  it("reads packed files from the data set's own folder", async () => {
    await putTrain(join(folder, "tiny"));
    const dataset = await loadDataset(entry, "train", { dataDir: folder });
    expect(dataset).toMatchObject({ name: "tiny", classes: ["a", "b", "c"], channels: 1, height: SIDE, width: SIDE });
    expect(Buffer.from(dataset.images).equals(train.images.subarray(16))).toBe(true);
    expect(Buffer.from(dataset.labels).equals(train.labels.subarray(8))).toBe(true);
    expect(dataset.checksum).toBe(sha256(train.images, train.labels));
    expect(dataset.generated).toBe(false);
  });

  it("reads unpacked files, and files unpacked under a packed name, from the folder itself", async () => {
    await put(join(folder, "test-images"), test.images);
    await put(join(folder, "test-labels.gz"), test.labels);
    const dataset = await loadDataset(entry, "test", { dataDir: folder });
    expect(Buffer.from(dataset.images).equals(test.images.subarray(16))).toBe(true);
    expect(dataset.checksum).toBe(sha256(test.images, test.labels));
  });

  it("looks in $LENET_DATA, then the cache, then the system's folder", async () => {
    const environment = join(folder, "environment");
    vi.stubEnv("LENET_DATA", environment);
    for (const base of [join(folder, "system"), cache, join(environment, "tiny")]) {
      await putTrain(base);
      await expect(loadDataset(entry, "train")).resolves.toMatchObject({ name: "tiny" });
    }
    // A damaged file is an error only in the folder that is searched first.
    await put(join(cache, "train-images.gz"), "broken");
    await expect(loadDataset(entry, "train")).resolves.toMatchObject({ name: "tiny" });
    await put(join(environment, "tiny", "train-images.gz"), "broken");
    await expect(loadDataset(entry, "train")).rejects.toThrow(join(environment, "tiny", "train-images.gz"));
    vi.stubEnv("LENET_DATA", join(folder, "nowhere"));
    await expect(loadDataset(entry, "train")).resolves.toMatchObject({ name: "tiny" });
  });

  it("looks only in a folder that the user named", async () => {
    await putTrain(cache);
    await expect(loadDataset(entry, "train", { dataDir: join(folder, "empty") })).rejects.toThrow(
      new Error(
        `Tiny-MNIST is missing: found neither train-images.gz nor train-images in ` +
          `${join(folder, "empty", "tiny")} or ${join(folder, "empty")}`,
      ),
    );
  });

  it.each([
    ["another file", gzipSync(test.images), /train-images\.gz is not the right file: expected 4816 bytes with sha256 /],
    ["a short file", gzipSync(train.images.subarray(0, 99)), /expected 4816 bytes .* found 99 bytes with sha256 /],
    ["a truncated packed file", packedImages.subarray(0, 700), /train-images\.gz is truncated: .* after 700 bytes; /],
    ["a packed file with a wrong byte", flipped(packedImages, 700), /train-images\.gz is damaged: it cannot be unpack/],
    [
      "a packed file that unpacks to too many bytes",
      gzipSync(Buffer.alloc(2e6)),
      /it unpacks to more than 4816 bytes; repl/,
    ],
    ["a file that is too large", Buffer.alloc(9999), /expected at most 5845 bytes, found 9999 bytes; replace the file/],
    ["an empty file", "", /found 0 bytes with sha256 e3b0c442/],
  ])("reports %s in a named folder in one line", async (_, content, message) => {
    await putTrain(cache);
    await putTrain(folder);
    await put(join(folder, "train-images.gz"), content);
    const failure = await loadDataset(entry, "train", { dataDir: folder }).catch((error: Error) => error.message);
    expect(failure).toMatch(message);
    expect(failure).toMatch(/; replace the file or name another folder$/);
    expect(failure).not.toContain("\n");
  });

  it("reports a folder in place of a file", async () => {
    await mkdir(join(folder, "train-images.gz"));
    await expect(loadDataset(entry, "train", { dataDir: folder })).rejects.toThrow(
      `${join(folder, "train-images.gz")} is not a file; `,
    );
  });

  it("refuses an unknown name", async () => {
    await expect(loadDataset("tiny", "train")).rejects.toThrow('unknown data set "tiny"');
  });
});

function flipped(bytes: Buffer, position: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[position] ^= 0xff;
  return copy;
}

describe("loadDataset by download", () => {
  const servers: Server[] = [];
  const timeouts = { response: 300, stall: 300, next: 300 };
  /** For the mirrors that are raced: only a mirror that has not begun makes room for the next one. */
  const patient = { response: 600_000, stall: 600_000, next: 20 };
  const partial = () => join(cache, "tiny", "train-images.gz.part");

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
  });

  /** Starts a mirror on this machine and returns its URL. */
  async function mirror(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
    const server = createServer(answer);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/data/`;
  }

  const content: Record<string, Buffer> = {
    "/data/train-images.gz": packedImages,
    "/data/train-labels.gz": packedLabels,
  };

  /** Sends a file from the requested offset. Each connection sends at most `most` bytes of the images. */
  function serve(requests: string[], most = Number.POSITIVE_INFINITY, files = content) {
    return (request: IncomingMessage, response: ServerResponse) => {
      const file = files[request.url ?? ""];
      requests.push(`${request.url?.slice("/data/".length)} ${request.headers.range ?? "whole"}`);
      if (file === undefined) {
        response.writeHead(404).end("not here");
        return;
      }
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      if (start >= file.length) {
        response.writeHead(416, { "content-range": `bytes */${file.length}` }).end();
        return;
      }
      response.writeHead(start > 0 ? 206 : 200, {
        "content-length": file.length - start,
        ...(start > 0 && { "content-range": `bytes ${start}-${file.length - 1}/${file.length}` }),
      });
      const piece = file.subarray(start, start + most);
      if (start + piece.length === file.length) response.end(piece);
      else response.write(piece, () => setTimeout(() => request.socket.destroy(), 20));
    };
  }

  it("downloads into the cache, reports progress, and reads from the cache afterwards", async () => {
    const requests: string[] = [];
    const seen: DownloadProgress[] = [];
    const address = await mirror(serve(requests));
    const options = { mirrors: [address], onProgress: (progress: DownloadProgress) => seen.push(progress) };
    const dataset = await loadDataset(entry, "train", options);
    expect(dataset.checksum).toBe(sha256(train.images, train.labels));
    expect(seen[0]).toEqual({
      url: `${address}train-images.gz`,
      receivedBytes: 0,
      totalBytes: packedImages.length,
    });
    expect(seen.at(-1)).toEqual({
      url: `${address}train-labels.gz`,
      receivedBytes: packedLabels.length,
      totalBytes: packedLabels.length,
    });
    expect((await readdir(join(cache, "tiny"))).sort()).toEqual(["train-images.gz", "train-labels.gz"]);
    expect((await readFile(join(cache, "tiny", "train-images.gz"))).equals(packedImages)).toBe(true);

    expect(await loadDataset(entry, "train", options)).toEqual(dataset);
    expect(requests).toEqual(["train-images.gz whole", "train-labels.gz whole"]);
  });

  it.each([1, 9, 1000, packedImages.length - 1])(
    "resumes a download that an earlier run broke off after %i bytes",
    async (size) => {
      const requests: string[] = [];
      await put(partial(), packedImages.subarray(0, size));
      await loadDataset(entry, "train", { mirrors: [await mirror(serve(requests))] });
      expect(requests).toEqual([`train-images.gz bytes=${size}-`, "train-labels.gz whole"]);
      expect((await readFile(join(cache, "tiny", "train-images.gz"))).equals(packedImages)).toBe(true);
    },
  );

  it("resumes within one run whenever the connection breaks", async () => {
    const requests: string[] = [];
    const address = await mirror(serve(requests, 2000));
    const dataset = await loadDataset(entry, "train", { mirrors: [address] });
    expect(dataset.checksum).toBe(sha256(train.images, train.labels));
    expect(requests).toEqual([
      "train-images.gz whole",
      "train-images.gz bytes=2000-",
      "train-images.gz bytes=4000-",
      "train-labels.gz whole",
    ]);
  });

  it("uses a complete file that an earlier run did not check", async () => {
    const requests: string[] = [];
    await put(partial(), packedImages);
    await loadDataset(entry, "train", { mirrors: [await mirror(serve(requests))] });
    expect(requests[0]).toBe(`train-images.gz bytes=${packedImages.length}-`);
    expect(await readdir(join(cache, "tiny"))).not.toContain("train-images.gz.part");
  });

  it("starts again if the partial file turns out to be from another file", async () => {
    const requests: string[] = [];
    await put(partial(), Buffer.alloc(100, 7));
    await loadDataset(entry, "train", { mirrors: [await mirror(serve(requests))] });
    expect(requests.slice(0, 2)).toEqual(["train-images.gz bytes=100-", "train-images.gz whole"]);
  });

  it("stops a server that sends more than the file may take without saying how much it is", async () => {
    let sent = 0;
    const address = await mirror((_, response) => {
      const piece = Buffer.alloc(16_384, 7);
      const send = () => {
        if (response.destroyed) return;
        sent += piece.length;
        // Without a limit, the download would take all of it.
        if (sent > 64e6) response.end();
        else response.write(piece, send);
      };
      send();
    });
    const loaded = loadDataset(entry, "train", { mirrors: [address] });
    await expect(loaded).rejects.toThrow(/the file is too large: expected at most \d+ bytes/);
    expect(sent).toBeLessThan(32e6);
    // What was received is no more than the limit and a piece of it.
    const kept = await stat(partial()).then(
      ({ size }) => size,
      () => 0,
    );
    expect(kept).toBeLessThan(1e6);
  });

  it("takes the entire file from a server without ranges, over a longer wrong beginning", async () => {
    await put(partial(), Buffer.alloc(5500, 7));
    const address = await mirror((request, response) => response.end(content[request.url ?? ""]));
    await expect(loadDataset(entry, "train", { mirrors: [address] })).resolves.toMatchObject({ name: "tiny" });
    expect((await readFile(join(cache, "tiny", "train-images.gz"))).equals(packedImages)).toBe(true);
  });

  it("asks the next mirror, too, if one has not begun, and leaves that one when the next begins", async () => {
    const requests: string[] = [];
    const left = new Set<string>();
    const silent = await mirror((request) => request.on("close", () => left.add(request.url!)));
    const mirrors = [silent, await mirror(serve(requests))];
    const dataset = await loadDataset(entry, "train", { mirrors, timeouts: patient });
    expect(dataset.checksum).toBe(sha256(train.images, train.labels));
    expect(requests).toEqual(["train-images.gz whole", "train-labels.gz whole"]);
    await vi.waitFor(() => expect(left.size).toBe(2));
  });

  it("keeps the first mirror if it begins before the one that was asked later", async () => {
    const requests: string[] = [];
    let second = () => {};
    const asked = new Promise<void>((resolve) => {
      second = resolve;
    });
    const seen = new Set<string>();
    const first = await mirror((request, response) => asked.then(() => serve(requests)(request, response)));
    const silent = await mirror(() => second());
    const options = { mirrors: [first, silent], timeouts: patient };
    await loadDataset(entry, "train", { ...options, onProgress: ({ url }) => seen.add(new URL(url).origin) });
    expect(requests).toEqual(["train-images.gz whole", "train-labels.gz whole"]);
    // Progress is of the one that delivers.
    expect([...seen]).toEqual([new URL(first).origin]);
  });

  it("goes back to a mirror that was left if the one that began first fails", async () => {
    const requests: string[] = [];
    let silent = true;
    const slow = await mirror((request, response) => {
      if (!silent) serve(requests)(request, response);
    });
    const damaged = { "/data/train-images.gz": gzipSync(test.images) };
    const wrong = await mirror((request, response) => {
      silent = false;
      serve([], undefined, damaged)(request, response);
    });
    const dataset = await loadDataset(entry, "train", { mirrors: [slow, wrong], timeouts: patient });
    expect(dataset.checksum).toBe(sha256(train.images, train.labels));
    expect(requests).toEqual(["train-images.gz whole", "train-labels.gz whole"]);
  });

  it("tries the next mirror if one is down, fails, or sends another file, too much or nothing", async () => {
    const requests: string[] = [];
    const gone = await mirror(() => {});
    servers.pop()?.close();
    const wrong = { "/data/train-images.gz": gzipSync(test.images) };
    const dataset = await loadDataset(entry, "train", {
      timeouts,
      mirrors: [
        gone,
        await mirror((_, response) => response.writeHead(503).end()),
        await mirror(serve([], undefined, wrong)),
        await mirror((_, response) => response.end(Buffer.alloc(100_000))),
        await mirror((_, response) => {
          response.write(Buffer.alloc(3000));
          setTimeout(() => response.end(Buffer.alloc(3000)), 20);
        }),
        await mirror((_, response) => response.end("<html>Please log in</html>")),
        await mirror(() => {}),
        await mirror((_, response) => response.writeHead(200, { "content-length": 5000 }).flushHeaders()),
        await mirror(serve(requests)),
      ],
    });
    expect(dataset.checksum).toBe(sha256(train.images, train.labels));
    expect(requests).toEqual(["train-images.gz whole", "train-labels.gz whole"]);
  });

  it("says where it looked, why downloading failed, and what to do", async () => {
    vi.stubEnv("LENET_DATA", join(folder, "environment"));
    await put(join(cache, "tiny", "train-images"), "broken");
    const gone = await mirror(() => {});
    servers.pop()?.close();
    const silent = await mirror(() => {});
    const empty = await mirror(serve([], undefined, {}));
    const failure = await loadDataset(entry, "train", { mirrors: [gone, silent, empty], timeouts }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(DatasetUnavailableError);
    const damaged = join(cache, "tiny", "train-images");
    expect((failure as Error).message).toBe(
      `Tiny-MNIST is not on this machine: looked in ${join(folder, "environment")}, ${cache}, ${join(folder, "system")} ` +
        `(${damaged} is not the right file: expected 4816 bytes with sha256 ${sha256(train.images)}, ` +
        `found 6 bytes with sha256 ${sha256(Buffer.from("broken"))}); ` +
        `the download failed: ${gone}train-images.gz: the connection is refused, ` +
        `${silent}train-images.gz: no response for 0.3 seconds, ${empty}train-images.gz: HTTP 404; ` +
        'run "apt-get install dataset-tiny" or name a folder that holds its files with --data-dir DIR',
    );
  });

  it("gives up on a mirror that stalls, keeps what was received and resumes later", async () => {
    const stalling = await mirror((_, response) => {
      response.writeHead(200, { "content-length": packedImages.length }).write(packedImages.subarray(0, 1500));
    });
    await expect(loadDataset(entry, "train", { mirrors: [stalling], timeouts })).rejects.toThrow(
      DatasetUnavailableError,
    );
    const requests: string[] = [];
    await loadDataset(entry, "train", { mirrors: [await mirror(serve(requests))] });
    expect(requests[0]).toBe("train-images.gz bytes=1500-");
  });

  it("gives up on a mirror that trickles", async () => {
    const timers: NodeJS.Timeout[] = [];
    let connections = 0;
    const trickling = await mirror((_, response) => {
      connections++;
      response.writeHead(200, { "content-length": packedImages.length });
      let sent = 0;
      timers.push(setInterval(() => response.write(packedImages.subarray(sent, ++sent)), 20));
    });
    try {
      await expect(loadDataset(entry, "train", { mirrors: [trickling], timeouts })).rejects.toThrow(
        `${trickling}train-images.gz: no response for 0.3 seconds`,
      );
      expect(connections).toBe(1);
    } finally {
      for (const timer of timers) clearInterval(timer);
    }
  });

  it("throws the signal's reason", async () => {
    const controller = new AbortController();
    const silent = await mirror(() => controller.abort(new Error("interrupted")));
    await expect(loadDataset(entry, "train", { mirrors: [silent], signal: controller.signal })).rejects.toThrow(
      new Error("interrupted"),
    );
  });

  it("says that the cache cannot be written", async () => {
    await put(join(folder, "xdg"), "a file");
    const address = await mirror(serve([]));
    await expect(loadDataset(entry, "train", { mirrors: [address] })).rejects.toThrow(
      `the download failed: cannot create the folder ${join(cache, "tiny")}: `,
    );
  });

  it("fetches missing and damaged files into the cache", async () => {
    const requests: string[] = [];
    const files = {
      ...content,
      "/data/test-images.gz": gzipSync(test.images),
      "/data/test-labels.gz": gzipSync(test.labels),
    };
    vi.stubEnv("LENET_DATA", folder);
    await putTrain(folder);
    await put(join(cache, "tiny", "train-labels"), train.labels);
    await put(join(cache, "tiny", "test-labels.gz"), "broken");
    const options = { mirrors: [await mirror(serve(requests, undefined, files))] };
    const fetched = await fetchDataset(entry, options);
    expect(fetched.map(({ path, downloaded }) => [path.slice(cache.length), downloaded])).toEqual([
      ["/tiny/train-images.gz", true],
      ["/tiny/train-labels", false],
      ["/tiny/test-images.gz", true],
      ["/tiny/test-labels.gz", true],
    ]);
    expect((await fetchDataset(entry, options)).map(({ downloaded }) => downloaded)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(requests).toEqual(["train-images.gz whole", "test-images.gz whole", "test-labels.gz whole"]);
  });

  it("lets several runs download the same file at once", async () => {
    const address = await mirror(serve([]));
    const runs = [1, 2, 3].map(() => loadDataset(entry, "train", { mirrors: [address] }));
    for (const dataset of await Promise.all(runs)) expect(dataset.checksum).toBe(sha256(train.images, train.labels));
    expect((await readdir(join(cache, "tiny"))).sort()).toEqual(["train-images.gz", "train-labels.gz"]);
  });

  describe("that is interrupted anywhere and restarted", () => {
    const batch = cifarBatch([0, 2]);
    const archive = cifarArchive({ "data_batch_1.bin": batch });
    const cifar: CifarEntry = {
      name: "tiny",
      title: "Tiny-CIFAR",
      classes: ["a", "b", "c"],
      shape: CIFAR_SHAPE,
      counts: { train: 2, test: 0 },
      mirrors: [],
      downloadBytes: archive.length,
      format: "cifar",
      archive: { name: "tiny.tar.gz", known: "file", bytes: archive.length, sha256: sha256(archive) },
    };
    const formats = {
      gzip: () => ({
        data: entry,
        name: "train-images.gz",
        packed: packedImages,
        checksum: sha256(train.images, train.labels),
      }),
      archive: () => ({ data: cifar, name: "tiny.tar.gz", packed: archive, checksum: sha256(Buffer.from(batch)) }),
    };

    /** How servers answer a request for the bytes from `start` on, which is above 0. */
    type RangeReply = (response: ServerResponse, file: Buffer, start: number) => void;
    const partOf = (response: ServerResponse, range: string | undefined, body: Buffer) =>
      response.writeHead(206, { "content-length": body.length, ...(range && { "content-range": range }) }).end(body);
    const replies: Record<string, RangeReply> = {
      "sends the range": (response, file, start) =>
        partOf(response, `bytes ${start}-${file.length - 1}/${file.length}`, file.subarray(start)),
      "ignores ranges": (response, file) => response.end(file),
      "sends more than the range": (response, file, start) =>
        partOf(response, `bytes ${start >> 1}-${file.length - 1}/${file.length}`, file.subarray(start >> 1)),
      "leaves a gap": (response, file, start) =>
        partOf(response, `bytes ${start + 1}-${file.length - 1}/${file.length}`, file.subarray(start + 1)),
      "omits Content-Range": (response, file, start) => partOf(response, undefined, file.subarray(start)),
      "sends the entire file as the range": (response, file, start) =>
        partOf(response, `bytes ${start}-${file.length - 1}/${file.length}`, file),
      "sends other bytes": (response, file, start) =>
        partOf(response, `bytes ${start}-${file.length - 1}/${file.length}`, Buffer.alloc(file.length - start, 7)),
      "sends too few bytes": (response, file, start) =>
        partOf(response, `bytes ${start}-${file.length - 1}/${file.length}`, file.subarray(start, start + 1)),
      "says that nothing is left": (response) => response.writeHead(416).end(),
    };

    it.each(Object.keys(formats).flatMap((format) => Object.keys(replies).map((reply) => [format, reply] as const)))(
      "ends with the right file: %s, from a server that %s",
      async (format, reply) => {
        const { data, name, packed, checksum } = formats[format as keyof typeof formats]();
        const stride = Math.ceil(packed.length / (reply === "sends the range" ? 40 : 5));
        const strided = Array.from({ length: Math.ceil(packed.length / stride) }, (_, index) => index * stride);
        const path = join(cache, "tiny", name);
        // Where the connection breaks. Later ones break at once.
        let breakAt = 0;
        let breakConnection = () => {};
        const address = await mirror((request, response) => {
          const file = { ...content, "/data/tiny.tar.gz": archive }[request.url ?? ""] ?? Buffer.alloc(0);
          const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
          breakConnection = () => request.socket.destroy();
          if (breakAt <= start) {
            breakConnection();
          } else if (breakAt < file.length) {
            response.writeHead(200, { "content-length": file.length }).write(file.subarray(0, breakAt));
          } else if (start > 0) {
            replies[reply](response, file, start);
          } else {
            response.end(file);
          }
        });
        const onProgress = ({ receivedBytes }: DownloadProgress) => {
          if (receivedBytes === breakAt) breakConnection();
        };
        const options = { mirrors: [address], timeouts: patient, onProgress };
        for (const cut of new Set([...strided, 1, packed.length - 1])) {
          await rm(cache, { recursive: true, force: true });
          breakAt = cut;
          await expect(loadDataset(data, "train", options)).rejects.toThrow(DatasetUnavailableError);
          const part = await readFile(`${path}.part`).catch(() => Buffer.alloc(0));
          expect(part.equals(packed.subarray(0, cut)), `cut at ${cut}`).toBe(true);
          breakAt = Number.POSITIVE_INFINITY;
          const dataset = await loadDataset(data, "train", options);
          expect(dataset.checksum, `cut at ${cut}`).toBe(checksum);
          expect((await readFile(path)).equals(packed), `cut at ${cut}`).toBe(true);
          expect(await readdir(join(cache, "tiny"))).not.toContain(`${name}.part`);
        }
      },
    );
  });
});

describe("fetchDataset", () => {
  it("says what to do after a failed download", async () => {
    await expect(fetchDataset(entry)).rejects.toThrow(
      new DatasetUnavailableError(
        'Tiny-MNIST cannot be fetched; the download failed: there is no mirror; run "apt-get install dataset-tiny" ' +
          "or name a folder that holds its files with --data-dir DIR",
      ),
    );
  });
});
