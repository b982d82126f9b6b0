import { join } from "node:path";
import { cifarBatchNames, datasetFromCifar } from "../data/cifar.js";
import type { Dataset, DatasetPart } from "../data/dataset.js";
import { sha256 } from "./disk/checkedFile.js";
import type { FileSet } from "./disk/fileSet.js";
import { DamagedFileError, isFile } from "./disk/files.js";

/** The batch of each part that messages name. */
export const CIFAR_BATCHES: Readonly<Record<DatasetPart, string>> = {
  train: "data_batch_1.bin",
  test: "test_batch.bin",
};

/** The folders that may hold unpacked batches: the one that CIFAR-10's archive creates, and the folder itself. */
export function cifarFolders(folder: string): string[] {
  return [join(folder, "cifar-10-batches-bin"), folder];
}

/** @throws Error if a folder holds what torchvision downloads: CIFAR-10 as Python's pickles, which are not read */
export async function refusePickledBatches(folder: string): Promise<void> {
  for (const path of [join(folder, "cifar-10-batches-py"), folder]) {
    if (await isFile(join(path, "data_batch_1"))) {
      throw new Error(
        `${path} holds CIFAR-10 for Python, which cannot be read: cifar-10-binary.tar.gz can, see "lenet data list"`,
      );
    }
  }
}

/**
 * Reads one part of a data set from CIFAR batches. The checksum covers the unpacked records.
 *
 * @throws DamagedFileError if there is no batch of that part or one is damaged
 */
export async function readCifarPart(
  files: FileSet,
  part: DatasetPart,
  { name, classes }: { name: string; classes: readonly string[] },
): Promise<Dataset> {
  const names = cifarBatchNames(files.names, part);
  if (names.length === 0) throw new DamagedFileError(`${files.path} holds no ${CIFAR_BATCHES[part]}`);
  const batches = await Promise.all(names.map(files.read));
  const checksum = sha256(...batches.map(({ bytes }) => bytes));
  try {
    return datasetFromCifar({ name, classes, batches, checksum });
  } catch (error) {
    throw new DamagedFileError(error instanceof Error ? error.message : String(error));
  }
}
