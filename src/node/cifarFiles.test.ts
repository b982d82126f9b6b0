import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { createTar } from "nanotar";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cifarArchive, cifarBatch } from "../../tests/support/cifar.js";
import type { CifarEntry } from "../data/catalog.js";
import { CIFAR_SHAPE } from "../data/cifar.js";
import { loadDataset, loadDatasetParts } from "./datasets.js";
import { sha256 } from "./disk/checkedFile.js";
import { locateDataset } from "./locate.js";

const FIXTURES = "tests/fixtures/datasets";
const batches = {
  "data_batch_1.bin": cifarBatch([0, 1], 1),
  "data_batch_2.bin": cifarBatch([2], 2),
  "test_batch.bin": cifarBatch([1, 0], 3),
};
const archive = cifarArchive(batches);
const another = cifarArchive({ "data_batch_2.bin": batches["data_batch_2.bin"] });
const NAME = "tiny-binary.tar.gz";

const entry: CifarEntry = {
  name: "tiny",
  title: "Tiny-CIFAR",
  classes: ["a", "b", "c"],
  shape: CIFAR_SHAPE,
  counts: { train: 3, test: 2 },
  mirrors: [],
  downloadBytes: archive.length,
  format: "cifar",
  archive: { name: NAME, known: "file", bytes: archive.length, sha256: sha256(archive) },
};
const checksums = {
  train: sha256(batches["data_batch_1.bin"], batches["data_batch_2.bin"]),
  test: sha256(batches["test_batch.bin"]),
};

let folder: string;
let cache: string;
let warnings: string[];
const onWarning = (line: string) => warnings.push(line);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lenet-cifar-"));
  cache = join(folder, "xdg", "lenet");
  warnings = [];
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "xdg"));
  vi.stubEnv("LENET_DATA", undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

async function put(path: string, content: Uint8Array | string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

async function putBatches(base: string, files: Record<string, Uint8Array> = batches): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) await put(join(base, name), bytes);
}

describe("a data set of CIFAR batches", () => {
  it.each([
    ["its archive in its own folder", async () => put(join(folder, "tiny", NAME), archive)],
    ["its archive in the folder", async () => put(join(folder, NAME), archive)],
    ["an ungzipped archive", async () => put(join(folder, NAME), createTar(named(batches)))],
    ["unpacked batches in the archive's folder", async () => putBatches(join(folder, "cifar-10-batches-bin"))],
    [
      "unpacked batches in the archive's folder, in its own folder",
      async () => putBatches(join(folder, "tiny", "cifar-10-batches-bin")),
    ],
    ["unpacked batches in the folder", async () => putBatches(folder)],
    [
      "packed batches",
      async () =>
        putBatches(folder, Object.fromEntries(Object.entries(batches).map(([name, bytes]) => [name, gzipSync(bytes)]))),
    ],
  ])("is read from %s, with the same checksum", async (_, prepare) => {
    await prepare();
    const { train, test } = await loadDatasetParts(entry, { dataDir: folder });
    expect([train.checksum, test.checksum]).toEqual([checksums.train, checksums.test]);
    expect([...train.labels, ...test.labels]).toEqual([0, 1, 2, 1, 0]);
    expect(train).toMatchObject({ name: "tiny", classes: ["a", "b", "c"], channels: 3, height: 32, width: 32 });
    expect(
      Buffer.from(train.images).equals(
        Buffer.concat([
          batches["data_batch_1.bin"].subarray(1, 3073),
          batches["data_batch_1.bin"].subarray(3074),
          batches["data_batch_2.bin"].subarray(1),
        ]),
      ),
    ).toBe(true);
    expect(await loadDataset(entry, "train", { dataDir: folder })).toEqual(train);
    expect(await loadDataset(entry, "test", { dataDir: folder })).toEqual(test);
  });

  it.each(["ustar", "gnu", "pax"])("is read from an archive in Python's %s format to numpy's bytes", async (format) => {
    await cp(join(FIXTURES, `${format}.tar.gz`), join(folder, NAME));
    const { train, test } = await loadDatasetParts(entry, { dataDir: folder });
    const expected = JSON.parse(await readFile(join(FIXTURES, "expected.json"), "utf8"));
    expect({ train: train.checksum, test: test.checksum }).toEqual(expected);
    expect([...train.labels]).toEqual([1, 0, 2]);
    // (40 channel + 7 row + column + image) mod 256
    const at = (index: number, channel: number, row: number, column: number) =>
      train.images[((index * 3 + channel) * 32 + row) * 32 + column];
    expect([at(0, 0, 0, 1), at(0, 0, 1, 0), at(1, 2, 3, 4), at(2, 2, 31, 31)]).toEqual([
      1,
      7,
      106,
      (80 + 248 + 2) % 256,
    ]);
  });

  it("reads a different archive in a folder that the user named, with a warning", async () => {
    const path = await put(join(folder, NAME), another);
    const warning = `${path} is not the published archive (its sha256 is ${sha256(another)}); using it anyway`;
    const dataset = await loadDataset(entry, "train", { dataDir: folder, onWarning });
    expect([...dataset.labels]).toEqual([2]);
    expect(warnings).toEqual([warning]);
    vi.stubEnv("LENET_DATA", folder);
    await loadDataset(entry, "train", { onWarning });
    expect(warnings).toEqual([warning, warning]);
    await put(path, archive);
    await loadDataset(entry, "train", { dataDir: folder, onWarning });
    expect(warnings.length).toBe(2);
  });

  it("does not read a different archive from the cache", async () => {
    const path = await put(join(cache, "tiny", NAME), another);
    await expect(loadDataset(entry, "train", { onWarning })).rejects.toThrow(
      `Tiny-CIFAR is not on this machine: looked in ${cache} (${path} is not the right file: expected ${archive.length} bytes ` +
        `with sha256 ${sha256(archive)}, found ${another.length} bytes with sha256 ${sha256(another)}); the download `,
    );
    await put(path, archive);
    await expect(loadDataset(entry, "train", { onWarning })).resolves.toMatchObject({ checksum: checksums.train });
    expect(warnings).toEqual([]);
  });

  const RIGHT = "; replace the file or name another folder";
  it.each([
    [
      "a truncated archive",
      NAME,
      archive.subarray(0, 5000),
      `FILE is truncated: the packed file ends after 5000 bytes${RIGHT}`,
    ],
    [
      "another packed file",
      NAME,
      gzipSync("x".repeat(999)),
      `FILE is not a tar archive: found no file header at byte 0${RIGHT}`,
    ],
    [
      "an archive without batches",
      NAME,
      cifarArchive({ "readme.html": "x" }),
      `FILE holds no data_batch_1.bin${RIGHT}`,
    ],
    [
      "an archive with a damaged batch",
      NAME,
      cifarArchive({ "data_batch_1.bin": cifarBatch([0, 9]) }),
      `data_batch_1.bin in FILE: expected labels 0 to 2, found label 9 in record 1${RIGHT}`,
    ],
    [
      "a damaged batch",
      "data_batch_3.bin",
      cifarBatch([0, 1]).subarray(1),
      `FILE is not a CIFAR batch or is truncated: expected records of 3073 bytes, found 3072 bytes in record 1${RIGHT}`,
    ],
    [
      "no batch of the part",
      "test_batch.bin",
      batches["test_batch.bin"],
      `Tiny-CIFAR is missing: found neither ${NAME} nor data_batch_1.bin in FOLDER/tiny or FOLDER`,
    ],
  ])("reports %s in a named folder in one line", async (_, name, content, message) => {
    const path = await put(join(folder, name), content);
    await expect(loadDataset(entry, "train", { dataDir: folder, onWarning })).rejects.toThrow(
      new Error(message.replace("FILE", path).replaceAll("FOLDER", folder)),
    );
    expect(warnings).toEqual([]);
  });
});

describe("locateDataset", () => {
  it("finds the archive or both parts' batches, without reading them", async () => {
    expect(await locateDataset(entry)).toBeUndefined();
    const cached = await put(join(cache, "tiny", NAME), archive.subarray(1));
    expect(await locateDataset(entry)).toBeUndefined();
    await put(cached, Buffer.alloc(archive.length));
    expect(await locateDataset(entry)).toBe(cached);
    vi.stubEnv("LENET_DATA", folder);
    await put(join(folder, "cifar-10-batches-bin", "data_batch_4.bin"), "");
    expect(await locateDataset(entry)).toBe(cached);
    await put(join(folder, "cifar-10-batches-bin", "test_batch.bin"), "");
    expect(await locateDataset(entry)).toBe(join(folder, "cifar-10-batches-bin"));
    const other = await put(join(folder, "tiny", NAME), "another");
    expect(await locateDataset(entry)).toBe(other);
    expect(await locateDataset(entry, join(folder, "tiny"))).toBe(other);
    expect(await locateDataset(entry, cache)).toBe(cached);
    expect(await locateDataset(entry, join(folder, "nowhere"))).toBeUndefined();
  });
});

function named(files: Record<string, Uint8Array>): { name: string; data: Uint8Array }[] {
  return Object.entries(files).map(([name, data]) => ({ name, data }));
}
