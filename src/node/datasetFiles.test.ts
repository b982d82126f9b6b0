import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cifarArchive, cifarBatch } from "../../tests/support/cifar.js";
import { isDatasetFiles, loadDatasetFiles } from "./datasetFiles.js";
import { sha256 } from "./disk/checkedFile.js";

let folder: string;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "lenet-files-")), "letters");
  await mkdir(folder);
});
afterEach(async () => {
  await rm(dirname(folder), { recursive: true, force: true });
});

/** Images of 12 rows and 13 columns with consecutive values, and their labels. */
function idxPair(labels: readonly number[], rows = 12): { images: Buffer; labels: Buffer } {
  const count = labels.length;
  const values = Uint8Array.from({ length: count * rows * 13 }, (_, index) => index);
  return {
    images: Buffer.concat([Buffer.from([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, rows, 0, 0, 0, 13]), values]),
    labels: Buffer.from([0, 0, 8, 1, 0, 0, 0, count, ...labels]),
  };
}

const put = (name: string, content: Uint8Array | string) => writeFile(join(folder, name), content);

const train = idxPair([0, 3, 1]);
const test = idxPair([4, 2]);

describe("loadDatasetFiles", () => {
  it.each([
    [
      "MNIST",
      "train-images-idx3-ubyte.gz",
      "train-labels-idx1-ubyte.gz",
      "t10k-images-idx3-ubyte.gz",
      "t10k-labels-idx1-ubyte.gz",
    ],
    [
      "torchvision, unpacked",
      "train-images-idx3-ubyte",
      "train-labels-idx1-ubyte",
      "t10k-images-idx3-ubyte",
      "t10k-labels-idx1-ubyte",
    ],
    [
      "archives of MNIST",
      "train-images.idx3-ubyte",
      "train-labels.idx1-ubyte",
      "t10k-images.idx3-ubyte",
      "t10k-labels.idx1-ubyte",
    ],
    [
      "EMNIST",
      "emnist-letters-train-images-idx3-ubyte.gz",
      "emnist-letters-train-labels-idx1-ubyte.gz",
      "emnist-letters-test-images-idx3-ubyte.gz",
      "emnist-letters-test-labels-idx1-ubyte.gz",
    ],
  ])("reads IDX files named like those of %s", async (_, trainImages, trainLabels, testImages, testLabels) => {
    const stored = (name: string, bytes: Buffer) => put(name, name.endsWith(".gz") ? gzipSync(bytes) : bytes);
    await stored(trainImages, train.images);
    await stored(trainLabels, train.labels);
    expect(await isDatasetFiles(folder)).toBe(true);
    const withoutTest = await loadDatasetFiles(folder);
    expect(withoutTest.test).toBeUndefined();
    expect(withoutTest.train.classes).toEqual(["0", "1", "2", "3"]);

    await stored(testImages, test.images);
    await stored(testLabels, test.labels);
    const parts = await loadDatasetFiles(`${folder}/`);
    expect(parts.train).toEqual({
      name: "letters",
      classes: ["0", "1", "2", "3", "4"],
      channels: 1,
      height: 12,
      width: 13,
      images: new Uint8Array(train.images.subarray(16)),
      labels: Uint8Array.of(0, 3, 1),
      checksum: sha256(train.images, train.labels),
      generated: false,
    });
    expect(parts.test).toMatchObject({ name: "letters", classes: parts.train.classes, labels: Uint8Array.of(4, 2) });
  });

  it("takes the names of the classes from classes.txt", async () => {
    await putTrain();
    await put("classes.txt", "alpha\r\nbeta\r\ngamma ray\r\ndelta\r\n\r\n");
    expect((await loadDatasetFiles(folder)).train.classes).toEqual(["alpha", "beta", "gamma ray", "delta"]);
    await put("classes.txt", "alpha\nbeta\ngamma");
    await expect(loadDatasetFiles(folder)).rejects.toThrow(
      new Error(`${join(folder, "train-labels-idx1-ubyte")}: expected labels 0 to 2, found label 3 at index 1`),
    );
    await put("classes.txt", "alpha\n\ngamma");
    await expect(loadDatasetFiles(folder)).rejects.toThrow(
      new Error(`${join(folder, "classes.txt")}: expected the name of a class on each line, but line 2 is empty`),
    );
  });

  it("reads CIFAR batches from a folder and from an archive, with the same checksum", async () => {
    const files = {
      "data_batch_1.bin": cifarBatch([0, 5]),
      "test_batch.bin": cifarBatch([1]),
      "batches.meta.txt": "a\nb\nc\nd\ne\nf\n\n",
    };
    await mkdir(join(folder, "cifar-10-batches-bin"));
    for (const [name, bytes] of Object.entries(files)) await put(join("cifar-10-batches-bin", name), bytes);
    await put("mine.tar.gz", cifarArchive(files));
    const [unpacked, packed] = [await loadDatasetFiles(folder), await loadDatasetFiles(join(folder, "mine.tar.gz"))];
    expect([unpacked.train.name, packed.train.name]).toEqual(["letters", "mine"]);
    expect(packed.train).toEqual({ ...unpacked.train, name: "mine" });
    expect(packed.test).toEqual({ ...unpacked.test, name: "mine" });
    expect(packed.train.classes).toEqual(["a", "b", "c", "d", "e", "f"]);
    await put("mine.tar.gz", cifarArchive({ "data_batch_7.bin": cifarBatch([2, 1]) }));
    const bare = await loadDatasetFiles(join(folder, "mine.tar.gz"));
    expect(bare).toMatchObject({ train: { classes: ["0", "1", "2"] }, test: undefined });
  });

  it.each([
    ["nothing", {}, "FOLDER holds no data set: found neither train-images-idx3-ubyte nor data_batch_1.bin"],
    [
      "only images",
      { "x-train-images-idx3-ubyte.gz": gzipSync(train.images), "y-train-labels-idx1-ubyte.gz": "" },
      "FOLDER holds no labels for x-train-images-idx3-ubyte.gz: expected x-train-labels-idx1-ubyte.gz",
    ],
    [
      "several data sets",
      { "a-train-images-idx3-ubyte.gz": "", "b-train-images-idx3-ubyte.gz": "", "b-train-images-idx3-ubyte": "" },
      "FOLDER holds several data sets (a-train, b-train): keep each in its own folder",
    ],
    [
      "parts of different shapes",
      {
        "train-images-idx3-ubyte": train.images,
        "train-labels-idx1-ubyte": train.labels,
        "test-images-idx3-ubyte": idxPair([1], 14).images,
        "test-labels-idx1-ubyte": idxPair([1], 14).labels,
      },
      "FOLDER: the training images are 1x12x13, but the test images are 1x14x13",
    ],
    [
      "labels in the images' place",
      { "train-images-idx3-ubyte": train.labels, "train-labels-idx1-ubyte": train.images },
      "images and labels are swapped: FOLDER/train-images-idx3-ubyte holds labels, FOLDER/train-labels-idx1-ubyte holds images",
    ],
  ])("refuses %s in one line", async (_, files, message) => {
    for (const [name, content] of Object.entries(files)) await put(name, content);
    await expect(loadDatasetFiles(folder)).rejects.toMatchObject({ message: message.replaceAll("FOLDER", folder) });
  });

  it("refuses a path that does not exist", async () => {
    for (const name of ["nowhere", "nowhere.tar.gz"]) {
      const path = join(folder, name);
      await expect(loadDatasetFiles(path)).rejects.toThrow(new Error(`${path} does not exist`));
      expect(await isDatasetFiles(path)).toBe(false);
    }
  });

  async function putTrain(): Promise<void> {
    await put("train-images-idx3-ubyte", train.images);
    await put("train-labels-idx1-ubyte", train.labels);
  }
});

describe("isDatasetFiles", () => {
  it("judges by names only", async () => {
    await put("photo.jpg", "");
    await put("test_batch.bin", "");
    expect(await isDatasetFiles(folder)).toBe(false);
    expect(await isDatasetFiles(join(folder, "photo.jpg"))).toBe(false);
    await put("data_batch_1.bin", "");
    expect(await isDatasetFiles(folder)).toBe(true);
    await cp("tests/fixtures/datasets/pax.tar.gz", join(folder, "a.tgz"));
    expect(await isDatasetFiles(join(folder, "a.tgz"))).toBe(true);
  });
});
