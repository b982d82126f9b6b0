/** One IDX file of a known data set; its size and checksum are those of the unpacked content. */
export interface CatalogFile {
  /** The name without ".gz". */
  readonly name: string;
  readonly bytes: number;
  /** In hexadecimal. The packed files differ from source to source, the content does not. */
  readonly sha256: string;
}

/** The images and the labels of one part of a data set. */
export interface CatalogPart {
  readonly images: CatalogFile;
  readonly labels: CatalogFile;
}

export type DatasetPart = "train" | "test";

/** A data set that this program can find, download and check. */
export interface CatalogEntry {
  /** The name on the command line, and of the folder that holds the files. */
  readonly name: string;
  /** The name that people know. */
  readonly title: string;
  readonly classes: readonly string[];
  /** Addresses that end with a slash; the file's name and ".gz" come after it. Tried in turn. */
  readonly mirrors: readonly string[];
  /** Where a system's package puts the files, and the Debian and Ubuntu package that does. */
  readonly systemPackage?: { readonly folder: string; readonly debianName: string };
  readonly parts: Readonly<Record<DatasetPart, CatalogPart>>;
}

const IDX_HEADER_BYTES = { images: 16, labels: 8 };
const IMAGE_BYTES = 28 * 28;

/** The two files of a part, as MNIST named them and all its successors do. */
function mnistPart(prefix: "train" | "t10k", count: number, sha256: { images: string; labels: string }): CatalogPart {
  return {
    images: {
      name: `${prefix}-images-idx3-ubyte`,
      bytes: IDX_HEADER_BYTES.images + count * IMAGE_BYTES,
      sha256: sha256.images,
    },
    labels: { name: `${prefix}-labels-idx1-ubyte`, bytes: IDX_HEADER_BYTES.labels + count, sha256: sha256.labels },
  };
}

/** The known data sets, by name. */
export const CATALOG: readonly CatalogEntry[] = [
  {
    name: "fashion-mnist",
    title: "Fashion-MNIST",
    classes: ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
    mirrors: [
      "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ],
    systemPackage: { folder: "/usr/share/datasets/fashion-mnist", debianName: "dataset-fashion-mnist" },
    parts: {
      train: mnistPart("train", 60_000, {
        images: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        labels: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      }),
      test: mnistPart("t10k", 10_000, {
        images: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        labels: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
      }),
    },
  },
  {
    name: "mnist",
    title: "MNIST",
    classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    mirrors: ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"],
    parts: {
      train: mnistPart("train", 60_000, {
        images: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        labels: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      }),
      test: mnistPart("t10k", 10_000, {
        images: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        labels: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
      }),
    },
  },
];

/**
 * The known data set of a name.
 *
 * @throws Error where there is none, with the names that there are
 */
export function catalogEntry(name: string): CatalogEntry {
  const entry = CATALOG.find((candidate) => candidate.name === name);
  if (entry === undefined) {
    const known = CATALOG.map((candidate) => candidate.name).join(", ");
    throw new Error(`no data set is called "${name}"; known: ${known}`);
  }
  return entry;
}
