import { catalogEntry } from "../../../src/data/catalog.js";
import { cifarBatchNames } from "../../../src/data/cifar.js";
import { type DatasetParts, datasetFromCifar } from "../../../src/data/index.js";
import { readTar } from "../../../src/data/tar.js";
import { sha256 } from "../../../src/numeric/sha256.js";
import { unpacked } from "./bytes.js";

/** A batch of CIFAR-10's binary version, and its name. */
export interface CifarBatch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly what: string;
}

/** Whether a file is CIFAR-10's archive or one of its training batches. */
export function isCifar(name: string): boolean {
  return /\.(tar\.gz|tgz|tar)$/i.test(name) || cifarBatchNames([name], "train").length > 0;
}

/** The training images of CIFAR-10's archive, gzipped or not. @throws Error if it holds none */
export async function cifarFromArchive(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<DatasetParts> {
  const files = readTar(await unpacked(bytes, name), name);
  const names = cifarBatchNames([...files.keys()], "train");
  if (names.length === 0) throw new Error(`${name} holds no data_batch_1.bin: it must be CIFAR-10’s binary version`);
  return cifarFromBatches(
    names.map((what) => ({ bytes: files.get(what) as Uint8Array<ArrayBuffer>, what: `${what} in ${name}` })),
  );
}

/** @throws Error if a batch is damaged */
export async function cifarFromBatches(batches: readonly CifarBatch[]): Promise<DatasetParts> {
  const { name, classes } = catalogEntry("cifar10");
  const checksum = await sha256(...batches.map(({ bytes }) => bytes));
  return { train: datasetFromCifar({ name, classes, batches, checksum }) };
}
