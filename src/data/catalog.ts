import type { ImageShape } from "../model/index.js";
import { CIFAR_SHAPE } from "./cifar.js";
import type { DatasetPart } from "./dataset.js";

/** A file of a known data set, as its mirrors provide it. */
export interface CatalogFile {
  /** Its name in a mirror's URL and in a local folder. */
  readonly name: string;
  /**
   * What size and checksum refer to: the file itself, or its decompressed content if the compressed files differ
   * between sources.
   */
  readonly known: "file" | "content";
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** What the catalog knows about every data set. */
interface KnownDataset {
  /** Its name on the command line, and the name of the folder that contains the files. */
  readonly name: string;
  /** The display name. */
  readonly title: string;
  readonly classes: readonly string[];
  readonly shape: ImageShape;
  /** The number of images in each part. */
  readonly counts: Readonly<Record<DatasetPart, number>>;
  /** Base URLs that end with a slash, tried in order. The last ones are in China. */
  readonly mirrors: readonly string[];
  /** Approximate size of the download, all files together. */
  readonly downloadBytes: number;
  /** The Debian and Ubuntu package that provides the files, and the folder it installs them in. */
  readonly systemPackage?: { readonly folder: string; readonly debianName: string };
  /** The folder in which torchvision keeps the files, packed and unpacked. */
  readonly torchvisionFolder?: string;
}

/** A data set with one pair of gzip-compressed IDX files per part. */
export interface IdxEntry extends KnownDataset {
  readonly format: "idx";
  readonly parts: Readonly<Record<DatasetPart, { readonly images: CatalogFile; readonly labels: CatalogFile }>>;
}

/** A data set whose parts are CIFAR batches in one .tar.gz archive. */
export interface CifarEntry extends KnownDataset {
  readonly format: "cifar";
  readonly archive: CatalogFile;
}

/** A data set that the program can find, download and verify. */
export type CatalogEntry = IdxEntry | CifarEntry;

const MNIST_SHAPE: ImageShape = { channels: 1, height: 28, width: 28 };
const MNIST_COUNTS = { train: 60_000, test: 10_000 };
const IDX_HEADER_BYTES = { images: 16, labels: 8 };

/** The two files of a part, named as in MNIST and its successors. */
function mnistPart(part: DatasetPart, sha256: { images: string; labels: string }): IdxEntry["parts"]["train"] {
  const prefix = { train: "train", test: "t10k" }[part];
  const count = MNIST_COUNTS[part];
  return {
    images: {
      name: `${prefix}-images-idx3-ubyte.gz`,
      known: "content",
      bytes: IDX_HEADER_BYTES.images + count * MNIST_SHAPE.height * MNIST_SHAPE.width,
      sha256: sha256.images,
    },
    labels: {
      name: `${prefix}-labels-idx1-ubyte.gz`,
      known: "content",
      bytes: IDX_HEADER_BYTES.labels + count,
      sha256: sha256.labels,
    },
  };
}

/** The known data sets. */
export const CATALOG: readonly CatalogEntry[] = [
  {
    name: "fashion-mnist",
    title: "Fashion-MNIST",
    classes: ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
    shape: MNIST_SHAPE,
    counts: MNIST_COUNTS,
    mirrors: [
      "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      "https://dataset.bj.bcebos.com/fashion_mnist/",
    ],
    downloadBytes: 30_900_000,
    systemPackage: { folder: "/usr/share/datasets/fashion-mnist", debianName: "dataset-fashion-mnist" },
    torchvisionFolder: "FashionMNIST/raw",
    format: "idx",
    parts: {
      train: mnistPart("train", {
        images: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        labels: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      }),
      test: mnistPart("test", {
        images: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        labels: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
      }),
    },
  },
  {
    name: "mnist",
    title: "MNIST",
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    shape: MNIST_SHAPE,
    counts: MNIST_COUNTS,
    mirrors: [
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
      "https://dataset.bj.bcebos.com/mnist/",
    ],
    downloadBytes: 11_600_000,
    torchvisionFolder: "MNIST/raw",
    format: "idx",
    parts: {
      train: mnistPart("train", {
        images: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        labels: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      }),
      test: mnistPart("test", {
        images: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        labels: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
      }),
    },
  },
  {
    name: "cifar10",
    title: "CIFAR-10",
    classes: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
    shape: CIFAR_SHAPE,
    counts: { train: 50_000, test: 10_000 },
    mirrors: [
      "https://www.cs.toronto.edu/~kriz/",
      "https://mindspore-website.obs.cn-north-4.myhuaweicloud.com/notebook/datasets/",
    ],
    downloadBytes: 170_052_171,
    format: "cifar",
    archive: {
      name: "cifar-10-binary.tar.gz",
      known: "file",
      bytes: 170_052_171,
      sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    },
  },
];

/** All files of a known data set, in download order. */
export function catalogFiles(entry: CatalogEntry): CatalogFile[] {
  if (entry.format === "cifar") return [entry.archive];
  return [entry.parts.train, entry.parts.test].flatMap(({ images, labels }) => [images, labels]);
}

/** Whether two names of a data set differ only in how they are written: "cifar10" and "CIFAR-10". */
export function isSameName(one: string, other: string): boolean {
  const bare = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "");
  return bare(one) === bare(other);
}

/**
 * Looks up a known data set by name, however it is written.
 *
 * @throws Error if there is none, listing the known names
 */
export function catalogEntry(name: string): CatalogEntry {
  const entry = CATALOG.find((candidate) => isSameName(candidate.name, name));
  if (entry === undefined) {
    const known = CATALOG.map((candidate) => candidate.name).join(", ");
    throw new Error(`unknown data set "${name}"; known: ${known}`);
  }
  return entry;
}
