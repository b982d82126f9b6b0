import { existsSync } from "node:fs";
import { CATALOG } from "../data/catalog.js";
import type { Dataset, DatasetPart, DatasetParts } from "../data/dataset.js";
import { DIGITS_DATASET, generateDigits } from "../data/digits.js";
import { adaptDataset } from "../data/images/adapt.js";
import type { ImageSettings } from "../data/images/resize.js";
import type { ImageShape } from "../model/index.js";
import { isDatasetFiles, loadDatasetFiles } from "./datasetFiles.js";
import { type LoadDatasetOptions, loadDataset, loadDatasetParts } from "./datasets.js";
import { loadImageFolder } from "./imageFolder.js";
import type { SkippedFile } from "./images/folderWalk.js";
import { folderName } from "./images/listing.js";

/** Which data set, and how its images are brought to the network's input. */
export interface DataSettings extends Pick<ImageSettings, "resize" | "background"> {
  /** A name of {@link DATA_NAMES}, or the path of a folder of images, or of IDX files or CIFAR batches. */
  readonly data: string;
  /** The only folder to look for a known data set in. */
  readonly dataDir?: string;
  /** The network's input; where left out, the size that the images have, and {@link COLOUR_INPUT} for a folder of them. */
  readonly input?: ImageShape;
  /** Whether a file of a folder of images that cannot be used is an error. */
  readonly strict?: boolean;
}

/** How to follow the work and to end it early. */
export interface OpenDataOptions extends Pick<LoadDatasetOptions, "signal"> {
  /** Told of the bytes that are downloaded. */
  readonly onDownload?: LoadDatasetOptions["onProgress"];
  /** Told of the images that are decoded or drawn. */
  readonly onProgress?: (progress: { readonly doing: string; readonly done: number; readonly total: number }) => void;
  /** Called with a line about what the user should know of the data. */
  readonly onWarning?: (line: string) => void;
}

/** A data set that is there; a known one is read when its parts are asked for. */
export interface OpenedData {
  readonly name: string;
  /** The images to train on and, where the source says which, those to validate on as the last ones of them. */
  train(): Promise<Pick<DatasetParts, "train" | "validationCount">>;
  /** Undefined where the source holds no images back for a test. */
  test(): Promise<Dataset | undefined>;
  /** The files of a folder of images that could not be used. */
  readonly skipped: readonly SkippedFile[];
}

/** What images of any size are brought to where nothing else is asked for. */
export const COLOUR_INPUT: ImageShape = { channels: 3, height: 32, width: 32 };

/** The sides that the network's input may have. */
export const INPUT_SIDES = { least: 12, most: 128 } as const;

/** The data sets that need no path. */
export const DATA_NAMES: readonly string[] = [...CATALOG.map(({ name }) => name), DIGITS_DATASET.name];

/** The generated data set is one data set, whatever a run's seed. */
const DIGITS_SEED = 0;

/** Whether a text says which data set: by a name of its own or by a path that is there. */
export function isData(text: string): boolean {
  return DATA_NAMES.includes(text) || existsSync(text);
}

/**
 * Opens a data set, in the shape that the network takes.
 *
 * @throws DatasetUnavailableError where a known one is not here and cannot be downloaded
 * @throws Error with one line where the path is not there or holds no data set, or a file is damaged
 * @throws the signal's reason where it ends the work
 */
export async function openData(settings: DataSettings, options: OpenDataOptions = {}): Promise<OpenedData> {
  if (settings.data === DIGITS_DATASET.name) return openDigits(settings, options);
  if (DATA_NAMES.includes(settings.data)) return openKnown(settings, options);
  if (await isDatasetFiles(settings.data)) return openFiles(settings);
  return openImages(settings, options);
}

function openDigits({ input = DIGITS_DATASET.shape }: DataSettings, { onProgress }: OpenDataOptions): OpenedData {
  const draw = (part: DatasetPart) => {
    const total = DIGITS_DATASET.counts[part];
    return generateDigits({
      ...input,
      seed: DIGITS_SEED,
      count: total,
      part,
      onProgress: (done) => onProgress?.({ doing: `drawing digits (${part})`, done, total }),
    });
  };
  return {
    name: DIGITS_DATASET.name,
    train: async () => ({ train: draw("train") }),
    test: async () => draw("test"),
    skipped: [],
  };
}

function openKnown(settings: DataSettings, { signal, onDownload, onWarning }: OpenDataOptions): OpenedData {
  const { data: name, dataDir } = settings;
  const load: LoadDatasetOptions = { dataDir, signal, onProgress: onDownload, onWarning };
  let test: Dataset | undefined;
  return {
    name,
    train: async () => {
      // Both at once: an archive is read only once.
      const parts = await loadDatasetParts(name, load);
      test = parts.test;
      return { train: adapt(parts.train, settings) };
    },
    test: async () => adapt(test ?? (await loadDataset(name, "test", load)), settings),
    skipped: [],
  };
}

async function openFiles(settings: DataSettings): Promise<OpenedData> {
  const { train, test } = await loadDatasetFiles(settings.data);
  return {
    name: train.name,
    train: async () => ({ train: adapt(train, settings) }),
    test: async () => test && adapt(test, settings),
    skipped: [],
  };
}

async function openImages(settings: DataSettings, options: OpenDataOptions): Promise<OpenedData> {
  const { data: path, input: shape = COLOUR_INPUT, resize, background, strict } = settings;
  const { parts, skipped, warnings } = await loadImageFolder(
    path,
    { shape, resize, background },
    {
      strict,
      signal: options.signal,
      onProgress: (progress) => options.onProgress?.({ doing: "reading images", ...progress }),
    },
  );
  for (const line of warnings) options.onWarning?.(`${path}: ${line}`);
  return {
    name: folderName(path),
    train: async () => parts,
    test: async () => parts.test,
    skipped,
  };
}

/** The images in the network's shape. @throws Error where they have a size of their own that it cannot have */
function adapt(dataset: Dataset, { input, resize, background }: DataSettings): Dataset {
  const { channels, height, width } = input ?? dataset;
  const { least, most } = INPUT_SIDES;
  if ([height, width].some((side) => side < least || side > most)) {
    throw new Error(
      `${dataset.name} has images of ${height}x${width}, the network takes ${least} to ${most} rows and columns: choose a size with --input`,
    );
  }
  return adaptDataset(dataset, { shape: { channels, height, width }, resize, background });
}
