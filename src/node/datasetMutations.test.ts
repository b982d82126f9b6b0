import { gunzipSync, gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { cifarArchive, cifarBatch } from "../../tests/support/cifar.js";
import { processorSeconds } from "../../tests/support/processorTime.js";
import type { Dataset } from "../data/dataset.js";
import { datasetFromIdx } from "../data/idx.js";
import { Purpose, RandomStream } from "../numeric/philox.js";
import { readCifarPart } from "./cifarFiles.js";
import { archiveFiles } from "./disk/fileSet.js";
import { DamagedFileError } from "./disk/files.js";
import { unpackGzip } from "./disk/gzip.js";

const MUTATIONS = 250;
const LIMIT = 1e6;
const MOST_SECONDS = 1;
const MOST_BYTES = 2 ** 25;
const classes = ["a", "b", "c"];
const EDGES = [0, 1, 0x7f, 0x80, 0xff];

/** Damages a file in one to three places, often in its first bytes, where headers are. */
function mutate(original: Uint8Array, stream: RandomStream): Uint8Array {
  let bytes = [...original];
  for (let count = 1 + stream.below(3); count > 0 && bytes.length > 0; count--) {
    const place = stream.below(stream.below(2) === 0 ? Math.min(bytes.length, 16) : bytes.length);
    const length = 1 + stream.below(8);
    switch (stream.below(6)) {
      case 0:
      case 1:
        bytes[place] ^= 1 << stream.below(8);
        break;
      case 2:
        // Four of these make an extent of 0xffffffff.
        bytes.fill(EDGES[stream.below(EDGES.length)], place & ~3, (place & ~3) + 4);
        break;
      case 3:
        bytes.splice(place, length);
        break;
      case 4:
        bytes.splice(place, 0, ...bytes.slice(stream.below(bytes.length)).slice(0, length));
        break;
      default:
        if (stream.below(4) === 0) bytes = bytes.slice(0, place);
    }
  }
  return Uint8Array.from(bytes);
}

const header = [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 12, 0, 0, 0, 13];
const images = Uint8Array.from([...header, ...Array.from({ length: 3 * 12 * 13 }, (_, index) => index % 251)]);
const labels = Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 2]);
const batch = cifarBatch([0, 2, 1]);
const archive = cifarArchive({ "data_batch_1.bin": batch, "data_batch_2.bin": batch, "batches.meta.txt": "a\nb\nc\n" });

async function readIdx(imageBytes: Uint8Array, labelBytes: Uint8Array): Promise<Dataset> {
  return datasetFromIdx({
    name: "damaged",
    classes,
    images: { bytes: await unpackGzip(imageBytes, "images", LIMIT), what: "images" },
    labels: { bytes: await unpackGzip(labelBytes, "labels", LIMIT), what: "labels" },
    checksum: "",
  });
}

async function readArchive(bytes: Uint8Array): Promise<Dataset> {
  return readCifarPart(await archiveFiles(bytes, "a.tar.gz", LIMIT), "train", { name: "damaged", classes });
}

async function readBatch(bytes: Uint8Array): Promise<Dataset> {
  const read = async (what: string) => ({ bytes, what });
  return readCifarPart({ path: "folder", names: ["data_batch_1.bin"], read }, "train", { name: "damaged", classes });
}

/** Whether an error was thrown on purpose. */
const isRefusal = (error: unknown): error is Error =>
  error instanceof DamagedFileError || (error instanceof Error && error.constructor === Error);

it.each([
  ["IDX images", images, (bytes: Uint8Array) => readIdx(bytes, labels)],
  ["IDX labels", labels, (bytes: Uint8Array) => readIdx(images, bytes)],
  ["packed IDX images", gzipSync(images), (bytes: Uint8Array) => readIdx(bytes, labels)],
  ["a CIFAR batch", batch, readBatch],
  ["a tar of CIFAR batches", gunzipSync(archive), readArchive],
  ["a packed archive of CIFAR batches", archive, readArchive],
] as const)(
  "%s, damaged in hundreds of ways, load consistently or are refused in one line",
  async (_, original, read) => {
    let refused = 0;
    for (let item = 0; item < MUTATIONS; item++) {
      const damaged = mutate(original, new RandomStream(1998, Purpose.split, 0, item));
      const start = processorSeconds();
      const before = process.memoryUsage().arrayBuffers;
      try {
        const dataset = await read(damaged);
        expect(dataset.images.length).toBe(dataset.labels.length * dataset.channels * dataset.height * dataset.width);
        expect(dataset.labels.every((label) => label < classes.length)).toBe(true);
      } catch (error) {
        refused++;
        if (!isRefusal(error) || !/^[^\r\n]+$/.test(error.message)) {
          throw new Error(`mutation ${item}`, { cause: error });
        }
      }
      expect(processorSeconds() - start).toBeLessThan(MOST_SECONDS);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MOST_BYTES);
    }
    expect(refused).toBeGreaterThan(MUTATIONS / 10);
    expect(refused).toBeLessThan(MUTATIONS);
  },
);
